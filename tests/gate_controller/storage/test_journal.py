"""The journal file: what is written together, what is kept, and what is saved from a damaged disk."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from gate_controller.contract.journal_chain import GENESIS, ChainBroken, chain_entry, verify_chain
from gate_controller.storage.journal import Journal

NOW = datetime(2026, 3, 4, 4, 0, tzinfo=UTC)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite3"


@pytest.fixture
def journal(path: Path) -> Iterator[Journal]:
    opened = Journal(path, NOW)
    yield opened
    opened.close()


def reopened(path: Path, journal: Journal) -> Journal:
    journal.close()
    return Journal(path, NOW)


def test_entries_uses_and_seconds_outlive_a_restart(path: Path, journal: Journal) -> None:
    journal.append("access", {"n": 1}, {}, NOW, used_credential_id="visit-1")
    journal.append("access", {"n": 2}, {}, NOW, used_credential_id="qr-1", second=500)
    journal.append("access", {"n": 3}, {}, NOW, used_credential_id="qr-1", second=400)
    head = journal.head
    again = reopened(path, journal)
    assert again.head == head
    assert again.uses == {"visit-1": 1, "qr-1": 2}
    assert again.last_seconds == {"visit-1": -1, "qr-1": 500}, "an older code never lowers the newest second"
    assert again.append("access", {}, {}, NOW).previous == head[1]
    again.close()


def test_a_full_disk_changes_nothing_and_later_entries_are_written_again(journal: Journal) -> None:
    """The entry, the use and the second fail together; once there is room, the chain goes on."""
    journal.append("started", {}, {}, NOW)
    before = journal.head
    connection = journal._connection
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(sqlite3.OperationalError, match="full"):
        for n in range(2000):
            before = journal.append("access", {"n": n, "x": "y" * 200}, {}, NOW, used_credential_id=f"c{n}")
    assert journal.head == (before.seq, before.digest)
    assert f"c{before.seq - 1}" not in journal.uses
    connection.execute("PRAGMA max_page_count = 1000000")
    after = journal.append("access", {}, {}, NOW, used_credential_id="late")
    assert (after.seq, after.previous) == (before.seq + 1, before.digest)
    assert verify_chain(journal.entries_after(0, 9999)) == journal.head


def test_a_commit_that_fails_leaves_no_open_transaction(journal: Journal) -> None:
    journal._connection.execute(
        "CREATE TABLE later (x REFERENCES journal(seq) DEFERRABLE INITIALLY DEFERRED)"
    )
    journal._connection.execute("PRAGMA foreign_keys = ON")
    journal._connection.execute(
        "CREATE TRIGGER dangling AFTER INSERT ON journal BEGIN INSERT INTO later VALUES (999999); END"
    )
    with pytest.raises(sqlite3.IntegrityError):
        journal.append("access", {}, {}, NOW)
    journal._connection.execute("DROP TRIGGER dangling")
    assert journal.append("access", {}, {}, NOW).seq == 1


@pytest.mark.parametrize("fact", ["x" * 5000, "half a pair \ud83d", "门" * 300, "", "\0"])
def test_any_text_is_written_so_that_it_can_be_read_again(path: Path, journal: Journal, fact: str) -> None:
    journal.append("alarm_camera", {"detail": fact}, {"why": fact}, NOW)
    again = reopened(path, journal)
    assert verify_chain(again.entries_after(0, 9)) == again.head
    again.close()


def test_times_are_written_in_utc(journal: Journal) -> None:
    entry = journal.append("access", {}, {}, NOW.astimezone(timezone(timedelta(hours=8))))
    assert entry.at.utcoffset() == timedelta(0)
    assert entry.at == NOW


def test_no_nul_is_written(journal: Journal) -> None:
    entry = journal.append("access", {"detail": "a\0b"}, {"why": "\0"}, NOW)
    assert (entry.facts, entry.personal) == ({"detail": "a?b"}, {"why": "?"})


DAMAGES = [b"", b"{", b"\xff\xfe", b"null", b'{"seq":2}']


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("seq", [1, 2, 4])
def test_a_damaged_entry_keeps_its_place_and_the_others_are_handed_over(
    path: Path, journal: Journal, damage: bytes, seq: int
) -> None:
    for number in range(4):
        journal.append("access", {"n": number}, {}, NOW)
    sound = journal.entries_after(0, 9)
    journal._connection.execute("UPDATE journal SET entry = ? WHERE seq = ?", (damage, seq))
    journal._connection.commit()
    again = reopened(path, journal)
    after = again.append("alarm_duress", {}, {}, NOW)
    lines = again.lines_after(0, 9, 1_000_000)
    assert [line.seq for line in lines] == [1, 2, 3, 4, 5]
    readable = [line.seq for line in lines if line.kind]
    assert readable == [number for number in range(1, 6) if number != seq]
    assert all(line.digest == sound[line.seq - 1].digest for line in lines[:-1] if line.seq in (1, 2, 3))
    assert (lines[-1].digest, after.previous) == (after.digest, lines[-2].digest)
    again.close()


def test_what_is_handed_over_at_once_fits_the_bytes_and_is_at_least_one_entry(journal: Journal) -> None:
    for _ in range(9):
        journal.append("access", {"detail": "x" * 200}, {}, NOW)
    sizes = [len(line.body) + 1 for line in journal.lines_after(0, 9, 1_000_000)]
    assert [line.seq for line in journal.lines_after(0, 9, sum(sizes[:4]))] == [1, 2, 3, 4]
    assert [line.seq for line in journal.lines_after(0, 9, sum(sizes[:4]) - 1)] == [1, 2, 3]
    assert [line.seq for line in journal.lines_after(6, 9, 1)] == [7]
    assert [line.seq for line in journal.lines_after(2, 3, 1_000_000)] == [3, 4, 5]
    assert journal.lines_after(9, 9, 1_000_000) == ()


def test_the_digest_of_an_entry_is_known_while_it_is_here(journal: Journal) -> None:
    entries = [journal.append("access", {"n": n}, {}, NOW - timedelta(days=99)) for n in range(3)]
    known = [journal.digest_of(seq) for seq in (0, 2, 3, 4)]
    assert known == [None, entries[1].digest, entries[2].digest, None]
    journal.acknowledge(3, NOW)
    assert (journal.digest_of(2), journal.digest_of(3)) == (None, entries[2].digest)


# -- retention ----------------------------------------------------------------------------------------


def test_what_was_acknowledged_is_kept_thirty_days_and_what_was_not_for_ever(
    path: Path, journal: Journal
) -> None:
    for day in range(4):
        journal.append("access", {"day": day}, {}, NOW + timedelta(days=day))
    journal.acknowledge(2, NOW + timedelta(days=29))
    assert [entry.seq for entry in journal.entries_after(0, 9)] == [1, 2, 3, 4]
    journal.acknowledge(2, NOW + timedelta(days=400))
    assert [entry.seq for entry in journal.entries_after(0, 9)] == [3, 4]
    journal.acknowledge(4, NOW + timedelta(days=400))
    assert [entry.seq for entry in journal.entries_after(0, 9)] == [4]
    head = journal.head
    again = reopened(path, journal)
    assert again.head == head
    assert again.append("access", {}, {}, NOW).seq == 5
    again.close()


def test_an_acknowledgement_of_entries_that_do_not_exist_changes_nothing(journal: Journal) -> None:
    journal.append("access", {}, {}, NOW)
    journal.acknowledge(7, NOW + timedelta(days=400))
    assert journal.acknowledged_seq == 0
    assert len(journal.entries_after(0, 9)) == 1


def test_entries_written_under_a_clock_that_was_behind_leave_no_hole(journal: Journal) -> None:
    for at in (NOW, NOW - timedelta(days=9999), NOW):
        journal.append("access", {}, {}, at)
    journal.acknowledge(3, NOW + timedelta(days=1))
    assert [entry.seq for entry in journal.entries_after(0, 9)] == [1, 2, 3]
    verify_chain(journal.entries_after(0, 9))


# -- orders and receipts ------------------------------------------------------------------------------


def test_an_order_is_taken_once_also_after_a_restart(path: Path, journal: Journal) -> None:
    assert journal.take_order("order-1", NOW)
    assert not journal.take_order("order-1", NOW)
    again = reopened(path, journal)
    assert not again.take_order("order-1", NOW + timedelta(days=99))
    again.close()


def test_a_receipt_waits_until_the_server_has_it(path: Path, journal: Journal) -> None:
    journal.keep_receipt("consent-1", b"body", b"signature")
    again = reopened(path, journal)
    assert again.unsent_receipts() == {"consent-1": (b"body", b"signature")}
    again.receipts_sent(("consent-1",))
    assert again.unsent_receipts() == {}
    again.send_receipts_again()
    assert set(again.unsent_receipts()) == {"consent-1"}
    again.close()


# -- damage -------------------------------------------------------------------------------------------


def test_a_damaged_journal_is_set_aside_and_its_readable_front_goes_on(path: Path, journal: Journal) -> None:
    for n in range(60):
        journal.append("access", {"n": n}, {}, NOW, used_credential_id="visit-1", second=n)
    journal.take_order("order-1", NOW)
    journal.keep_receipt("consent-1", b"body", b"signature")
    journal.close()
    with closing(sqlite3.connect(path)) as connection:
        (root,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name='journal'").fetchone()
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    whole = path.read_bytes()
    last_leaf = max(p for p in range(pages) if b'"kind":"access"' in whole[p * size : (p + 1) * size])
    assert last_leaf != root - 1
    with path.open("r+b") as file:
        file.seek(last_leaf * size)
        file.write(b"\xff" * size)
    again = Journal(path, NOW)
    assert again.salvaged is not None
    assert 0 < again.salvaged < 60
    assert again.head[0] == again.salvaged
    verify_chain(again.entries_after(0, 99), GENESIS)
    assert again.uses["visit-1"] == 60, "a visitor's code that was used stays used"
    assert not again.take_order("order-1", NOW)
    assert set(again.unsent_receipts()) == {"consent-1"}
    again.append("access", {}, {}, NOW)
    again.close()
    assert path.with_name(f"{path.name}.damaged-20260304T040000").exists()


def test_a_file_that_is_no_database_is_set_aside(path: Path) -> None:
    path.write_bytes(b"x" * 10_000)
    journal = Journal(path, NOW)
    assert (journal.salvaged, journal.head) == (0, (0, GENESIS))
    journal.close()
    assert path.with_name(f"{path.name}.damaged-20260304T040000").read_bytes() == b"x" * 10_000


def test_a_locked_database_is_not_taken_for_damage(path: Path, journal: Journal) -> None:
    journal.append("access", {}, {}, NOW)
    journal.close()
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(OSError, match="cannot use"):
            Journal(path, NOW)
        other.execute("ROLLBACK")
    assert list(path.parent.glob("*.damaged-*")) == []


def test_a_folder_that_cannot_be_is_an_error_that_names_it(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(OSError, match="file"):
        Journal(blocked / "journal.sqlite3", NOW)


# -- the chain ----------------------------------------------------------------------------------------


def test_a_chain_whose_front_was_dropped_holds_and_one_with_a_wrong_start_does_not() -> None:
    first = chain_entry(GENESIS, 1, NOW, "started", {}, {})
    second = chain_entry(first.digest, 2, NOW, "access", {}, {})
    assert verify_chain([second]) == (2, second.digest)
    assert verify_chain([]) == (0, GENESIS)
    with pytest.raises(ChainBroken, match="entry 2 does not follow"):
        verify_chain([second], GENESIS)
