"""Messages that a resident asked for, and nothing else: which there are, to where, how they are told.

Every switch is off until its owner turns it on, and nothing leaves before the address was proved by a
code sent there. A message says what happened, never where, when or to whom beside its reader; of
duress, and of anybody else's passages, there is none.
"""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from web_admin.compound.models import CredentialRow
from web_admin.messages.subscriptions import tell
from web_admin.models import VisitorPassRow


def tell_hosts(session: Session, shown_ids: Collection[str], now: datetime) -> None:
    """Tell whoever asked for it that these visitors' passes or codes opened a gate."""
    hosts = {
        *session.scalars(
            select(VisitorPassRow.issuer_person_id).where(VisitorPassRow.pass_id.in_(shown_ids))
        ),
        *session.scalars(
            select(CredentialRow.person_id).where(
                CredentialRow.credential_id.in_(shown_ids), CredentialRow.kind == "visitor_code"
            )
        ),
    }
    for person_id in sorted(host for host in hosts if host is not None):
        tell(session, person_id, "visitor_came", now)
