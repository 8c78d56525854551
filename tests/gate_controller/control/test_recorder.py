"""Entries of the loop: written at once, and a silent alarm in one write with the first of its block."""

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from gate_controller.contract.event_kinds import EventKind
from gate_controller.control.recorder import Recorder
from gate_controller.storage.journal import Journal

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
