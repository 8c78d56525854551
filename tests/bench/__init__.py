"""`menjin bench [NAME] [--json]`: measure this machine, each figure beside a baseline of the same run.

`menjin bench fleet` takes `--gates`, `--people`, `--events`, `--site` and `--cells` as well, `menjin bench
call` takes `--rounds`, `--cards` and `--calls`.
"""

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence

import msgspec

from tests.bench.figure import Figure

WITH_ARGUMENTS = ("call", "fleet")


def _benches() -> dict[str, Callable[..., Iterator[Figure]]]:
    from tests.bench import access, attack, call, costs, digest, face, fleet, hotplug, pages, rest, rules, tap

    return {
        "access": access.measure,
        "attack": attack.measure,
        "call": call.measure,
        "costs": costs.measure,
        "digest": digest.measure,
        "face": face.measure,
        "fleet": fleet.measure,
        "hotplug": hotplug.measure,
        "pages": pages.measure,
        "rest": rest.measure,
        "rules": rules.measure,
        "tap": tap.measure,
    }


def run(argv: Sequence[str]) -> int:
    """Run one bench, or all, and print its figures."""
    benches = _benches()
    parser = argparse.ArgumentParser(prog="menjin bench", description="Measure this machine.")
    parser.add_argument("name", nargs="?", choices=sorted(benches), help="one bench; all when left out")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    args, more = parser.parse_known_args(argv)
    if more and args.name not in WITH_ARGUMENTS:
        parser.error(f"unrecognised arguments: {' '.join(more)}")
    for name in [args.name] if args.name else sorted(benches):
        for figure in benches[name](more) if more else benches[name]():
            line = msgspec.json.encode(figure).decode() if args.json else figure.sentence()
            sys.stdout.write(line + "\n")
            sys.stdout.flush()
    return 0
