"""The disk of the world keeps what a real one keeps: all that was synced, nothing of a torn commit."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gate_controller.contract.event_kinds import EventKind
from gate_controller.storage.journal import Journal
from tests.world.chance import Dice
from tests.world.disk import AFTER, BEFORE, TORN, GateDisk, Pulled, disks_in_use
from tests.world.planted import BUGS, planted

NOW = datetime(2026, 12, 2, 4, 0, tzinfo=UTC)
UNSYNCED = next(bug for bug in BUGS if bug.name == "torn write loses")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[GateDisk]:
    """Return a disk that is in use."""
    made = GateDisk(tmp_path / "gate")
    with disks_in_use({made.folder: made}):
        yield made


def journal_on(disk: GateDisk) -> Journal:
    return Journal(disk.files / "journal.sqlite3", NOW)


def write(journal: Journal, count: int = 1) -> None:
    for _number in range(count):
        journal.append(EventKind.STARTED, {"policy": True}, {}, NOW)


@pytest.mark.parametrize("dice", range(8))
@pytest.mark.parametrize(("moment", "kept"), [(BEFORE, 3), (TORN, 3), (AFTER, 4)])
def test_of_the_write_in_which_the_power_went_all_is_there_or_nothing(
    disk: GateDisk, moment: str, kept: int, dice: int
) -> None:
    journal = journal_on(disk)
    write(journal, 3)
    disk.pull_at(1, moment)
    with pytest.raises(Pulled):
        write(journal)
    with pytest.raises(Pulled):
        write(journal)
    disk.next_life(Dice(dice))
    again = journal_on(disk)
    assert again.head[0] == kept
    write(again)
    assert [entry.seq for entry in again.entries_after(0, 10)] == list(range(1, kept + 2))
    again.close()


def test_what_was_not_synced_may_be_gone(disk: GateDisk) -> None:
    left = set()
    with planted(UNSYNCED):
        for dice in range(6):
            journal = journal_on(disk)
            before = journal.head[0]
            write(journal, 3)
            disk.is_off = True
            disk.next_life(Dice(dice))
            again = journal_on(disk)
            left.add(before + 3 - again.head[0])
            again.close()
    assert max(left) > 0
