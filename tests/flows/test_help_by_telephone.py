"""Help at the gate calls the guard's telephones in turn: real bytes, a real gate, real telephones."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from gate_controller.terminal.view import HelpCall
from tests.support.compounds.people import card, person, records
from tests.support.gates.bench import CARD_KEY, LANE, BenchGate, bench_gate, obeyed
from tests.support.gates.process import wait_for_entries
from tests.support.gates.waiting import until
from tests.support.telephones import Owner, Phone, telephone

HELP = "##9"
RING_SECONDS, LONGEST_SECONDS, KEY_SECONDS = 20, 60, 15


class Scene:
    """A gate with its telephone, and the guards' two telephones."""

    def __init__(
        self, bench: BenchGate, program: Phone, guards: tuple[Phone, Phone], held: ExitStack
    ) -> None:
        self.bench, self.program = bench, program
        self.first, self.second = (held.enter_context(phone.owner()) for phone in guards)

    def press_help(self) -> None:
        self.bench.keys.type(HELP)

    def shows(self, state: HelpCall) -> None:
        assert self.bench.gate is not None
        screen = self.bench.gate.controller._parts.desks[LANE].screen
        until(lambda: screen.help_call is state)

    def kinds(self) -> list[str]:
        self.bench.stop()
        return [entry.kind for entry in self.bench.entries() if "help" in entry.kind]


@contextmanager
def scene_in(folder: Path, *, more: str = "") -> Iterator[Scene]:
    with ExitStack() as held:
        program = held.enter_context(telephone(folder, "gate"))
        guards = tuple(held.enter_context(telephone(folder, name)) for name in ("first", "second"))
        numbers = ", ".join(f'"{phone.address}"' for phone in guards)
        site = f"""
[telephone]
control_port = {program.control_port}
guard_numbers = [{numbers}]
ring_seconds = {RING_SECONDS}
longest_seconds = {LONGEST_SECONDS}
{more}
"""
        (folder / "bench").mkdir()
        bench = held.enter_context(bench_gate(folder / "bench", more=site))
        bench.give_policy(records(person(), card(0x1234ABCD, CARD_KEY)))
        bench.start(also={"telephone"})
        bench.time.stop()
        yield Scene(bench, program, (guards[0], guards[1]), held)


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with scene_in(tmp_path) as made:
        yield made


def answer(owner: Owner) -> None:
    owner.until("CALL_INCOMING")
    owner.press("accept")
    owner.until("CALL_ESTABLISHED")


def test_the_first_telephone_that_answers_takes_the_call_and_no_alarm_is_raised(scene: Scene) -> None:
    scene.press_help()
    scene.shows(HelpCall.CALLING)
    answer(scene.first)
    scene.shows(HelpCall.TALKING)
    wait_for_entries(scene.bench, "help_answered")
    scene.first.press("hangup")
    scene.shows(HelpCall.NONE)
    assert scene.kinds() == ["help_called", "help_answered"]
    assert [entry.facts for entry in scene.bench.entries() if entry.kind == "help_answered"] == [
        {"lane_id": LANE, "place": 1}
    ]


def test_help_is_an_alarm_at_once_while_the_telephone_is_away_and_in_mid_call_when_it_dies(
    scene: Scene,
) -> None:
    scene.press_help()
    scene.first.until("CALL_INCOMING")
    scene.program.process.kill()
    wait_for_entries(scene.bench, "alarm_help")
    until(lambda: scene.bench.health("telephone") == "lost")
    scene.press_help()
    wait_for_entries(scene.bench, "alarm_help", 2)
    assert scene.kinds() == ["help_called", "alarm_help", "alarm_help"]


def test_a_gate_that_is_stopped_while_it_calls_leaves_an_alarm_and_no_telephone_that_rings(
    scene: Scene,
) -> None:
    scene.press_help()
    scene.first.until("CALL_INCOMING")
    assert scene.kinds() == ["help_called", "alarm_help"]
    scene.first.until("CALL_CLOSED")


def test_a_gate_does_not_end_for_an_update_while_it_calls_or_the_guard_speaks(scene: Scene) -> None:
    def is_quiet() -> bool:
        assert scene.bench.gate is not None
        scene.bench.passes(5.0)
        controller = scene.bench.gate.controller
        return controller._quiet.is_quiet(controller._parts.clock.monotonic_seconds())

    scene.press_help()
    scene.shows(HelpCall.CALLING)
    assert not is_quiet()
    answer(scene.first)
    scene.shows(HelpCall.TALKING)
    assert not is_quiet()
    scene.first.press("hangup")
    scene.shows(HelpCall.NONE)
    scene.bench.passes(60.0)
    assert is_quiet()


def test_a_second_press_while_it_is_called_calls_no_second_time(scene: Scene) -> None:
    scene.press_help()
    scene.first.until("CALL_INCOMING")
    scene.bench.keys.type(f"*{HELP}")
    scene.bench.handled()
    answered_by(scene.first)
    assert scene.kinds() == ["help_called", "help_answered"]


def answered_by(owner: Owner) -> None:
    owner.press("accept")
    owner.until("CALL_ESTABLISHED")
    owner.press("hangup")
    owner.until("CALL_CLOSED")


def test_no_key_of_the_guard_and_no_tone_in_the_sound_opens(scene: Scene) -> None:
    scene.press_help()
    answer(scene.first)
    scene.shows(HelpCall.TALKING)
    for key in "0123456789*#":
        scene.first.press("sndcode", key)
    scene.first.press("hangup")
    scene.shows(HelpCall.NONE)
    assert not any(change.on for change in obeyed(scene.bench.relay).changes)


def test_a_card_opens_while_the_guard_is_called(scene: Scene) -> None:
    scene.press_help()
    scene.first.until("CALL_INCOMING")
    assert scene.bench.relay.wait_for_on(1, timeout_seconds=20, after_ns=scene.bench.card.tap(0x1234ABCD))
