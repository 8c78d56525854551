"""The gate's append-only journal, and the state that is stored in the same transaction.

A decision is written together with the use it counts and the code second it takes, in one committed
transaction, before anything is done about it. Acknowledged entries are kept 30 days; an entry that
the server has not acknowledged is never dropped.
"""

import hashlib
import sqlite3
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from gate_controller.contract.event_kinds import EventKind
from gate_controller.contract.journal_chain import (
    GENESIS,
    ChainBroken,
    Facts,
    JournalEntry,
    chain_entry,
    fitting_facts,
    verify_chain,
)
from gate_controller.storage import reserve
from gate_controller.storage.database import open_database, salvage_rows, transaction

KEEP_ACKNOWLEDGED = timedelta(days=30)
RESERVE_PIECES = 16

SCHEMA = """
CREATE TABLE IF NOT EXISTS journal (seq INTEGER PRIMARY KEY, at TEXT NOT NULL, entry BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS used (credential_id TEXT PRIMARY KEY, uses INTEGER NOT NULL,
                                 second INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS seen_order (order_id TEXT PRIMARY KEY, at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS receipt (consent_id TEXT PRIMARY KEY, receipt BLOB NOT NULL,
                                    signature BLOB NOT NULL, sent INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS wrong_pins (home_number TEXT PRIMARY KEY, wrong BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS state (name TEXT PRIMARY KEY, value BLOB NOT NULL);
"""


class WrongPins(msgspec.Struct, frozen=True):
    """How many wrong PINs of a home count, and up to when days have forgiven some.

    `known_pins` is set while its PINs are stopped.

    It holds the ids of the PINs that the home had when they stopped.
    """

    count: int
    at: datetime
    known_pins: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class JournalLine:
    """An entry as it lies on the disk: `body` is its JSON, or what is sent in place of a damaged one."""

    seq: int
    digest: bytes
    kind: str
    body: bytes


