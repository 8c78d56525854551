"""How soon a call of a home rings and opens, and what it costs the gate: server, gate and pages as they run.

The parts are those of the demo: processes of their own, over HTTP, ptys and the telephone program's control
port. The baselines of the same run: an order of the office for *open*, a card for a telephone's key, and
Debian's baresip alone for how soon a telephone rings. The way through an exchange, and the sound, are not in
it.
"""

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from demo.actors.called_home import CalledHome
from demo.judge import pulse_after, wait_until_locked
from demo.stage import Stage, open_stage
from demo.steps.calls import (
    GATE,
    LANDLINE,
    LANE,
    PREFIX,
    TASK_SECONDS,
    begin_call,
    put_away,
    wait_proved,
    wait_ringing,
)
from gate_controller.terminal.view import Screen
from hardware.simulated.telephone_line import TelephoneLine
from hardware.telephones.control import Control
from tests.bench.cost_meters import pss_kib
from tests.bench.figure import Figure, beside, percentile
from tests.support.telephones import telephone

ROUNDS, CARDS, DIALS, MANY_CALLS = 20, 100, 10, 60
PAGE_TARGET_MS, TELEPHONE_TARGET_MS, OPEN_TARGET_MS, KEY_TARGET_MS = 1000, 2000, 300, 150
CARD_TARGET_RATIO = 1.1
GROWTH_TARGET_MIB = 5.0
EVERY_CARD_SECONDS = 0.5


def measure() -> Iterator[Figure]:
    """Yield p95 of each way in ms, the card during a call, and the gate's memory in MiB."""
    bare = _bare_ring_ms()
    with open_stage(None, wrapper=[], tell=lambda _words: None) as stage:
        home = _called_home(stage)
        yield from _pages(stage, home)
        yield from _telephone(stage, home, bare)
        yield from _card_meanwhile(stage, home)
        yield from _memory(stage, home)


def _called_home(stage: Stage) -> CalledHome:
    """Return a home that takes calls, with a telephone that was proved."""
    home, line = CalledHome(stage.phone_of("resident")), _line(stage)
    stage.desk.allow_numbers(PREFIX)
    home.switch(on=True)
    home.at_all_hours()
    page, digits = home.add_number(LANDLINE)
    line.wait_ringing(LANDLINE, TASK_SECONDS)
    line.answer(LANDLINE)
    line.press(LANDLINE, digits)
    wait_proved(home, page)
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


def _pages(stage: Stage, home: CalledHome) -> Iterator[Figure]:
    home.order("pages", guard=False)
    rang, opened, ordered = [], [], []
    for _round in range(ROUNDS):
        pressed_ns = _call(stage)
        call, rang_ns = wait_ringing(home)
        rang.append((rang_ns - pressed_ns) / 1e6)
        home.press(call, "answer")
        opened.append(pulse_after(stage.gates[GATE], LANE, lambda call=call: home.press(call, "open")))  # type: ignore[misc]  # mypy types no defaults of lambdas
        put_away(stage)
        ordered.append(pulse_after(stage.gates[GATE], LANE, lambda: stage.desk.open_lane(LANE, "bench")))
    yield _p95("press → the page can say that it rings", rang, "the press alone", [1.0], PAGE_TARGET_MS)
    yield _p95("open on the page → relay byte", opened, "an order of the office", ordered, OPEN_TARGET_MS)


