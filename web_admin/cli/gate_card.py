"""`menjin web gate-card`: write the folder that makes a gate of a stock card at its first start."""

import argparse
import json
import zipfile
from datetime import timedelta
from pathlib import Path

from gate_controller.command_line.command_names import server_command
from web_admin import create_core
from web_admin.action.base import new_action
from web_admin.cli.answers import CommandRefused, clock
from web_admin.cli.data_dir import config_of
from web_admin.compound.queries import one_site
from web_admin.core.database import Menjin
from web_admin.core.named_faults import naming
from web_admin.core.refusal import ActionRefused
from web_admin.gates.orders import make_pair_code
from web_admin.updates.repository import ReleaseRefused, copy_version, machines_of, offered_versions

FIRST_BOOT = "gate_controller/updates/first_boot.py"
USER_DATA = """\
#cloud-config
# Raspberry Pi OS runs this once, at the first start. Logs: journalctl -u cloud-final
runcmd:
  - [python3, /boot/firmware/menjin/first_boot.py, /boot/firmware/menjin]
"""


def gate_card(arguments: argparse.Namespace) -> str:
    """Write a gate's folder with program, units, address and a pairing code of some days."""
    config = config_of(arguments)
    versions = offered_versions(config.data_dir)
    version = arguments.version or (versions[-1] if versions else "")
    if version not in versions:
        raise CommandRefused(f"add a version first: {server_command('updates add RELEASE_DIR')}")
    machines = machines_of(config.data_dir, version)
    machine = arguments.machine or next((one for one in machines if one.endswith("-aarch64")), machines[0])
    if arguments.out.exists():
        raise CommandRefused(f"{arguments.out} exists; name a new folder")
    folder = arguments.out / "menjin"
    try:
        copy_version(config.data_dir, version, machine, folder)
    except ReleaseRefused as err:
        raise CommandRefused(str(err)) from err
    with zipfile.ZipFile(next((folder / "wheels").glob("menjin-*.whl"))) as wheel:
        _write(folder / "first_boot.py", wheel.read(FIRST_BOOT))
    if arguments.devices is not None:
        _write(folder / "devices.toml", arguments.devices.read_bytes())
    if arguments.server_ca is not None:
        _write(folder / "server_ca.pem", arguments.server_ca.read_bytes())
    code = _code(arguments, timedelta(days=arguments.days))
    said = {
        "version": version,
        "server_url": config.public_url,
        "code": code,
        "has_battery_clock": arguments.battery_clock,
    }
    path = folder / "gate.json"
    path.touch(mode=0o600)
    _write(path, json.dumps(said, indent=1).encode())
    _write(arguments.out / "user-data", USER_DATA.encode())
    return (
        f"{arguments.out}: version {version} for {machine}. Copy what is in it to the boot partition of a "
        f"card with Raspberry Pi OS (bootfs).\nIts code pairs one controller within {arguments.days} days, "
        "after the sixteen characters on its console were compared on the gate's page.\n"
    )


def _write(path: Path, content: bytes) -> None:
    with naming(path):
        path.write_bytes(content)


def _code(arguments: argparse.Namespace, lifetime: timedelta) -> str:
    app = create_core(config_of(arguments), clock=clock)
    menjin: Menjin = app.extensions["menjin"]
    try:
        with app.app_context(), menjin.database.session() as session:
            act = new_action(menjin, session, one_site(session).site_id, "operator", "system")
            return make_pair_code(act, arguments.gate, lifetime=lifetime)
    except ActionRefused as err:
        raise CommandRefused(str(err)) from err
    finally:
        menjin.database.engine.dispose()
