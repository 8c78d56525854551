"""Implementations of `menjin web`; each returns the text to print."""

import argparse
import os
from pathlib import Path

from gate_controller.contract.https_only import in_the_clear
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
from web_admin.compound.keys import create_site
from web_admin.compound.queries import every_site, one_site, the_site
from web_admin.core.config import SECRET_NAMES, WebConfig, load_config, write_secret, write_settings
from web_admin.core.database import Database, Menjin, make_engine
from web_admin.core.refusal import ActionRefused
from web_admin.core.sealing import Sealer
from web_admin.core.wrapping_keys import WrapKeys
from web_admin.custody.key_rotation import lose_wrap_keys
from web_admin.journal.ledger import append_audit
from web_admin.messages.outbox import deliver
from web_admin.operations import schema
from web_admin.operations.backup import BackupRefused, read_preface, restore_rows, write_backup
from web_admin.operations.marks import BACKUP, mark
from web_admin.policy.effects import PolicyEffects
from web_admin.restore.actions import (
    NotRestoring,
    begin_restoring,
    finish_when_all_handed_over,
    leave_out_gate,
)
from web_admin.restore.queries import gates_that_owe_a_handover
from web_admin.serving.workers import serve_app


def _config(arguments: argparse.Namespace) -> WebConfig:
    return load_config(os.environ, arguments.data_dir)


def _sealer(config: WebConfig) -> Sealer:
    return Sealer(config.seal_key, config.lookup_key, WrapKeys(config.face_key, config.secrets_dir))


def _free_data_dir(arguments: argparse.Namespace) -> tuple[Path, Path]:
    """Return where data and secrets will lie; refuse where a server is already."""
    data_dir = (arguments.data_dir or Path(os.environ.get("MENJIN_DATA_DIR", "."))).resolve()
    secrets_dir = Path(os.environ.get("MENJIN_SECRETS_DIR", str(data_dir / "secrets")))
    there = [path for path in (data_dir / "web.toml", secrets_dir / "seal.key") if path.exists()]
    if there:
        raise CommandRefused(f"{there[0]} exists: there is a server here already; nothing was changed")
    return data_dir, secrets_dir


def _new_data_dir(arguments: argparse.Namespace) -> tuple[Path, Path]:
    """Return the data and secrets directories, made private; refuse to touch a server that is there."""
    data_dir, secrets_dir = _free_data_dir(arguments)
    for folder in (data_dir, secrets_dir):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    secrets_dir.chmod(0o700)
    return data_dir, secrets_dir


def _public_url(arguments: argparse.Namespace) -> str:
    public_url = answer(arguments.public_url, "Address that residents type (https://…)", "--public-url")
    trouble = in_the_clear(public_url)
    if trouble is not None:
        raise CommandRefused(f"--public-url: {trouble}; nothing was changed")
    return public_url


def _settings(arguments: argparse.Namespace, public_url: str) -> dict[str, str | int]:
    settings: dict[str, str | int] = {"public_url": public_url}
    if arguments.database_url:
        settings["database_url"] = arguments.database_url
    return settings


def init(arguments: argparse.Namespace) -> str:
    """Make directories, secrets, tables, the site with its keys, and the first manager."""
    _free_data_dir(arguments)  # checked before six questions are asked
    name = answer(arguments.name, "Name of the compound", "--name")
    timezone = known_timezone(arguments.timezone)
    public_url = _public_url(arguments)
    root_key = Path(answer(str(arguments.root_key or ""), "File for the root key", "--root-key"))
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
    data_dir, secrets_dir = _new_data_dir(arguments)
    for secret in SECRET_NAMES:
        write_secret(secrets_dir, secret)
    write_settings(data_dir / "web.toml", _settings(arguments, public_url))
    try:
        config = _config(arguments)
        pem = _make_site(config, name, timezone, arguments.language, passphrase, (email, password, totp))
        _write_new(root_key, pem)
    except BaseException:
        # Half a server would be taken for a whole one at the next try.
        _remove_new(data_dir, secrets_dir)
        raise
    return (
        f"The server is set up in {data_dir}.\n"
        f"Move {root_key} to two places off this machine, then delete it here: a holder of it and its\n"
        "passphrase can make new keys for all gates. Start with: menjin web run\n"
    )


