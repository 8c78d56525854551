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
from web_admin.models import Gate, Invitation, Person
from web_admin.sealing import Sealer
from web_admin.ways_in import INVITED_AGAIN

OWN_THINGS = ("card", "pin")


def confirm_shown(
    session: Session, sealer: Sealer, gate: Gate, entries: Sequence[JournalEntry], now: datetime
) -> None:
    """Confirm whoever among these entries was invited again and then opened by card or PIN."""
    shown: dict[str, datetime] = {}
    for entry in entries:
        person_id = (entry.personal or {}).get("person_id")
        opened = entry.kind in ("access", "shown_for_face") and entry.facts.get("opens", True) is True
        by_own_thing = entry.facts.get("method", "card") in OWN_THINGS
        if isinstance(person_id, str) and opened and by_own_thing:
            shown[person_id] = max(entry.at, shown.get(person_id, entry.at))
    if not shown:
        return
    waiting = session.execute(
        select(Person.person_id, func.max(Invitation.created_at))
        .join(Invitation, Invitation.person_id == Person.person_id)
        .where(Person.person_id.in_(shown), Person.face_paused_reason == INVITED_AGAIN)
        .group_by(Person.person_id)
    ).all()
    for person_id, invited_at in waiting:
        if shown[person_id] > invited_at:
            confirm_identity(Act(session, sealer, gate.site_id, person_id, "gate", now), person_id)
