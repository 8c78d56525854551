"""One history: the server, three gates and everyone around them, step by step on a clock that only plans
move."""

import hashlib
import heapq
import logging
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from unittest.mock import patch

from tests.world.calm import calm_down
from tests.world.cell import Cell
from tests.world.chance import Dice, seeded
from tests.world.disk import GateDisk, Pulled, disks_in_use
from tests.world.facts import Facts, Shown
from tests.world.first_day import GATES, LANES, START, Belongings, FirstDay, copied, furnish
from tests.world.gate import GateSecrets, WorldGate
from tests.world.invariants import INVARIANTS
from tests.world.network import Answer, Network
from tests.world.observing import look_at_gate
from tests.world.plan import Plan, Step
from tests.world.server_state import ServerReader, ServerState
from tests.world.situations import SITUATIONS
from web_admin.operations import backup

Act = Callable[["World", Step], str]


@dataclass
class Outcome:
    """What came of a history; each violation begins with the name of what is broken."""

    plan: Plan
    steps: int = 0
    violations: list[str] = field(default_factory=list)
    digest: str = ""
    trace: list[str] = field(default_factory=list)
    situations: Counter[str] = field(default_factory=Counter)
    """How often something was played in which a bug of its kind could show."""

    @property
    def broken(self) -> str:
        """Return the name of the first invariant that was broken, "" for none."""
        return self.violations[0].partition(":")[0] if self.violations else ""


class Grounds:
    """What histories of one process share: the app, the engine, and the compound on its first day."""

    def __init__(self) -> None:
        """Furnish the compound and publish to its gates, without any fault."""
        self.folder = Path(tempfile.mkdtemp(prefix="menjin-world-"))
        self.now = START
        self.recorded: dict[tuple[str, str], list[Answer]] = {}
        """What a false server heard on the first day."""
        self._open = ExitStack()
        self._open.enter_context(patch.object(backup, "SCRYPT_COST", 16))
        self._level = logging.root.manager.disable
        logging.disable(logging.CRITICAL)
        with seeded("the first day"):
            self.cell = Cell(self.folder / "now", lambda: self.now)
            secrets, belongings = furnish(self.cell)
            first = FirstDay(self.folder / "first", self.cell.site_id, secrets, belongings)
            with self._history(first, fresh=True) as world:
                for _turn in range(2):
                    for gate in world.gates.values():
                        gate.turn()
                world.enrol_everyone()
                for gate in world.gates.values():
                    gate.turn()
                    gate.stop()
                self.recorded = dict(world.network.recorded)
            self.cell.engine.dispose()
            copied(self.folder / "now", first.folder)
        self.first = first

    def run(self, plan: Plan, acts: dict[str, Act], *, keep_trace: bool = False) -> Outcome:
        """Play a plan until its end or the first violation."""
        self.now = START + timedelta(minutes=5)
        with seeded(f"history {plan.seed}"), self._history(self.first, fresh=False) as world:
            return world.play(plan, acts, keep_trace=keep_trace)

    @contextmanager
    def _history(self, first: FirstDay, *, fresh: bool) -> Iterator["World"]:
        if not fresh:
            self.cell.engine.dispose()
            copied(first.folder, self.folder / "now")
            self.cell.site_id = first.site_id
            self.cell.backups.clear()
            self.cell.open()
        disks = {self.folder / "now" / gate_id: GateDisk(self.folder / "now" / gate_id) for gate_id in GATES}
        with disks_in_use(disks):
            world = World(self, first.secrets, deepcopy(first.belongings), disks)
            try:
                yield world
            finally:
                world.close()

    def __enter__(self) -> "Grounds":
        """Use the grounds in a block."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, err: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the server and remove all files."""
        self.cell.close()
        self._open.close()
        logging.disable(self._level)
        shutil.rmtree(self.folder, ignore_errors=True)


