"""Bring the tables up to this version, with a backup before it; go back where the new version does not do."""

import argparse
import json
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from gate_controller.command_line.command_names import server_command
from web_admin.cli.answers import CommandRefused, backup_passphrase, clock
from web_admin.cli.data_dir import config_of, sealer_of
from web_admin.cli.restoring import fill_from_backup
from web_admin.cli.served_folder import served_here
from web_admin.cli.way_back import BEFORE_UPGRADE, backup_folder, new_database, way_back
from web_admin.cli.words import in_words
from web_admin.compound.keys import is_opened_by
from web_admin.core.config import SETTINGS_NAME, WebConfig
from web_admin.core.database import Database, make_engine, sqlite_file
from web_admin.core.wrapping_keys import WrapKeys
from web_admin.messages.mail import waits_to_be_named
from web_admin.messages.queries import mail_servers
from web_admin.operations import schema
from web_admin.operations.backup import BackupRefused, Preface, read_preface, write_backup
from web_admin.operations.marks import BACKUP, mark

SQLITE_FILES = ("", "-wal", "-shm")


class LaterTables(CommandRefused):
    """The tables are those of a later version; says how one goes back to before its upgrade."""

    status = 3

    def __init__(self, config: WebConfig, why: schema.LaterTables) -> None:
        """Say why, and the lines to type."""
        self.said = (
            f"{why}: start the newer version again, or go back to before its upgrade; what came since is "
            "lost (docs/upgrading.md)"
        )
        self.lines = way_back(config)
        lines = "\n  ".join(self.lines)
        super().__init__(f"{self.said}. Stop the server, then\n  {lines}")


def refuse_other_tables(config: WebConfig) -> None:
    """Raise CommandRefused unless the tables are of this version, and of the compound whose keys are here."""
    engine = make_engine(config.database_url)
    try:
        revision = schema.current_revision(engine)
        if revision is None:
            raise CommandRefused(f"the database is empty: run '{server_command('init')}'")
        steps = schema.steps_from(revision)
        _refuse_other_compound(Database(engine), config)
    except schema.LaterTables as err:
        raise LaterTables(config, err) from err
    except schema.SchemaRefused as err:
        raise CommandRefused(str(err)) from err
    finally:
        engine.dispose()
    if steps:
        raise CommandRefused(
            f"the tables are of revision {revision}, {len(steps)} steps before this version: "
            f"run '{server_command('upgrade')}' first"
        )


def _refuse_other_compound(database: Database, config: WebConfig) -> None:
    with database.session() as session:
        if not is_opened_by(session, sealer_of(config)):
            raise CommandRefused(
                f"the database is of another compound than the keys in {config.secrets_dir}: put the two of "
                "one server together, or restore a backup; nothing was changed"
            )


def upgrade(arguments: argparse.Namespace) -> str:
    """Migrate the tables, after a backup; or try it and take everything back."""
    config = config_of(arguments)
    engine = make_engine(config.database_url)
    database = Database(engine)
    before = schema.current_revision(engine)
    try:
        if before is None:
            raise CommandRefused(f"the database is empty: run '{server_command('init')}'")
        steps = schema.steps_from(before)
        _refuse_other_compound(database, config)
        if not steps:
            return f"The tables are of revision {before}, as before.\n{_mail_that_waits(database, config)}"
        if arguments.dry_run:
            schema.upgrade(engine, keep=False, done=_printer(len(steps)))
            tried = f"All {len(steps)} steps can be done; the tables stay of revision {before}.\n"
            return f"{tried}{_mail_that_waits(database, config)}"
        with served_here(config):
            said = "" if arguments.no_backup else _back_up(arguments, config, before)
            schema.upgrade(engine, done=_printer(len(steps)))
        if said:
            with database.session() as session:
                mark(session, BACKUP, clock())
        now_of = f"The tables are of revision {steps[-1].revision}, they were {before}.\n"
        return f"{now_of}{said}{_mail_that_waits(database, config)}"
    except schema.LaterTables as err:
        raise LaterTables(config, err) from err
    except schema.SchemaRefused as err:
        raise CommandRefused(str(err)) from err
    finally:
        engine.dispose()


def _mail_that_waits(database: Database, config: WebConfig) -> str:
    """Return what to write where: one line for each stored mail server that waits to be named."""
    with database.session() as session:
        return "".join(
            # A manager typed it, and it gets the operator's password: the operator judges it first.
            f"Mail through {name} waits. If that server is yours: once this version runs, write "
            f"mail_server = {name} into {config.data_dir / SETTINGS_NAME} (or set MENJIN_MAIL_SERVER), "
            "and restart it.\n"
            for server in mail_servers(session)
            if waits_to_be_named(config, server)
            for name in [json.dumps(f"{server.host}:{server.port}")]
        )


