"""Many short lives of one gate, each ended like a power cut.

A process that has imported everything forks a gate for each life: what runs is the product, with its
files, ptys and threads, and SIGKILL ends it; only the time to import Python modules is saved.
"""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import msgspec

from gate_controller.contract.journal_chain import JournalEntry
from tests.support.gates.bench import BenchGate

CHECKOUT = Path(__file__).resolve().parents[3]
NURSERY = """
import logging, os, sys
from pathlib import Path
from gate_controller.assembly.assemble import assemble
from gate_controller.site_file.load import load_config
logging.disable(logging.CRITICAL)
for site_file in sys.stdin:
    life = os.fork()
    if life == 0:
        try:
            assemble(load_config(Path(site_file.strip()))).run()
        finally:
            os._exit(1)
    print(life, flush=True)
    os.waitpid(life, 0)
    print("ended", flush=True)
"""


@dataclass
class GateLives:
    """The gate of a bench, born and killed as often as wanted."""

    bench: BenchGate
    nursery: "subprocess.Popen[str]"
    _life: int = field(default=0)

    def begin(self, site_file: Path | None = None, at_rest: Callable[[int], object] | None = None) -> None:
        """Start a life and return once its output got the order to rest.

        `at_rest` waits for that from a moment on; without it the bench's own board is waited for.
        """
        if self._life:  # a history that failed left it running
            self.kill()
        began_ns = time.monotonic_ns()
        self._say(str(site_file or self.bench.write_site_file()))
        self._life = int(self._hear())
        if at_rest is None:
            self.bench.relay.wait_for_off(1, timeout_seconds=20, after_ns=began_ns)
        else:
            at_rest(began_ns)

    def kill(self) -> None:
        """Cut the power."""
        os.kill(self._life, signal.SIGKILL)
        assert self._hear() == "ended"
        self._life = 0

    def entries_after(self, seq: int) -> list[JournalEntry]:
        """Return what the disk holds after an entry, oldest first."""
        connection = sqlite3.connect(self.bench.root / "data" / "journal.sqlite3", timeout=60)
        try:
            rows = connection.execute(
                "SELECT entry FROM journal WHERE seq > ? ORDER BY seq", (seq,)
            ).fetchall()
        finally:
            connection.close()
        return [msgspec.json.decode(row[0], type=JournalEntry) for row in rows]

    def _say(self, line: str) -> None:
        assert self.nursery.stdin is not None
        self.nursery.stdin.write(line + "\n")
        self.nursery.stdin.flush()

    def _hear(self) -> str:
        assert self.nursery.stdout is not None
        return self.nursery.stdout.readline().strip()


@contextmanager
def gate_lives(bench: BenchGate) -> Iterator[GateLives]:
    """Give the lives of a bench's gate; the last one ends with the block."""
    with subprocess.Popen(
        [sys.executable, "-c", NURSERY],
        cwd=CHECKOUT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as nursery:
        lives = GateLives(bench, nursery)
        try:
            yield lives
        finally:
            if lives._life:
                lives.kill()
            assert nursery.stdin is not None
            nursery.stdin.close()


def monotonic_ns_of(moment: datetime) -> int:
    """Return when a wall-clock moment was, by the monotonic clock, to some microseconds."""
    return time.monotonic_ns() - int((time.time() - moment.timestamp()) * 1e9)
