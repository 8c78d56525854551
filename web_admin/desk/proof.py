"""Decide from the gates' journals whether the person of a begun visit is at a gate now, on purpose.

Who walks through a gate shows their card once, and a member of staff who watches could type its number just
then. So the same card, or PIN, is shown three times, which no one does on their way home. A gate decides what
it read, nothing that is typed at the desk counts, and a gate that the server does not trust proves nothing.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from gate_controller.contract.credential_kinds import IDENTIFYING_KINDS
from gate_controller.contract.event_kinds import EventKind
from web_admin.compound.models import CredentialRow, Gate
from web_admin.desk.models import DeskVisitRow
from web_admin.desk.visits import VERIFICATION_MINUTES
from web_admin.journal.models import GateEvent
from web_admin.people.phone_verification import CLOCKS_APART

SHOWINGS = 3
APART = timedelta(seconds=1)
"""Closer together it is one showing, read twice."""


def shown_at_a_gate(session: Session, visit: DeskVisitRow, now: datetime) -> CredentialRow | None:
    """Return the person's card or PIN that was shown three times at one lane since the visit began."""
    if visit.person_id is None:
        return None
    events = session.scalars(
        select(GateEvent)
        .join(Gate, Gate.gate_id == GateEvent.gate_id)
        .where(
            Gate.site_id == visit.site_id,
            Gate.state == "paired",
            Gate.forked_at.is_(None),
            GateEvent.person_id == visit.person_id,
            GateEvent.kind == EventKind.ACCESS,
            GateEvent.method.in_(IDENTIFYING_KINDS),
            GateEvent.at.between(visit.opened_at - CLOCKS_APART, visit.opened_at + VERIFICATION_MINUTES),
            GateEvent.received_at >= visit.opened_at,
            GateEvent.received_at <= now,
        )
        .order_by(GateEvent.at)
    )
    shown: dict[tuple[str | None, str], list[datetime]] = {}
    for event in events:
        credential_id = (event.personal or {}).get("credential_id")
        if isinstance(credential_id, str):
            shown.setdefault((event.lane_id, credential_id), []).append(event.at)
    rows = [
        session.get(CredentialRow, credential_id)
        for (_lane, credential_id), times in shown.items()
        if _apart(times) >= SHOWINGS
    ]
    theirs = [
        row
        for row in rows
        if row is not None and row.person_id == visit.person_id and row.kind in IDENTIFYING_KINDS
    ]
    # What others of the home know as well proves less than what is their own.
    return min(theirs, key=lambda row: row.known_to_home, default=None)


def _apart(times: Sequence[datetime]) -> int:
    """Return how many showings these readings are."""
    count, last = 0, None
    for at in times:
        if last is None or at - last >= APART:
            count, last = count + 1, at
    return count
