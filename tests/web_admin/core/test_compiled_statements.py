"""Engines of one kind share what was compiled, and keep apart what another kind or version needs."""

import pytest
from sqlalchemy import Boolean, Integer, MetaData, String, Table, bindparam, select, update
from sqlalchemy import Column as TableColumn
from sqlalchemy.dialects import postgresql, sqlite

from web_admin.core.compiled_statements import STATEMENTS_KEPT, Statements, written_out

DIALECTS = {"sqlite": sqlite.dialect(), "postgresql": postgresql.psycopg.dialect()}


def test_engines_of_one_kind_share_a_statement_and_those_of_another_do_not():
    kept = Statements()
    kept[sqlite.dialect(), "select 1"] = "compiled"
    assert kept.get((sqlite.dialect(), "select 1")) == "compiled"
    assert kept.get((sqlite.dialect(), "select 2")) is None
    assert kept.get((postgresql.dialect(), "select 1")) is None


def test_servers_of_two_versions_share_nothing():
    kept, older, newer = Statements(), postgresql.dialect(), postgresql.dialect()
    older.server_version_info, newer.server_version_info = (15, 2), (17, 1)
    kept[older, "select 1"] = "compiled"
    assert kept.get((newer, "select 1"), "not there") == "not there"


def test_the_oldest_statements_go_where_there_are_too_many():
    kept, kind = Statements(), sqlite.dialect()
    for number in range(3 * STATEMENTS_KEPT):
        kept[kind, number] = number
    assert len(kept) <= 1.5 * STATEMENTS_KEPT + 1


def counted():
    """Return a statement with parameters, values of its own and a result that asks another table."""
    tables = MetaData()
    gate = Table("gate", tables, TableColumn("gate_id", String), TableColumn("counter", Integer))
    share = Table("share", tables, TableColumn("of", String))
    given = select(bindparam("of_gate", type_=String).label("of_gate")).cte("given")
    has_share = select(share.c.of).where(share.c.of == given.c.of_gate).exists()
    return (
        update(gate)
        .where(
            gate.c.gate_id == given.c.of_gate, gate.c.counter < bindparam("counter"), gate.c.gate_id != "x"
        )
        .values(counter=bindparam("counter", type_=Integer))
        .returning(gate.c.gate_id, has_share.label("has_share"))
    )


def parts_of(key):
    return sum(map(parts_of, key)) if isinstance(key, tuple) else 1


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_statement_that_is_written_out_says_the_same_and_is_found_by_a_shorter_key(dialect):
    statement = counted()
    written = written_out(statement, dialect)
    one, other = (it.compile(dialect=DIALECTS[dialect]) for it in (statement, written))
    assert str(other) == str(one)
    assert (other.params, other.positiontup) == (one.params, one.positiontup)
    assert [type(it.type) for it in written.selected_columns] == [String, Boolean]
    assert 2 * parts_of(written._generate_cache_key().key) < parts_of(statement._generate_cache_key().key)
