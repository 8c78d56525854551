"""The helper of a lane's calls: begun with a call, gone with it, and no harm where it misbehaves."""

import queue
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from gate_controller.control.call_helpers import CallHelpers
from gate_controller.terminal.call_sound import SoundSaid, SoundShown
from tests.support.gates.waiting import PATIENCE_SECONDS, until

LANE = "north-in"
ECHO = """
import sys
for line in sys.stdin:
    if line.strip() != "null":
        call = line.split('"call":"')[1].split('"')[0]
        print('{"act":"sound","call":"%s","camera_open":true}' % call, flush=True)
"""
STUBBORN = (
    'import sys, time\nprint(\'{"act":"sound","call":"a","camera_open":true}\', flush=True)\ntime.sleep(600)'
)
GARBAGE = "print('no word', flush=True)\nimport time\ntime.sleep(600)"
GONE = 'import sys\nsys.stdin.readline()\nprint(\'{"act":"sound","call":"a"}\', flush=True)\nsys.exit(3)'


@contextmanager
def helpers(program: str) -> Iterator[tuple[CallHelpers, "queue.Queue[tuple[str, SoundSaid]]"]]:
    said: queue.Queue[tuple[str, SoundSaid]] = queue.Queue()
    made = CallHelpers({LANE: [sys.executable, "-c", program]}, lambda lane, word: said.put((lane, word)))
    yield made, said
    made.close()


def next_word(said: "queue.Queue[tuple[str, SoundSaid]]") -> SoundSaid:
    lane, word = said.get(timeout=PATIENCE_SECONDS)
    assert lane == LANE
    return word


def test_a_helper_is_begun_with_a_call_takes_each_state_once_and_ends_with_it() -> None:
    with helpers(ECHO) as (made, said):
        made.show(LANE, None)
        assert not made._running
        made.show(LANE, SoundShown(call="a"))
        assert next_word(said) == SoundSaid(call="a", camera_open=True)
        made.show(LANE, SoundShown(call="a"))
        made.show(LANE, SoundShown(call="a", speaks=True))
        assert next_word(said).call == "a"
        process = made._running[LANE].process
        made.show(LANE, None)
        assert next_word(said) == SoundSaid(call="a", trouble="lost"), "and its camera is closed"
        assert process.wait(PATIENCE_SECONDS) == 0
        assert said.empty()


def test_the_next_call_has_a_helper_of_its_own() -> None:
    with helpers(ECHO) as (made, said):
        made.show(LANE, SoundShown(call="a"))
        next_word(said)
        first = made._running[LANE].process
        made.show(LANE, SoundShown(call="b"))
        assert made._running[LANE].process is not first
        until(lambda: first.poll() == 0)


def test_one_that_does_not_end_is_killed_and_its_camera_counts_as_closed() -> None:
    with helpers(STUBBORN) as (made, said):
        made.show(LANE, SoundShown(call="a"))
        assert next_word(said).camera_open
        made.show(LANE, None)
        assert not next_word(said).camera_open


def test_one_that_says_no_word_of_a_helper_is_ended_and_the_call_goes_on_without_sound() -> None:
    with helpers(GARBAGE) as (made, said):
        made.show(LANE, SoundShown(call="a"))
        assert next_word(said) == SoundSaid()
        made.show(LANE, SoundShown(call="a", speaks=True))
        assert made._running[LANE].ended.is_set()


def test_one_that_ends_in_a_call_is_said_to_be_lost_and_is_not_begun_again() -> None:
    with helpers(GONE) as (made, said):
        made.show(LANE, SoundShown(call="a"))
        assert next_word(said).trouble == ""
        assert next_word(said).trouble == "lost"
        process = made._running[LANE].process
        made.show(LANE, SoundShown(call="a", speaks=True))
        assert made._running[LANE].process is process


def test_a_lane_without_devices_of_its_own_has_no_helper() -> None:
    with helpers(ECHO) as (made, _said):
        made.show("south", SoundShown(call="a"))
        assert not made._running
