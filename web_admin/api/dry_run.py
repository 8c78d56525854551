"""Do a call for the sake of its consequences: act, say who can pass where and when after it, undo it all.

One mechanism for every call that writes: its own code runs in its transaction, which is never committed.
"""

from collections.abc import Callable, Sequence

from flask import Response, jsonify, request
from flask_smorest import abort

from web_admin.access.difference import Change, Difference, Entry
from web_admin.access.spans import Spans
from web_admin.core.database import undo_request_session
from web_admin.web.comparison_turns import NoTurn, refuse_without_turn
from web_admin.web.rehearsal import NotingEffects, comparing_apart, with_and_without
from web_admin.web.site import current_site, request_now

PARAMETER = "dry_run"
SCOPE = "access:read"
"""A tried call needs this scope beside its own: it says what reading who may pass would."""
LEAST_COUNTED, FEW = 5, "fewer than five"
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


def rehearse(call: Callable[[], object], caller: str) -> Response:
    """Do a call, undo it, and answer with what it would change; 429 where the caller has had too many."""
    site_id, now = current_site().site_id, request_now()

    def run(noting: NotingEffects) -> Difference:
        call()
        return with_and_without(noting, site_id, now).weeks[0]

    try:
        refuse_without_turn(caller)
        next_week = comparing_apart(run, caller)
    except NoTurn as refusal:
        abort(429, message=str(refusal), headers={"Retry-After": str(refusal.seconds or 1)})
    undo_request_session()
    return jsonify(show_difference(next_week))


def limit_count(people: int) -> int | str:
    """Return a number of people, or words for a small one, which could say who they are."""
    return people if people >= LEAST_COUNTED else FEW


def show_difference(found: Difference) -> dict[str, object]:
    """Return a difference in counts; no other system learns by which way someone passes, or when few may."""
    by_any_way = [change for change in found.changes if change.way is None]
    return {
        "dry_run": True,
        "from": found.begins.isoformat(),
        "until": found.ends.isoformat(),
        "no_way_in": limit_count(len(found.no_way_in)),
        "entry": _group_by_size(found.entries, [{} for _entry in found.entries]),
        "lanes": _group_by_size(by_any_way, [{"lane_ids": list(change.lane_ids)} for change in by_any_way]),
        "ways_beside_face": [
            {"lane_id": lane_id, "before": before, "after": after}
            for lane_id, (before, after) in found.ways_beside_face.items()
        ],
    }


def _group_by_size(
    groups: Sequence[Entry | Change], places: Sequence[dict[str, list[str]]]
) -> list[dict[str, object]]:
    """Return each group with its place and times, and all that are few as one without either."""
    shown: list[dict[str, object]] = [
        {
            **place,
            "people": len(group.person_ids),
            "lost": _spans(group.lost),
            "gained": _spans(group.gained),
        }
        for group, place in zip(groups, places, strict=True)
        if len(group.person_ids) >= LEAST_COUNTED
    ]
    few = {"people": FEW, "lost": [], "gained": []}
    nowhere: dict[str, object] = {name: [] for place in places for name in place}
    return shown if len(shown) == len(groups) else [*shown, {**nowhere, **few}]


def _spans(spans: Spans) -> list[dict[str, str]]:
    return [{"from": begins.isoformat(), "until": ends.isoformat()} for begins, ends in spans]
