"""A gate with its telephone, the office it reports to, and the telephones of a home."""

from gate_controller.lane.home_call import CallPhase
from gate_controller.lane.state import LaneDesk
from tests.support.gates.bench import LANE, BenchGate, obeyed
from tests.support.gates.call_office import CallOffice
from tests.support.gates.waiting import until
from tests.support.telephones import Owner, Phone


class Scene:
    """A gate with its telephone, the office it reports to, two telephones of the home, and the guard's."""

    def __init__(
        self, bench: BenchGate, office: CallOffice, program: Phone, first: Owner, second: Owner
    ) -> None:
        self.bench, self.office, self.program = bench, office, program
        self.first, self.second = first, second

    @property
    def desk(self) -> LaneDesk:
        assert self.bench.gate is not None
        return self.bench.gate.controller._parts.desks[LANE]

    def call(self) -> None:
        """Call the home from the keypad; the clock stands still from then on."""
        until(lambda: self.desk.calls.is_offered and self.bench.gate.controller._state.online)
        self.bench.time.stop()
        self.bench.keys.type("##7" + "31203#")
        until(lambda: bool(self.office.reports))

    def is_at(self, phase: CallPhase | None) -> None:
        calls = self.desk.calls
        until(lambda: (calls.call.phase if calls.call is not None else None) is phase)

    def openings(self) -> int:
        return sum(change.on for change in obeyed(self.bench.relay).changes)

    def decisions_after_the_end(self) -> list[tuple[str, str, bool]]:
        self.office.over()
        return self.decisions()

    def decisions(self) -> list[tuple[str, str, bool]]:
        self.bench.stop()
        return self.bench.decisions()


def answer(owner: Owner) -> None:
    owner.until("CALL_INCOMING")
    owner.press("accept")
    owner.until("CALL_ESTABLISHED")
