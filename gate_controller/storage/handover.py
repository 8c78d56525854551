"""Take what a gate holds page by page, for a server that was restored from a backup.

What ended goes first, then the policy's records, each by key; a page fits the server's limit.
"""

import sqlite3

import msgspec

from gate_controller.contract.messages import (
    MAX_PAGE_ITEMS,
    PAGE_BYTES,
    HandoverPage,
    SignedPolicyManifest,
    Tombstone,
    record_digest,
)

STONES, RECORDS, END = "1:", "2:", "3:"
"""How the cursors of a handover begin, in the order in which its parts go."""
DIGEST_ALONE = frozenset({"face", "face_offer", "face_notice"})
"""Kinds of record that a restored server compares with nothing: faces end with every restore."""


def rows_after(connection: sqlite3.Connection, after: str, *, with_records: bool) -> list[tuple[str, bytes]]:
    """Return what follows a cursor, each with its own; more than fit into a page where there is more."""
    rows = [] if after >= RECORDS else _of_table(connection, "tombstone", after.removeprefix(STONES))
    found = [(STONES + key, value) for key, value in rows]
    if with_records and len(found) <= MAX_PAGE_ITEMS and after < END:
        rows = _of_table(connection, "record", after.removeprefix(RECORDS) if after >= RECORDS else "")
        found += [(RECORDS + key, value) for key, value in rows]
    return found


def page_of(signed: bytes | None, after: str, rows: list[tuple[str, bytes]]) -> HandoverPage:
    """Return the page of as many of these rows as fit into one, with the manifest as it is stored."""
    page, more = _fitting(rows)
    keyed = {cursor.removeprefix(RECORDS): value for cursor, value in page if cursor >= RECORDS}
    return HandoverPage(
        policy=msgspec.json.decode(signed, type=SignedPolicyManifest) if signed is not None else None,
        after=after,
        upto=page[-1][0] if page and more else END,
        tombstones=tuple(
            msgspec.json.decode(value, type=Tombstone) for cursor, value in page if cursor < RECORDS
        ),
        records={key: msgspec.Raw(value) for key, value in keyed.items() if not _digest_alone(key)},
        digests={key: record_digest(value) for key, value in keyed.items() if _digest_alone(key)},
        last=not more,
    )


def _of_table(connection: sqlite3.Connection, table: str, key: str) -> list[tuple[str, bytes]]:
    columns = "record_key, tombstone" if table == "tombstone" else "key, value"
    column = columns.partition(",")[0]
    rows = connection.execute(
        f"SELECT {columns} FROM {table} WHERE {column} > ? ORDER BY {column} LIMIT ?",  # noqa: S608 - ours
        (key, MAX_PAGE_ITEMS + 1),
    )
    return [(str(key), bytes(value)) for key, value in rows]


def _fitting(rows: list[tuple[str, bytes]]) -> tuple[list[tuple[str, bytes]], bool]:
    """Return as many of these rows as fit into one page, at least one, and whether there are more."""
    total, fitting = 0, 0
    for cursor, value in rows[:MAX_PAGE_ITEMS]:
        total += len(cursor) + len(value) + 8
        if fitting and total > PAGE_BYTES:
            break
        fitting += 1
    return rows[:fitting], fitting < len(rows)


def _digest_alone(key: str) -> bool:
    return key.partition(":")[0] in DIGEST_ALONE
