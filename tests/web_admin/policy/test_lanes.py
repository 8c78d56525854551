"""On what terms lanes are published: by their sheets, their assessments, and what a gate can count."""

import pytest

from gate_controller.contract.records import LaneRecord, Method
from tests.support.compounds.people import lane as lane_record
from web_admin.compound.models import Lane
from web_admin.gates.sheet_status import LaneStatus
from web_admin.policy.lanes import LiveLanes, find_live

LIVE, INHERITED, BROKEN = LaneStatus("live"), LaneStatus("inherited"), LaneStatus("broken")
WITH_FACE = LaneStatus("live", may_offer_face=True)


def a_lane(lane_id: str, direction: str = "in", gate_id: str = "north", *, held: bool = False) -> Lane:
    return Lane(lane_id=lane_id, gate_id=gate_id, direction=direction, held_after_restore=held)


def test_a_lane_is_live_with_a_sheet_that_holds_and_not_while_it_is_held() -> None:
    lanes = [a_lane(name) for name in ("live", "inherited", "broken", "none")]
    statuses = {"live": LIVE, "inherited": INHERITED, "broken": BROKEN, "held": LIVE}
    found = find_live([*lanes, a_lane("held", held=True)], statuses, ())
    assert found.live == {"live", "inherited"}


def test_face_needs_its_sheet_and_its_assessment() -> None:
    statuses = {"both": WITH_FACE, "sheet": WITH_FACE, "assessed": LIVE}
    found = find_live([a_lane(name) for name in statuses], statuses, {"both", "assessed"})
    assert found.with_face == {"both"}


@pytest.mark.parametrize(
    ("out", "status", "counts"),
    [
        (a_lane("out", "out"), LIVE, True),
        (a_lane("out", "out"), BROKEN, False),
        (a_lane("out", "out", held=True), LIVE, False),
        (a_lane("out", "out", held=True), BROKEN, False),
        (a_lane("out", "in"), BROKEN, True),
    ],
)
def test_a_gate_whose_way_out_is_not_live_cannot_count_leaving(out, status, counts: bool) -> None:
    lanes = [a_lane("in"), out, a_lane("far", "out", "south")]
    found = find_live(lanes, {"in": LIVE, "out": status, "far": LIVE}, ())
    assert found.uncounted_gate_ids == (frozenset() if counts else {"north"})


ALL_LIVE = LiveLanes(frozenset({"north-in", "other"}), frozenset({"north-in"}), frozenset())
FEW = LiveLanes(frozenset({"other"}), frozenset({"other"}), frozenset({"north"}))


def test_a_lane_of_which_everything_holds_is_published_as_it_is() -> None:
    whole = lane_record(interlock_with=("other",), antipassback="hard", method_hours={Method.FACE: "h"})
    assert ALL_LIVE.fit(whole) is whole


def test_face_and_its_hours_are_left_out_where_face_may_not_be_offered() -> None:
    bound = lane_record(method_hours={Method.FACE: "h", Method.PIN: "g"})
    fitted = FEW.fit(bound)
    assert fitted.methods == (Method.CARD, Method.PIN, Method.QR)
    assert fitted.method_hours == {Method.PIN: "g"}
    without = lane_record(methods=(Method.CARD,), method_hours={Method.CARD: "h"})
    assert FEW.fit(without) is without


def test_a_lane_waits_for_no_lane_that_is_not_live() -> None:
    fitted = ALL_LIVE.fit(lane_record(interlock_with=("other", "dead")))
    assert fitted.interlock_with == ("other",)
    assert ALL_LIVE.fit(lane_record(interlock_with=("dead",))).interlock_with == ()


@pytest.mark.parametrize(
    ("asked", "fitted", "gate_id"),
    [
        ("hard", "soft", "north"),
        ("soft", "soft", "north"),
        ("off", "off", "north"),
        ("hard", "hard", "south"),
    ],
)
def test_no_one_is_refused_for_not_having_left_where_leaving_is_not_counted(asked, fitted, gate_id) -> None:
    record: LaneRecord = lane_record(antipassback=asked, gate_id=gate_id, methods=(Method.CARD,))
    assert FEW.fit(record).antipassback == fitted


def test_face_is_offered_where_the_lane_has_it_and_may_have_it() -> None:
    def offers(lane_id: str, *methods: str) -> bool:
        return ALL_LIVE.offers_face(Lane(lane_id=lane_id, methods=list(methods)))

    assert offers("north-in", "card", "face")
    assert not offers("north-in", "card")
    assert not offers("other", "card", "face")
