"""A filled compound in the tables of an earlier version: each revision that `menjin web upgrade` knows.

The rows are those of today's compound in the columns that the revision has, so a new revision needs nothing
here. A column that today's tables no longer have, and a table without a row, get made-up values that refer to
rows there are.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime

from sqlalchemy import JSON, Connection, Engine, MetaData, Table, insert, select
from sqlalchemy.types import TypeDecorator, TypeEngine

from web_admin.operations import schema
from web_admin.operations.stored_tables import stored_tables

Row = dict[str, object]
Contents = dict[str, list[Row]]

MOMENT = datetime(2026, 3, 4, 4, 0, tzinfo=UTC)


def revisions() -> list[str]:
    """Return every revision, the oldest first."""
    return [step.revision for step in schema.steps_from(None)]


def contents(engine: Engine) -> Contents:
    """Return all rows of all tables, in an order that does not depend on the database."""
    with engine.connect() as connection:
        return {
            name: sorted((dict(row) for row in connection.execute(select(table)).mappings()), key=str)
            for name, table in stored_tables(connection).items()
        }


def fill_older(engine: Engine, revision: str, today: Contents) -> None:
    """Make the tables of a revision in an empty database, each with rows."""
    schema.upgrade(engine, revision)
    with engine.begin() as connection:
        looked = MetaData()
        looked.reflect(connection)
        filled: Contents = {}
        for name, table in stored_tables(connection).items():
            rows = [_in_columns(table, row) for row in today.get(name, [])]
            rows = rows or [_made_up(table, looked.tables[name], filled)]
            connection.execute(insert(table), rows)
            filled[name] = rows


def _in_columns(table: Table, row: Mapping[str, object]) -> Row:
    return {
        column.name: row[column.name] if column.name in row else _value(column.name, column.type)
        for column in table.columns
    }


def _made_up(table: Table, looked: Table, filled: Contents) -> Row:
    """Return a row of a table that is empty today; what it must refer to is the last row there is."""
    row: Row = {}
    for column in looked.columns:
        parents = [key.column for key in column.foreign_keys]
        if parents:
            row[column.name] = filled[parents[0].table.name][-1][parents[0].name]
        elif not column.nullable:
            row[column.name] = _value(column.name, table.columns[column.name].type)
    return row


def _value(name: str, type_: TypeEngine[object]) -> object:
    plain = type_.impl_instance if isinstance(type_, TypeDecorator) else type_
    if isinstance(plain, JSON):
        return []
    made: dict[type, object] = {
        str: f"made-up {name}",
        int: 1,
        float: 1.0,
        bool: False,
        bytes: b"made up",
        datetime: MOMENT,
        date: MOMENT.date(),
    }
    return made[plain.python_type]


def referring_to_none(connection: Connection) -> list[str]:
    """Return each foreign key of which a row refers to none, as a database without constraints would have."""
    looked = MetaData()
    looked.reflect(connection)
    broken = []
    for table in looked.tables.values():
        for key in table.foreign_keys:
            parents = select(key.column)
            rows = select(key.parent).where(key.parent.is_not(None), key.parent.not_in(parents))
            if connection.execute(rows).first() is not None:
                broken.append(f"{table.name}.{key.parent.name}")
    return broken
