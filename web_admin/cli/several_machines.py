"""`menjin web join` and `machines`: several machines over one PostgreSQL."""

import argparse
import shlex
from datetime import datetime
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
from web_admin.compound.keys import is_opened_by
from web_admin.core.config import SETTINGS_NAME, write_secret, write_settings
from web_admin.core.database import Database, make_engine
from web_admin.core.refusal import N_
from web_admin.core.sealing import Sealer
from web_admin.core.wrapping_keys import WrapKeys
from web_admin.custody.machine_keys import keys_at, machines
from web_admin.custody.models import ServerMachine
from web_admin.operations.backup import KEPT_SECRETS, BackupRefused, read_preface
from web_admin.operations.health_facts import is_silent
from web_admin.operations.machines import forget, machine_name
from web_admin.operations.machines import join as enter_list

_KEYS = {
    "held": N_("%(count)s held"),
    "sent": N_("%(count)s sent"),
    "destroyed": N_("%(count)s destroyed"),
    "lost": N_("%(count)s lost"),
}
_MADE_BESIDE = ("machine.toml", "transport.key", "transport-next.key", "face-next.key", "face.lock")


def join(arguments: argparse.Namespace) -> str:
    """Set up one more machine over the database of a running one, with the secrets from a backup of it."""
    free_data_dir(arguments)
    passphrase = backup_passphrase(arguments)
    try:
        secrets = read_preface(passphrase, arguments.file).secrets
    except BackupRefused as err:
        raise CommandRefused(f"{arguments.file}: {in_words(err)}") from err
    settings = first_settings(arguments, public_url_of(arguments))
    name = arguments.name or machine_name()
    data_dir, secrets_dir = new_data_dir(arguments)
    database = Database(make_engine(arguments.database_url))
    try:
        for each in KEPT_SECRETS:  # that of face shares comes from a running machine
            write_secret(secrets_dir, each, secrets[each])
        write_settings(data_dir / NEW_SETTINGS_NAME, settings)
        sealer = Sealer(secrets["seal"], secrets["lookup"], WrapKeys(None, secrets_dir))
        _refuse_other_secrets(database, sealer)
        enter_list(database, sealer, name, clock)
        (data_dir / NEW_SETTINGS_NAME).rename(data_dir / SETTINGS_NAME)
    except BaseException:
        _remove_beside(secrets_dir)
        remove_new(data_dir, secrets_dir)
        raise
    finally:
        database.engine.dispose()
    command = server_command(f"run --data-dir {shlex.quote(str(data_dir))}")
    said = _(
        "%(name)s is one of the machines of this database now. Start it with: %(command)s",
        name=name,
        command=command,
    )
    return f"{said}\n"


def _refuse_other_secrets(database: Database, sealer: Sealer) -> None:
    with database.session() as session:
        if not is_opened_by(session, sealer):
            raise CommandRefused(_("the backup is of another database: it cannot be used here"))


def _remove_beside(secrets_dir: Path) -> None:
    for name in _MADE_BESIDE:
        (secrets_dir / name).unlink(missing_ok=True)


def show_machines(arguments: argparse.Namespace) -> str:
    """List the machines of the database with what they say of the keys of faces, or take one out."""
    config = config_of(arguments)
    database, now = Database(make_engine(config.database_url)), clock()
    said = ""
    if arguments.forget is not None:
        sealer = sealer_of(config)
        if not forget(database, sealer, arguments.forget, now):
            raise CommandRefused(
                _("there is no machine %(name)s; nothing was changed", name=repr(arguments.forget))
            )
        said = _taken_out(arguments.forget, was_another=sealer.wrap_keys.current_id is not None)
    with database.session() as session:
        lines = [_line_of(one, keys_at(session, one.machine_id), now) for one in machines(session)]
    database.engine.dispose()
    return said + ("".join(lines) or _("This server is the only one: no list of machines is kept.") + "\n")


def _taken_out(name: str, *, was_another: bool) -> str:
    if was_another:
        said = _(
            "%(name)s is taken out. The key of face shares is changed within ten minutes. Of the keys it "
            "had, certificates say that their destruction cannot be shown: destroy its disk.",
            name=name,
        )
    else:
        said = _(
            "%(name)s is taken out. It was this machine: its keys of face shares are overwritten.", name=name
        )
    return f"{said}\n"


def _line_of(machine: ServerMachine, keys: dict[str, int], now: datetime) -> str:
    said = {
        "name": machine.name,
        "time": f"{machine.seen_at:%Y-%m-%d %H:%M:%S}",
        "version": machine.program,
        "keys": _(", ").join(_(_KEYS[state], count=count) for state, count in keys.items()) or _("none"),
    }
    if is_silent(machine, now):
        line = _("%(name)s: seen %(time)s UTC (silent), version %(version)s, keys %(keys)s", **said)
    else:
        line = _("%(name)s: seen %(time)s UTC, version %(version)s, keys %(keys)s", **said)
    return f"{line}\n"
