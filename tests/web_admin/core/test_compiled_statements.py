"""Engines of one kind share what was compiled, and keep apart what another kind or version needs."""

from sqlalchemy.dialects import postgresql, sqlite

from web_admin.core.compiled_statements import STATEMENTS_KEPT, Statements


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
