"""Options of `menjin web gate-card`; no more is loaded for `--help`."""

import argparse
from pathlib import Path


def add_gate_card(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", where: argparse.ArgumentParser
) -> None:
    """Add the command and its options."""
    card = commands.add_parser(
        "gate-card", parents=[where], help="write the folder that makes a gate of a stock card"
    )
    card.add_argument("gate", help="the gate's short name, as the office added it")
    card.add_argument("out", type=Path, help="a new folder")
    card.add_argument("--version", help="of the program (default: the newest that was added)")
    card.add_argument("--machine", help="such as cp313-aarch64 (default: the first for aarch64)")
    card.add_argument("--devices", type=Path, help="the part of the site file that names lanes and ports")
    card.add_argument("--server-ca", type=Path, help="certificate of an authority of your own")
    card.add_argument(
        "--battery-clock",
        action=argparse.BooleanOptionalAction,
        default=False,
        help="the gate has a clock with a battery (default: it has none)",
    )
    card.add_argument("--days", type=int, choices=range(1, 15), default=7, help="(default: %(default)s)")
