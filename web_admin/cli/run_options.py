"""Options of `menjin web run`; no more is loaded for `--help`."""

import argparse
from pathlib import Path


def add_run(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", where: argparse.ArgumentParser
) -> None:
    """Add the command."""
    serve = commands.add_parser("run", parents=[where], help="serve until stopped")
    serve.add_argument(
        "--host",
        default="127.0.0.1",
        help="address to listen on (default: 127.0.0.1, behind a reverse proxy)",
    )
    serve.add_argument("--port", type=int, default=8000, help="0 takes a free one (default: %(default)s)")
    serve.add_argument("--threads", type=int, default=16, help="requests at a time (default: %(default)s)")
    serve.add_argument(
        "--workers", type=int, default=1, help="processes, for PostgreSQL (default: %(default)s)"
    )
    serve.add_argument(
        "--cells", type=Path, metavar="DIR", help="serve every compound in this folder, each by its host name"
    )
    serve.add_argument(
        "--trusted-proxies",
        type=int,
        choices=range(9),
        default=0,
        metavar="N",
        help="with --cells: reverse proxies in front of all of them (default: %(default)s)",
    )
    serve.add_argument(
        "--open-cells",
        type=int,
        default=500,
        metavar="N",
        help="with --cells: so many are open at a time in each process (default: %(default)s)",
    )
    serve.add_argument(
        "--ready-fd", type=int, metavar="N", help="write the address to this descriptor when ready"
    )