def _remove_new(data_dir: Path, secrets_dir: Path) -> None:
    """Remove the files that this run of `init` or `restore` made."""
    names = [data_dir / "web.toml", *(data_dir / f"menjin.sqlite3{end}" for end in ("", "-wal", "-shm"))]
    for path in [*names, *(secrets_dir / f"{name}.key" for name in SECRET_NAMES)]:
        path.unlink(missing_ok=True)


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
            site, pem = create_site(session, _sealer(config), name, timezone, language, passphrase, now)
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
    config = _config(arguments)
    engine = make_engine(config.database_url)
    revision = schema.current_revision(engine)
    engine.dispose()
    if revision != schema.newest_revision():
        raise CommandRefused(
            "the database is empty: run 'menjin web init'"
            if revision is None
            else f"the tables are of revision {revision}: run 'menjin web upgrade' first"
        )
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


def upgrade(arguments: argparse.Namespace) -> str:
    """Migrate the tables."""
    engine = make_engine(_config(arguments).database_url)
    before = schema.current_revision(engine)
    schema.upgrade(engine)
    after = schema.current_revision(engine)
    engine.dispose()
    return f"The tables are of revision {after}" + (
        ", as before.\n" if before == after else f", they were {before}.\n"
    )


def staff_link(arguments: argparse.Namespace) -> str:
    """Make a link that resets a staff account, for the manager who lost the only way in."""
    config = _config(arguments)
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
    config = _config(arguments)
    sealer = _sealer(config)
    menjin = Menjin(config, Database(make_engine(config.database_url)), sealer, clock, PolicyEffects(sealer))
    done = deliver(menjin)
    menjin.database.engine.dispose()
    return f"{done.sent} sent, {done.later} to be tried again, {done.failed} given up.\n"


def backup(arguments: argparse.Namespace) -> str:
    """Write a sealed backup of everything but faces."""
    config = _config(arguments)
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


def restore(arguments: argparse.Namespace) -> str:
    """Fill a new data directory from a backup, or stop waiting for a gate that is lost."""
    if arguments.file is None and not arguments.without_gate:
        raise CommandRefused("say which backup FILE to restore, or --without-gate GATE for one under way")
    said = _restore_file(arguments) if arguments.file is not None else ""
    config = _config(arguments)
    database = Database(make_engine(config.database_url))
    sealer = _sealer(config)
    try:
        with database.session() as session:
            for gate_id in arguments.without_gate:
                leave_out_gate(session, sealer, gate_id, clock())
    except (LookupError, NotRestoring) as err:
        raise CommandRefused(str(err)) from err
    with database.session() as session:
        waiting = gates_that_owe_a_handover(session)
    database.engine.dispose()
    if waiting:
        return (
            f"{said}No policy is given out before these gates have handed over what they know: "
            f"{', '.join(waiting)}\n"
            "They are asked automatically once the server runs. Lost for good? --without-gate GATE\n"
        )
    return f"{said}The restore is finished; gates get the policy when the server runs.\n"


def _restore_file(arguments: argparse.Namespace) -> str:
    _free_data_dir(arguments)
    passphrase = backup_passphrase(arguments)
    try:
        preface = read_preface(passphrase, arguments.file)
        public_url = _public_url(arguments)
        data_dir, secrets_dir = _new_data_dir(arguments)
        try:
            for name in SECRET_NAMES:
                write_secret(secrets_dir, name, preface.secrets.get(name))
            write_settings(data_dir / "web.toml", _settings(arguments, public_url))
            config = _config(arguments)
            return _fill(config, passphrase, arguments.file)
        except BaseException:
            _remove_new(data_dir, secrets_dir)
            raise
    except BackupRefused as err:
        raise CommandRefused(f"{arguments.file}: {err}") from err


def _fill(config: WebConfig, passphrase: str, path: Path) -> str:
    old_mask = os.umask(0o077)
    try:
        database = Database(make_engine(config.database_url))
        rows = restore_rows(database, passphrase, path)
    finally:
        os.umask(old_mask)
    now, sealer = clock(), _sealer(config)
    with database.session() as session:
        lose_wrap_keys(session, now)
        for site in every_site(session):
            begin_restoring(session, sealer, site.site_id, now)
            append_audit(session, site.site_id, "backup_restored", {"rows": rows}, {}, now)
            finish_when_all_handed_over(session, sealer, site, now)
    database.engine.dispose()
    return (
        f"{rows} rows came back. Faces did not: their owners are asked again, and enrol again.\n"
        "Every account of the staff is closed: passwords and roles may have changed since the backup.\n"
        "Let a manager begin with: menjin web staff-link EMAIL. Then decide on the page 'After the restore'\n"
        "what gates refused and the backup allows, and mark gates that were stolen or replaced since.\n"
    )
