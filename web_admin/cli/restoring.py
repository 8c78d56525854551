"""Start again from a backup: in a new data directory, or after a version that did not do."""

import argparse
import os
import sys
from pathlib import Path

from gate_controller.command_line.command_names import server_command
from web_admin.cli.answers import CommandRefused, backup_passphrase, clock
from web_admin.cli.data_dir import (
    NEW_SETTINGS_NAME,
    config_of,
    first_settings,
    free_data_dir,
    new_data_dir,
    public_url_of,
    remove_new,
    sealer_of,
)
from web_admin.cli.words import _, in_words
from web_admin.compound.queries import every_site
from web_admin.core.config import (
    SECRET_NAMES,
    SETTINGS_NAME,
    WebConfig,
    load_config,
    write_secret,
    write_settings,
)
from web_admin.core.database import Database, make_engine
from web_admin.custody.key_rotation import lose_wrap_keys
from web_admin.journal.ledger import append_audit
from web_admin.operations.backup import BackupRefused, read_preface
from web_admin.operations.backup_rows import restore_rows
from web_admin.restore.actions import (
    NotRestoring,
    begin_restoring,
    finish_when_all_handed_over,
    leave_out_gate,
)
from web_admin.restore.queries import gates_that_owe_a_handover


def restore(arguments: argparse.Namespace) -> str:
    """Fill a new data directory from a backup, or stop waiting for a gate that is lost."""
    if arguments.file is None and not arguments.without_gate:
        raise CommandRefused("say which backup FILE to restore, or --without-gate GATE for one under way")
    said = _restore_file(arguments) if arguments.file is not None else ""
    config = config_of(arguments)
    database = Database(make_engine(config.database_url))
    sealer = sealer_of(config)
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
        owed = _(
            "No policy is given out before these gates have handed over what they know: %(gates)s",
            gates=", ".join(waiting),
        )
        asked = _("They are asked automatically once the server runs. Lost for good? --without-gate GATE")
        return f"{said}{owed}\n{asked}\n"
    return said + _("The restore is finished; gates get the policy when the server runs.") + "\n"


def _restore_file(arguments: argparse.Namespace) -> str:
    free_data_dir(arguments)
    passphrase = backup_passphrase(arguments)
    try:
        preface = read_preface(passphrase, arguments.file)
        public_url = public_url_of(arguments)
        data_dir, secrets_dir = new_data_dir(arguments)
        try:
            for name in SECRET_NAMES:
                write_secret(secrets_dir, name, preface.secrets.get(name))
            write_settings(data_dir / NEW_SETTINGS_NAME, first_settings(arguments, public_url))
            config = load_config(os.environ, data_dir, NEW_SETTINGS_NAME)
            said = fill_from_backup(config, passphrase, arguments.file)
            (data_dir / NEW_SETTINGS_NAME).rename(data_dir / SETTINGS_NAME)
            return said
        except BaseException:
            remove_new(data_dir, secrets_dir)
            raise
    except BackupRefused as err:
        raise CommandRefused(f"{arguments.file}: {in_words(err)}") from err


def fill_from_backup(config: WebConfig, passphrase: str, path: Path) -> str:
    """Fill the empty database of a configuration, and begin to restore; return what to print."""
    old_mask = os.umask(0o077)
    database = Database(make_engine(config.database_url))
    try:
        rows = restore_rows(database, passphrase, path, came=_print_rows)
        now, sealer = clock(), sealer_of(config)
        with database.session() as session:
            lose_wrap_keys(session, now)
            for site in every_site(session):
                begin_restoring(session, sealer, site.site_id, now)
                append_audit(session, site.site_id, "backup_restored", {"rows": rows}, {}, now)
                finish_when_all_handed_over(session, sealer, site, now)
    finally:
        database.engine.dispose()
        os.umask(old_mask)
    lines = (
        _(
            "%(count)s rows came back. Faces did not: their owners are asked again, and enrol again.",
            count=rows,
        ),
        _("Every account of the staff is closed: passwords and roles may have changed since the backup."),
        _("Let a manager begin with: %(command)s", command=server_command("staff-link EMAIL")),
        _(
            "Then decide on the page “After the restore” what gates refused and the backup allows, and mark "
            "gates that were stolen or replaced since."
        ),
    )
    return "".join(f"{line}\n" for line in lines)


def _print_rows(table: str, count: int) -> None:
    print("  " + _("%(count)s rows, %(table)s", count=count, table=table), file=sys.stderr)
