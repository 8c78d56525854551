"""A gate with its telephone, the office it reports to, and the telephones of a home."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from gate_controller.contract.calls import CallLeg
from gate_controller.lane.home_call import CallPhase
from gate_controller.lane.state import LaneDesk
from tests.support.compounds.people import card, person, records
from tests.support.gates.bench import CARD_KEY, LANE, BenchGate, bench_gate, obeyed
from tests.support.gates.call_office import PERSON, CallOffice, call_office
from tests.support.gates.waiting import until
from tests.support.telephones import SDES, Owner, Phone, telephone

OTHER = "00000000000000b2"
RING_SECONDS = 20
CARD = 0x1234ABCD


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


@contextmanager
def scene_in(folder: Path, *, numbers: tuple[str, ...] = (), encryption: str = SDES) -> Iterator[Scene]:
    """Start the gate, its telephone program, and two telephones."""
    with ExitStack() as held:
        program = held.enter_context(telephone(folder, "gate", encryption=encryption))
        phones = tuple(
            held.enter_context(telephone(folder, name, encryption=encryption)) for name in ("first", "second")
        )
        site = (
            f'[telephone]\ncontrol_port = {program.control_port}\nguard_numbers = ["{phones[1].address}"]\n'
        )
        (folder / "bench").mkdir()
        bench = held.enter_context(bench_gate(folder / "bench", more=site))
        office, bench.server_url = held.enter_context(call_office(bench.site))
        called = numbers or tuple(phone.address for phone in phones)
        office.legs = tuple(
            CallLeg(person_id=whose, number=number, ring_seconds=RING_SECONDS)
            for whose, number in zip((PERSON, OTHER), called, strict=False)
        )
        people = person(), person(OTHER, grants=())
        bench.give_policy(records(*people, card(CARD, CARD_KEY)))
        bench.start(also={"telephone"})
        owners = [held.enter_context(phone.owner()) for phone in phones]
        yield Scene(bench, office, program, *owners)
