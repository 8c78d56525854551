"""Decide how each lane is published, by its status."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import msgspec

from gate_controller.contract.records import LaneRecord, Method
from web_admin.compound.models import Lane
from web_admin.gates.sheet_status import NO_SHEET, LaneStatus


@dataclass(frozen=True, slots=True)
class LiveLanes:
    """The published lanes, those that may offer face, and gates that cannot count leaving."""

    live: frozenset[str]
    with_face: frozenset[str]
    uncounted_gate_ids: frozenset[str]

    def fit(self, record: LaneRecord) -> LaneRecord:
        """Return the record as it is published: without face that no sheet or no assessment allows.

        A lane waits for no lane that the gate does not know. Where a way out is not live no one can be
        seen leaving, so no one is refused for not having left.
        """
        changes: dict[str, object] = {}
        if Method.FACE in record.methods and record.lane_id not in self.with_face:
            changes["methods"] = tuple(method for method in record.methods if method is not Method.FACE)
            hours = record.method_hours.items()
            changes["method_hours"] = {method: name for method, name in hours if method is not Method.FACE}
        if not self.live.issuperset(record.interlock_with):
            changes["interlock_with"] = tuple(
                lane_id for lane_id in record.interlock_with if lane_id in self.live
            )
        if record.antipassback == "hard" and record.gate_id in self.uncounted_gate_ids:
            changes["antipassback"] = "soft"
        return msgspec.structs.replace(record, **changes) if changes else record

    def offers_face(self, lane: Lane) -> bool:
        """Return whether gates offer face at this lane."""
        return Method.FACE in lane.methods and lane.lane_id in self.with_face


def find_live(
    lanes: Iterable[Lane], statuses: Mapping[str, LaneStatus], assessed: Collection[str]
) -> LiveLanes:
    """Return on what terms these lanes are published; `assessed` are those whose assessment holds."""
    known = [(lane, statuses.get(lane.lane_id, NO_SHEET)) for lane in lanes]
    return LiveLanes(
        live=frozenset(
            lane.lane_id for lane, status in known if status.is_live and not lane.held_after_restore
        ),
        with_face=frozenset(
            lane.lane_id for lane, status in known if status.may_offer_face and lane.lane_id in assessed
        ),
        uncounted_gate_ids=frozenset(
            lane.gate_id
            for lane, status in known
            if lane.direction == "out" and not (status.is_live and not lane.held_after_restore)
        ),
    )