def _printer(count: int) -> Callable[[schema.Step], None]:
    numbers = iter(range(1, count + 1))

    def print_step(step: schema.Step) -> None:
        print(f"  {next(numbers)} of {count}: {step.revision} {step.says}", file=sys.stderr)

    return print_step


def _back_up(arguments: argparse.Namespace, config: WebConfig, revision: str) -> str:
    now = clock()
    folder = backup_folder(config)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = arguments.backup or folder / f"{BEFORE_UPGRADE}{revision}-{now:%Y%m%dT%H%M%SZ}.menjin"
    passphrase = backup_passphrase(arguments)
    database = Database(make_engine(config.database_url))
    try:
        rows = write_backup(database, config, passphrase, path, now)
    finally:
        database.engine.dispose()
    print(f"  {path}: {rows} rows, before anything changes", file=sys.stderr)
    lines = "\n  ".join(way_back(config, path))
    return f"To go back: stop the server, install the version from before, then\n  {lines}\n"


def rollback(arguments: argparse.Namespace) -> str:
    """Go back to the backup from before an upgrade; run by the version that made it."""
    config = config_of(arguments)
    passphrase = backup_passphrase(arguments)
    try:
        preface = read_preface(passphrase, arguments.file)
        _refuse_foreign(config, preface, arguments.file)
        loss = _loss(preface, clock())
        if not arguments.yes:
            if not sys.stdin.isatty():
                raise CommandRefused(f"{loss} Say --yes if that is meant")
            if input(f"{loss}\nType yes to go back: ").strip() != "yes":
                raise CommandRefused("nothing was changed")
        _refuse_full_database(config)
        aside = _set_aside(config)
        try:
            said = fill_from_backup(config, passphrase, arguments.file)
        except BaseException:
            _put_back(config, aside)
            raise
    except BackupRefused as err:
        raise CommandRefused(f"{arguments.file}: {in_words(err)}") from err
    _replace_face_key(config)
    kept = f"The tables of the later version are in {aside}: delete it when you are sure.\n" if aside else ""
    return f"{said}{kept}"


def _refuse_foreign(config: WebConfig, preface: Preface, file: Path) -> None:
    if preface.secrets.get("seal") != config.seal_key:
        raise CommandRefused(f"{file} is a backup of another server; nothing was changed")
    if not schema.knows(preface.revision):
        raise CommandRefused(
            f"{file} is of revision {preface.revision}, which this version does not know (its newest is "
            f"{schema.newest_revision()}); nothing was changed"
        )


def _refuse_full_database(config: WebConfig) -> None:
    """Raise CommandRefused where a person has to make an empty PostgreSQL database first."""
    if sqlite_file(config.database_url) is not None:
        return
    engine = make_engine(config.database_url)
    revision = schema.current_revision(engine)
    engine.dispose()
    if revision is not None:
        lines = "\n  ".join(new_database(config))
        raise CommandRefused(
            f"the database is not empty, its tables are of revision {revision}; nothing was changed. Keep it "
            f"under another name and make an empty database, then say this again:\n  {lines}"
        )


def _loss(preface: Preface, now: datetime) -> str:
    hours = (now - preface.made_at).total_seconds() / 3600
    return (
        f"Everything since {preface.made_at:%Y-%m-%d %H:%M} UTC ({hours:.1f} hours) is lost on the server: "
        "people, cards, consents, entries of the ledger. Gates keep what they forbid. Faces and sign-ins of "
        "the staff do not come back."
    )


def _set_aside(config: WebConfig) -> Path | None:
    """Move an SQLite database away and return where to; a PostgreSQL one has to be empty by now."""
    path = sqlite_file(config.database_url)
    if path is None:
        return None
    aside = path.with_name(f"{path.name}.before-rollback-{clock():%Y%m%dT%H%M%SZ}")
    if path.exists():
        for end in SQLITE_FILES:
            part = path.with_name(path.name + end)
            if part.exists():
                part.rename(aside.with_name(aside.name + end))
        return aside
    return None


def _put_back(config: WebConfig, aside: Path | None) -> None:
    path = sqlite_file(config.database_url)
    if aside is None or path is None:
        return
    for end in SQLITE_FILES:
        path.with_name(path.name + end).unlink(missing_ok=True)
        part = aside.with_name(aside.name + end)
        if part.exists():
            part.rename(path.with_name(path.name + end))


def _replace_face_key(config: WebConfig) -> None:
    """Destroy the key of face shares: those of the later version's tables must not open."""
    keys = WrapKeys(None, config.secrets_dir)
    with keys.lock():
        keys.make_next()
        keys.promote_next()
        keys.destroy_old()
