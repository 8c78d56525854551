"""`menjin qr read IMAGE... [--json]`: say what the codes in pictures contain."""

import argparse
import json
import sys
from pathlib import Path

from hardware.errors import DeviceRefused
from hardware.readers.qr_scanners import read_codes_in_file


def run(argv: list[str]) -> int:
    """Run `menjin qr`; return 0 when every picture held a code, 1 when one did not."""
    arguments = _parser().parse_args(argv)
    results = [_read(path, as_json=arguments.json) for path in arguments.images]
    return 0 if all(results) else 1


def _read(path: Path, *, as_json: bool) -> bool:
    """Print one picture's codes, or on standard error why there are none."""
    try:
        codes = read_codes_in_file(path)
    except DeviceRefused as err:
        return _report_trouble(path, str(err), as_json=as_json)
    if not codes:
        return _report_trouble(path, f"{path}: no code found in this picture", as_json=as_json)
    if as_json:
        print(json.dumps({"file": str(path), "codes": list(codes)}, ensure_ascii=False))
    else:
        for code in codes:
            print(f"{path}: {code}")
    return True


def _report_trouble(path: Path, message: str, *, as_json: bool) -> bool:
    if as_json:
        print(json.dumps({"file": str(path), "codes": [], "error": message}, ensure_ascii=False))
    print(f"menjin qr: {message}", file=sys.stderr)
    return False


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="menjin qr", description="Read the codes in pictures.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    read = commands.add_parser("read", help="print what the codes in these pictures contain")
    read.add_argument("images", nargs="+", type=Path, metavar="IMAGE")
    read.add_argument("--json", action="store_true", help="one JSON object for each picture")
    return parser
