"""Select the credentials that can be used now, and the methods that a person has by them.

The rule is `credential_kinds.is_usable`; a test holds `usable_now` equal to it on both databases.
"""

from collections import defaultdict
from collections.abc import Collection
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
    return usable_methods_of(session, [person_id], now)[person_id]


def methods_beside_face(session: Session, person_id: str, now: datetime) -> frozenset[Method]:
    """Return those of them that need no server, so that the person's face may stand beside them."""
    return credential_kinds.methods_beside_face(_held(session, [person_id])[person_id], now)


def usable_methods_of(
    session: Session, person_ids: Collection[str], now: datetime
) -> dict[str, frozenset[Method]]:
    """Return these methods for each of several people, by person, in one query."""
    held = _held(session, person_ids)
    return {person_id: credential_kinds.usable_methods(held[person_id], now) for person_id in person_ids}


def _held(session: Session, person_ids: Collection[str]) -> defaultdict[str | None, list[CredentialRow]]:
    held: defaultdict[str | None, list[CredentialRow]] = defaultdict(list)
    for row in session.scalars(
        select(CredentialRow).where(
            CredentialRow.person_id.in_(person_ids), CredentialRow.state == CredentialState.ACTIVE
        )
    ):
        held[row.person_id].append(row)
    return held
