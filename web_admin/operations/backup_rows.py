"""Fill an empty database from a backup, also from one that an earlier version made."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path

from sqlalchemy import Connection, Date, Table, func, insert, inspect, select, text
from sqlalchemy.types import DateTime, TypeDecorator

from web_admin.core.database import Database
from web_admin.core.refusal import N_
from web_admin.operations.backup import LEFT_OUT, BackupRefused, Preface, Rows, decode_frame, read_frames
from web_admin.operations.schema import knows, migrate, migrating, newest_revision
from web_admin.operations.stored_tables import stored_tables
from web_admin.tables import METADATA


def _say_nothing(_table: str, _count: int) -> None:
    """Report no progress."""


def restore_rows(
    database: Database, passphrase: str, path: Path, came: Callable[[str, int], None] = _say_nothing
) -> int:
    """Fill an empty database from a backup and bring it up to date; return how many rows came.

    The rows go into tables of their own version, which are then migrated. `came` is called with the table
    and the number of rows so far. Raises BackupRefused, with nothing stored, on a database with tables, a
    file that is not whole, or one of a revision that this version does not know.
    """
    if inspect(database.engine).get_table_names():
        raise BackupRefused(N_("the database is not empty: restore into a new one"))
    with path.open("rb") as file:
        for _frame in read_frames(file, passphrase):
            pass  # all of it is checked before a single row is stored
    count = 0
    with path.open("rb") as file, migrating(database.engine) as connection:
        frames = read_frames(file, passphrase)
        preface = decode_frame(next(frames), Preface)
        if not knows(preface.revision):
            raise BackupRefused(
                N_(
                    "it was made by another version (its revision is %(theirs)s; this one's newest is "
                    "%(ours)s): restore with that version"
                ),
                theirs=preface.revision,
                ours=newest_revision(),
            )
        migrate(connection, preface.revision)
        tables = stored_tables(connection)
        for frame in frames:
            part = decode_frame(frame, Rows)
            table = tables.get(part.table)
            if table is None or part.table in LEFT_OUT:
                unknown = N_("the file holds a table %(name)s, which its version does not know")
                raise BackupRefused(unknown, name=repr(part.table))
            if part.rows:
                connection.execute(insert(table), _typed(table, part.columns, part.rows))
            count += len(part.rows)
            came(part.table, count)
        migrate(connection)
        _move_sequences(connection, METADATA.sorted_tables)
    return count


def _move_sequences(connection: Connection, tables: Sequence[Table]) -> None:
    """Set PostgreSQL's sequences to the restored numbers."""
    if connection.dialect.name != "postgresql":
        return
    for table in tables:
        column = table.autoincrement_column
        if column is not None:
            connection.execute(
                text("SELECT setval(pg_get_serial_sequence(:table, :column), :newest, true)"),
                {
                    "table": table.name,
                    "column": column.name,
                    "newest": connection.scalar(select(func.max(column))) or 1,
                },
            )


def _typed(
    table: Table, columns: Sequence[str], rows: Sequence[Sequence[object]]
) -> list[Mapping[str, object]]:
    """Return rows by column, with dates and naive times, which travel as text, made whole again."""
    readers = [_reader(table, name) for name in columns]
    return [
        {name: reader(value) for name, reader, value in zip(columns, readers, row, strict=True)}
        for row in rows
    ]


def _reader(table: Table, name: str) -> Callable[[object], object]:
    if name not in table.columns:
        unknown = N_("the file holds a column %(name)s, which its version does not know")
        raise BackupRefused(unknown, name=f"{table.name}.{name}")
    type_ = table.columns[name].type
    plain = type_.impl_instance if isinstance(type_, TypeDecorator) else type_
    if isinstance(plain, DateTime):
        return lambda value: datetime.fromisoformat(value) if isinstance(value, str) else value
    if isinstance(plain, Date):
        return lambda value: date.fromisoformat(value) if isinstance(value, str) else value
    return lambda value: value
