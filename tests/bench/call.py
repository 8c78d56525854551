"""How soon a call of a home rings, is heard and opens, and what it costs the gate: all parts as they run.

The parts are those of the demo: processes of their own, over HTTP, ptys and the telephone program's control
port, with one Chromium as the kiosk and one as the phone. The baselines of the same run: one question of the
page, Debian's baresip alone, two pages that hand each other their sides, an order of the office for *open*, a
card for a telephone's key. The way through an exchange is not in it.

`--rounds` are calls of each way, `--cards` the cards beside a call and without one, `--calls` those by which
growth is measured.
"""

import argparse
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from demo.actors.called_home import CalledHome
from demo.judge import pulse_after
from demo.rig.processes import wait_until
from demo.stage import Stage, open_stage
from demo.steps.calls import GATE, LANE, begin_call, called_home, put_away, wait_ringing
from hardware.simulated.telephone_line import TelephoneLine
from hardware.telephones.control import Control
from tests.bench.call_browsers import Browsers, browsers
from tests.bench.call_costs import beside_cards, cards, in_a_call, over_many_calls
from tests.bench.cost_meters import pss_kib
from tests.bench.figure import Figure, beside, percentile
from tests.support.telephones import telephone

PAGE_TARGET_MS, TELEPHONE_TARGET_MS, HEARD_TARGET_MS = 1000, 2000, 500
OPEN_TARGET_MS, KEY_TARGET_MS = 300, 150
TELEPHONE_TARGET_MIB = 15.0
PREFIX, LANDLINE = "+86", "+862885550123"
TASK_SECONDS = 40.0
"""A gate asks the server every few seconds which telephones it is to call for it."""
DIALS = 10


@dataclass(frozen=True, slots=True)
class Counts:
    """How often each thing is done."""

    rounds: int
    cards: int
    calls: int


def measure(arguments: Sequence[str] = ()) -> Iterator[Figure]:
    """Yield p95 of each way in ms, the card beside a call, and memory and its growth in MiB."""
    parser = argparse.ArgumentParser(prog="menjin bench call")
    parser.add_argument("--rounds", type=int, default=30, help="calls of each way (default: %(default)s)")
    parser.add_argument("--cards", type=int, default=100, help="cards beside a call (default: %(default)s)")
    parser.add_argument("--calls", type=int, default=500, help="calls for growth (default: %(default)s)")
    counts = Counts(**vars(parser.parse_args(arguments)))
    bare, telephone_figures = _telephone_alone(min(DIALS, counts.rounds))
    with open_stage(None, wrapper=[], tell=lambda _words: None) as stage:
        home = _home_with_telephone(stage)
        yield from _telephone(stage, home, bare, counts)
        yield from telephone_figures
        with browsers(stage) as both:
            yield from _pages(stage, home, both, counts.rounds)
            yield from in_a_call(stage, home, both)
            yield from beside_cards(stage, home, both, counts.cards)
            yield from over_many_calls(stage, home, both, counts.calls)


def _home_with_telephone(stage: Stage) -> CalledHome:
    """Return a home that takes calls, with a telephone that was proved."""
    home, line = called_home(stage), _line(stage)
    stage.desk.allow_numbers(PREFIX)
    page, digits = home.add_number(LANDLINE)
    line.wait_ringing(LANDLINE, TASK_SECONDS)
    line.answer(LANDLINE)
    line.press(LANDLINE, digits)
    wait_until(lambda: home.is_proved(page), TASK_SECONDS, "the page says that the number is proved")
    line.wait_quiet(LANDLINE)
    return home


def _line(stage: Stage) -> TelephoneLine:
    line = stage.gates[GATE].metal.telephone
    if line is None:
        raise LookupError(f"the gate {GATE} has no telephone")
    return line


def _call(stage: Stage) -> int:
    """Call the home as if no one had before; return monotonic ns of the last key."""
    stage.office.forget_counts()
    return begin_call(stage, stage.member("resident").typed_home)