def _telephone(stage: Stage, home: CalledHome, bare: list[float]) -> Iterator[Figure]:
    home.order("telephones", guard=False)
    line, ends = _line(stage), stage.gates[GATE]
    rang, opened = [], []
    for _round in range(ROUNDS):
        pressed_ns = _call(stage)
        line.wait_ringing(LANDLINE)
        rang.append((time.monotonic_ns() - pressed_ns) / 1e6)
        line.answer(LANDLINE)
        opened.append(pulse_after(ends, LANE, lambda: line.press(LANDLINE, "9")))
        put_away(stage)
    cards = _cards(stage, CARDS // 4)
    yield _p95(
        "press → the gate dials the telephone", rang, "baresip alone: dial → rings", bare, TELEPHONE_TARGET_MS
    )
    yield _p95("key of the telephone → relay byte", opened, "a card", cards, KEY_TARGET_MS)


def _card_meanwhile(stage: Stage, home: CalledHome) -> Iterator[Figure]:
    home.order("pages", guard=False)
    alone = _cards(stage, CARDS)
    with _calls_going_on(stage, home):
        during = _cards(stage, CARDS)
    for name, share in (("p50", 0.5), ("p99", 0.99)):
        value, peer = percentile(during, share), percentile(alone, share)
        yield beside("call", f"card → relay byte during a call, {name}", value, "ms", "without a call", peer)


@contextmanager
def _calls_going_on(stage: Stage, home: CalledHome) -> Iterator[None]:
    """Keep an answered call going at the lane; it lasts five minutes at most."""
    _call(stage)
    call, _rang_ns = wait_ringing(home)
    home.press(call, "answer")
    _screen_shows(stage, Screen.CALL_ANSWERED)
    yield
    put_away(stage)


def _screen_shows(stage: Stage, screen: Screen) -> None:
    shown = stage.gates[GATE].screen
    if shown is None:
        raise LookupError(f"the gate {GATE} has no screen")
    shown.wait_for(screen)


def _cards(stage: Stage, count: int) -> list[float]:
    ends, number = stage.gates[GATE], stage.member("resident").card
    reader, took = ends.metal.readers[LANE], []
    for _card in range(count):
        wait_until_locked(ends, LANE)
        took.append(pulse_after(ends, LANE, lambda: reader.tap(number)))
        time.sleep(EVERY_CARD_SECONDS)
    return took


def _memory(stage: Stage, home: CalledHome) -> Iterator[Figure]:
    def held() -> float:
        return pss_kib(stage.gates[GATE].process.pid) / 1024

    before = held()
    with _calls_going_on(stage, home):
        during = held()
    for _call_number in range(MANY_CALLS):
        _call(stage)
        call, _rang_ns = wait_ringing(home)
        home.press(call, "answer")
        home.press(call, "away")
        _screen_shows(stage, Screen.CALL_OVER)
        put_away(stage)
    after = held()
    yield beside("call", "the gate's memory in a call", during, "MiB", "before", before)
    growth = Figure(
        "call",
        f"its growth over {MANY_CALLS} calls",
        round(after - before, 2),
        "MiB",
        target=GROWTH_TARGET_MIB,
    )
    yield growth


def _p95(case: str, values: list[float], peer: str, peers: list[float], target_ms: float) -> Figure:
    peer_ms = percentile(peers, 0.95) if peers else 0.0
    return beside("call", f"{case}, p95", percentile(values, 0.95), "ms", peer, peer_ms, target_ms)


def _bare_ring_ms() -> list[float]:
    """Return how long Debian's baresip takes from `dial` until the other one rings; nothing without it."""
    if shutil.which("baresip") is None:
        return []
    took = []
    with (
        tempfile.TemporaryDirectory(prefix="menjin-bench-") as folder,
        telephone(Path(folder), "gate") as gate,
        telephone(Path(folder), "home") as home,
        closing(Control(gate.control_port)) as control,
    ):
        for _dial in range(DIALS):
            began = time.perf_counter()
            control.send("dial", home.address, token="bench")
            _wait_for(control, "CALL_RINGING")
            took.append((time.perf_counter() - began) * 1000)
            control.send("hangupall", "all")
            _wait_for(control, "CALL_CLOSED")
    return took


def _wait_for(control: Control, kind: str) -> None:
    give_up = time.monotonic() + 10
    while time.monotonic() < give_up:
        if any(fields.get("type") == kind for fields in control.read(0.01)):
            return
    raise TimeoutError(f"baresip did not say {kind}")
