"""Decide from the gates' journals whether the person of a begun visit is at a gate now, on purpose.

Who walks through a gate shows their card once, and a member of staff who watches could type its number just
then. So the same card, or PIN, is shown three times, which no one does on their way home. A gate decides what
it read, nothing that is typed at the desk counts, and a gate that the server does not trust proves nothing.

The office has what it has just made in its own hand. So a card or PIN proves its person from a day after it
was made, once a gate opened for it.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from flask_babel import lazy_gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from gate_controller.contract.credential_kinds import IDENTIFYING_KINDS
from gate_controller.contract.event_kinds import EventKind
from web_admin.compound.models import CredentialRow, Gate
from web_admin.core.refusal import ActionRefused
from web_admin.desk.models import DeskVisitRow
from web_admin.desk.visits import VERIFICATION_MINUTES
from web_admin.journal.models import GateEvent
from web_admin.people.phone_verification import CLOCKS_APART, OWN_SINCE

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


def refuse_new(session: Session, visit: DeskVisitRow, shown: CredentialRow, now: datetime) -> None:
    """Raise ActionRefused for a card or PIN that its person cannot be known by yet."""
    if shown.created_at > now - OWN_SINCE or not _opened_a_gate(session, shown, visit.opened_at):
        raise ActionRefused(
            None,
            _(
                "This card or PIN was made within the last day, or has opened no gate yet, so it does not "
                "prove who is here. Their phone can. A person without one shows a document, as for a "
                "lost card."
            ),
        )


def _opened_a_gate(session: Session, shown: CredentialRow, before: datetime) -> bool:
    passages = select(GateEvent.seq).where(
        GateEvent.person_id == shown.person_id,
        GateEvent.kind == EventKind.ACCESS,
        GateEvent.at < before - CLOCKS_APART,
        GateEvent.facts["opens"].as_boolean().is_(True),
        GateEvent.personal["credential_id"].as_string() == shown.credential_id,
    )
    return session.scalars(passages.limit(1)).first() is not None


def _apart(times: Sequence[datetime]) -> int:
    """Return how many showings these readings are."""
    count, last = 0, None
    for at in times:
        if last is None or at - last >= APART:
            count, last = count + 1, at
    return count
