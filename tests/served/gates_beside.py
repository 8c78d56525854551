"""Gates in processes of their own beside the served compound: the two speak HTTP, people use ptys."""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from gate_controller.cli import run as gate_command
from gate_controller.contract.journal_chain import JournalEntry
from tests.served.served_compound import ServedCompound
from tests.support.gates.bench import BenchGate
from tests.support.gates.process import GateProcess
from tests.support.gates.with_server import gate_beside
from tests.support.warm_start import Command
from web_admin.compound.models import Gate, Site
from web_admin.core.database import current_menjin

PATIENCE_SECONDS = 30.0
ASK_AGAIN_SECONDS = 0.3


@dataclass
class GateBeside:
    """One gate that runs, with its metal."""

    bench: BenchGate
    gate_id: str
    served: ServedCompound

    def answers(self, present: Callable[[], object]) -> tuple[str, bool]:
        """Show something once the gate has the newest policy; return the decision's reason and word."""
        self.has_synced()
        return self.decides(present)

    def decides(self, present: Callable[[], object]) -> tuple[str, bool]:
        """Show something to the gate as it is; return the decision's reason and word."""
        before = len(decisions_of(self.bench))
        present()
        give_up = time.monotonic() + PATIENCE_SECONDS
        while len(found := decisions_of(self.bench)) == before:
            assert time.monotonic() < give_up, "the gate decided nothing"
            time.sleep(0.02)
        return str(found[before].facts["reason"]), bool(found[before].facts["opens"])

    def has_synced(self) -> None:
        """Wait until the gate holds what the server published last."""
        give_up = time.monotonic() + PATIENCE_SECONDS
        while True:
            with self.served.compound.app.app_context(), current_menjin().database.session() as session:
                site = session.get_one(Site, self.served.compound.site_id)
                gate = session.get_one(Gate, self.gate_id)
                have, wanted = (gate.have_epoch, gate.have_version), (site.epoch, gate.published_version)
            if have >= wanted:
                return
            assert time.monotonic() < give_up, f"the gate holds {have}, published is {wanted}"
            time.sleep(0.05)


@contextmanager
def gate_process_beside(
    served: ServedCompound,
    gate_id: str,
    root: Path,
    *,
    command: Command = gate_command,
    before: Callable[[], object] = bool,
) -> Iterator[GateBeside]:
    """Pair a gate with the served compound and run it until the block ends; it has synced once.

    `before` is called when its files are there and nothing runs yet.
    """
    with served.compound.app.app_context(), current_menjin().database.session() as session:
        session.get_one(Site, served.compound.site_id).ask_again_seconds = ASK_AGAIN_SECONDS
    with gate_beside(served.compound, served.address, root, gate_id=gate_id) as bench:
        bench.lane = f"{gate_id}-in"
        before()
        process = GateProcess.start(bench, command)
        try:
            gate = GateBeside(bench, gate_id, served)
            gate.has_synced()
            yield gate
        finally:
            process.end()


def decisions_of(bench: BenchGate) -> list[JournalEntry]:
    """Return what a gate has decided so far, oldest first, also while it writes."""
    connection = sqlite3.connect(bench.root / "data" / "journal.sqlite3", timeout=5)
    try:
        rows = connection.execute("SELECT entry FROM journal ORDER BY seq").fetchall()
    finally:
        connection.close()
    entries = [msgspec.json.decode(row[0], type=JournalEntry) for row in rows]
    return [entry for entry in entries if entry.kind == "access"]
