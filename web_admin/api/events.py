"""API of gates' events: without persons, for counts and maintenance.

Journals are signed by their gates, so nothing can be written here. Who passed is looked up by staff with a
reason that the person sees, and never by a machine.
"""

import base64
from binascii import Error as NotBase64
from datetime import UTC, datetime

import msgspec

from web_admin.action.base import Action
from web_admin.api.access import api_action, blueprint, needs_scope, refuse
from web_admin.api.schemas import EventsOut, EventsQuery
from web_admin.compound.queries import names_by_place
from web_admin.core.sealing import SealBroken
from web_admin.events.queries import Arrival, settled_events
from web_admin.journal.models import GateEvent

bp = blueprint("events", "Entries of the gates' journals.")

BEGINNING = (datetime(1970, 1, 1, tzinfo=UTC), "", "", 0)
PLACE_PURPOSE = "api-events-place"
PLACE_BYTES = 200
"""Every place is filled up to so many bytes, so that its length reveals nothing either."""
EVENT_ID_CHARS = 16


@bp.get("/events")
@needs_scope("events:read")
@bp.arguments(EventsQuery, location="query")
@bp.response(200, EventsOut)
def list_events(query: dict[str, object]) -> dict[str, object]:
    """List entries in the order in which they came in, from the beginning or after the last answer."""
    act = api_action()
    after = _place_of(act, str(query["after"]))
    rows = settled_events(
        act.session,
        act.site_id,
        after,
        act.now,
        gate_id=str(query["gate_id"] or ""),
        kind=str(query["kind"] or ""),
        limit=int(str(query["limit"])),
    )
    last = rows[-1] if rows else None
    place = (last.received_at, last.gate_id, last.journal_id, last.seq) if last is not None else after
    names = names_by_place(act.session, act.site_id)
    shown = [{**_shown(act, row), **names(row.gate_id, row.lane_id)} for row in rows]
    return {"events": shown, "after": _text_of(act, place)}


def _shown(act: Action, row: GateEvent) -> dict[str, object]:
    # Never the journal's own number: a gap in it would reveal that a silent alarm was left out.
    itself = act.sealer.lookup("api-event", msgspec.json.encode((row.gate_id, row.journal_id, row.seq)))
    return {
        "event_id": itself.hex()[:EVENT_ID_CHARS],
        "gate_id": row.gate_id,
        "at": row.at,
        "kind": row.kind,
        "lane_id": row.lane_id,
        "facts": row.facts,
    }


def _text_of(act: Action, place: Arrival) -> str:
    plain = msgspec.json.encode(place).ljust(PLACE_BYTES)
    return base64.urlsafe_b64encode(act.sealer.seal(plain, purpose=PLACE_PURPOSE)).decode()


def _place_of(act: Action, text: str) -> Arrival:
    if not text:
        return BEGINNING
    try:
        sealed = base64.urlsafe_b64decode(text)
        place: Arrival = msgspec.json.decode(act.sealer.open(sealed, purpose=PLACE_PURPOSE), type=Arrival)
    except (msgspec.MsgspecError, NotBase64, ValueError, SealBroken):
        refuse(422, "after: send what an answer gave.", errors={"query": {"after": ["not from an answer"]}})
    return place
