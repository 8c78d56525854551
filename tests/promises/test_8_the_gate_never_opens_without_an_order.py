"""Promise 8: at power-up, crash, reconnect or restart no ON byte is sent that no decision ordered.

Over random histories of taps, unplugged cables, power cuts and SIGKILL the output's own record of what it
received is laid beside the journal on the disk: every ON has a decision of its own that was on the disk
before it, and nothing else was sent but OFF. The output is a USB board, a Modbus board of either family, or
that of an OSDP reader. A whole `menjin gate run` is killed at many moments around
a grant. Does not cover: a relay board that switches unasked, a lock wired so that losing power opens
it (the wiring guide's part), or orders the server repeats (ids are stored first).
"""

import fcntl
import struct
import termios
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import serial.serialposix
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from gate_controller.contract.records import Posture, PostureOverride
from tests.support.compounds.people import card, lane, person, records
from tests.support.examples import examples
from tests.support.gates.bench import CARD_KEY, BenchGate, bench_gate, obeyed
from tests.support.gates.lives import GateLives, gate_lives, monotonic_ns_of
from tests.support.gates.outputs import OFF, Output, outputs_of, site_file_with, wait_for_rest
from tests.support.gates.process import GateProcess, wait_for_entries
from tests.support.gates.waiting import PATIENCE_SECONDS, until

KNOWN, UNKNOWN = 7, 8
CLOCKS_DIFFER_NS = 2_000_000

Action = Callable[[BenchGate, Output], object]
ACTS: dict[str, Action] = {
    "wait": lambda bench, output: None,
    "tap": lambda bench, output: bench.card.tap(KNOWN),
    "unknown card": lambda bench, output: bench.card.tap(UNKNOWN),
    "half a card": lambda bench, output: bench.card.wire.write(b"0000"),
    "pull the board": lambda bench, output: output.unplug(),
    "put the board back": lambda bench, output: output.replug(),
    "cut the board's power": lambda bench, output: output.power_cycle(),
    "pull the reader": lambda bench, output: bench.card.unplug(),
    "put the reader back": lambda bench, output: bench.card.replug(),
}


def tap_until_open(bench: BenchGate, output: Output) -> None:
    """Tap as people do, again after a second, until the output gets its order: a busy machine begins late."""
    ends = time.monotonic() + PATIENCE_SECONDS
    before = sum(on for _at, on in output.orders())
    while sum(on for _at, on in output.orders()) == before and time.monotonic() < ends:
        bench.card.tap(KNOWN)
        looks = time.monotonic() + 1.0
        while sum(on for _at, on in output.orders()) == before and time.monotonic() < looks:
            time.sleep(0.01)


OPENS = "tap until it opens"
"""Of no random history: those must not open where they need not."""
STEPS = st.tuples(st.sampled_from([*sorted(ACTS), "tap", "tap"]), st.integers(0, 40) | st.just(400))
STARTS = st.sampled_from([("wait", 0), ("wait", 40), ("wait", 120)])
AWAY_AT_THE_TAP = [
    ("wait", 400),
    ("pull the board", 400),
    ("tap", 400),
    ("put the board back", 400),
    ("wait", 400),
]
KINDS = st.sampled_from(["usb", "waveshare", "eletechsup", "osdp"])
HISTORIES = st.builds(lambda start, steps: [start, *steps], STARTS, st.lists(STEPS, min_size=1, max_size=8))


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[BenchGate]:
    with bench_gate(tmp_path) as gate:
        gate.give_policy(records(person(), card(7, CARD_KEY), lane(pulse_seconds=5.0)))
        yield gate


