"""Copy every row of every table, so that whatever belongs to a person or a thing is there many times.

A copy has an id of its own. Of those that it belongs to (person, home, gate, pass, run …) some copies keep
all, some none, some one: there are then many cards of one person and many people with a card, many children
who ask one guardian. Where a row is its owner's only one, such as a lane's sheet, its copy is that of the
owner's copy.
"""

from collections.abc import Iterator
from datetime import date, timedelta

from sqlalchemy import Column, Table, UniqueConstraint, insert, select
from sqlalchemy.orm import Session

from web_admin.tables import METADATA

ONLY_ONE = frozenset({"site", "role"})
"""Tables that no compound has more rows of."""

ONE_AFTER_ANOTHER = {"guardian_request": ("minor_id", "asked_at")}
"""Of what an owner has many of these, but only the newest counts: by table the owner, and when."""

Value = object
Row = dict[str, Value]
Originals = dict[Table, list[Row]]


def copied_tables() -> list[Table]:
    """Return the tables whose rows can be copied, those that others refer to first."""
    found: list[Table] = []
    for table in METADATA.sorted_tables:
        if table.name not in ONLY_ONE and _moved_column(table, {one.name for one in found}) is not None:
            found.append(table)
    return found


def originals_of(session: Session) -> Originals:
    """Return the rows that there are before anything is copied, by table."""
    return {
        table: [dict(row) for row in session.execute(select(table)).mappings()] for table in copied_tables()
    }


def copy_rows(session: Session, originals: Originals, numbers: range) -> None:
    """Add one copy of every row for each of these numbers, none of which was used before."""
    copied = {table.name for table in originals}
    for number in numbers:
        for table, rows in originals.items():
            if rows:
                session.execute(insert(table), [_copy(table, row, number, copied) for row in rows])


def _copy(table: Table, row: Row, number: int, copied: set[str]) -> Row:
    moved = _moved_column(table, copied)
    always = {moved.name if moved is not None else ""} | {one.name for one in _unique_columns(table, copied)}
    owners = [one.name for one in table.columns if _owner(one) in copied and one.name not in always]
    kept = [set(owners), set(), *({one} for one in owners)][number % (len(owners) + 2)]
    changed = always | (set(owners) - kept)
    copy = {name: _other(value, number) if name in changed else value for name, value in row.items()}
    owner, at = ONE_AFTER_ANOTHER.get(table.name, ("", ""))
    if owner in kept and isinstance(newest := row[at], date):
        copy[at] = newest - timedelta(days=number)
    return copy


def _moved_column(table: Table, copied: set[str]) -> Column[Value] | None:
    """Return the part of the key that a copy has for itself; None where there can be no copy."""
    free = [column for column in table.primary_key if not column.foreign_keys]
    texts = [column for column in free if column.type.python_type is str]
    owners = [column for column in table.primary_key if _owner(column) in copied]
    return next(iter(texts + free + owners), None)


def _unique_columns(table: Table, copied: set[str]) -> Iterator[Column[Value]]:
    """Yield the column by which copies differ in each further set of columns that must be unique."""
    sets = [list(one.columns) for one in table.constraints if isinstance(one, UniqueConstraint)]
    sets += [list(index.columns) for index in table.indexes if index.unique]
    for columns in sets:
        yield [one for one in columns if not one.foreign_keys or _owner(one) in copied][-1]


def _owner(column: Column[Value]) -> str:
    return next((key.column.table.name for key in column.foreign_keys), "")


def _other(value: Value, number: int) -> Value:
    """Return what a copy has in place of a value; of an id the same everywhere."""
    if isinstance(value, str):
        return f"{value}-{number}"
    if isinstance(value, int):
        return value + 10_000 * number
    if isinstance(value, bytes):
        return value + number.to_bytes(2)
    return value + timedelta(days=number) if isinstance(value, date) else value