class World:
    """The running parts of one history, and what it remembers."""

    def __init__(
        self,
        grounds: Grounds,
        secrets: dict[str, GateSecrets],
        belongings: Belongings,
        disks: dict[Path, GateDisk],
    ) -> None:
        """Open the server's tables and start every gate from its disk."""
        self._grounds = grounds
        self.cell = grounds.cell
        self.has = belongings
        self.reader = ServerReader(self.cell.files / "menjin.sqlite3")
        self.network = Network(lambda: self.now, self.cell.client, self._tables)
        self.network.recorded = {place: list(heard) for place, heard in grounds.recorded.items()}
        self.gates = {
            gate_id: WorldGate(
                secrets[gate_id],
                LANES[gate_id],
                disks[grounds.folder / "now" / gate_id],
                lambda: self.now,
                self.network,
            )
            for gate_id in GATES
        }
        self.facts = Facts(self.reader.state(), self.now)
        self.situations: Counter[str] = Counter()
        self.restored = False
        self.left_out: set[str] = set()
        """Gates that the restore under way no longer waits for."""
        self.shown: Shown | None = None
        self.breaches: list[str] = []
        self.texts_shown: list[tuple[str, str]] = []
        self.doors_moved: set[str] = set()
        """Lanes whose door contact was seen moving."""
        for gate in self.gates.values():
            gate.start()

    @property
    def now(self) -> datetime:
        """Return the world's time."""
        return self._grounds.now

    def _tables(self) -> ServerState:
        return self.reader.state()

    def close(self) -> None:
        for gate in self.gates.values():
            gate.stop()
        self.reader.close()

    def enrol_everyone(self) -> None:
        """Take the faces of all who gave a yes, at two gates."""
        for number, person_id in enumerate(self.has.person_ids):
            for gate_id in GATES[:2]:
                if person_id in self.gates[gate_id].sync._roster:
                    self.gates[gate_id].enrol(person_id, number)

    # -- playing ---------------------------------------------------------------------------------

    def play(self, plan: Plan, acts: dict[str, Act], *, keep_trace: bool) -> Outcome:
        """Play a plan; stop at the first violation."""
        outcome, digest = Outcome(plan), hashlib.sha256()
        self.network.fault_of_ten = plan.fault_of_ten
        self.look("beginning")
        for step in plan.steps:
            violations = self._advance(step.after_seconds)
            if not violations:
                came = self._do(step, acts[step.what])
                violations = self.look(step.what)
                line = f"{outcome.steps}: {step}: {came}; {self._summary()}"
                digest.update(line.encode())
                if keep_trace:
                    outcome.trace.append(line)
            outcome.steps += 1
            if violations:
                outcome.violations = violations
                break
        else:
            outcome.violations = calm_down(self)
        outcome.digest, outcome.situations = digest.hexdigest(), self.situations
        return outcome

    def _advance(self, seconds: float) -> list[str]:
        """Move the clock, and let arrive what is due until then."""
        until = self.now + timedelta(seconds=seconds)
        violations: list[str] = []
        while self.network.on_the_way and self.network.on_the_way[0].due <= until and not violations:
            packet = heapq.heappop(self.network.on_the_way)
            self._grounds.now = max(self.now, packet.due)
            self.network.arrive(packet, self.reader.state().gates[packet.gate_id].request_counter)
            self._mend(Dice(packet.number))
            violations = self.look("arrival")
        self._grounds.now = until
        return violations

    def _do(self, step: Step, act: Act) -> str:
        self.network.dice = Dice(step.dice)
        try:
            came = act(self, step)
        except Pulled:
            came = "pulled"
        self._mend(Dice(step.dice + 1))
        return came

    def _mend(self, dice: Dice) -> None:
        """Let the power come back where it went, and the server start again."""
        for gate in self.gates.values():
            while gate.disk.is_off:
                self.network.forget(gate.gate_id)
                gate.disk.next_life(dice)
                try:
                    gate.start()
                except Pulled:
                    continue
        if self.cell.plug.is_off or self.network.server_is_down:
            self.cell.open()
            self.network.server_is_down = False

    def cut_power(self, gate: WorldGate, dice: Dice) -> None:
        """Cut the power of a gate between two messages, and give it back."""
        gate.disk.is_off = True
        self._mend(dice)

    # -- looking ---------------------------------------------------------------------------------

    def look(self, what: str) -> list[str]:
        """Gather what a step showed, and return what is broken."""
        facts, server = self.facts, self.reader.state()
        facts.before = facts.server
        facts.step, facts.now, facts.shown, facts.breaches = what, self.now, self.shown, self.breaches
        violations: list[str] = []
        if server is not facts.server or not facts.rules:
            facts.server_changed(server, restored=self.restored)
            if self.restored:
                facts.ended = self.ended_for_sure()
            elif not server.restoring:
                facts.ended |= {one for one, row in server.credentials.items() if row.state == "ended"}
            violations += [f"every_change_is_published: {said}" for said in facts.note_rules()]
        facts.note_exchanges(self.network.exchanges)
        facts.sent, facts.unanswered = tuple(self.network.sent), tuple(self.network.unanswered)
        facts.replayed = tuple(
            (gate_id, reply) for gate_id, reply, tables in self.network.heard if tables is None
        )
        for gate_id, reply, tables in self.network.heard:
            facts.note_heard(gate_id, reply, tables, self.gates[gate_id].boot_seconds())
        facts.gates = {gate_id: look_at_gate(self, gate) for gate_id, gate in self.gates.items()}
        facts.new_events = tuple(self.reader.new_events())
        facts.new_ledger = tuple(self.reader.new_ledger())
        facts.ledger += facts.new_ledger
        violations += [
            f"{invariant.__name__}: {said}" for invariant in INVARIANTS for said in invariant(facts)
        ]
        self.situations.update(one.__name__ for one in SITUATIONS if one(facts))
        self._remember()
        return violations

    def _remember(self) -> None:
        facts = self.facts
        for gate_id, gate in facts.gates.items():
            facts.newest_have[gate_id] = max(gate.have, facts.newest_have.get(gate_id, (0, 0)))
        network = self.network
        for part in (network.exchanges, network.sent, network.unanswered, network.heard):
            part.clear()
        self.shown, self.restored, self.breaches = None, False, []

    def reopen_tables(self) -> None:
        """Read the tables of a server that has just been restored."""
        self.reader = ServerReader(self.cell.files / "menjin.sqlite3")
        self.restored = True
        self.left_out.clear()

    def ended_for_sure(self, left_out: Collection[str] = ()) -> set[str]:
        """Return the credentials that a restored server has to know as ended: its own, and those of gates."""
        server = self.reader.state()
        ended = {one for one, row in server.credentials.items() if row.state == "ended"}
        for gate_id, gate in self.gates.items():
            if server.gates[gate_id].is_trusted and gate_id not in left_out:
                keys = [stone.record_key for stone in gate.store.tombstones()]
                ended |= {key.partition(":")[2] for key in keys if key.startswith("credential:")}
        return ended

    def _summary(self) -> str:
        gates = " ".join(
            f"{gate_id}={seen.have[0]}.{seen.have[1]}/{max(self.facts.journals.get(gate_id, {0: b''}))}"
            f"/{len(seen.usable_faces)}"
            for gate_id, seen in self.facts.gates.items()
        )
        server = self.facts.server
        return f"server={server.epoch}.{server.version} {gates} at {self.now.isoformat()}"

    @property
    def server(self) -> ServerState:
        """Return the tables now."""
        return self.reader.state()
