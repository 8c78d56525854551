"""A gate in a process of its own, paired with the real server: judged by its bytes and its disk."""

import socket
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import cv2
import msgspec

from gate_controller.contract.journal_chain import JournalEntry
from hardware.interfaces import Frame
from tests.browser.resident_screen import Served
from tests.promises.screen_visitor import TERMINAL
from tests.support.compounds.resident import Compound
from tests.support.gates.bench import BenchGate
from tests.support.gates.process import GateProcess
from tests.support.gates.with_server import gate_beside
from web_admin.compound.models import Gate, Site

PATIENCE_SECONDS = 90
ASK_AGAIN_SECONDS = 0.3
WITHOUT_A_PULSE_SECONDS = 0.3
CHANNEL = 1
SWITCH_ON = bytes.fromhex("a00101a2")


@dataclass(frozen=True)
class Newcomer:
    """A resident with a home and a card, who has not opened their page yet."""

    home_number: str
    person_id: str
    card: int


@dataclass
class RealGate:
    """The north gate: show it something, and see whether its relay gets an order to open."""

    bench: BenchGate
    compound: Compound
    screen_port: int

    def opens(self, present: Callable[[], int]) -> JournalEntry:
        """Show something; return the decision once the relay was sent the four bytes that switch it on."""
        has_synced(self.compound)
        self._rests()
        decided, heard = len(self.decisions()), self.bench.relay.heard.count(SWITCH_ON)
        since_ns = present()
        try:
            self.bench.relay.wait_for_on(CHANNEL, PATIENCE_SECONDS, after_ns=since_ns)
        except TimeoutError as shut:
            raise AssertionError([entry.facts for entry in self.decisions()[decided:]]) from shut
        assert self.bench.relay.heard.count(SWITCH_ON) == heard + 1
        decision = self.next_decision(decided)
        assert decision.facts["opens"], decision.facts
        return decision

    def refuses(self, present: Callable[[], object]) -> str:
        """Show something; return the reason of the refusal once it is sure that no byte moved the relay."""
        has_synced(self.compound)
        self._rests()
        decided, heard = len(self.decisions()), self.bench.relay.heard.count(SWITCH_ON)
        present()
        decision = self.next_decision(decided)
        time.sleep(WITHOUT_A_PULSE_SECONDS)
        assert self.bench.relay.heard.count(SWITCH_ON) == heard, decision.facts
        assert not decision.facts["opens"], decision.facts
        return str(decision.facts["reason"])

    def is_ordered_to_open(self, press: Callable[[], object]) -> None:
        """Press something far away; return once the relay was sent the bytes that switch it on."""
        has_synced(self.compound)
        self._rests()
        since_ns = time.monotonic_ns()
        press()
        self.bench.relay.wait_for_on(CHANNEL, PATIENCE_SECONDS, after_ns=since_ns)

    def decisions(self) -> list[JournalEntry]:
        """Return what the gate has decided so far, read from its journal on the disk."""
        return decisions_of(self.bench)

    def next_decision(self, already: int) -> JournalEntry:
        """Wait for one decision more than there were."""
        give_up = time.monotonic() + PATIENCE_SECONDS
        while len(found := self.decisions()) == already:
            assert time.monotonic() < give_up, "the gate decided nothing"
            time.sleep(0.02)
        return found[already]

    def hold_to_the_lens(self, picture: Frame) -> int:
        """Put a picture, height × width × 3, before the camera; return monotonic ns when it was there."""
        ready = self.bench.root / "pictures" / f"frame-{time.monotonic_ns()}.png"
        draft = ready.with_suffix(".draft")
        draft.write_bytes(cv2.imencode(".png", picture)[1].tobytes())
        before = list(ready.parent.glob("*.png"))
        at_ns = time.monotonic_ns()
        draft.replace(ready)
        for path in before:
            path.unlink()
        return at_ns

    @property
    def screen_address(self) -> str:
        """Return where a kiosk signs in to this gate's screen."""
        token = (self.bench.root / "run/launch-token").read_text(encoding="ascii").strip()
        return f"http://127.0.0.1:{self.screen_port}/?token={token}"

    def _rests(self) -> None:
        """Wait until the last pulse is over."""
        give_up = time.monotonic() + PATIENCE_SECONDS
        while self.bench.relay.is_on(CHANNEL):
            assert time.monotonic() < give_up
            time.sleep(0.02)


def has_synced(compound: Compound) -> None:
    """Wait until the north gate holds what the server published last."""
    give_up = time.monotonic() + PATIENCE_SECONDS
    while True:
        with compound.session() as session:
            site, gate = session.get_one(Site, compound.site_id), session.get_one(Gate, "north")
            have, wanted = (gate.have_epoch, gate.have_version), (site.epoch, gate.published_version)
        if have >= wanted:
            return
        assert time.monotonic() < give_up, f"the gate holds {have}, published is {wanted}"
        time.sleep(0.05)


def decisions_of(bench: BenchGate) -> list[JournalEntry]:
    """Return what a gate has decided so far, oldest first, also while it writes."""
    connection = sqlite3.connect(bench.root / "data" / "journal.sqlite3", timeout=5)
    try:
        rows = connection.execute("SELECT entry FROM journal ORDER BY seq").fetchall()
    finally:
        connection.close()
    entries = [msgspec.json.decode(row[0], type=JournalEntry) for row in rows]
    return [entry for entry in entries if entry.kind == "access"]


@contextmanager
def real_gate(served: Served, root: Path, *, camera: bool = False, face: bool = False) -> Iterator[RealGate]:
    """Run the north gate until the block ends, with a screen and a camera when asked."""
    (root / "pictures").mkdir(parents=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    more = TERMINAL.format(root=root).replace("port = 0", f"port = {port}") if camera or face else ""
    more += "\n[face]\nenabled = true\nalone = false\n" if face else ""
    with served.compound.act() as act:
        act.session.get_one(Site, served.compound.site_id).ask_again_seconds = ASK_AGAIN_SECONDS
    with gate_beside(served.compound, served.address, root, more=more) as bench:
        process = GateProcess.start(bench)
        try:
            yield RealGate(bench, served.compound, port)
        finally:
            process.end()
