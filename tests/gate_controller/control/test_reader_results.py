"""Choices at readers and screens, and their entries in the journal."""

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from gate_controller.contract.calls import CallEnd, CallFor
from gate_controller.contract.event_kinds import EventKind
from gate_controller.control.recorder import Recorder
from gate_controller.control.screens import Screens
from gate_controller.lane.home_call import CallPhase, begun
from gate_controller.lane.screen_state import CHOICES_KEPT_SECONDS
from gate_controller.lane.state import LaneDesk
from gate_controller.storage.journal import Journal
from gate_controller.terminal.view import Screen
from hardware.interfaces import ReaderResult
from tests.gate_controller.control.played_reader import Reader, refresh
from tests.promises.screen_visitor import at_the_screen
from tests.support.compounds.people import person, pin, records
from tests.support.gates.bench import PIN_KEY, BenchGate, bench_gate


@pytest.mark.parametrize(
    ("screen", "result"),
    [
        (Screen.GRANTED, [ReaderResult.GRANTED]),
        (Screen.REFUSED, [ReaderResult.REFUSED]),
        (Screen.FAULT, [ReaderResult.REFUSED]),
        (Screen.DELAYED, [ReaderResult.DELAYED]),
        (Screen.WAITING, [ReaderResult.WAIT]),
        (Screen.TYPING_PIN, []),
    ],
)
def test_a_result_is_shown_once_at_the_readers_of_its_lane(
    screen: Screen, result: list[ReaderResult]
) -> None:
    here, elsewhere = Reader(), Reader()
    screens = Screens({}, {"lane-1": (here,), "lane-2": (elsewhere,)})
    desk = LaneDesk("lane-1")
    desk.screen.show(screen, 10.0, seconds=4.0)
    for beat in range(3):
        refresh(screens, desk, 10.0 + beat)
    assert (here.shown, elsewhere.shown) == (result, [])


def test_readers_say_that_a_home_is_called_and_that_its_call_did_not_open() -> None:
    """At a gate without a screen they are all that a visitor sees."""
    reader = Reader()
    screens, desk = Screens({}, {"lane-1": (reader,)}), LaneDesk("lane-1")
    call = begun("c-1", "lane-1", "31203", "3-1203", CallFor.HOME, 0.0)
    for change in (call, replace(call, phase=CallPhase.RINGING), replace(call, phase=CallPhase.ANSWERED)):
        desk.calls.call = change
        refresh(screens, desk, 10.0)
    assert reader.shown == [ReaderResult.WAIT]
    desk.calls.call = replace(call, phase=CallPhase.OVER, end=CallEnd.NO_ANSWER)
    desk.calls.ended(20.0, 15.0)
    for beat in range(3):
        refresh(screens, desk, 20.0 + beat)
    assert reader.shown == [ReaderResult.WAIT, ReaderResult.REFUSED]
    desk.calls.call = replace(call, phase=CallPhase.OVER, end=CallEnd.CANCELLED)
    desk.calls.ended(30.0, 15.0)
    refresh(screens, desk, 30.0)
    assert reader.shown == [ReaderResult.WAIT, ReaderResult.REFUSED], "who leaves knows it"


def test_two_refusals_in_a_row_are_shown_twice() -> None:
    reader = Reader()
    screens, desk = Screens({}, {"lane-1": (reader,)}), LaneDesk("lane-1")
    for now_seconds in (10.0, 11.0):
        desk.screen.show(Screen.REFUSED, now_seconds, seconds=4.0)
        refresh(screens, desk, now_seconds)
    assert reader.shown == [ReaderResult.REFUSED, ReaderResult.REFUSED]


SCREEN = """
[terminal.screen]
lane = "north-in"
port = 0
launch_token_file = "{root}/run/launch-token"
"""


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[BenchGate]:
    with bench_gate(tmp_path, more=SCREEN.format(root=tmp_path)) as gate:
        gate.give_policy(records(person(), pin("082915", PIN_KEY)))
        gate.start()
        gate.time.stop()
        yield gate


def test_a_minute_after_a_person_left_the_screen_speaks_the_gates_own_language_again(
    bench: BenchGate,
) -> None:
    with at_the_screen(bench) as visitor:
        visitor.press("language", language="zh")
        visitor.wait_for(language="zh")
        bench.passes(CHOICES_KEPT_SECONDS - 1)
        visitor.press("method", method="pin")
        visitor.wait_for(language="zh", screen="typing_home")
        bench.passes(21)
        visitor.wait_for(language="zh", screen="idle")
        bench.passes(CHOICES_KEPT_SECONDS)
        visitor.wait_for(language="en", screen="idle")
        bench.stop()


