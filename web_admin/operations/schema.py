"""Create the database tables, migrate them, and check their version."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

MIGRATIONS = Path(__file__).parents[1] / "migrations"
NEWEST = "head"


def _alembic() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config


def newest_revision() -> str:
    """Return the revision this program was written for."""
    revision = ScriptDirectory.from_config(_alembic()).get_current_head()
    if revision is None:
        raise FileNotFoundError(f"no migrations in {MIGRATIONS}")
    return revision


def current_revision(engine: Engine) -> str | None:
    """Return the revision of a database; None for an empty one."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def upgrade(engine: Engine, revision: str = NEWEST) -> None:
    """Migrate the tables to a revision, all steps in one transaction."""
    config = _alembic()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def make_revision(engine: Engine, revision: str, message: str) -> None:
    """Write a migration from what gates/models.py says and the database lacks; for developers."""
    config = _alembic()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.revision(config, message, autogenerate=True, rev_id=revision)
