"""Believe a person invited again once they have shown their own card or PIN at a gate.

An invitation letter can be stolen; the card in the pocket usually was not. Only what was shown after
the newest invitation counts, however late an offline gate hands it over.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from gate_controller.journal_chain import JournalEntry
from web_admin.acts import Act
from web_admin.homes_and_people import confirm_identity
from web_admin.models import CredentialRow, Gate, Invitation, Person
from web_admin.sealing import Sealer
from web_admin.ways_in import INVITED_AGAIN

OWN_THINGS = ("card", "pin")


def confirm_shown(
    session: Session, sealer: Sealer, gate: Gate, entries: Sequence[JournalEntry], now: datetime
) -> None:
    """Confirm whoever among these entries was invited again and then opened by card or PIN."""
    shown: dict[tuple[str, str], datetime] = {}
    for entry in entries:
        personal = entry.personal or {}
        person_id, credential_id = personal.get("person_id"), personal.get("credential_id")
        opened = entry.kind in ("access", "shown_for_face") and entry.facts.get("opens", True) is True
        by_own_thing = entry.facts.get("method", "card") in OWN_THINGS
        if isinstance(person_id, str) and isinstance(credential_id, str) and opened and by_own_thing:
            key = (person_id, credential_id)
            shown[key] = max(entry.at, shown.get(key, entry.at))
    if not shown:
        return
    # A visitor's code is typed like a PIN and names its host: whoever holds a stolen invitation could
    # give one out and type it. A duress PIN says that the person is not free.
    waiting = session.execute(
        select(Person.person_id, CredentialRow.credential_id, func.max(Invitation.created_at))
        .join(Invitation, Invitation.person_id == Person.person_id)
        .join(CredentialRow, CredentialRow.person_id == Person.person_id)
        .where(
            CredentialRow.credential_id.in_(sorted({credential_id for _, credential_id in shown})),
            CredentialRow.kind.in_(OWN_THINGS),
            CredentialRow.duress.is_(False),
            Person.face_paused_reason == INVITED_AGAIN,
        )
        .group_by(Person.person_id, CredentialRow.credential_id)
    ).all()
    proven = {
        person_id
        for person_id, credential_id, invited_at in waiting
        if (at := shown.get((person_id, credential_id))) is not None and at > invited_at
    }
    for person_id in sorted(proven):
        confirm_identity(Act(session, sealer, gate.site_id, person_id, "gate", now), person_id)