def _pages(stage: Stage, home: CalledHome, both: Browsers, rounds: int) -> Iterator[Figure]:
    home.order("pages", guard=False)
    rang, opened, came = [], [], []
    for _round in range(rounds):
        both.look_at_home()
        pressed_ns = _call(stage)
        rang.append((both.wait_band() - pressed_ns) / 1e6)
        call, _rang_ns = wait_ringing(home)
        came.append(both.answer(call))
        opened.append(pulse_after(stage.gates[GATE], LANE, lambda call=call: home.press(call, "open")))  # type: ignore[misc]  # mypy types no defaults of lambdas
        put_away(stage)
    asked = [_ms_of_a_question(home) for _round in range(rounds)]
    ordered = [
        pulse_after(stage.gates[GATE], LANE, lambda: stage.desk.open_lane(LANE, "bench"))
        for _round in range(rounds)
    ]
    alone = [both.alone() for _round in range(rounds)]
    yield _p95("press → the page rings", rang, "one question of the page", asked, PAGE_TARGET_MS)
    peer = "two pages alone"
    for what, ours, theirs in (
        ("picture", [one.picture_ms for one in came], [one.picture_ms for one in alone]),
        ("sound", [one.sound_ms for one in came], [one.sound_ms for one in alone]),
    ):
        yield beside(
            "call", f"answer → first {what}, p50", percentile(ours, 0.5), "ms", peer, percentile(theirs, 0.5)
        )
        yield _p95(f"answer → first {what}", ours, peer, theirs, HEARD_TARGET_MS)
    yield _p95("open on the page → relay byte", opened, "an order of the office", ordered, OPEN_TARGET_MS)


def _ms_of_a_question(home: CalledHome) -> float:
    began = time.perf_counter()
    home.ringing()
    return (time.perf_counter() - began) * 1000


def _telephone(stage: Stage, home: CalledHome, bare: list[float], counts: Counts) -> Iterator[Figure]:
    home.order("telephones", guard=False)
    line, ends = _line(stage), stage.gates[GATE]
    rang, opened = [], []
    for _round in range(counts.rounds):
        pressed_ns = _call(stage)
        line.wait_ringing(LANDLINE)
        rang.append((time.monotonic_ns() - pressed_ns) / 1e6)
        line.answer(LANDLINE)
        opened.append(pulse_after(ends, LANE, lambda: line.press(LANDLINE, "9")))
        put_away(stage)
    peer = "baresip alone: dial → rings"
    yield _p95("press → the gate dials the telephone", rang, peer, bare, TELEPHONE_TARGET_MS)
    yield _p95(
        "key of the telephone → relay byte", opened, "a card", cards(stage, counts.rounds), KEY_TARGET_MS
    )


def _p95(case: str, values: list[float], peer: str, peers: list[float], target_ms: float) -> Figure:
    name, value = f"{case}, p95", percentile(values, 0.95)
    if not peers:  # a machine without baresip
        return Figure("call", name, round(value, 3), "ms", target=target_ms)
    return beside("call", name, value, "ms", peer, percentile(peers, 0.95), target_ms)


def _telephone_alone(dials: int) -> tuple[list[float], list[Figure]]:
    """Return how long Debian's baresip takes from `dial` until the other rings, and its memory in a call."""
    if shutil.which("baresip") is None:
        return [], []
    took = []
    with (
        tempfile.TemporaryDirectory(prefix="menjin-bench-") as folder,
        telephone(Path(folder), "gate") as gate,
        telephone(Path(folder), "home") as home,
        closing(Control(gate.control_port)) as control,
    ):
        before = pss_kib(gate.process.pid) / 1024
        for _dial in range(dials):
            began = time.perf_counter()
            control.send("dial", home.address, token="bench")
            _wait_for(control, "CALL_RINGING")
            took.append((time.perf_counter() - began) * 1000)
            control.send("hangupall", "all")
            _wait_for(control, "CALL_CLOSED")
        with home.owner() as owner:
            control.send("dial", home.address, token="bench")
            owner.until("CALL_INCOMING")
            owner.press("accept")
            owner.until("CALL_ESTABLISHED")
        during = pss_kib(gate.process.pid) / 1024
    case = "memory of the gate's telephone program in a call"
    return took, [beside("call", case, during, "MiB", "before", before, TELEPHONE_TARGET_MIB)]


def _wait_for(control: Control, kind: str) -> None:
    give_up = time.monotonic() + 10
    while time.monotonic() < give_up:
        if any(fields.get("type") == kind for fields in control.read(0.01)):
            return
    raise TimeoutError(f"baresip did not say {kind}")
