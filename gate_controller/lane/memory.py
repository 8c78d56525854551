"""Persist the state of lanes across restarts: doors, wires with an active alarm, who is inside, lost readers.

Nothing here is written between a card and its lock: doors and people change when a contact moves. What
cannot be written is known until the restart; no lane waits for this file, and losing it opens none.

Who is inside is a set of person ids, each kept for 12 hours at most, gone at once when the person leaves
by a reader or is no longer in the policy.
"""

import logging
import sqlite3
import threading
from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from gate_controller.contract.records import Method
from gate_controller.lane.door import DoorState
from gate_controller.lane.state import Passage
from gate_controller.rules.lost_readers import Loss
from gate_controller.storage import reserve
from gate_controller.storage.database import open_database

log = logging.getLogger(__name__)

FORGET_AFTER = timedelta(hours=12)
RESERVE_PIECES = 2
SCHEMA = """
CREATE TABLE IF NOT EXISTS door (lane_id TEXT PRIMARY KEY, state TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS raised (lane_id TEXT, kind TEXT, wire TEXT, PRIMARY KEY (lane_id, kind, wire));
CREATE TABLE IF NOT EXISTS inside (person_id TEXT PRIMARY KEY, came_at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS loss (lane_id TEXT, method TEXT, counted_seconds REAL NOT NULL, began_at REAL,
                                 is_lost INTEGER NOT NULL, PRIMARY KEY (lane_id, method));
CREATE TABLE IF NOT EXISTS without_reader (lane_id TEXT PRIMARY KEY);
"""


class Wire(NamedTuple):
    """One wire into the gate: what it means, and where it ends (`DEVICE:TERMINAL`, or a reader's name)."""

    lane_id: str
    kind: str
    end: str

    @property
    def device(self) -> str:
        """Return the name of the device it ends at."""
        return self.end.partition(":")[0]


