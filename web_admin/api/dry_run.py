"""Do a call for the sake of its consequences: act, say who can pass where and when after it, undo it all.

One mechanism for every call that writes: its own code runs in its transaction, which is never committed.
"""

from collections.abc import Callable

from flask import Response, jsonify, request

from web_admin.access.difference import Difference
from web_admin.access.spans import Spans
from web_admin.core.database import undo_request_session
from web_admin.web.rehearsal import note_effects, with_and_without
from web_admin.web.site import current_site, request_now

PARAMETER = "dry_run"
ANSWER = "Nothing was changed. What the call would change for people within the next seven days, in counts."
QUERY = f"Of its address this call takes {PARAMETER} alone, as true or false."


def is_asked_wrongly() -> bool:
    """Return whether a call that writes has anything else in its address: a typing error must not write."""
    values = request.args.getlist(PARAMETER)
    return (
        bool(request.args.keys() - {PARAMETER}) or len(values) > 1 or not {"true", "false"}.issuperset(values)
    )


def is_asked() -> bool:
    """Return whether this call is to change nothing."""
    return request.args.get(PARAMETER) == "true"


def rehearse(call: Callable[[], object]) -> Response:
    """Do a call, undo it, and answer with what it would change."""
    site_id, now, noting = current_site().site_id, request_now(), note_effects()
    call()
    next_week = with_and_without(noting, site_id, now).weeks[0]
    undo_request_session()
    return jsonify(_shown(next_week))


def _shown(found: Difference) -> dict[str, object]:
    """Return a difference in counts; no other system learns by which way someone passes."""
    return {
        "dry_run": True,
        "from": found.begins.isoformat(),
        "until": found.ends.isoformat(),
        "no_way_in": len(found.no_way_in),
        "entry": [
            {"people": len(one.person_ids), "lost": _spans(one.lost), "gained": _spans(one.gained)}
            for one in found.entries
        ],
        "lanes": [
            {
                "lane_ids": list(one.lane_ids),
                "people": len(one.person_ids),
                "lost": _spans(one.lost),
                "gained": _spans(one.gained),
            }
            for one in found.changes
            if one.way is None
        ],
        "ways_beside_face": [
            {"lane_id": lane_id, "before": before, "after": after}
            for lane_id, (before, after) in found.ways_beside_face.items()
        ],
    }


def _spans(spans: Spans) -> list[dict[str, str]]:
    return [{"from": begins.isoformat(), "until": ends.isoformat()} for begins, ends in spans]
