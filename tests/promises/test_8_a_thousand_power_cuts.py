"""Promise 8, over random histories of taps, unplugged cables, power cuts and SIGKILL.

After each life of the gate the board's own record of bytes is laid beside the journal on the disk:
every ON byte has a decision of its own that was on the disk before it, and nothing else was said
but OFF.
"""

import time
from collections.abc import Callable, Iterator

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from hardware.simulated.relay_board import RelayBoard
from tests.gate_lives import GateLives, gate_lives, monotonic_ns_of
from tests.gate_on_a_bench import CARD_KEY, BenchGate, bench_gate
from tests.people import card, lane, person, records

ON, OFF = bytes((0xA0, 1, 1, 0xA2)), bytes((0xA0, 1, 0, 0xA1))
KNOWN, UNKNOWN = 7, 8
CLOCKS_DIFFER_NS = 2_000_000

Act = Callable[[BenchGate], object]
ACTS: dict[str, Act] = {
    "wait": lambda bench: None,
    "tap": lambda bench: bench.card.tap(KNOWN),
    "unknown card": lambda bench: bench.card.tap(UNKNOWN),
    "half a card": lambda bench: bench.card.wire.write(b"0000"),
    "pull the board": lambda bench: bench.relay.unplug(),
    "put the board back": lambda bench: bench.relay.replug(),
    "cut the board's power": lambda bench: bench.relay.power_cycle(),
    "pull the reader": lambda bench: bench.card.unplug(),
    "put the reader back": lambda bench: bench.card.replug(),
}
STEPS = st.tuples(st.sampled_from([*sorted(ACTS), "tap", "tap"]), st.integers(0, 40))
STARTS = st.sampled_from([("wait", 0), ("wait", 40), ("wait", 120)])
HISTORIES = st.builds(lambda start, steps: [start, *steps], STARTS, st.lists(STEPS, min_size=1, max_size=8))


@pytest.fixture(scope="module")
def lives(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GateLives]:
    with bench_gate(tmp_path_factory.mktemp("lives")) as bench:
        bench.give_policy(records(person(), card(KNOWN, CARD_KEY), lane(pulse_seconds=0.5)))
        with gate_lives(bench) as lives:
            yield lives


def live_and_die(lives: GateLives, history: list[tuple[str, int]]) -> int:
    """Play one life; return how many ON bytes it had, each of which a decision ordered."""
    bench, relay = lives.bench, lives.bench.relay
    relay.replug()
    bench.card.replug()
    seq = max((entry.seq for entry in lives.entries_after(0)[-1:]), default=0) if journal(lives) else 0
    heard, obeyed = len(relay.heard), len(relay.changes)
    lives.begin()
    for name, milliseconds in history:
        ACTS[name](bench)
        time.sleep(milliseconds / 1000)
    lives.kill()
    time.sleep(0.01)
    said = relay.heard[heard:]
    assert said.replace(OFF, b"").replace(ON, b"") == b"", said.hex()
    ordered = [
        monotonic_ns_of(entry.at)
        for entry in lives.entries_after(seq)
        if entry.kind == "access" and entry.facts["opens"]
    ]
    opened = ons_since(relay, obeyed)
    # One decision orders one ON at most, and was on the disk before it.
    assert len(opened) <= len(ordered)
    for on_ns, ordered_ns in zip(opened, ordered, strict=False):
        assert on_ns >= ordered_ns - CLOCKS_DIFFER_NS
    return len(opened)


def ons_since(relay: RelayBoard, obeyed: int) -> list[int]:
    """Return monotonic ns of every ON after so many obeyed orders."""
    return [change.at_ns for change in relay.changes[obeyed:] if change.on]


def journal(lives: GateLives) -> bool:
    """Tell whether the gate has lived before."""
    return (lives.bench.root / "data" / "journal.sqlite3").exists()


def property_over(examples: int) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Return settings for so many lives; a failing one is not shrunk, each life being real time."""
    return settings(
        max_examples=examples,
        deadline=None,
        phases=(Phase.explicit, Phase.reuse, Phase.generate),
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )


@given(history=HISTORIES)
@property_over(25)
def test_no_on_byte_that_no_decision_ordered(lives: GateLives, history: list[tuple[str, int]]) -> None:
    live_and_die(lives, history)


@pytest.mark.slow
@given(history=HISTORIES)
@property_over(1000)
def test_a_thousand_histories_have_no_on_byte_that_no_decision_ordered(
    lives: GateLives, history: list[tuple[str, int]]
) -> None:
    live_and_die(lives, history)


def test_the_histories_do_open_the_gate(lives: GateLives) -> None:
    """Otherwise the property above would hold for a gate that never opens."""
    assert live_and_die(lives, [("wait", 400), ("unknown card", 30), ("tap", 300)]) == 1
    pulled = [("pull the board", 5), ("put the board back", 300)]
    assert live_and_die(lives, [("wait", 400), ("tap", 300), *pulled]) == 1