class Journal:
    """One gate's journal file; safe to call from several threads."""

    def __init__(self, path: Path, now: datetime) -> None:
        """Open the file and read the head of the chain; a damaged file is salvaged first."""
        self._lock = threading.Lock()
        self._connection, damaged = open_database(path, SCHEMA + reserve.SCHEMA, now)
        self.salvaged = _salvage(damaged, self._connection) if damaged is not None else None
        row = self._connection.execute("SELECT seq, entry FROM journal ORDER BY seq DESC LIMIT 1").fetchone()
        last = _readable(row[1]) if row else None
        if row is not None and last is None:
            # A damaged entry ends nothing: what is written next follows the bytes that are there.
            self._seq, self._digest = int(row[0]), _damaged_digest(row[1])
        else:
            self._seq = last.seq if last else int(self._state("last_seq") or b"0")
            self._digest = last.digest if last else (self._state("last_digest") or GENESIS)
        self.last_at: datetime | None = last.at if last else None
        self.uses: dict[str, int] = {}
        self.last_seconds: dict[str, int] = {}
        for credential_id, uses, second in self._connection.execute("SELECT * FROM used"):
            self.uses[credential_id], self.last_seconds[credential_id] = uses, second

    @property
    def head(self) -> tuple[int, bytes]:
        """Return the last entry's number and digest."""
        with self._lock:
            return self._seq, self._digest

    def append(
        self,
        kind: EventKind,
        facts: Facts,
        personal: Facts,
        now: datetime,
        *,
        used_credential_id: str | None = None,
        second: int | None = None,
        silent: tuple[EventKind, Facts, Facts] | None = None,
    ) -> JournalEntry:
        """Write one entry, and the use it counts, and return when both are on the disk.

        `silent` is an entry that follows in the same write, so that its presence cannot be timed.
        Raise sqlite3.Error when they cannot be; then nothing has changed and nothing may be opened.
        """
        now = now.astimezone(UTC)
        with self._lock:
            entry = _chained(self._digest, self._seq + 1, now, kind, facts, personal)
            entries = [entry]
            if silent is not None:
                kind, facts, personal = silent
                entries.append(_chained(entry.digest, entry.seq + 1, now, kind, facts, personal))
            uses = last_second = 0
            if used_credential_id is not None:
                uses = self.uses.get(used_credential_id, 0) + 1
                before = self.last_seconds.get(used_credential_id, -1)
                last_second = before if second is None else max(before, second)

            def write() -> None:
                self._connection.executemany(
                    "INSERT INTO journal VALUES (?, ?, ?)",
                    [(each.seq, now.isoformat(), msgspec.json.encode(each)) for each in entries],
                )
                if used_credential_id is not None:
                    self._connection.execute(
                        "INSERT OR REPLACE INTO used VALUES (?, ?, ?)",
                        (used_credential_id, uses, last_second),
                    )

            reserve.write(self._connection, write)
            self._seq, self._digest, self.last_at = entries[-1].seq, entries[-1].digest, now
            if used_credential_id is not None:
                self.uses[used_credential_id] = uses
                self.last_seconds[used_credential_id] = last_second
            return entry

    def entries_after(self, seq: int, limit: int) -> tuple[JournalEntry, ...]:
        """Return up to `limit` entries with a number above `seq`."""
        with self._lock:
            rows = self._connection.execute(
                "SELECT entry FROM journal WHERE seq > ? ORDER BY seq LIMIT ?", (seq, limit)
            ).fetchall()
        return tuple(msgspec.json.decode(row[0], type=JournalEntry) for row in rows)

    def lines_after(self, seq: int, limit: int, max_bytes: int) -> tuple[JournalLine, ...]:
        """Return entries with a number above `seq` to hand over: up to `limit`, of `max_bytes` together.

        The first comes however long it is. An entry that can no longer be read is named by its number and
        the SHA-256 of its bytes, and keeps its place.
        """
        with self._lock:
            rows = self._connection.execute(
                "SELECT seq, entry FROM journal WHERE seq > ? ORDER BY seq LIMIT ?", (seq, limit + 1)
            ).fetchall()
            follows = self._digest
        lines: list[JournalLine] = []
        for number, body in reversed(rows):
            entry = _readable(body)
            if entry is None or entry.seq != number:
                lines.append(JournalLine(number, follows, "", _in_place_of(number, body)))
                follows = _damaged_digest(body)
            else:
                lines.append(JournalLine(number, entry.digest, entry.kind, bytes(body)))
                follows = entry.previous
        lines = lines[::-1][:limit]
        total, fitting = 0, 0
        for line in lines:
            total += len(line.body) + 1
            if fitting and total > max_bytes:
                break
            fitting += 1
        return tuple(lines[:fitting])

    def digest_of(self, seq: int) -> bytes | None:
        """Return the digest of an entry that is still here, or was the last; None for another."""
        with self._lock:
            if seq == self._seq:
                return self._digest
            row = self._connection.execute("SELECT entry FROM journal WHERE seq = ?", (seq,)).fetchone()
        entry = _readable(row[0]) if row is not None else None
        return entry.digest if entry is not None else None

    @property
    def acknowledged_seq(self) -> int:
        """Return up to which entry the server has said it has everything."""
        return int(self._state("acknowledged_seq") or b"0")

    def acknowledge(self, seq: int, now: datetime) -> None:
        """Note how far the server has everything, and drop what was acknowledged 30 days ago."""

        def write() -> None:
            self._put_state("acknowledged_seq", str(seq).encode())
            self._put_state("last_seq", str(self._seq).encode())
            self._put_state("last_digest", self._digest)
            # Only from the front: an entry written under a clock that was behind must leave no hole. The
            # newest stays, so that a journal without any entry was emptied on purpose.
            self._connection.execute(
                "DELETE FROM journal WHERE seq <= ? AND seq < "
                "COALESCE((SELECT MIN(seq) FROM journal WHERE at >= ?), ?)",
                (seq, (now.astimezone(UTC) - KEEP_ACKNOWLEDGED).isoformat(), self._seq),
            )

        with self._lock:
            if seq <= self._seq:
                reserve.write(self._connection, write)

    def take_order(self, order_id: str, now: datetime) -> bool:
        """Store an order's id before it is acted on; return False when it was seen before."""
        with self._lock:
            cursor = reserve.write(
                self._connection,
                lambda: self._connection.execute(
                    "INSERT OR IGNORE INTO seen_order VALUES (?, ?)", (order_id, now.isoformat())
                ),
            )
            return cursor.rowcount == 1

    def keep_receipt(self, consent_id: str, receipt: bytes, signature: bytes) -> None:
        """Keep a receipt until the server has it."""
        with self._lock, transaction(self._connection):
            self._connection.execute(
                "INSERT OR REPLACE INTO receipt VALUES (?, ?, ?, 0)", (consent_id, receipt, signature)
            )

    def unsent_receipts(self, limit: int = 100) -> Mapping[str, tuple[bytes, bytes]]:
        """Return receipts the server has not acknowledged, by consent."""
        with self._lock:
            rows = self._connection.execute(
                "SELECT consent_id, receipt, signature FROM receipt WHERE sent = 0 LIMIT ?", (limit,)
            ).fetchall()
        return {consent_id: (receipt, signature) for consent_id, receipt, signature in rows}

    def send_receipts_again(self) -> None:
        """Hold every receipt for unsent: a server that was restored has lost some."""
        with self._lock:
            reserve.write(
                self._connection,
                lambda: self._connection.execute("UPDATE receipt SET sent = 0 WHERE sent = 1"),
            )

    def receipts_sent(self, consent_ids: tuple[str, ...]) -> None:
        with self._lock, transaction(self._connection):
            self._connection.executemany(
                "UPDATE receipt SET sent = 1 WHERE consent_id = ?", [(c,) for c in consent_ids]
            )

    def wrong_pins(self) -> dict[str, WrongPins]:
        """Return the wrong PINs that count, by the home's typed number."""
        with self._lock:
            rows = self._connection.execute("SELECT home_number, wrong FROM wrong_pins").fetchall()
        return {number: msgspec.json.decode(wrong, type=WrongPins) for number, wrong in rows}

    def keep_wrong_pins(self, home_number: str, wrong: WrongPins | None) -> None:
        """Keep a home's count, or none."""
        with self._lock, transaction(self._connection):
            self._connection.execute("DELETE FROM wrong_pins WHERE home_number = ?", (home_number,))
            if wrong is not None:
                row = (home_number, msgspec.json.encode(wrong))
                self._connection.execute("INSERT INTO wrong_pins VALUES (?, ?)", row)

    def keep_anchor(self, head: bytes, signature: bytes) -> None:
        """Keep the newest head that the server countersigned."""
        with self._lock:
            anchor = msgspec.json.encode((head, signature))
            reserve.write(self._connection, lambda: self._put_state("anchor", anchor))

    def keep_room(self, *, add: bool) -> int:
        """Add one piece to the reserve if one is missing and `add`; return how many are missing then."""
        with self._lock:
            return reserve.keep(self._connection, RESERVE_PIECES, add=add)

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    def _state(self, name: str) -> bytes | None:
        row = self._connection.execute("SELECT value FROM state WHERE name = ?", (name,)).fetchone()
        return bytes(row[0]) if row else None

    def _put_state(self, name: str, value: bytes) -> None:
        self._connection.execute("INSERT OR REPLACE INTO state VALUES (?, ?)", (name, value))


