"""The tables of a database as whichever version made them: with our types where we still have the column."""

from sqlalchemy import text

from web_admin.core.orm import UtcDateTime
from web_admin.operations.stored_tables import stored_tables


def test_columns_that_we_have_are_read_by_our_types_and_others_by_their_own(database):
    with database.engine.begin() as connection:
        connection.execute(text("CREATE TABLE older (at TIMESTAMP, name VARCHAR)"))
        connection.execute(text("ALTER TABLE site ADD COLUMN dropped INTEGER"))
        found = stored_tables(connection)
    assert isinstance(found["older"].columns["at"].type, UtcDateTime)
    assert found["older"].columns["name"].type.python_type is str
    assert found["site"].columns["dropped"].type.python_type is int
    assert isinstance(found["site"].columns["created_at"].type, UtcDateTime)


def test_a_table_comes_after_those_that_it_refers_to_and_without_defaults(database):
    with database.engine.begin() as connection:
        connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR)"))
        found = stored_tables(connection)
    order = list(found)
    assert order.index("site") < order.index("gate") < order.index("lane")
    assert "alembic_version" not in found
    assert {column.default for table in found.values() for column in table.columns} == {None}
