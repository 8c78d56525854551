"""The pace of a gate's questions, and their numbers."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from gate_controller.contract.messages import DeviceHealth
from gate_controller.lane.status import GateStatus
from gate_controller.storage.disk_room import DiskState
from gate_controller.sync.numbers import GateNumbers, NumbersFile
from gate_controller.sync.pace import (
    RETRY_SECONDS,
    SPREAD_SECONDS,
    WAKE_UP_SECONDS,
    WAKE_UPS_AT_ONCE,
    AskPace,
)


def latest(_low: float, high: float) -> float:
    return high


def earliest(low: float, _high: float) -> float:
    return low


def waiting(between: Callable[[float, float], float] = latest) -> AskPace:
    """Return the pace of a gate that asked at 100 s and hears its bell."""
    pace = AskPace(100.0, between)
    pace.asked(100.0)
    pace.answered(2.0, 60.0)
    return pace


def test_it_asks_at_once_and_then_at_the_servers_pace() -> None:
    pace = AskPace(100.0)
    assert pace.is_due(100.0)
    pace.asked(100.0)
    assert not pace.is_due(100.0)
    pace.answered(5.0, None)
    assert (pace.is_due(104.9), pace.is_due(105.0)) == (False, True)


def test_a_question_without_an_answer_is_repeated_soon_also_with_a_bell() -> None:
    pace = waiting()
    pace.asked(160.0)
    assert pace.is_due(160.0 + RETRY_SECONDS)


def test_with_the_bell_it_waits_nine_tenths_of_a_minute_or_more() -> None:
    assert not waiting(earliest).is_due(153.9)
    assert waiting(earliest).is_due(154.0)
    assert waiting(latest).is_due(160.0)


def test_a_bell_makes_no_gate_slower_than_its_server_wants_nor_quicker() -> None:
    pace = AskPace(100.0)
    pace.asked(100.0)
    pace.answered(600.0, 60.0)
    assert not pace.waits_for_bell
    assert (pace.is_due(699.0), pace.is_due(700.0)) == (False, True)


def test_it_wakes_at_the_usual_pace_to_look_for_news_of_its_own_and_asks_only_with_news() -> None:
    pace = waiting()
    assert pace.seconds_left(101.0) == 2.0
    assert not pace.is_due(130.0)
    pace.has_news()
    assert (pace.is_due(101.9), pace.is_due(102.0)) == (False, True)


def test_a_ring_brings_a_question_within_the_spread() -> None:
    pace = waiting()
    pace.woken(120.0)
    assert (pace.is_due(120.0), pace.is_due(120.0 + SPREAD_SECONDS)) == (False, True)


def test_losing_or_finding_the_bell_brings_a_question_within_the_usual_pace() -> None:
    pace = waiting()
    pace.hears_or_not(120.0)
    assert (pace.is_due(121.9), pace.is_due(122.0)) == (False, True)


@pytest.mark.parametrize("wakes", [AskPace.woken, AskPace.hears_or_not])
def test_a_bell_that_never_stops_costs_no_more_than_no_bell(wakes: Callable[[AskPace, float], None]) -> None:
    pace, now, asked = waiting(earliest), 100.0, 0
    while now < 400.0:
        wakes(pace, now)
        if pace.is_due(now):
            asked += 1
            pace.asked(now)
            pace.answered(2.0, 60.0)
        now += 0.05
    assert asked <= 300.0 / WAKE_UP_SECONDS + WAKE_UPS_AT_ONCE + 1
    assert asked >= 300.0 / WAKE_UP_SECONDS - 1, "nor is it heard less"


def test_after_a_storm_a_ring_is_heard_again_within_two_seconds() -> None:
    pace, now = waiting(earliest), 100.0
    for _ring in range(1000):
        pace.woken(now)
        if pace.is_due(now):
            pace.asked(now)
            pace.answered(2.0, 60.0)
        now += 0.01
    pace.asked(now)
    pace.answered(2.0, 60.0)
    pace.woken(now)
    assert pace.is_due(now + WAKE_UP_SECONDS)


@pytest.mark.wide
@given(st.lists(st.sampled_from(["ring", "flip", "news", "ask", "fail"]), max_size=60), st.data())
def test_whatever_happens_the_next_question_is_never_later_than_without_any_of_it(
    happened: list[str], data: st.DataObject
) -> None:
    now = 0.0
    pace = AskPace(now, lambda low, high: data.draw(st.floats(low, high)))
    for what in happened:
        now += data.draw(st.floats(0.0, 70.0))
        if what in ("ask", "fail"):
            pace.asked(now)
            if what == "ask":
                pace.answered(2.0, data.draw(st.sampled_from([None, 60.0])))
        elif what == "news":
            pace.has_news()
        else:
            (pace.woken if what == "ring" else pace.hears_or_not)(now)
        assert pace.is_due(now + 60.0)
        assert pace.seconds_left(now) <= 60.0


NOW = datetime(2026, 3, 4, 11, 0, tzinfo=UTC)
NUMBERS = GateNumbers(
    program="0.2.0",
    at=NOW,
    is_online=False,
    clock_is_sure=True,
    policy_version=7,
    policy_issued_at=NOW - timedelta(hours=2),
    journal_seq=120,
    acknowledged_seq=100,
    disk=DiskState(5, 100, reserve_in_use=True),
    status=GateStatus(
        (), (DeviceHealth(device="card", health="ok"), DeviceHealth(device="keys", health="lost"))
    ),
)


def test_the_file_says_how_the_gate_is(tmp_path: Path) -> None:
    NumbersFile(tmp_path / "gate.prom").write(NUMBERS)
    text = (tmp_path / "gate.prom").read_text(encoding="utf-8")
    found = {
        (sample.name.removeprefix("menjin_controller_"), *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    assert found == {
        ("build_info", "0.2.0"): 1,
        ("written_timestamp_seconds",): NOW.timestamp(),
        ("server_in_reach",): 0,
        ("clock_sure",): 1,
        ("policy_version",): 7,
        ("policy_issued_timestamp_seconds",): NOW.timestamp() - 7200,
        ("journal_entries",): 120,
        ("events_unsent",): 20,
        ("disk_free_bytes",): 5,
        ("disk_bytes",): 100,
        ("disk_reserve_in_use",): 1,
        ("device_up", "card"): 1,
        ("device_up", "keys"): 0,
    }
    page = (Path(__file__).parents[3] / "docs" / "monitoring.md").read_text(encoding="utf-8")
    assert [name for name, *_ in found if f"menjin_controller_{name}" not in page] == []
    assert [file.name for file in tmp_path.iterdir()] == ["gate.prom"], "nothing half-written lies there"


def test_a_folder_that_is_missing_is_said_once_and_stops_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = NumbersFile(tmp_path / "missing" / "gate.prom")
    for _ in range(3):
        file.write(NUMBERS)
    assert caplog.text.count("missing/gate.prom") == 1
    NumbersFile(None).write(NUMBERS)
