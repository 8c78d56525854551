"""What the tables of the server say, read without any code of the server."""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, NamedTuple

Row = Mapping[str, Any]
ENTRIES = "SELECT rowid AS n, gate_id, seq, digest FROM"


class Override(NamedTuple):
    """A posture that someone set until an end."""

    posture: str
    until: datetime


class LaneRow(NamedTuple):
    gate_id: str
    direction: str
    methods: frozenset[str]
    posture: str
    override: Override | None
    is_held_back: bool
    method_hours: tuple[tuple[str, str], ...] = ()
    interlock_with: frozenset[str] = frozenset()
    antipassback: str = "off"


UNEXPLAINED = """
SELECT person_id AS id FROM person WHERE suspended AND ended_at IS NULL
AND NOT EXISTS (SELECT 1 FROM suspension WHERE suspension.person_id = person.person_id
AND credential_id IS NULL AND began_at IS NOT NULL AND suspension.ended_at IS NULL)
AND NOT EXISTS (SELECT 1 FROM restore_review WHERE kind = 'person' AND subject_id = person.person_id)
UNION SELECT credential_id AS id FROM credential WHERE state = 'suspended' AND NOT duress
AND NOT EXISTS (SELECT 1 FROM suspension WHERE suspension.credential_id = credential.credential_id
AND suspension.ended_at IS NULL)
AND NOT EXISTS (SELECT 1 FROM restore_review
WHERE kind = 'credential' AND subject_id = credential.credential_id)
UNION SELECT suspension_id AS id FROM suspension WHERE credential_id IS NULL AND confirmed_by IS NULL
AND began_at IS NOT NULL AND ended_at IS NULL AND reason <> 'restored'
AND (until IS NULL OR julianday(until) - julianday(given_at) > 7.01)
"""


class PersonRow(NamedTuple):
    methods: frozenset[str]
    paused: str | None
    suspended: bool
    is_here: bool
    may_override: bool


class SpanRow(NamedTuple):
    """Minutes of some kinds of day, past midnight where the end is not after the start."""

    days: frozenset[str]
    from_minute: int
    until_minute: int


class EmergencyRow(NamedTuple):
    """A code of no person for some lanes."""

    state: str
    lanes: frozenset[str]


class GrantRow(NamedTuple):
    """Where someone may pass, within dates and at hours."""

    person_id: str
    lanes: frozenset[str]
    start: datetime | None
    end: datetime | None
    hours_id: str | None = None


class CredentialRow(NamedTuple):
    """One card, PIN, phone or visitor's code."""

    person_id: str
    kind: str
    state: str
    start: datetime | None
    end: datetime | None
    suspended_by: str


class ConsentRow(NamedTuple):
    """One yes to face."""

    person_id: str
    notice_version: int
    is_withdrawn: bool


@dataclass(frozen=True)
class GateRow:
    """One gate as the server knows it."""

    number: int
    state: str
    public_key: bytes
    is_forked: bool
    published_version: int
    is_withheld: bool
    acknowledged_seq: int
    request_counter: int
    is_tampered: bool

    @property
    def is_trusted(self) -> bool:
        """Return whether what it writes counts."""
        return self.state == "paired" and not self.is_forked


@dataclass(frozen=True)
class ServerState:
    """The server at one moment; `receipts` and `forgettings` by consent and gate."""

    epoch: int
    version: int
    restoring: bool
    face_enabled: bool
    newest_notice: int
    gates: Mapping[str, GateRow]
    lanes: Mapping[str, LaneRow]
    persons: Mapping[str, PersonRow]
    grants: tuple[GrantRow, ...]
    credentials: Mapping[str, CredentialRow]
    unexplained: tuple[str, ...]
    """Whom or what is suspended without a reason of the list, or for longer than one account may."""
    consents: Mapping[str, ConsentRow]
    shares: Mapping[tuple[str, str], str]
    receipts: Mapping[tuple[str, str], tuple[bytes, bytes]]
    forgettings: Mapping[tuple[str, str], bytes]
    passes_withdrawn: Mapping[str, tuple[datetime, frozenset[int]]]
    """When each would have ended, and the numbers of the gates that it named."""
    zone: str = "UTC"
    hours: Mapping[str, tuple[SpanRow, ...]] = field(default_factory=dict)
    days: Mapping[date, str] = field(default_factory=dict)
    """Dates that count as another kind of day."""
    emergency_codes: Mapping[str, EmergencyRow] = field(default_factory=dict)

    def live_consents(self) -> dict[str, str]:
        """Return by person the consent that counts: given, not taken back, to the newest notice."""
        if not self.face_enabled:
            return {}
        return {
            consent.person_id: consent_id
            for consent_id, consent in self.consents.items()
            if not consent.is_withdrawn
            and consent.notice_version >= self.newest_notice
            and self.persons[consent.person_id].is_here
        }


class EventRow(NamedTuple):
    """An entry of a gate's journal that the server stored; `aside` where it counts for nothing."""

    gate_id: str
    seq: int
    digest: bytes
    aside: bool


class LedgerRow(NamedTuple):
    """An entry of the server's own ledger."""

    seq: int
    previous: bytes
    digest: bytes