def _chained(
    previous: bytes, seq: int, now: datetime, kind: str, facts: Facts, personal: Facts
) -> JournalEntry:
    return chain_entry(previous, seq, now, kind, fitting_facts(facts), fitting_facts(personal))


def _readable(body: object) -> JournalEntry | None:
    """Return the entry in a row, None where the bytes are damaged."""
    if not isinstance(body, bytes):
        return None
    try:
        return msgspec.json.decode(body, type=JournalEntry)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None


def _damaged_digest(body: object) -> bytes:
    return hashlib.sha256(body if isinstance(body, bytes) else repr(body).encode()).digest()


def _in_place_of(seq: int, body: object) -> bytes:
    """Return what is handed over instead of a damaged entry."""
    return msgspec.json.encode({"seq": seq, "damaged": _damaged_digest(body).hex()})


def _salvage(damaged: Path, into: sqlite3.Connection) -> int:
    """Copy what can be read of a damaged journal and still follows in its chain; return how many entries.

    What was used up, which orders were seen and which receipts wait is copied as far as it can be read.
    """
    entries: list[JournalEntry] = []
    rows: list[tuple[object, ...]] = []
    for row in sorted(salvage_rows(damaged, "journal"), key=lambda row: str(row[0]).zfill(20)):
        body = row[2] if isinstance(row[2], bytes) else b""
        try:
            entry = msgspec.json.decode(body, type=JournalEntry)
            verify_chain([entry], entries[-1].digest if entries else None)
        except (msgspec.MsgspecError, ValueError, ChainBroken):
            break
        entries.append(entry)
        rows.append(row)
    with transaction(into):
        into.executemany("INSERT OR IGNORE INTO journal VALUES (?, ?, ?)", rows)
        for table, marks in (
            ("used", "?, ?, ?"),
            ("seen_order", "?, ?"),
            ("receipt", "?, ?, ?, ?"),
            ("wrong_pins", "?, ?"),
        ):
            into.executemany(
                f"INSERT OR IGNORE INTO {table} VALUES ({marks})",  # noqa: S608 - tables of our own
                salvage_rows(damaged, table),
            )
    return len(entries)