class LaneMemory:
    """One gate's file; safe to call from several threads."""

    def __init__(self, path: Path, now: datetime) -> None:
        """Open the file; a damaged one is set aside as `damaged` and replaced. Raise OSError."""
        self._lock = threading.Lock()
        self._connection, self.damaged = open_database(path, SCHEMA + reserve.SCHEMA, now)
        states = {state.value: state for state in DoorState}
        self._doors: dict[str, DoorState] = {
            lane_id: states[state]
            for lane_id, state in self._connection.execute("SELECT lane_id, state FROM door")
            if state in states
        }
        self.raised = frozenset(Wire(*row) for row in self._connection.execute("SELECT * FROM raised"))
        self.losses = self._read_losses()
        self.without_reader = frozenset(
            lane_id for (lane_id,) in self._connection.execute("SELECT lane_id FROM without_reader")
        )
        # In the order they came, so that the first are the first to be forgotten.
        rows = self._connection.execute("SELECT person_id, came_at FROM inside ORDER BY came_at")
        self._came_at: dict[str, float] = dict(rows.fetchall())
        self._inside = frozenset(self._came_at)

    def door(self, lane_id: str) -> DoorState:
        """Return where the door was when the gate last knew."""
        return self._doors.get(lane_id, DoorState.CLOSED)

    def keep_door(self, lane_id: str, state: DoorState) -> None:
        """Remember where a door is; an opening that is only expected is none."""
        kept = DoorState.CLOSED if state is DoorState.EXPECTED else state
        if self.door(lane_id) is not kept:
            self._doors[lane_id] = kept
            self._write("INSERT OR REPLACE INTO door VALUES (?, ?)", [(lane_id, kept.value)])

    def keep_raised(self, wire: Wire, *, raised: bool) -> None:
        """Store that a wire's alarm is active, or has been cleared."""
        if raised:
            self._write("INSERT OR IGNORE INTO raised VALUES (?, ?, ?)", [wire])
        else:
            self._write("DELETE FROM raised WHERE lane_id = ? AND kind = ? AND wire = ?", [wire])

    def keep_loss(self, lane_id: str, method: Method, loss: Loss | None) -> None:
        """Store for how long a way in has had no reader at a lane, or that it has one."""
        if loss is None:
            self._write("DELETE FROM loss WHERE lane_id = ? AND method = ?", [(lane_id, method.value)])
            return
        began_at = None if loss.began_at is None else loss.began_at.timestamp()
        row = (lane_id, method.value, loss.counted_seconds, began_at, int(loss.is_lost))
        self._write("INSERT OR REPLACE INTO loss VALUES (?, ?, ?, ?, ?)", [row])

    def keep_without_reader(self, lane_id: str, *, alarmed: bool) -> None:
        """Store that the alarm of a lane without a reader beside the camera is active, or is over."""
        order = "INSERT OR IGNORE INTO without_reader VALUES (?)"
        self._write(order if alarmed else "DELETE FROM without_reader WHERE lane_id = ?", [(lane_id,)])

    def _read_losses(self) -> dict[tuple[str, Method], Loss]:
        methods = {method.value: method for method in Method}
        rows = self._connection.execute("SELECT * FROM loss").fetchall()
        return {
            (lane_id, methods[word]): Loss(
                counted, None if began is None else datetime.fromtimestamp(began, UTC), bool(is_lost)
            )
            for lane_id, word, counted, began, is_lost in rows
            if word in methods
        }

    def inside(self, now: datetime) -> frozenset[str]:
        """Return the ids of those who came in within the last 12 hours and have not left since."""
        with self._lock:
            old = self._old(now)
            # Asked between a card and its lock: a set of thousands is not copied for nothing.
            return self._inside - old if old else self._inside

    def passed(self, passage: Passage, now: datetime) -> None:
        """Count a person in or out; among those inside, time never runs backwards."""
        self.forget_old(now)
        person_id = passage.person_id
        with self._lock:
            newest = next(reversed(self._came_at.values()), 0.0)
            was_inside = self._came_at.pop(person_id, None) is not None
            if passage.direction == "in":
                came_at = self._came_at[person_id] = max(now.timestamp(), newest)
            self._inside = frozenset(self._came_at)
        if passage.direction == "in":
            self._write("INSERT OR REPLACE INTO inside VALUES (?, ?)", [(person_id, came_at)])
        elif was_inside:
            self._write("DELETE FROM inside WHERE person_id = ?", [(person_id,)])

    def keep_only(self, person_ids: Collection[str]) -> None:
        """Forget everyone inside who is not among these."""
        self._forget(self._inside.difference(person_ids))

    def forget_old(self, now: datetime) -> None:
        """Forget people who came in more than 12 hours ago, or are dated so far ahead by a clock set back."""
        self._forget(self._old(now))

    def keep_room(self, *, add: bool) -> int:
        """Add one piece to the reserve if one is missing and `add`; return how many are missing then."""
        with self._lock:
            return reserve.keep(self._connection, RESERVE_PIECES, add=add)

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    def _old(self, now: datetime) -> frozenset[str]:
        """Return the people whose time is over."""
        least, most = (now - FORGET_AFTER).timestamp(), (now + FORGET_AFTER).timestamp()
        first = next(iter(self._came_at.values()), least)
        last = next(reversed(self._came_at.values()), most)
        if least <= first and last <= most:
            return frozenset()
        return frozenset(person for person, at in self._came_at.items() if not least <= at <= most)

    def _forget(self, person_ids: frozenset[str]) -> None:
        if not person_ids:
            return
        with self._lock:
            self._came_at = {person: at for person, at in self._came_at.items() if person not in person_ids}
            self._inside = frozenset(self._came_at)
        self._write("DELETE FROM inside WHERE person_id = ?", [(person_id,) for person_id in person_ids])

    def _write(self, order: str, rows: Sequence[tuple[str | float | None, ...]]) -> None:
        try:
            with self._lock:
                reserve.write(self._connection, lambda: self._connection.executemany(order, rows))
        except sqlite3.Error as err:
            log.error("the memory of the lanes cannot be written and is kept until the restart: %s", err)
