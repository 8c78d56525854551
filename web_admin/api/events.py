"""What gates wrote, through the interface: without persons, for counts and maintenance.

Journals are signed by their gates, so nothing can be written here. Who passed is looked up by staff with a
reason that the person sees, and never by a machine.
"""

import base64
from binascii import Error as NotBase64
from datetime import UTC, datetime, timedelta

import msgspec
from sqlalchemy import select, tuple_

from web_admin.api.access import api_act, blueprint, needs_scope, refuse
from web_admin.api.schemas import EventsOut, EventsQuery
from web_admin.models import Gate, GateEvent

bp = blueprint("events", "Entries of the gates' journals.")

SETTLED_AFTER = timedelta(seconds=10)
"""An entry is given out so long after it came in, so that no slower transaction slips in before it."""
NEVER_TOLD = ("alarm_duress",)
"""A silent alarm is for guards alone."""
ABOUT_FACES = "face_"
BEGINNING = (datetime(1970, 1, 1, tzinfo=UTC), "", "", 0)

Place = tuple[datetime, str, str, int]


@bp.get("/events")
@needs_scope("events:read")
@bp.arguments(EventsQuery, location="query")
@bp.response(200, EventsOut)
def list_events(query: dict[str, object]) -> dict[str, object]:
    """List entries in the order in which they came in, from the beginning or after the last answer."""
    act, after = api_act(), _place_of(str(query["after"]))
    wanted = (
        select(GateEvent)
        .join(Gate, Gate.gate_id == GateEvent.gate_id)
        .where(
            Gate.site_id == act.site_id,
            GateEvent.received_at <= act.now - SETTLED_AFTER,
            GateEvent.kind.not_in(NEVER_TOLD),
            GateEvent.kind.not_like(f"{ABOUT_FACES}%"),
            tuple_(GateEvent.received_at, GateEvent.gate_id, GateEvent.journal_id, GateEvent.seq) > after,
        )
    )
    if query["gate_id"]:
        wanted = wanted.where(GateEvent.gate_id == str(query["gate_id"]))
    if query["kind"]:
        wanted = wanted.where(GateEvent.kind == str(query["kind"]))
    in_order = wanted.order_by(
        GateEvent.received_at, GateEvent.gate_id, GateEvent.journal_id, GateEvent.seq
    ).limit(int(str(query["limit"])))
    rows = act.session.scalars(in_order).all()
    last = rows[-1] if rows else None
    place = (last.received_at, last.gate_id, last.journal_id, last.seq) if last is not None else after
    return {"events": rows, "after": _text_of(place)}


def _text_of(place: Place) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(place)).decode()


def _place_of(text: str) -> Place:
    if not text:
        return BEGINNING
    try:
        place: Place | None = msgspec.json.decode(base64.urlsafe_b64decode(text), type=Place)
    except (msgspec.MsgspecError, NotBase64, ValueError):
        place = None
    if place is None or place[0].tzinfo is None or not 0 <= place[3] < 2**63 or "\0" in place[1] + place[2]:
        refuse(422, "after: send what an answer gave.", errors={"query": {"after": ["not from an answer"]}})
    return place
