"""`menjin web updates`: add a signed version of the gates' program to what the server offers, and list it."""

import argparse
import hashlib

from gate_controller.command_line.command_names import server_command
from web_admin.cli.answers import CommandRefused
from web_admin.cli.data_dir import config_of
from web_admin.core.config import WebConfig
from web_admin.updates.repository import (
    ReleaseRefused,
    add_release,
    machines_of,
    offered_versions,
    trust_root,
)


def updates(arguments: argparse.Namespace) -> str:
    """Add a release, or list what was added; staff then begin a roll-out on the page of updates."""
    config = config_of(arguments)
    if arguments.kind == "list":
        return _listed(config)
    said = ""
    try:
        if arguments.root is not None:
            trust_root(config.data_dir, arguments.root)
            digest = hashlib.sha256(arguments.root.read_bytes()).hexdigest()
            said = f"Trusted from now on: the keys of {arguments.root} (SHA-256 {digest}).\n"
        add_release(config.data_dir, arguments.release)
    except ReleaseRefused as err:
        raise CommandRefused(str(err)) from err
    return said + _listed(config)


def _listed(config: WebConfig) -> str:
    versions = offered_versions(config.data_dir)
    if not versions:
        return f"No version was added yet: {server_command('updates add RELEASE_DIR --root root.json')}\n"
    lines = [f"{version}  for {', '.join(machines_of(config.data_dir, version))}" for version in versions]
    return "\n".join([*lines, f"Roll one out under {config.public_url.rstrip('/')}/manage/updates", ""])
