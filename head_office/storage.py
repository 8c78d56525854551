"""Keep the last answer of each compound, accounts, sessions and failed tries in one SQLite file.

Imports only the form of an answer. No row is about a person of a compound; the only people are the accounts.
"""

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

FILE_NAME = "head_office.db"
BUSY_SECONDS = 10.0
TABLES = """
CREATE TABLE IF NOT EXISTS answer (
    word TEXT PRIMARY KEY, address TEXT NOT NULL, body BLOB, answered_at REAL,
    trouble TEXT NOT NULL, trouble_since REAL);
CREATE TABLE IF NOT EXISTS account (
    name TEXT PRIMARY KEY, password_hash TEXT NOT NULL, totp_secret BLOB NOT NULL,
    last_counter INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS session (
    digest BLOB PRIMARY KEY, name TEXT NOT NULL REFERENCES account(name) ON DELETE CASCADE,
    made_at REAL NOT NULL, seen_at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS failed_try (at REAL NOT NULL, account TEXT NOT NULL, place TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS known_place (
    account TEXT NOT NULL REFERENCES account(name) ON DELETE CASCADE, place TEXT NOT NULL, at REAL NOT NULL,
    PRIMARY KEY (account, place));
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """The last answer of a compound, and since when there is none; `trouble` is a word, "" for none."""

    body: bytes | None
    answered_at: datetime | None
    trouble: str
    trouble_since: datetime | None


@dataclass(frozen=True, slots=True)
class Account:
    """One member of the head office's staff."""

    name: str
    password_hash: str
    totp_secret: bytes
    last_counter: int


class Storage:
    """The file; every thread may use it."""

    def __init__(self, data_dir: Path) -> None:
        path = data_dir / FILE_NAME
        path.touch(mode=0o600)
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(path, timeout=BUSY_SECONDS, check_same_thread=False)
        self._connection.execute("PRAGMA foreign_keys = ON")
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.executescript(TABLES)

    def close(self) -> None:
        self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Yield the connection in one transaction, which no other thread sees half done."""
        with self._lock, self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            yield self._connection

    # -- answers -------------------------------------------------------------------------------------

    def note_answer(self, word: str, address: str, body: bytes, now: datetime) -> None:
        """Keep what a compound answered in place of what it answered before."""
        with self.transaction() as rows:
            rows.execute(
                "INSERT OR REPLACE INTO answer VALUES (?, ?, ?, ?, '', NULL)",
                (word, address, body, now.timestamp()),
            )

    def note_trouble(self, word: str, address: str, trouble: str, now: datetime) -> None:
        """Keep that there was no answer, and since when; what was answered before stays, of this address."""
        with self.transaction() as rows:
            rows.execute("DELETE FROM answer WHERE word = ? AND address <> ?", (word, address))
            rows.execute(
                "INSERT INTO answer VALUES (?, ?, NULL, NULL, ?, ?) ON CONFLICT (word) DO UPDATE SET "
                "trouble = excluded.trouble, trouble_since = coalesce(trouble_since, excluded.trouble_since)",
                (word, address, trouble, now.timestamp()),
            )

    def answers(self) -> dict[tuple[str, str], Answer]:
        """Return what is known of every compound, by its word and address."""
        with self._lock:
            rows = self._connection.execute(
                "SELECT word, address, body, answered_at, trouble, trouble_since FROM answer"
            ).fetchall()
        return {
            (word, address): Answer(body, _at(answered), trouble, _at(since))
            for word, address, body, answered, trouble, since in rows
        }

    # -- accounts ------------------------------------------------------------------------------------

    def put_account(self, account: Account) -> None:
        """Make an account, or replace it; its sessions of before have ended."""
        with self.transaction() as rows:
            rows.execute("DELETE FROM session WHERE name = ?", (account.name,))
            rows.execute(
                "INSERT INTO account VALUES (?, ?, ?, ?) ON CONFLICT (name) DO UPDATE SET "
                "password_hash = excluded.password_hash, totp_secret = excluded.totp_secret, "
                "last_counter = excluded.last_counter",
                (account.name, account.password_hash, account.totp_secret, account.last_counter),
            )

    def end_account(self, name: str) -> bool:
        """Delete an account with its sessions; return whether there was one."""
        with self.transaction() as rows:
            return rows.execute("DELETE FROM account WHERE name = ?", (name,)).rowcount > 0

    def account(self, name: str) -> Account | None:
        """Return an account, None for no such name."""
        with self._lock:
            row = self._connection.execute("SELECT * FROM account WHERE name = ?", (name,)).fetchone()
        return Account(*row) if row is not None else None

    def account_names(self) -> Sequence[str]:
        with self._lock:
            return [name for (name,) in self._connection.execute("SELECT name FROM account ORDER BY name")]

    def use_counter(self, name: str, counter: int) -> bool:
        """Note that a code was used; return whether neither it nor a later one was before."""
        with self.transaction() as rows:
            done = rows.execute(
                "UPDATE account SET last_counter = ? WHERE name = ? AND last_counter < ?",
                (counter, name, counter),
            )
            return done.rowcount > 0


def _at(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
