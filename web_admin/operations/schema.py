"""Create the database tables, migrate them, and check their version.

A migration is one transaction on both databases: it is done as a whole, or nothing is changed.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import Connection, Engine

from gate_controller.command_line.command_names import server_command

MIGRATIONS = Path(__file__).parents[1] / "migrations"
NEWEST = "head"
LISTED = 3
"""So many tables with broken references are named."""


class SchemaRefused(Exception):
    """The tables cannot be brought to the revision asked for; nothing was changed."""


class LaterTables(SchemaRefused):
    """The tables are those of a later version of the program."""


@dataclass(frozen=True, slots=True)
class Step:
    """One migration."""

    revision: str
    says: str


def _say_nothing(_step: Step) -> None:
    """Report no step."""


def _alembic() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config


def newest_revision() -> str:
    revision = ScriptDirectory.from_config(_alembic()).get_current_head()
    if revision is None:
        raise FileNotFoundError(f"no migrations in {MIGRATIONS}")
    return revision


def knows(revision: str) -> bool:
    """Return whether this program has the migration that leads to a revision."""
    try:
        return ScriptDirectory.from_config(_alembic()).get_revision(revision) is not None
    except CommandError:
        return False


def is_before_first(revision: str) -> bool:
    """Return whether a revision is smaller than the first migration's: of a program before 0.3.0."""
    return revision < str(ScriptDirectory.from_config(_alembic()).get_base())


def current_revision(engine: Engine) -> str | None:
    """Return the revision of a database; None for an empty one."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def steps_from(revision: str | None) -> list[Step]:
    """Return the migrations from a revision to the newest, in order.

    Raise SchemaRefused for an unknown one.
    """
    if revision is not None and not knows(revision):
        if is_before_first(revision):
            raise SchemaRefused(
                f"the tables are of revision {revision}, from before 0.3.0, and no version upgrades them: "
                "serve them with the program that made them, or begin a new data directory with "
                f"'{server_command('init')}'"
            )
        raise LaterTables(
            f"the tables are of revision {revision}, which this version does not know (its newest is "
            f"{newest_revision()})"
        )
    scripts = ScriptDirectory.from_config(_alembic())
    steps = [
        Step(script.revision, script.doc.partition("\n")[0])
        for script in scripts.walk_revisions(revision or "base", NEWEST)
        if script.revision != revision
    ]
    return steps[::-1]


@contextmanager
def migrating(engine: Engine) -> Iterator[Connection]:
    """Give a connection in one transaction in which tables may be rebuilt; it is all kept or nothing.

    SQLite cannot change a column: a table is copied and dropped, which foreign keys would forbid while rows
    refer to it (https://www.sqlite.org/lang_altertable.html, section 7). They are off meanwhile, and checked
    before the end. Raises SchemaRefused when a row then refers to none.
    """
    with engine.connect() as connection:
        on_sqlite = engine.dialect.name == "sqlite"
        if on_sqlite:
            _set_foreign_keys(connection, "OFF")
        try:
            with connection.begin():
                yield connection
                if on_sqlite:
                    _check_references(connection)
        finally:
            if on_sqlite:
                _set_foreign_keys(connection, "ON")


def _set_foreign_keys(connection: Connection, state: str) -> None:
    # Through the driver: SQLAlchemy would begin a transaction, in which SQLite ignores this.
    cursor = connection.connection.cursor()
    cursor.execute(f"PRAGMA foreign_keys = {state}")
    cursor.close()


def _check_references(connection: Connection) -> None:
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
    if broken:
        tables = sorted({f"{table} (to {parent})" for table, _row, parent, _key in broken})
        raise SchemaRefused(
            f"{len(broken)} rows would refer to rows that do not exist, in {', '.join(tables[:LISTED])}; "
            "nothing was changed"
        )


def migrate(
    connection: Connection, revision: str = NEWEST, done: Callable[[Step], None] = _say_nothing
) -> None:
    """Migrate the tables of a connection of `migrating`; call `done` after each step."""
    config = _alembic()
    config.attributes["connection"] = connection
    config.attributes["done"] = lambda script: done(Step(script.revision, script.doc.partition("\n")[0]))
    command.upgrade(config, revision)


def upgrade(
    engine: Engine, revision: str = NEWEST, *, keep: bool = True, done: Callable[[Step], None] = _say_nothing
) -> None:
    """Migrate the tables to a revision; raise SchemaRefused with nothing changed.

    Without `keep` everything is done and then taken back: what fails later fails now.
    """
    steps_from(current_revision(engine))
    try:
        with migrating(engine) as connection:
            migrate(connection, revision, done)
            if not keep:
                if connection.dialect.name == "sqlite":
                    _check_references(connection)
                raise _TakenBack
    except _TakenBack:
        pass


class _TakenBack(Exception):
    """Ends a trial."""
