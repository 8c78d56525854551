"""The options of the `menjin web` commands about forgetting; loads nothing of the server."""

import argparse
from pathlib import Path

from gate_controller.contract.languages import LANGUAGES


def add_commands(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", where: argparse.ArgumentParser
) -> None:
    """Add these commands and their options."""
    rotate = commands.add_parser("rotate-keys", parents=[where], help="change keys, destroy old ones")
    rotate.add_argument(
        "--working", action="store_true", help="also the keys that sign policies, passes, orders and anchors"
    )
    rotate.add_argument("--root-key", type=Path, metavar="FILE", help="for --working: the root key's file")
    rotate.add_argument(
        "--root-passphrase-file", type=Path, metavar="FILE", help="for --working: its first line opens it"
    )
    over = commands.add_parser("hand-over", parents=[where], help="give the site away, without faces")
    over.add_argument("file", type=Path, help="where to write everything but faces")
    over.add_argument("--to", required=True, metavar="NAME", help="who takes over, as residents will read")
    over.add_argument("--contact", required=True, metavar="TEXT", help="how residents reach them")
    over.add_argument("--passphrase-file", type=Path, metavar="FILE", help="its first line seals the file")
    drill = commands.add_parser("breach-drill", parents=[where], help="stop face everywhere, change keys")
    drill.add_argument("--for-real", action="store_true", help="end every face; nothing resumes")
    drill.add_argument("--resume", action="store_true", help="end what an interrupted drill left suspended")
    drill.add_argument("--reason", default="", metavar="TEXT", help="kept with the record")
    drill.add_argument(
        "--wait-seconds", type=float, default=30.0, metavar="N", help="for gates (default: %(default)s)"
    )
    drill.add_argument("--language", choices=LANGUAGES, help="of the report (default: the site's)")
    drill.add_argument("--json", action="store_true", help="print the signed record")
    paper = commands.add_parser("certificate", parents=[where], help="list certificates, or write one")
    paper.add_argument("consent", nargs="?", metavar="CONSENT", help="which one; without it: list all")
    paper.add_argument("file", nargs="?", type=Path, help="a new file for it (default: print it)")
    house = commands.add_parser("housekeeping", parents=[where], help="remove what has ended, now")
    house.add_argument("--dry-run", action="store_true", help="only count; nothing is changed")
    house.add_argument("--json", action="store_true", help="print one object")
    check = commands.add_parser("audit-verify", parents=[where], help="check all that was written down")
    check.add_argument("--anchor", type=Path, metavar="FILE", help="a signed head, or a certificate")
    export = commands.add_parser("export-ledger", parents=[where], help="write the ledger for an auditor")
    export.add_argument("file", type=Path)
    export.add_argument(
        "--with-personal", action="store_true", help="with the personal parts, which need not leave here"
    )