def test_more_time_that_was_pressed_at_rest_is_not_the_next_persons(bench: BenchGate) -> None:
    with at_the_screen(bench) as visitor:
        visitor.press("slower")
        visitor.wait_for(slower=True)
        bench.passes(2 * CHOICES_KEPT_SECONDS)
        assert visitor.views[-1]["slower"], "it gives three times as long to choose, too"
        bench.passes(CHOICES_KEPT_SECONDS + 1)
        visitor.wait_for(slower=False)
        bench.stop()


NOON = datetime(2026, 7, 14, 4, 0, tzinfo=UTC)
ALARM = (EventKind.ALARM_DURESS, {"lane_id": "north-in"}, {"person_id": "mother"})
ANOTHER = (EventKind.ALARM_DURESS, {"lane_id": "north-in"}, {"person_id": "son"})


class Written:
    """A recorder over a journal on the disk, how often the sync was woken, and the writes."""

    def __init__(self, path: Path) -> None:
        self.journal = Journal(path, NOON)
        self.nudges = self.writes = 0
        clock = SimpleNamespace(now=lambda: NOON)
        self.recorder = Recorder(self.journal, clock, self._nudge)
        self.journal._connection.set_trace_callback(self._statement)

    def _nudge(self) -> None:
        self.nudges += 1

    def _statement(self, statement: str) -> None:
        if statement.startswith("COMMIT"):
            self.writes += 1

    @property
    def kinds(self) -> list[str]:
        return [entry.kind for entry in self.journal.entries_after(0, 100)]


@pytest.fixture
def written(tmp_path: Path) -> Iterator[Written]:
    made = Written(tmp_path / "journal.sqlite3")
    yield made
    made.journal.close()


def test_an_entry_wakes_the_sync_and_one_that_a_lock_waits_for_does_not(written: Written) -> None:
    written.recorder.write(EventKind.ACCESS, {}, {}, NOON)
    assert (written.kinds, written.nudges) == (["access"], 0)
    written.recorder.record(EventKind.ALARM_HELP, {}, {})
    assert (written.kinds, written.nudges) == (["access", "alarm_help"], 1)


def test_a_silent_alarm_is_in_one_write_with_the_first_entry_of_its_block(written: Written) -> None:
    with written.recorder.with_silent(ALARM):
        written.recorder.write(EventKind.ACCESS, {}, {}, NOON)
        assert written.kinds == ["access", "alarm_duress"]
        assert written.writes == 1
        written.recorder.record(EventKind.ALARM_OVERRIDE, {}, {})
    assert written.kinds == ["access", "alarm_duress", "alarm_override"]


def test_without_an_entry_it_is_written_at_the_end_of_its_block(written: Written) -> None:
    with written.recorder.with_silent(ALARM):
        assert written.kinds == []
    assert (written.kinds, written.nudges) == (["alarm_duress"], 1)


def test_a_block_within_a_block_writes_one_alarm_and_its_own_if_it_has_one(written: Written) -> None:
    for inner, person_id in ((None, "mother"), (ANOTHER, "son")):
        with written.recorder.with_silent(ALARM), written.recorder.with_silent(inner):
            written.recorder.write(EventKind.ACCESS, {}, {}, NOON)
        access, alarm = written.journal.entries_after(0, 100)[-2:]
        assert (access.kind, alarm.kind, alarm.personal["person_id"]) == ("access", "alarm_duress", person_id)
    assert len(written.kinds) == 4


def test_an_alarm_never_goes_with_a_later_presentation(written: Written) -> None:
    with pytest.raises(sqlite3.OperationalError), written.recorder.with_silent(ALARM):
        raise sqlite3.OperationalError("the disk is full")
    with written.recorder.with_silent(None):
        written.recorder.write(EventKind.ACCESS, {}, {}, NOON)
    assert written.kinds == ["access"]


def test_the_log_names_an_alarm_and_never_a_silent_one(
    written: Written, caplog: pytest.LogCaptureFixture
) -> None:
    with written.recorder.with_silent(ALARM):
        pass
    written.recorder.record(EventKind.ALARM_DOOR_FORCED, {"lane_id": "north-in"}, {"person_id": "mother"})
    written.recorder.record(EventKind.DOOR_CLOSED, {"lane_id": "north-in"}, {})
    assert [record.getMessage() for record in caplog.records] == ["alarm_door_forced north-in"]
