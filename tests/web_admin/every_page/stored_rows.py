"""Read every row of a database file, and say what an act has taken away from it."""

import json
import sqlite3
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

Key = tuple[str, tuple[object, ...]]
Row = Mapping[str, object]

MEMORY = frozenset(
    {
        "account_session",
        "audit_entry",
        "form_once",
        "ledger_end",
        "limit_count",
        "long_job",
        "outbox_message",
        "policy_record",
        "policy_sums",
    }
)
"""Tables that remember what was done and who is signed in."""
ENDS = ("ended_at", "withdrawn_at", "closed_at", "revoked_at", "deleted_at")
SECRETS = ("_sealed", "password")


def rows_of(file: Path) -> Mapping[Key, Row]:
    """Return every row of every table but those of memory, by table and primary key."""
    found: dict[Key, Row] = {}
    with closing(sqlite3.connect(file)) as connection:
        connection.row_factory = sqlite3.Row
        names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (table,) in names:
            if table in MEMORY or table.startswith("sqlite_"):
                continue
            info = connection.execute(f'PRAGMA table_info("{table}")').fetchall()
            keys = [column["name"] for column in info if column["pk"]]
            for row in connection.execute(f'SELECT * FROM "{table}"'):  # noqa: S608 - names of the file itself
                kept = {name: _in_order(row[name]) for name in row.keys()}  # noqa: SIM118 - no mapping
                found[table, tuple(kept[key] for key in keys or kept)] = kept
    return found


def _in_order(value: object) -> object:
    """Return a JSON object with its names in order: they have none."""
    is_object = isinstance(value, str) and value.startswith("{") and value.endswith("}")
    return json.dumps(json.loads(value), sort_keys=True) if is_object else value


def taken(before: Mapping[Key, Row], after: Mapping[Key, Row]) -> set[str]:
    """Return "table" for each row that is gone, and "table.column" for each that an act has ended."""
    found = {table for table, key in before.keys() - after.keys()}
    for (table, key), was in before.items():
        now = after.get((table, key), was)
        found |= {f"{table}.{name}" for name in was if _is_ended(name, was[name], now[name])}
    return found


def _is_ended(name: str, was: object, now: object) -> bool:
    if name in ENDS:
        return was is None and now is not None
    if name == "state":
        return was != now and now == "ended"
    if name == "expires_at":
        return str(now or "") < str(was or "")
    return name.endswith(SECRETS) and bool(was) and not now


def contents(rows: Mapping[Key, Row], *, without: frozenset[str] = frozenset()) -> Counter[str]:
    """Return the rows as a bag of texts, without the columns and tables that are named."""
    kept = [(table, row) for (table, _key), row in rows.items() if table not in without]
    return Counter(
        " ".join(
            [table, *(f"{name}={row[name]!r}" for name in sorted(row) if f"{table}.{name}" not in without)]
        )
        for table, row in kept
    )
