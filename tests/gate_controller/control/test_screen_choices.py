"""Language and pace that one person chose at a screen, and the person who comes next."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gate_controller.lane.screen_state import CHOICES_KEPT_SECONDS
from tests.promises.screen_visitor import at_the_screen
from tests.support.compounds.people import person, pin, records
from tests.support.gates.bench import PIN_KEY, BenchGate, bench_gate

SCREEN = """
[terminal.screen]
lane = "north-in"
port = 0
launch_token_file = "{root}/run/launch-token"
"""


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[BenchGate]:
    with bench_gate(tmp_path, more=SCREEN.format(root=tmp_path)) as gate:
        gate.give_policy(records(person(), pin("082915", PIN_KEY)))
        gate.start()
        gate.time.stop()
        yield gate


def test_a_minute_after_a_person_left_the_screen_speaks_the_gates_own_language_again(
    bench: BenchGate,
) -> None:
    with at_the_screen(bench) as visitor:
        visitor.press("language", language="zh")
        visitor.wait_for(language="zh")
        bench.passes(CHOICES_KEPT_SECONDS - 1)
        visitor.press("method", method="pin")
        visitor.wait_for(language="zh", screen="typing_home")
        bench.passes(21)
        visitor.wait_for(language="zh", screen="idle")
        bench.passes(CHOICES_KEPT_SECONDS)
        visitor.wait_for(language="en", screen="idle")
        bench.stop()


def test_more_time_that_was_pressed_at_rest_is_not_the_next_persons(bench: BenchGate) -> None:
    with at_the_screen(bench) as visitor:
        visitor.press("slower")
        visitor.wait_for(slower=True)
        bench.passes(2 * CHOICES_KEPT_SECONDS)
        assert visitor.views[-1]["slower"], "it gives three times as long to choose, too"
        bench.passes(CHOICES_KEPT_SECONDS + 1)
        visitor.wait_for(slower=False)
        bench.stop()
