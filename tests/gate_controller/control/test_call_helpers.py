"""The helper of a lane's calls: begun with a call, gone with it, and no harm where it misbehaves."""

import queue
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from gate_controller.contract.call_media import MediaSide
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
    made = CallHelpers(
        {LANE: [sys.executable, "-c", program]}, lambda lane, word: said.put((lane, word)), time.monotonic
    )
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
        assert next_word(said) == SoundSaid(call="a", trouble="no_helper"), "and its camera is closed"
        assert process.wait(PATIENCE_SECONDS) == 0
        assert said.empty()


def test_the_next_call_has_a_helper_of_its_own() -> None:
    with helpers(ECHO) as (made, said):
        made.show(LANE, SoundShown(call="a"))
        next_word(said)
        first = made._running[LANE].process
        made.show(LANE, SoundShown(call="b"))
        assert LANE not in made._running, "one at a time"
        until(lambda: (made.show(LANE, SoundShown(call="b")), LANE in made._running)[-1])
        assert first.poll() == 0


def test_one_that_does_not_end_is_killed_and_its_camera_counts_as_closed() -> None:
    with helpers(STUBBORN) as (made, said):
        made.show(LANE, SoundShown(call="a"))
        assert next_word(said).camera_open
        made.show(LANE, None)
        assert not next_word(said).camera_open


def test_one_that_says_no_word_of_a_helper_is_ended_and_the_call_goes_on_without_sound() -> None:
    with helpers(GARBAGE) as (made, said):
        made.show(LANE, SoundShown(call="a"))
        assert next_word(said) == SoundSaid(call="a", trouble="no_helper")
        made.show(LANE, SoundShown(call="a", speaks=True))
        assert made._running[LANE].ended.is_set()


def test_one_that_ends_in_a_call_is_said_to_be_lost_and_is_not_begun_again() -> None:
    with helpers(GONE) as (made, said):
        made.show(LANE, SoundShown(call="a"))
        assert next_word(said).trouble == ""
        assert next_word(said).trouble == "no_helper"
        process = made._running[LANE].process
        made.show(LANE, SoundShown(call="a", speaks=True))
        assert made._running[LANE].process is process


def test_one_that_hangs_with_the_camera_is_ended_and_no_word_to_it_holds_up_the_gate() -> None:
    with helpers(STUBBORN) as (made, said):
        made.show(LANE, SoundShown(call="a"))
        assert next_word(said).camera_open
        process = made._running[LANE].process
        until(lambda: (made.show(LANE, SoundShown(call="a")), process.poll())[-1] is not None)
        assert next_word(said) == SoundSaid(call="a", trouble="no_helper")


def test_one_that_reads_nothing_is_ended_before_its_pipe_is_full() -> None:
    answer = MediaSide(ufrag="abcd", pwd="p" * 22, fingerprint=bytes(32), candidates=())
    with helpers("import time\ntime.sleep(600)") as (made, said):
        for number in range(2000):
            made.show(LANE, SoundShown(call="a", answer=answer, speaks=bool(number % 2)))
        assert next_word(said) == SoundSaid(call="a", trouble="no_helper")


def test_one_that_floods_is_ended() -> None:
    flood = 'while True: print(\'{"act":"sound","call":"a"}\', flush=True)'
    with helpers(flood) as (made, said):
        made.show(LANE, SoundShown(call="a"))
        until(made._running[LANE].ended.is_set)
        assert said.qsize() <= 52


def test_one_that_does_not_start_leaves_the_call_without_sound_and_is_tried_once() -> None:
    said: queue.Queue[tuple[str, SoundSaid]] = queue.Queue()
    made = CallHelpers({LANE: ["/nonexistent"]}, lambda lane, word: said.put((lane, word)), time.monotonic)
    for _tick in range(3):
        made.show(LANE, SoundShown(call="a"))
    assert next_word(said) == SoundSaid(call="a", trouble="no_helper")
    assert said.empty()


def test_a_lane_without_devices_of_its_own_has_no_helper() -> None:
    with helpers(ECHO) as (made, _said):
        made.show("south", SoundShown(call="a"))
        assert not made._running
