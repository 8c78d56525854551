"""A made-up step of a later version, over a compound that people live in."""

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine, MetaData, select

from tests.served.served_compound import fill_data_dir
from tests.support.compounds.lived_in import live_in
from tests.web_admin.cli.upgraded import PASSPHRASE, later_version, web
from web_admin.core.config import WebConfig
from web_admin.core.database import Database, make_engine
from web_admin.operations import schema
from web_admin.operations.backup import LEFT_OUT
from web_admin.operations.backup_rows import restore_rows
from web_admin.operations.stored_tables import stored_tables

Contents = dict[str, list[list[object]]]
SAYS_WHEN = "server_mark"
"""The table that an upgrade writes into: when its backup was made."""


def contents(engine: Engine, columns: dict[str, list[str]]) -> Contents:
    """Return the rows of all tables in these columns, in an order that does not depend on the database."""
    with engine.connect() as connection:
        tables = stored_tables(connection)
        return {
            name: sorted(
                ([row[key] for key in keys] for row in connection.execute(select(tables[name])).mappings()),
                key=str,
            )
            for name, keys in columns.items()
        }


def rows_that_refer_to_none(engine: Engine) -> list[str]:
    """Return each foreign key of which a row refers to none, as a database without constraints would have."""
    looked = MetaData()
    with engine.connect() as connection:
        looked.reflect(connection)
        return [
            f"{table.name}.{key.parent.name}"
            for table in looked.tables.values()
            for key in table.foreign_keys
            if connection.execute(
                select(table).where(key.parent.is_not(None), key.parent.not_in(select(key.column)))
            ).first()
        ]


@pytest.fixture
def filled(web_config: WebConfig, tmp_path: Path) -> WebConfig:
    data_dir = tmp_path / "data"
    data_dir.mkdir()
    config = replace(web_config, data_dir=data_dir, secrets_dir=data_dir / "secrets")
    compound = fill_data_dir(config)
    live_in(compound)
    compound.close()
    (tmp_path / "word").write_text(f"{PASSPHRASE}\n", encoding="utf-8")
    return config


@pytest.mark.both_databases
@pytest.mark.wide
def test_a_step_keeps_every_row_and_the_backup_before_it_comes_back_through_the_step(
    filled: WebConfig, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    engine = make_engine(filled.database_url)
    with engine.connect() as connection:
        columns = {name: [*table.columns.keys()] for name, table in stored_tables(connection).items()}
    del columns[SAYS_WHEN]
    before = contents(engine, columns)
    later_version(monkeypatch, tmp_path)
    assert web("upgrade", filled.data_dir) == 0
    assert contents(engine, columns) == before
    assert rows_that_refer_to_none(engine) == []
    engine.dispose()
    (backup,) = (filled.data_dir / "backups").iterdir()
    restored = Database(make_engine(f"sqlite:///{tmp_path / 'restored.sqlite3'}"))
    restore_rows(restored, PASSPHRASE, backup)
    assert schema.current_revision(restored.engine) == "9999"
    kept = {name: keys for name, keys in columns.items() if name not in LEFT_OUT}
    assert contents(restored.engine, kept) == {name: before[name] for name in kept}
    assert rows_that_refer_to_none(restored.engine) == []
    restored.engine.dispose()
