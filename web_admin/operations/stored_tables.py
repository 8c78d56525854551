"""The tables as a database has them now, whichever version made them."""

from typing import Any

from sqlalchemy import JSON, Column, Connection, MetaData, Table
from sqlalchemy.types import DateTime, TypeEngine

from web_admin.core.orm import UtcDateTime
from web_admin.tables import METADATA


def stored_tables(connection: Connection) -> dict[str, Table]:
    """Return the tables that a database has, parents first, with our types where we still have the column.

    They have no defaults: a column that a later version added is not in this one.
    """
    looked = MetaData()
    looked.reflect(connection)
    plain = MetaData()
    return {
        table.name: Table(
            table.name, plain, *(Column(column.name, _type_of(table, column)) for column in table.columns)
        )
        for table in looked.sorted_tables
        if table.name != "alembic_version"
    }


def _type_of(table: Table, column: Column[Any]) -> TypeEngine[Any]:
    ours = METADATA.tables.get(table.name)
    if ours is not None and column.name in ours.columns:
        return ours.columns[column.name].type
    if isinstance(column.type, DateTime):
        return UtcDateTime()
    return JSON(none_as_null=True) if isinstance(column.type, JSON) else column.type