class ServerReader:
    """A connection of its own to the server's file."""

    def __init__(self, path: Path) -> None:
        """Open the file that is there now."""
        self._connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        self._connection.row_factory = sqlite3.Row
        self._version = -1
        self._events = self._aside = self._ledger = 0
        self._read: ServerState | None = None

    def close(self) -> None:
        """Close it, before the file is replaced."""
        self._connection.close()

    def state(self) -> ServerState:
        """Return the state now: the same object as long as nothing was written."""
        (version,) = self._connection.execute("PRAGMA data_version").fetchone()
        if self._read is None or version != self._version:
            self._version = version
            self._read = self._state()
        return self._read

    def new_events(self) -> list[EventRow]:
        """Return the entries of gates that were stored since the last call."""
        rows = self._rows(f"{ENTRIES} gate_event WHERE rowid > ?", self._events)
        self._events = max([self._events, *(row["n"] for row in rows)])
        found = [EventRow(row["gate_id"], row["seq"], row["digest"], False) for row in rows]
        rows = self._rows(f"{ENTRIES} set_aside_entry WHERE rowid > ?", self._aside)
        self._aside = max([self._aside, *(row["n"] for row in rows)])
        return found + [EventRow(row["gate_id"], row["seq"], row["digest"], True) for row in rows]

    def new_ledger(self) -> list[LedgerRow]:
        """Return the ledger's entries since the last call, in order."""
        rows = self._rows(
            "SELECT seq, previous, digest FROM audit_entry WHERE seq > ? ORDER BY seq", self._ledger
        )
        self._ledger = max([self._ledger, *(row["seq"] for row in rows)])
        return [LedgerRow(row["seq"], row["previous"], row["digest"]) for row in rows]

    def _rows(self, sql: str, *values: object) -> list[Row]:
        return self._connection.execute(sql, values).fetchall()  # type: ignore[return-value]  # rows are mappings

    def _state(self) -> ServerState:
        site = self._rows("SELECT * FROM site")[0]
        newest = self._rows("SELECT COALESCE(MAX(version), 0) AS newest FROM notice")[0]["newest"]
        return ServerState(
            epoch=site["epoch"],
            version=site["version"],
            restoring=bool(site["restoring"]),
            face_enabled=bool(site["face_enabled"]),
            newest_notice=newest,
            gates=self._gates(),
            lanes=self._lanes(),
            persons={
                row["person_id"]: PersonRow(
                    frozenset(json.loads(row["methods"])),
                    row["face_paused_reason"],
                    bool(row["suspended"]),
                    row["ended_at"] is None,
                    bool(row["may_override"]) and row["kind"] == "staff",
                )
                for row in self._rows("SELECT * FROM person")
            },
            grants=tuple(
                GrantRow(
                    row["person_id"],
                    frozenset(json.loads(row["lanes"])),
                    _time(row["valid_from"]),
                    _time(row["valid_until"]),
                    row["hours_id"],
                )
                for row in self._rows("SELECT * FROM grant_row ORDER BY grant_id")
            ),
            credentials={
                row["credential_id"]: CredentialRow(
                    row["person_id"],
                    row["kind"],
                    row["state"],
                    _time(row["valid_from"]),
                    _time(row["valid_until"]),
                    row["suspended_by"],
                )
                for row in self._rows("SELECT * FROM credential ORDER BY credential_id")
            },
            unexplained=tuple(row["id"] for row in self._rows(UNEXPLAINED)),
            consents={
                row["consent_id"]: ConsentRow(
                    row["person_id"], row["notice_version"], row["withdrawn_at"] is not None
                )
                for row in self._rows("SELECT * FROM consent ORDER BY given_at")
            },
            shares={
                (row["person_id"], row["gate_id"]): row["consent_id"]
                for row in self._rows("SELECT * FROM face_share")
            },
            receipts={
                (row["consent_id"], row["gate_id"]): (row["receipt"], row["signature"])
                for row in self._rows("SELECT * FROM receipt")
            },
            forgettings={
                (row["consent_id"], row["gate_id"]): row["gate_public_key"]
                for row in self._rows("SELECT * FROM forgetting")
            },
            passes_withdrawn={
                row["pass_id"]: (_sure_time(row["valid_until"]), frozenset(json.loads(row["gate_numbers"])))
                for row in self._rows("SELECT * FROM visitor_pass WHERE withdrawn_at IS NOT NULL")
            },
            zone=site["timezone"],
            hours={
                row["hours_id"]: tuple(
                    SpanRow(frozenset(span["days"]), span["from_minute"], span["until_minute"])
                    for span in json.loads(row["spans"])
                )
                for row in self._rows("SELECT * FROM hours")
            },
            days={
                date.fromisoformat(row["day"]): row["kind"]
                for row in self._rows("SELECT * FROM calendar_day")
            },
            emergency_codes={
                row["credential_id"]: EmergencyRow(row["state"], frozenset(json.loads(row["lanes"])))
                for row in self._rows("SELECT * FROM emergency_code")
            },
        )

    def _gates(self) -> dict[str, GateRow]:
        tampered = {
            row["gate_id"]
            for row in self._rows("SELECT gate_id FROM gate_face WHERE tampered_at IS NOT NULL")
        }
        return {
            row["gate_id"]: GateRow(
                row["number"],
                row["state"],
                row["public_key"] or b"",
                row["forked_at"] is not None,
                row["published_version"],
                bool(row["policy_withheld"]),
                row["acknowledged_seq"],
                row["request_counter"],
                row["gate_id"] in tampered,
            )
            for row in self._rows("SELECT * FROM gate ORDER BY gate_id")
        }

    def _lanes(self) -> dict[str, LaneRow]:
        return {
            row["lane_id"]: LaneRow(
                row["gate_id"],
                row["direction"],
                frozenset(json.loads(row["methods"])),
                row["posture"],
                Override(row["override_posture"], _sure_time(row["override_until"]))
                if row["override_posture"]
                else None,
                bool(row["held_after_restore"]),
                tuple(sorted(json.loads(row["method_hours"]).items())),
                frozenset(json.loads(row["interlock_with"])),
                row["antipassback"],
            )
            for row in self._rows("SELECT * FROM lane ORDER BY lane_id")
        }


def _time(text: str | None) -> datetime | None:
    return None if text is None else _sure_time(text)


def _sure_time(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
