"""Print the protocol of a failover: what was killed, what was acknowledged and is there, how long it took.

    python -m tests.failover [--asynchronous] [--only WORD]

With --asynchronous the standby is one: then acknowledged acts are lost, and the script says which.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from tests.failover.cluster import running_cluster, what_is_missing
from tests.failover.kills import KILLS
from tests.failover.protocol import Protocol, table, under_load


def play(protocol: Protocol, only: str = "") -> None:
    """Do every kill, one after another, or one of them."""
    for name, kill in KILLS.items():
        if only not in name:
            continue
        with protocol.phase(name):
            kill(protocol)


def main() -> int:
    """Run everything; return 0 when nothing acknowledged was lost."""
    parser = argparse.ArgumentParser(prog="python -m tests.failover", description=__doc__)
    parser.add_argument(
        "--asynchronous", action="store_true", help="break it: let no commit wait for the standby"
    )
    parser.add_argument("--only", default="", metavar="WORD", help="only what has this word: broker, proxy …")
    arguments = parser.parse_args()
    missing = what_is_missing()
    if missing:
        sys.stderr.write(missing + "\n")
        return 2
    with (
        tempfile.TemporaryDirectory() as folder,
        running_cluster() as cluster,
        under_load(cluster, Path(folder), 2 * len(KILLS)) as protocol,
    ):
        if arguments.asynchronous:
            cluster.becomes_asynchronous()
        play(protocol, "primary" if arguments.asynchronous else arguments.only)
        protocol.load.end()
        found = protocol.findings()
        keys = "" if arguments.asynchronous else protocol.certificates()
    bells = [f"{what}: {seconds} s" for what, seconds in protocol.bells.items()]
    sys.stdout.write("\n".join([*table(protocol.phases), "", *bells, "", str(found), keys, ""]))
    return 0 if found.are_none else 1


if __name__ == "__main__":
    sys.exit(main())
