"""Promise 9: what happens is written down before it is acted on, edits show, erasure does not break.

Does not cover: a gate's own key in a thief's hands, who can write a new journal that fits (an anchor
kept elsewhere shows it), or a disk that says "written" and lies. What the server checks of its own records
and consents has its own tests.
"""

import itertools
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from gate_controller.audit.main import run, verify_journal
from gate_controller.contract.journal_chain import (
    COUNTERSIGN_DOMAIN,
    GENESIS,
    HEAD_DOMAIN,
    ChainBroken,
    Head,
    JournalEntry,
    SignedHead,
    chain_entry,
    fitting_facts,
)
from gate_controller.contract.ledger_file import LEDGER_FORMAT, LedgerPreface, check_ledger
from gate_controller.contract.signing import public_bytes, sign
from gate_controller.storage.journal import Journal
from tests.support.compounds.people import card, lane, person, records
from tests.support.erased_entries import without_personal
from tests.support.examples import examples
from tests.support.gates.bench import CARD_KEY, BenchGate, bench_gate
from tests.support.gates.process import GateProcess
from tests.support.gates.site_keys import SiteKeys

CARDS = range(7, 107)
"""So many that none is shown again within its own pulse, which would be written down without an ON."""
NOW = datetime(2026, 3, 4, 4, 0, tzinfo=UTC)
SITE = SiteKeys.make()
FACTS = st.dictionaries(
    st.text("abcdef_", min_size=1, max_size=8),
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**40), 2**40),
        st.floats(allow_nan=False),
        st.text(max_size=300),
    ),
    max_size=3,
)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[BenchGate]:
    with bench_gate(tmp_path) as gate:
        cards = [card(number, CARD_KEY, credential_id=f"card-{number}") for number in CARDS]
        gate.give_policy(records(person(), *cards, lane(pulse_seconds=0.05)))
        yield gate


def test_every_on_a_board_saw_has_its_entry_though_the_power_goes_while_cards_are_tapped(
    bench: BenchGate,
) -> None:
    numbers = itertools.cycle(CARDS)
    for milliseconds in (90, 130, 210):
        gate = GateProcess.start(bench)
        ends = time.monotonic() + milliseconds / 1000
        while time.monotonic() < ends:
            bench.card.tap(next(numbers))
            time.sleep(0.007)
        gate.kill()
    ons = sum(change.on for change in bench.relay.changes)
    granted = [opens for _, _, opens in bench.decisions()].count(True)
    assert 0 < ons <= granted
    assert granted <= ons + 3, "at most the one entry of each kill has no pulse"
    assert verify_journal(bench.root / "data" / "journal.sqlite3").count == len(bench.entries())


def written(path: Path, some: list[tuple[dict, dict]]) -> tuple[JournalEntry, ...]:
    path.unlink(missing_ok=True)
    journal = Journal(path, NOW)
    for minute, (facts, personal) in enumerate(some):
        journal.append("access", facts, personal, NOW + timedelta(minutes=minute))
    entries = journal.entries_after(0, 1000)
    journal.close()
    return entries


