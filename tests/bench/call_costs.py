"""Cost of calls at a gate: the card beside a call, memory and processor in one, growth after many."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from demo.actors.called_home import CalledHome
from demo.judge import pulse_after, wait_until_locked
from demo.stage import Stage
from demo.steps.calls import GATE, LANE, begin_call, put_away, wait_ringing
from gate_controller.terminal.view import Screen
from tests.bench.call_browsers import Browsers, cores_of, kiosk_of, mib_of
from tests.bench.figure import Figure, beside, percentile

CARD_TARGET_RATIO = 1.1
KIOSK_TARGET_CORES, KIOSK_TARGET_MIB = 0.4, 130.0
GROWTH_TARGET_MIB = 5.0
EVERY_CARD_SECONDS = 0.5
WATCHED_SECONDS, SETTLE_SECONDS = 10.0, 3.0
LOOKS = 5
FIRST_CALLS = 10
"""After these all that is loaded once is there."""


def cards(stage: Stage, count: int) -> list[float]:
    """Return the ms from card to relay, one card after the other."""
    ends, number = stage.gates[GATE], stage.member("resident").card
    reader, took = ends.metal.readers[LANE], []
    for _card in range(count):
        wait_until_locked(ends, LANE)
        took.append(pulse_after(ends, LANE, lambda: reader.tap(number)))
        time.sleep(EVERY_CARD_SECONDS)
    return took


def beside_cards(stage: Stage, home: CalledHome, both: Browsers, count: int) -> Iterator[Figure]:
    """Yield the card while home and visitor see and hear each other; half of those without come after."""
    half = max(1, count // 2)
    alone = cards(stage, half)
    with _seen_and_heard(stage, home, both):
        during = cards(stage, count)
    alone += cards(stage, half)
    for name, share, target in (("p50", 0.5, None), ("p99", 0.99, CARD_TARGET_RATIO)):
        value, peer = percentile(during, share), percentile(alone, share)
        case = f"card → relay byte during a call, {name}"
        most = peer * target if target is not None else None
        yield beside("call", case, value, "ms", "without a call", peer, most)


def in_a_call(stage: Stage, home: CalledHome, both: Browsers) -> Iterator[Figure]:
    """Yield memory of gate and kiosk before, in and after a call, and the kiosk's work in it."""
    gate, kiosk = [stage.gates[GATE].process.pid], kiosk_of(stage)
    before, calm = (mib_of(gate), mib_of(kiosk)), cores_of(kiosk, WATCHED_SECONDS)
    with _seen_and_heard(stage, home, both):
        busy = cores_of(kiosk, WATCHED_SECONDS)
        during = mib_of(gate), mib_of(kiosk_of(stage))
    time.sleep(SETTLE_SECONDS)
    after = mib_of(gate), mib_of(kiosk_of(stage))
    for at, who, target in (
        (0, "the gate's program", None),
        (1, "the kiosk's browser", before[1] + KIOSK_TARGET_MIB),
    ):
        yield beside("call", f"memory of {who} in a call", during[at], "MiB", "before", before[at], target)
        yield beside("call", f"memory of {who} after it", after[at], "MiB", "before", before[at])
    case = "cores of the kiosk's browser in a call"
    yield beside("call", case, busy, "cores", "before", calm, KIOSK_TARGET_CORES)


def over_many_calls(stage: Stage, home: CalledHome, both: Browsers, count: int) -> Iterator[Figure]:
    """Yield by how much calls that are answered and end let gate, server and kiosk grow.

    A browser gives memory back when it likes: the kiosk's page is swept first, and the least of some looks
    counts.
    """

    def held() -> dict[str, float]:
        both.sweep_screen()
        looks = []
        for _look in range(LOOKS):
            time.sleep(SETTLE_SECONDS)
            gate, server = stage.gates[GATE].process.pid, stage.server.pid
            looks.append((mib_of([gate]), mib_of([server]), mib_of(kiosk_of(stage))))
        least = [min(column) for column in zip(*looks, strict=True)]
        return dict(zip(("the gate's program", "the server", "the kiosk's browser"), least, strict=True))

    _many(stage, home, FIRST_CALLS)
    before = held()
    _many(stage, home, count)
    after = held()
    for who, mib in after.items():
        case = f"growth of {who} over {count} calls"
        yield Figure("call", case, round(mib - before[who], 2), "MiB", target=GROWTH_TARGET_MIB)


def _many(stage: Stage, home: CalledHome, count: int) -> None:
    for _call in range(count):
        call = _ring(stage, home)
        home.press(call, "answer")
        _screen_shows(stage, Screen.CALL_ANSWERED)
        home.press(call, "away")
        _screen_shows(stage, Screen.CALL_OVER)
        put_away(stage)


def _ring(stage: Stage, home: CalledHome) -> str:
    stage.office.forget_counts()
    begin_call(stage, stage.member("resident").typed_home)
    call, _rang_ns = wait_ringing(home)
    return call


@contextmanager
def _seen_and_heard(stage: Stage, home: CalledHome, both: Browsers) -> Iterator[None]:
    """Keep a call with sound and picture going; it lasts five minutes at most."""
    both.answer(_ring(stage, home))
    yield
    both.press("Hang up")
    _screen_shows(stage, Screen.CALL_OVER)
    put_away(stage)


def _screen_shows(stage: Stage, screen: Screen) -> None:
    shown = stage.gates[GATE].screen
    if shown is None:
        raise LookupError(f"the gate {GATE} has no screen")
    shown.wait_for(screen)
