"""Select the credentials that can be used now, and the methods that a person has by them.

The rule is `credential_kinds.is_usable`; a test holds `usable_now` equal to it on both databases.
"""

from datetime import datetime

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from gate_controller.contract import credential_kinds
from gate_controller.contract.records import CredentialState, Method
from web_admin.compound.models import CredentialRow


def usable_now(now: datetime) -> ColumnElement[bool]:
    """Return the condition that a row of credentials is active and within its time."""
    return and_(
        CredentialRow.state == CredentialState.ACTIVE,
        or_(CredentialRow.valid_from.is_(None), CredentialRow.valid_from <= now),
        or_(CredentialRow.valid_until.is_(None), CredentialRow.valid_until > now),
    )


def usable_methods(session: Session, person_id: str, now: datetime) -> frozenset[Method]:
    """Return the methods besides face for which the person holds a credential that can be used now."""
    rows = session.scalars(
        select(CredentialRow).where(
            CredentialRow.person_id == person_id, CredentialRow.state == CredentialState.ACTIVE
        )
    )
    return credential_kinds.usable_methods(rows, now)
