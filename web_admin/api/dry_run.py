"""Do a call for the sake of its consequences: act, say who can pass where and when after it, undo it all.

One mechanism for every call that writes: its own code runs in its transaction, which is never committed.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import Response, g, jsonify, request

from web_admin.access.difference import Difference, difference
from web_admin.access.spans import Spans
from web_admin.core.database import DatabaseSession, current_menjin, request_session, undo_request_session
from web_admin.core.effects import Effects
from web_admin.core.orm import Fact
from web_admin.policy.sent import sent_to_gates
from web_admin.web.context import current_site, request_now

PARAMETER = "dry_run"
LOOKS_AHEAD = timedelta(days=7)
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


@dataclass
class NotingEffects:
    """The real effects, and of whom records may have changed: None is everyone."""

    effects: Effects
    person_ids: set[str] | None

    def publish(
        self,
        session: DatabaseSession,
        site_id: str,
        now: datetime,
        person_ids: Collection[str] | None,
        gate_ids: Collection[str] | None = None,
        *,
        with_others: bool = True,
    ) -> None:
        """Publish in the transaction that is undone, so that the rules refuse what they would refuse."""
        if person_ids is None or self.person_ids is None:
            self.person_ids = None
        else:
            self.person_ids |= set(person_ids)
        self.effects.publish(session, site_id, now, person_ids, gate_ids, with_others=with_others)

    def recorded(
        self,
        session: DatabaseSession,
        kind: str,
        facts: Mapping[str, Fact],
        person_id: str | None,
        now: datetime,
    ) -> None:
        """Store the messages that are undone as well."""
        self.effects.recorded(session, kind, facts, person_id, now)


def effects_of_call() -> Effects:
    """Return what this call's actions publish with."""
    noting: NotingEffects | None = g.get("menjin_noting")
    return noting or current_menjin().effects


def rehearse(call: Callable[[], object]) -> Response:
    """Do a call, undo it, and answer with what it would change."""
    menjin, site_id, now = current_menjin(), current_site().site_id, request_now()
    g.menjin_noting = noting = NotingEffects(menjin.effects, set())
    call()
    session = request_session()
    after = sent_to_gates(session, menjin.sealer, site_id, now, noting.person_ids)
    undo_request_session()
    before = sent_to_gates(session, menjin.sealer, site_id, now, noting.person_ids)
    undo_request_session()
    return jsonify(_shown(difference(before, after, now, now + LOOKS_AHEAD)))


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
