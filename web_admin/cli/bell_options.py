"""Options of `menjin web bell`; no more is loaded for `--help`."""

import argparse
from pathlib import Path


def add_bell(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", where: argparse.ArgumentParser
) -> None:
    """Add the command, what it can do, and the options of each."""
    bell = commands.add_parser("bell", help="let a broker of NATS wake gates that have something to fetch")
    kinds = bell.add_subparsers(dest="kind", required=True, metavar="WHAT")
    kinds.add_parser("account", parents=[where], help="print this compound's account at a broker")
    config = kinds.add_parser(
        "config", parents=[where], help="write the file for 'nats-server -c', with this compound's account"
    )
    config.add_argument("file", type=Path, help="where to write it; one that is there is replaced")
    config.add_argument("--certificate", required=True, metavar="FILE", help="of the broker, at the broker")
    config.add_argument("--key", required=True, metavar="FILE", help="of that certificate, at the broker")
    config.add_argument(
        "--listen", default="0.0.0.0:4222", metavar="ADDRESS:PORT", help="(default: %(default)s)"
    )
    config.add_argument(
        "--account", action="append", default=[], metavar="A…", help="of another compound; may be given again"
    )
    config.add_argument(
        "--cluster", nargs="+", default=[], metavar="NAME:PORT", help="all brokers of one cluster"
    )
    config.add_argument("--cluster-listen", default="0.0.0.0:6222", metavar="ADDRESS:PORT")
    config.add_argument("--ca", metavar="FILE", help="whose certificates the brokers take from each other")
