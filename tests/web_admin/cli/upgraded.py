"""A filled server, and commands that bring it to another version."""

import shutil
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from tests.support.acting import household, manager
from tests.support.compounds.filled_once import migrated_once
from web_admin.cli.main import run
from web_admin.compound.keys import create_site
from web_admin.core.config import SECRET_NAMES, load_config, write_secret, write_settings
from web_admin.core.database import Database, make_engine
from web_admin.core.effects import NoEffects
from web_admin.core.sealing import Sealer
from web_admin.credentials.cards import issue_card
from web_admin.operations import schema

PASSPHRASE = "a long passphrase"
REBUILDS_HOMES = '''
"""Give homes a floor."""

import sqlalchemy as sa
from alembic import op

revision, down_revision, branch_labels, depends_on = "8888", "{before}", None, None


def upgrade():
    with op.batch_alter_table("home", recreate="auto") as home:
        home.add_column(sa.Column("floor", sa.Integer(), nullable=False, server_default="1"))
        home.alter_column("building", existing_type=sa.String(200), type_=sa.String(300))
'''
SECOND = '''
"""Make a table of lifts."""

import sqlalchemy as sa
from alembic import op

revision, down_revision, branch_labels, depends_on = "9999", "8888", None, None


def upgrade():
    op.create_table("lift", sa.Column("number", sa.Integer(), primary_key=True))
    {last}
'''


def server_in(folder: Path, database_url: str, now: datetime) -> Path:
    """Return the data directory of a server with two homes, a person in each and their cards."""
    (folder.parent / "word").write_text(f"{PASSPHRASE}\n", encoding="utf-8")
    (folder / "secrets").mkdir(parents=True)
    for name in SECRET_NAMES:
        write_secret(folder / "secrets", name)
    write_settings(folder / "web.toml", {"public_url": "http://127.0.0.1:8000", "database_url": database_url})
    database, config = Database(make_engine(database_url)), load_config({}, folder)
    migrated_once(database.engine)
    with database.session() as session:
        sealer = Sealer(config.seal_key, config.lookup_key)
        site, _pem = create_site(session, sealer, "Court", "Asia/Shanghai", "en", PASSPHRASE, now)
        act = manager(session, sealer, site.site_id, now, NoEffects())
        for number in (1, 2):
            _home, person = household(act, f"3-{number}")
            issue_card(act, person.person_id, number)
    database.engine.dispose()
    return folder


def later_version(monkeypatch: pytest.MonkeyPatch, folder: Path, last: str = "") -> None:
    """Let the program have two migrations more."""
    before, versions = schema.newest_revision(), folder / "migrations" / "versions"
    shutil.copytree(schema.MIGRATIONS, folder / "migrations")
    (versions / "8888_floors.py").write_text(REBUILDS_HOMES.format(before=before), encoding="utf-8")
    (versions / "9999_lifts.py").write_text(SECOND.format(last=last), encoding="utf-8")
    monkeypatch.setattr(schema, "MIGRATIONS", folder / "migrations")


def web(command: str, data: Path, *arguments: object) -> int:
    word = data.parent / "word"
    passphrase = ["--passphrase-file", str(word)] if command in ("upgrade", "rollback", "backup") else []
    return run([command, "--data-dir", str(data), *passphrase, *map(str, arguments)])


def read(connection: Connection, query: str) -> list[object]:
    """Return the first column of what is stored now."""
    found = list(connection.scalars(text(query)))
    connection.rollback()
    return found


HOMES_OF_PEOPLE = "SELECT number FROM person JOIN home USING (home_id) ORDER BY number"
REVISION = "SELECT version_num FROM alembic_version"


def make_empty(connection: Connection) -> None:
    """Give a PostgreSQL server's database back its first state, as an operator makes a new one."""
    connection.execute(text("DROP SCHEMA public CASCADE"))
    connection.execute(text("CREATE SCHEMA public"))
    connection.commit()
