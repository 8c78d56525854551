"""Implementations of `menjin web`; each returns the text to print."""

import argparse
import os
import shlex
from pathlib import Path

from web_admin import create_app, create_core
from web_admin.accounts.queries import account_of_email
from web_admin.accounts.staff import create_manager, invite_again
from web_admin.action.base import new_action
from web_admin.cli.answers import (
    SHORTEST_PASSPHRASE,
    SHORTEST_PASSWORD,
    CommandRefused,
    answer,
    backup_passphrase,
    clock,
    first_line,
    known_timezone,
    secret_answer,
)
from web_admin.cli.data_dir import (
    config_of,
    first_settings,
    free_data_dir,
    new_data_dir,
    public_url_of,
    remove_new,
    sealer_of,
)
from web_admin.cli.upgrading import refuse_other_tables
from web_admin.compound.keys import create_site
from web_admin.compound.queries import one_site, the_site
from web_admin.core.config import SECRET_NAMES, WebConfig, write_secret, write_settings
from web_admin.core.database import Database, Menjin, make_engine
from web_admin.core.refusal import ActionRefused
from web_admin.journal.ledger import append_audit
from web_admin.messages.outbox import deliver
from web_admin.operations import schema
from web_admin.operations.backup import write_backup
from web_admin.operations.marks import BACKUP, mark
from web_admin.policy.effects import PolicyEffects
from web_admin.serving.workers import serve_app


def init(arguments: argparse.Namespace) -> str:
    """Make directories, secrets, tables, the site with its keys, and the first manager."""
    free_data_dir(arguments)  # checked before six questions are asked
    name = answer(arguments.name, "Name of the compound", "--name")
    timezone = known_timezone(arguments.timezone)
    public_url = public_url_of(arguments)
    root_key = Path(answer(str(arguments.root_key or ""), "File to write the root key to", "--root-key"))
    passphrase = secret_answer(
        arguments.root_passphrase_file,
        "Passphrase of the root key",
        "--root-passphrase-file",
        SHORTEST_PASSPHRASE,
    )
    email = answer(arguments.manager_email, "E-mail address of the manager", "--manager-email")
    password = secret_answer(
        arguments.manager_password_file,
        "Password of the manager",
        "--manager-password-file",
        SHORTEST_PASSWORD,
    )
    totp = first_line(arguments.manager_totp_file) if arguments.manager_totp_file else None
    if root_key.exists():
        raise CommandRefused(f"{root_key} exists; nothing was changed")
    data_dir, secrets_dir = new_data_dir(arguments)
    for secret in SECRET_NAMES:
        write_secret(secrets_dir, secret)
    write_settings(data_dir / "web.toml", first_settings(arguments, public_url))
    try:
        config = config_of(arguments)
        pem = _make_site(config, name, timezone, arguments.language, passphrase, (email, password, totp))
        _write_new(root_key, pem)
    except BaseException:
        # Half a server would be taken for a whole one at the next try.
        remove_new(data_dir, secrets_dir)
        raise
    return (
        f"The server is set up in {data_dir}.\n"
        f"Move {root_key} to two places off this machine, then delete it here: a holder of it and its\n"
        "passphrase can make new keys for all gates.\n"
        f"Start the server with: menjin web run --data-dir {shlex.quote(str(data_dir))}\n"
        f"Then sign in at {public_url.rstrip('/')}/staff/sign-in: Now leads to the first gate that opens.\n"
    )


def _write_new(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600, exist_ok=False)
    path.write_bytes(content)


def _make_site(
    config: WebConfig,
    name: str,
    timezone: str,
    language: str,
    passphrase: str,
    manager: tuple[str, str, str | None],
) -> bytes:
    old_mask = os.umask(0o077)
    try:
        app = create_core(config, clock=clock)
        database: Database = app.extensions["menjin"].database
        schema.upgrade(database.engine)
        now = clock()
        with app.app_context(), database.session() as session:
            if the_site(session) is not None:
                raise CommandRefused("the database has a compound already: use a new one")
            site, pem = create_site(session, sealer_of(config), name, timezone, language, passphrase, now)
            create_manager(session, *manager)
            append_audit(session, site.site_id, "site_created", {}, {}, now)
        database.engine.dispose()
    except ActionRefused as err:
        raise CommandRefused(str(err)) from err
    finally:
        os.umask(old_mask)
    return pem


def serve(arguments: argparse.Namespace) -> str:
    """Run the server until a signal to stop."""
    config = config_of(arguments)
    refuse_other_tables(config)
    if arguments.workers > 1 and config.database_url.startswith("sqlite"):
        raise CommandRefused("--workers is for PostgreSQL; with SQLite it has to be 1")
    app = create_app(config, clock=clock)
    status = serve_app(
        app,
        host=arguments.host,
        port=arguments.port,
        threads=arguments.threads,
        workers=arguments.workers,
        ready_fd=arguments.ready_fd,
    )
    if status:
        raise CommandRefused(f"the server ended with status {status}; its own lines above say why")
    return ""


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
    """Write a sealed backup of everything but faces."""
    config = config_of(arguments)
    passphrase = backup_passphrase(arguments)
    database = Database(make_engine(config.database_url))
    rows = write_backup(database, config, passphrase, arguments.file, clock())
    with database.session() as session:
        mark(session, BACKUP, clock())
    database.engine.dispose()
    return (
        f"{arguments.file}: {rows} rows. Shares of faces are not in it: after a restore, people agree to "
        "face and enrol again.\n"
    )
