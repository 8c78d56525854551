"""A gate in a process of its own, to be killed like a power cut, with the bench's metal around it."""

import signal
import sqlite3
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from gate_controller.cli import run as gate
from hardware.simulated.twin import Twin
from tests.support.gates.bench import BenchGate
from tests.support.gates.waiting import until
from tests.support.warm_start import Command, WarmProcess

LONGEST_START_SECONDS = 90.0
STALE = b"\0"
"""A byte that lies in each reader's port before the gate opens it."""
COMMAND = "import sys; from gate_controller.cli import run; sys.exit(run(sys.argv[1:]))"
CHECKOUT = Path(__file__).resolve().parents[3]


def _plugged_readers(bench: BenchGate) -> list[Twin]:
    readers: tuple[Twin, ...] = (bench.card, bench.keys, bench.scanner, bench.inputs)
    return [reader for reader in readers if reader.is_plugged]


@dataclass
class GateProcess:
    bench: BenchGate
    process: WarmProcess

    @classmethod
    def start(cls, bench: BenchGate, command: Command = gate) -> "GateProcess":
        """Start `menjin gate run` and return once it answers to cards."""
        started_ns = time.monotonic_ns()
        before = journal_length(bench)
        for reader in _plugged_readers(bench):
            reader.wire.write(STALE)
        process = WarmProcess(
            command, ["run", str(bench.write_site_file())], environment={"MENJIN_LOG_LEVEL": "CRITICAL"}
        )
        made = cls(bench, process)
        try:
            made._wait_until_it_answers(before, started_ns)
        except BaseException:
            made.kill()
            raise
        return made

    def _wait_until_it_answers(self, before: int, started_ns: int) -> None:
        give_up = time.monotonic() + LONGEST_START_SECONDS
        while not self._is_put_to_rest(started_ns):
            assert self.process.poll() is None, f"the gate ended with {self.process.returncode}"
            assert time.monotonic() < give_up
            time.sleep(0.01)
        # The journal's first entry of a life is written once the loop runs; readers start before it.
        while journal_length(self.bench) == before:
            assert self.process.poll() is None, f"the gate ended with {self.process.returncode}"
            assert time.monotonic() < give_up
            time.sleep(0.01)
        while not self._holds_its_readers():
            assert self.process.poll() is None, f"the gate ended with {self.process.returncode}"
            assert time.monotonic() < give_up
            time.sleep(0.01)

    def _holds_its_readers(self) -> bool:
        """Return whether the ports of all readers are open and empty: what is shown from now on is read.

        A port is open a moment before the gate forgets what it had queued, and would forget a card with it.
        """
        readers = _plugged_readers(self.bench)
        held = set()
        for descriptor in Path(f"/proc/{self.process.pid}/fd").iterdir():
            with suppress(FileNotFoundError):
                held.add(str(descriptor.readlink()))
        forgotten = all(reader.wire.unread_bytes() == 0 for reader in readers)
        return forgotten and {reader.wire.device for reader in readers} <= held

    def _is_put_to_rest(self, since_ns: int) -> bool:
        changes = self.bench.relay.changes
        return any(one.channel == 1 and not one.on and one.at_ns >= since_ns for one in changes)

    def kill(self) -> None:
        """Cut the power."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(timeout=10)

    def end(self) -> None:
        """Stop it in good order, if it still runs."""
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(timeout=20)


def journal_length(bench: BenchGate) -> int:
    """Return how many entries are on the disk, also while a gate writes."""
    path = bench.root / "data" / "journal.sqlite3"
    if not path.exists():
        return 0
    connection = sqlite3.connect(path, timeout=60)
    try:
        (count,) = connection.execute("SELECT COUNT(*) FROM journal").fetchone()
    except sqlite3.OperationalError:
        return 0
    finally:
        connection.close()
    return int(count)


def wait_for_entries(bench: BenchGate, kind: str, count: int = 1) -> None:
    """Return once so many entries of a kind are on the disk, however busy this machine is."""
    _wait_for(bench, f'"kind":"{kind}"', count)


def wait_for_decisions(bench: BenchGate, count: int) -> None:
    """Return once so many decisions are on the disk, however busy this machine is."""
    _wait_for(bench, '"kind":"access"', count)


def decisions_on_disk(bench: BenchGate) -> int:
    """Return how many decisions are on the disk, also while a gate writes."""
    return _entries_with(bench, '"kind":"access"')


def _wait_for(bench: BenchGate, text: str, count: int) -> None:
    until(lambda: _entries_with(bench, text) >= count, lambda: f"fewer than {count} entries with {text}")


def _entries_with(bench: BenchGate, text: str) -> int:
    connection = sqlite3.connect(bench.root / "data" / "journal.sqlite3", timeout=60)
    try:
        rows = connection.execute("SELECT CAST(entry AS TEXT) FROM journal").fetchall()
    finally:
        connection.close()
    return sum(text in row[0] for row in rows)