def test_a_gate_killed_at_any_moment_comes_back_with_off_alone(bench: BenchGate) -> None:
    """Before, within and after the entry and the pulse; the pulse of 5 s is never resumed."""
    gate = GateProcess.start(bench)
    try:
        for milliseconds in (0, 1, 3, 6, 12, 60):
            bench.card.tap(7)
            time.sleep(milliseconds / 1000)
            gate.kill()
            heard = len(obeyed(bench.relay).heard)
            gate = GateProcess.start(bench)
            since = bench.relay.heard[heard:]
            assert since == OFF * (len(since) // 4)
            assert since
            assert not bench.relay.is_on(1)
    finally:
        gate.end()
    assert any(change.on for change in bench.relay.changes)


def test_a_board_that_comes_back_receives_off_alone(bench: BenchGate) -> None:
    bench.start()
    bench.card.tap(7)
    bench.relay.wait_for_on(1, timeout_seconds=PATIENCE_SECONDS)
    bench.relay.unplug()
    until(lambda: bench.health("board") == "lost")
    bench.card.tap(7)
    wait_for_entries(bench, "alarm_granted_not_opened")
    heard = len(bench.relay.heard)
    plugged_in_ns = time.monotonic_ns()
    bench.relay.replug()
    bench.relay.wait_for_off(1, timeout_seconds=PATIENCE_SECONDS, after_ns=plugged_in_ns)
    bench.passes(10)
    bench.stop()
    since = bench.relay.heard[heard:]
    assert since == OFF * (len(since) // 4)


def test_a_lane_held_open_by_hand_is_not_held_open_again_after_a_restart(bench: BenchGate) -> None:
    ends = datetime.now(UTC) + timedelta(hours=1)
    by_hand = PostureOverride(Posture.HELD_OPEN, "guard-1", "a removal van", ends)
    bench.give_policy(records(person(), card(7, CARD_KEY), lane(posture_override=by_hand)), version=2)
    bench.start()
    for _renewal in range(2):
        bench.passes(5)
    bench.stop()
    assert not any(change.on for change in bench.relay.changes)
    assert "held_open" not in [entry.kind for entry in bench.entries()]


def test_a_lane_held_open_by_policy_opens_after_a_restart_with_an_entry(bench: BenchGate) -> None:
    bench.give_policy(records(person(), lane(posture=Posture.HELD_OPEN)), version=2)
    bench.start()
    on_ns = bench.relay.wait_for_on(1, timeout_seconds=PATIENCE_SECONDS)
    bench.stop()
    bench.relay.wait_for_off(1, timeout_seconds=PATIENCE_SECONDS, after_ns=on_ns)
    assert not bench.relay.is_on(1)
    assert "held_open" in [entry.kind for entry in bench.entries()]


class AdapterWires:
    """DTR and RTS of every port: ptys have none, so the calls that would move them are taken here."""

    def __init__(self) -> None:
        self.raised: list[int] = []
        self.lowered: list[int] = []

    def ioctl(self, port: int, request: int, argument: object = 0, *more: object) -> object:
        """Take what pyserial asks of the two wires; pass everything else on."""
        if request in (termios.TIOCMBIS, termios.TIOCMBIC) and isinstance(argument, bytes):
            (wire,) = struct.unpack("I", argument)
            (self.raised if request == termios.TIOCMBIS else self.lowered).append(wire)
            return 0
        return fcntl.ioctl(port, request, argument, *more)  # type: ignore[call-overload]  # passed on as it came

    def __getattr__(self, name: str) -> object:
        return getattr(fcntl, name)


def test_dtr_and_rts_are_pulled_low_at_every_opening_and_never_raised(
    bench: BenchGate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A relay board that switches on those wires stays still, also when it was pulled and came back."""
    wires = AdapterWires()
    monkeypatch.setattr(serial.serialposix, "fcntl", wires)
    bench.start()
    bench.card.tap(7)
    bench.relay.wait_for_on(1, timeout_seconds=PATIENCE_SECONDS)
    lowered_at_first = len(wires.lowered)
    plugged_in_ns = time.monotonic_ns()
    bench.relay.unplug()
    bench.relay.replug()
    bench.relay.wait_for_off(1, timeout_seconds=PATIENCE_SECONDS, after_ns=plugged_in_ns)
    bench.stop()
    assert wires.raised == []
    assert lowered_at_first >= 2 * 5
    assert len(wires.lowered) > lowered_at_first
    assert set(wires.lowered) == {termios.TIOCM_DTR, termios.TIOCM_RTS}


# -- random histories --------------------------------------------------------------------------------


@dataclass
class Lives:
    """The lives of one gate, and the outputs of which it has one in each life."""

    gate: GateLives
    outputs: dict[str, Output]


@pytest.fixture(scope="module")
def lives(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lives]:
    with bench_gate(tmp_path_factory.mktemp("lives")) as bench, outputs_of(bench) as outputs:
        bench.give_policy(records(person(), card(KNOWN, CARD_KEY), lane(pulse_seconds=0.5)))
        with gate_lives(bench) as gate:
            yield Lives(gate, outputs)


def live_and_die(lives: Lives, kind: str, history: list[tuple[str, int]]) -> int:
    """Play one life; return how many times its output got an order to open, each from a decision."""
    gate, bench, output = lives.gate, lives.gate.bench, lives.outputs[kind]
    output.replug()
    bench.card.replug()
    seq = max((entry.seq for entry in gate.entries_after(0)[-1:]), default=0) if journal(gate) else 0
    obeyed = len(output.orders())
    gate.begin(site_file_with(bench, output), lambda began_ns: wait_for_rest(output, began_ns, 20))
    back_ns = []
    for name, milliseconds in history:
        at_ns, was_plugged = time.monotonic_ns(), output.is_plugged
        (tap_until_open if name == OPENS else ACTS[name])(bench, output)
        back_ns += [at_ns] * (output.is_plugged and not was_plugged)
        back_ns += [at_ns] * (name == "cut the board's power" and output.sees_power_cuts)
        time.sleep(milliseconds / 1000)
    gate.kill()
    time.sleep(0.01)
    assert output.strangers() == []
    ordered = [
        monotonic_ns_of(entry.at)
        for entry in gate.entries_after(seq)
        if entry.kind == "access" and entry.facts["opens"]
    ]
    opened = [at_ns for at_ns, on in output.orders()[obeyed:] if on]
    # One decision orders one ON at most, and was on the disk before it.
    assert len(opened) <= len(ordered)
    for on_ns, ordered_ns in zip(opened, ordered, strict=False):
        assert on_ns >= ordered_ns - CLOCKS_DIFFER_NS
    for on_ns in opened:
        own_ns = max(at for at in ordered if at <= on_ns + CLOCKS_DIFFER_NS)
        # An output that came back after a decision never receives its order.
        assert [at for at in back_ns if own_ns < at < on_ns] == []
    return len(opened)


def journal(gate: GateLives) -> bool:
    """Return whether the gate has lived before."""
    return (gate.bench.root / "data" / "journal.sqlite3").exists()


def property_over(examples: int) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Return settings for so many lives; a failing one is not shrunk, each life being real time."""
    return settings(
        max_examples=examples,
        deadline=None,
        phases=(Phase.explicit, Phase.reuse, Phase.generate),
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )


@given(kind=KINDS, history=HISTORIES)
@example(kind="usb", history=AWAY_AT_THE_TAP)
@example(kind="waveshare", history=AWAY_AT_THE_TAP)
@example(kind="eletechsup", history=AWAY_AT_THE_TAP)
@example(kind="osdp", history=AWAY_AT_THE_TAP)
@property_over(examples(12))
def test_no_on_byte_that_no_decision_ordered(lives: Lives, kind: str, history: list[tuple[str, int]]) -> None:
    live_and_die(lives, kind, history)


@pytest.mark.slow
@given(kind=KINDS, history=HISTORIES)
@property_over(1000)
def test_a_thousand_histories_have_no_on_byte_that_no_decision_ordered(
    lives: Lives, kind: str, history: list[tuple[str, int]]
) -> None:
    live_and_die(lives, kind, history)


@pytest.mark.parametrize("kind", ["usb", "waveshare", "eletechsup", "osdp"])
def test_the_histories_do_open_the_gate(lives: Lives, kind: str) -> None:
    """Otherwise the property above would hold for a gate that never opens."""
    assert live_and_die(lives, kind, [("wait", 0), ("unknown card", 30), (OPENS, 0)]) >= 1
    pulled = [("pull the board", 5), ("put the board back", 300)]
    assert live_and_die(lives, kind, [(OPENS, 0), *pulled]) >= 1
