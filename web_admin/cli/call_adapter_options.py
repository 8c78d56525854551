"""Options of `menjin web call-adapter`; no more is loaded for `--help`."""

import argparse


def add_call_adapter(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command, what it can do, and the options of each."""
    adapter = commands.add_parser("call-adapter", help="try another way of ringing people of a called home")
    kinds = adapter.add_subparsers(dest="kind", required=True, metavar="WHAT")
    check = kinds.add_parser("check", help="load an installed adapter and let it ring and end for a test")
    check.add_argument("name", metavar="NAME", help="as its package registers it")
    check.add_argument(
        "--address", default="check", help="one's own at the adapter, which then rings (default: %(default)s)"
    )