HISTORIES = st.lists(st.tuples(FACTS, FACTS), min_size=2, max_size=6)
ON_DISK = settings(
    max_examples=examples(40), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def store(path: Path, seq: int, body: bytes) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE journal SET entry = ? WHERE seq = ?", (body, seq))


@ON_DISK
@given(HISTORIES)
def test_whatever_is_written_can_be_read_and_verified(tmp_path: Path, some: list) -> None:
    path = tmp_path / "journal.sqlite3"
    entries = written(path, some)
    assert [entry.seq for entry in entries] == list(range(1, len(some) + 1))
    assert verify_journal(path).count == len(some)


@settings(ON_DISK, max_examples=examples(150))
@given(HISTORIES, st.data())
def test_the_change_of_any_one_byte_is_found(tmp_path: Path, some: list, data: st.DataObject) -> None:
    path = tmp_path / "journal.sqlite3"
    entry = data.draw(st.sampled_from(written(path, some)))
    body = bytearray(msgspec.json.encode(entry))
    at = data.draw(st.integers(0, len(body) - 1))
    body[at] ^= data.draw(st.integers(1, 255))
    store(path, entry.seq, bytes(body))
    assume(not means_the_same(bytes(body), entry))
    with pytest.raises(ChainBroken, match=f"entry {entry.seq}"):
        verify_journal(path)


def means_the_same(body: bytes, entry: JournalEntry) -> bool:
    """Return whether an edit changed only how the same entry is spelled (`1e2` for `1E2`, a base64 tail)."""
    try:
        return msgspec.json.decode(body, type=JournalEntry) == entry
    except (msgspec.MsgspecError, ValueError):
        return False


@ON_DISK
@given(HISTORIES, st.data())
def test_a_removed_or_moved_entry_is_found(tmp_path: Path, some: list, data: st.DataObject) -> None:
    path = tmp_path / "journal.sqlite3"
    entries = written(path, [*some, ({}, {})])
    gone = data.draw(st.integers(2, len(entries) - 1))
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DELETE FROM journal WHERE seq = ?", (gone,))
    with pytest.raises(ChainBroken, match="missing"):
        verify_journal(path)
    written(path, some)
    one, other = data.draw(st.permutations(range(len(some))))[:2]
    store(path, one + 1, msgspec.json.encode(entries[other]))
    with pytest.raises(ChainBroken, match="place of another"):
        verify_journal(path)


@ON_DISK
@given(HISTORIES, st.sets(st.integers(0, 5)))
def test_erasing_personal_parts_leaves_a_chain_that_verifies(
    tmp_path: Path, some: list, erased: set[int]
) -> None:
    path = tmp_path / "journal.sqlite3"
    entries = written(path, some)
    chosen = [entry for entry in entries if entry.seq - 1 in erased]
    for entry in chosen:
        store(path, entry.seq, msgspec.json.encode(without_personal(entry)))
    assert verify_journal(path).erased == len(chosen)


# -- the command --------------------------------------------------------------------------------------


def anchor_file(path: Path, head: Head, key: Ed25519PrivateKey) -> Path:
    body = msgspec.json.encode(head)
    path.write_bytes(msgspec.json.encode(SignedHead(body, sign(key, HEAD_DOMAIN, body))))
    return path


def test_an_anchor_kept_elsewhere_shows_a_journal_that_was_rewritten(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, key = tmp_path / "journal.sqlite3", Ed25519PrivateKey.generate()
    entries = written(path, [({"n": n}, {"person_id": "p"}) for n in range(5)])
    anchor = anchor_file(tmp_path / "anchor.json", Head("site-1", "north", 3, entries[2].digest), key)
    command = [
        "verify",
        "--journal",
        str(path),
        "--anchor",
        str(anchor),
        "--anchor-key",
        public_bytes(key).hex(),
    ]
    assert run(command) == 0
    assert "anchor at entry 3 holds" in capsys.readouterr().out
    written(path, [({"n": n + 1}, {}) for n in range(5)])
    assert run(command[:3]) == 0, "without an anchor a new journal that fits looks like the old one"
    assert run(command) == 1
    assert "entry 3 is not the one the anchor names" in capsys.readouterr().out
    written(path, [({"n": n}, {}) for n in range(2)])
    assert run(command) == 1
    assert "the anchor names entry 3, and the journal holds entries 1 to 2" in capsys.readouterr().out


def test_the_command_names_the_first_broken_entry(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "journal.sqlite3"
    entries = written(path, [({"n": n}, {}) for n in range(4)])
    store(path, 3, msgspec.json.encode(msgspec.structs.replace(entries[2], kind="opened")))
    assert run(["verify", "--journal", str(path)]) == 1
    assert capsys.readouterr().out == "BROKEN: entry 3 was changed\n"


def handed_over(path: Path, entries: tuple[JournalEntry, ...], key: Ed25519PrivateKey) -> None:
    """Note in the file, as the gate does, that the server has all of it and countersigned its end."""
    head = msgspec.json.encode(Head("site-1", "north", entries[-1].seq, entries[-1].digest))
    journal = Journal(path, NOW)
    journal.acknowledge(entries[-1].seq, NOW)
    journal.keep_anchor(head, sign(key, COUNTERSIGN_DOMAIN, head))
    journal.close()


CUTS = {
    "the tail": ("DELETE FROM journal WHERE seq > 3", "entries 4 to 5 are missing: the server countersigned"),
    "all": ("DELETE FROM journal", "entries 1 to 5 are missing: the server countersigned entry 5"),
    "all but the head's word": (
        "DELETE FROM journal; DELETE FROM state WHERE name = 'anchor'",
        "entries 1 to 5 are missing: the file says that it had entry 5",
    ),
}


@pytest.mark.parametrize("cut", CUTS)
def test_the_command_names_what_is_missing_by_the_files_own_countersigned_head(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], cut: str
) -> None:
    path = tmp_path / "journal.sqlite3"
    entries = written(path, [({"n": n}, {}) for n in range(5)])
    handed_over(path, entries, Ed25519PrivateKey.generate())
    assert run(["verify", "--journal", str(path)]) == 0
    assert "entry 5 is the one of the server's countersigned head" in capsys.readouterr().out
    statements, named = CUTS[cut]
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(statements)
    assert run(["verify", "--journal", str(path)]) == 1
    assert named in capsys.readouterr().out


def test_entries_that_went_before_they_were_handed_over_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "journal.sqlite3"
    written(path, [({"n": n}, {}) for n in range(5)])
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DELETE FROM journal WHERE seq < 3")
    assert run(["verify", "--journal", str(path)]) == 1
    assert "entries 1 to 2 are missing: they were never handed over" in capsys.readouterr().out


def test_a_journal_rewritten_at_its_countersigned_end_is_found_without_any_other_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "journal.sqlite3"
    entries = written(path, [({"n": n}, {}) for n in range(5)])
    handed_over(path, entries, Ed25519PrivateKey.generate())
    other = chain_entry(entries[-1].previous, 5, entries[-1].at, "access", {"n": 7}, {})
    store(path, 5, msgspec.json.encode(other))
    assert run(["verify", "--journal", str(path)]) == 1
    assert "entry 5 is not the one the server's countersigned head names" in capsys.readouterr().out


def test_the_command_says_what_it_cannot_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "journal.sqlite3"
    assert run(["verify", "--journal", str(path)]) == 2
    assert str(path) in capsys.readouterr().err
    path.write_bytes(b"not a database at all, whatever its name says")
    assert run(["verify", "--journal", str(path)]) == 2
    written(path, [({}, {})])
    odd = tmp_path / "odd.json"
    odd.write_text("{}")
    assert run(["verify", "--journal", str(path), "--anchor", str(odd)]) == 2
    key, stranger = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    anchor = anchor_file(tmp_path / "anchor.json", Head("site-1", "north", 1, bytes(32)), stranger)
    arguments = ["verify", "--journal", str(path), "--anchor", str(anchor)]
    assert run([*arguments, "--anchor-key", public_bytes(key).hex()]) == 1
    assert "not signed by the key given" in capsys.readouterr().out


# -- the server's ledger, as a file that anyone checks ---------------------------------------------


def ledger_file(path: Path, some: list[tuple[dict, dict]]) -> tuple[JournalEntry, ...]:
    """Write a ledger as the server exports it."""
    entries, previous = [], GENESIS
    for seq, (facts, personal) in enumerate(some, start=1):
        fitting = fitting_facts(facts), fitting_facts(personal)
        entries.append(chain_entry(previous, seq, NOW, "face_consent_given", *fitting))
        previous = entries[-1].digest
    head = msgspec.json.encode(Head(SITE.site_id, "ledger", len(entries), previous))
    signed = SignedHead(head, sign(SITE.keys["anchor"], COUNTERSIGN_DOMAIN, head))
    root = public_bytes(SITE.root).hex()
    preface = LedgerPreface(LEDGER_FORMAT, SITE.site_id, root, signed, SITE.certificates["anchor"])
    path.write_bytes(b"".join(msgspec.json.encode(line) + b"\n" for line in (preface, *entries)))
    return tuple(entries)


@settings(ON_DISK, max_examples=examples(100))
@given(HISTORIES, st.data())
def test_the_change_of_any_one_byte_of_a_ledger_is_found(
    tmp_path: Path, some: list, data: st.DataObject
) -> None:
    path = tmp_path / "ledger.jsonl"
    entry = data.draw(st.sampled_from(ledger_file(path, some)))
    assert check_ledger(path).count == len(some)
    lines = path.read_bytes().splitlines(keepends=True)
    body = bytearray(lines[entry.seq].rstrip(b"\n"))
    at = data.draw(st.integers(0, len(body) - 1))
    body[at] ^= data.draw(st.integers(1, 255))
    assume(b"\n" not in body and not means_the_same(bytes(body), entry))
    path.write_bytes(b"".join([*lines[: entry.seq], bytes(body) + b"\n", *lines[entry.seq + 1 :]]))
    with pytest.raises(ChainBroken):
        check_ledger(path)


@ON_DISK
@given(HISTORIES, st.sets(st.integers(0, 5)))
def test_a_ledger_without_its_personal_parts_verifies_and_one_cut_off_does_not(
    tmp_path: Path, some: list, erased: set[int]
) -> None:
    path = tmp_path / "ledger.jsonl"
    entries = ledger_file(path, some)
    lines = path.read_bytes().splitlines(keepends=True)
    shown = [without_personal(e) if e.seq - 1 in erased else e for e in entries]
    path.write_bytes(lines[0] + b"".join(msgspec.json.encode(e) + b"\n" for e in shown))
    assert check_ledger(path).erased == len([e for e in entries if e.seq - 1 in erased])
    path.write_bytes(b"".join(lines[:-1]))
    with pytest.raises(ChainBroken, match="as the last"):
        check_ledger(path)
