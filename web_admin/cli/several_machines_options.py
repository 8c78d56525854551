"""The options of `menjin web join` and `machines`; loads nothing of the server."""

import argparse
from pathlib import Path


def add_machines(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", where: argparse.ArgumentParser
) -> argparse.ArgumentParser:
    """Add these commands and their options; return the parser of `join`, which needs a passphrase."""
    join = commands.add_parser("join", parents=[where], help="one more machine over the same PostgreSQL")
    join.add_argument("file", type=Path, help="a new backup of a running machine, for the secrets in it")
    join.add_argument("--database-url", required=True, help="the PostgreSQL that the others use")
    join.add_argument("--public-url", help="the address residents type, as the others have it")
    join.add_argument("--name", help="what this machine is called (default: its name on the network)")
    join.add_argument("--behind-proxy", action="store_true", help="one reverse proxy is in front")
    machines = commands.add_parser("machines", parents=[where], help="list the machines of this database")
    machines.add_argument("--forget", metavar="NAME", help="take out a machine that is gone for good")
    return join
