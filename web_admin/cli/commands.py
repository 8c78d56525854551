"""Implementations of `menjin web`; each returns the text to print."""

import argparse

from web_admin import create_core
from web_admin.accounts.queries import account_of_email
from web_admin.accounts.staff import invite_again
from web_admin.action.base import new_action
from web_admin.cells.installation import Choices
from web_admin.cells.trouble import CellOut
from web_admin.cli.answers import CommandRefused, backup_passphrase, clock
from web_admin.cli.data_dir import config_of, sealer_of
from web_admin.cli.served_folder import refuse_environment, served_here
from web_admin.cli.upgrading import refuse_other_tables
from web_admin.compound.queries import one_site
from web_admin.core.database import Database, Menjin, make_engine
from web_admin.core.refusal import ActionRefused
from web_admin.messages.delivery import deliver
from web_admin.messages.push_phones import Owner, remove_every_phone
from web_admin.operations.backup import write_backup
from web_admin.operations.marks import BACKUP, mark
from web_admin.policy.effects import PolicyEffects
from web_admin.serving.installation import serve_cells, serve_one
from web_admin.serving.workers import Listening


def serve(arguments: argparse.Namespace) -> str:
    """Run the server until a signal to stop: of one compound, or of all cells in a folder."""
    listening = Listening(
        host=arguments.host,
        port=arguments.port,
        threads=arguments.threads,
        workers=arguments.workers,
        ready_fd=arguments.ready_fd,
    )
    status = _serve_cells(arguments, listening) if arguments.cells else _serve_one(arguments, listening)
    if status:
        raise CommandRefused(f"the server ended with status {status}; its own lines above say why")
    return ""


def _serve_one(arguments: argparse.Namespace, listening: Listening) -> int:
    config = config_of(arguments)
    refuse_other_tables(config)
    if arguments.workers > 1 and config.database_url.startswith("sqlite"):
        raise CommandRefused("--workers is for PostgreSQL; with SQLite it has to be 1")
    with served_here(config) as lock:
        try:
            return serve_one(config, lock, listening, clock)
        except CellOut as err:
            raise CommandRefused(err.trouble.sentence()) from err


def _serve_cells(arguments: argparse.Namespace, listening: Listening) -> int:
    if arguments.data_dir is not None:
        raise CommandRefused("--data-dir is for one compound and --cells for many: give one of them")
    refuse_environment()
    choices = Choices(
        arguments.cells.resolve(),
        workers=arguments.workers,
        trusted_proxies=arguments.trusted_proxies,
        open_at_most=arguments.open_cells,
    )
    return serve_cells(choices, listening, clock)


def staff_link(arguments: argparse.Namespace) -> str:
    """Make a link that resets a staff account, for the manager who lost the only way in."""
    config = config_of(arguments)
    app = create_core(config, clock=clock)
    menjin: Menjin = app.extensions["menjin"]
    try:
        with app.app_context(), menjin.database.session() as session:
            site_id = one_site(session).site_id
            account = account_of_email(session, arguments.email.strip().lower())
            if account is None:
                raise CommandRefused(f"no member of staff signs in as {arguments.email}")
            act = new_action(menjin, session, site_id, "operator", "system")
            code = invite_again(act, account.id)
            remove_every_phone(act.session, Owner(account_id=account.id))
    except ActionRefused as err:
        raise CommandRefused(str(err)) from err
    finally:
        menjin.database.engine.dispose()
    return (
        f"{config.public_url}/staff/join?code={code}\n"
        "Works once, for three days. Password and authenticator of this account have ended.\n"
    )


def deliver_messages(arguments: argparse.Namespace) -> str:
    """Send the mail and signed messages that are due, in one pass."""
    config = config_of(arguments)
    sealer = sealer_of(config)
    menjin = Menjin(config, Database(make_engine(config.database_url)), sealer, clock, PolicyEffects(sealer))
    done = deliver(menjin)
    menjin.database.engine.dispose()
    return f"{done.sent} sent, {done.later} to be tried again, {done.failed} given up.\n"


def backup(arguments: argparse.Namespace) -> str:
    """Write a sealed backup of everything but faces; into a folder, under a name with the time."""
    config = config_of(arguments)
    passphrase = backup_passphrase(arguments)
    file = arguments.file
    if file.is_dir():
        file = file / f"{clock():%Y%m%dT%H%M%SZ}.menjin"
    database = Database(make_engine(config.database_url))
    rows = write_backup(database, config, passphrase, file, clock())
    with database.session() as session:
        mark(session, BACKUP, clock())
    database.engine.dispose()
    return (
        f"{file}: {rows} rows. Shares of faces are not in it: after a restore, people agree to "
        "face and enrol again.\n"
    )
