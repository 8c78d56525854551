"""Pulses and holds that end when they should, and say so when they cannot be: over a real relay board."""

import logging
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gate_controller.contract.policy import compile_policy
from gate_controller.contract.records import Posture, PostureOverride
from gate_controller.sync.news import PolicyTaken
from hardware.interfaces import InputKind
from tests.support.compounds.people import HOME_OF_EMERGENCY, emergency_code, lane, person, records
from tests.support.gates.bench import LANE, PIN_KEY, BenchGate, bench_gate, obeyed
from tests.support.gates.process import wait_for_decisions, wait_for_entries
from tests.support.gates.site_keys import encoded
from tests.support.gates.waiting import PATIENCE_SECONDS, until
from tests.support.gates.yard import (
    BOTH,
    RESIDENT,
    RESIDENT_CARD,
    RESIDENT_ID,
    STAFF,
    STAFF_CARD,
    STAFF_ID,
    gate_with_a_yard,
    recorded,
    show_twice,
)

SHORT = "max_pulse_seconds = 1.5"


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[BenchGate]:
    """A gate whose server was never there."""
    with bench_gate(tmp_path) as gate:
        yield gate


def taken(*parts: object, version: int = 2) -> PolicyTaken:
    whole = encoded(records(*parts))
    return PolicyTaken(compile_policy(whole, epoch=1, version=version, issued_at=datetime.now(UTC)))


def test_a_slow_persons_time_is_cut_to_the_longest_pulse_and_the_log_says_so_at_the_start(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with gate_with_a_yard(tmp_path, SHORT) as (bench, yard, relay):
        slow = person(RESIDENT_ID, grants=BOTH, slow_pass=True)
        bench.give_policy(
            records(
                slow,
                RESIDENT_CARD,
                lane(slow_pulse_seconds=20.0),
                lane("north-yard", slow_pulse_seconds=45.0),
            )
        )
        with caplog.at_level(logging.WARNING):
            bench.start()
        on_ns = relay.wait_for_on(1, timeout_seconds=PATIENCE_SECONDS, after_ns=yard.tap(8))
        off_ns = relay.wait_for_off(1, timeout_seconds=PATIENCE_SECONDS, after_ns=on_ns)
        bench.stop()
        assert 1.4e9 < off_ns - on_ns < 15e9, "20 s, uncut"
        assert recorded(bench, "alarm_granted_not_opened") == []
        (said,) = [r.getMessage() for r in caplog.records if "is cut to it" in r.getMessage()]
        assert said.startswith("lane north-yard: the policy asks for its time for who walks slowly (45 s)")


def test_a_card_left_at_its_reader_opens_four_times_and_raises_one_alarm(bench: BenchGate) -> None:
    bench.give_policy(records(RESIDENT, RESIDENT_CARD, lane(pulse_seconds=4.0)))
    bench.start()
    bench.time.stop()
    for count in range(1, 21):
        bench.card.tap(8)
        wait_for_decisions(bench, count)
        bench.passes(0.9)
    for count in range(21, 24):
        bench.card.tap(8)
        # It decides nothing; the reader's next card, unknown here, is decided after it.
        bench.card.tap(99)
        wait_for_decisions(bench, count)
        bench.passes(0.9)
    assert len([change for change in obeyed(bench.relay).changes if change.on]) == 4
    bench.passes(2.0)
    bench.card.tap(8)
    wait_for_decisions(bench, 24)
    until(lambda: len([change for change in bench.relay.changes if change.on]) == 5)
    bench.stop()
    ((_, facts, personal),) = recorded(bench, "alarm_card_left")
    assert (facts, personal) == ({"lane_id": LANE}, {"person_id": RESIDENT_ID, "credential_id": "card-2"})


def test_a_card_shown_again_after_its_board_was_lost_in_mid_pulse_opens_again(bench: BenchGate) -> None:
    bench.give_policy(records(RESIDENT, RESIDENT_CARD, lane(pulse_seconds=20.0)))
    bench.start()
    on_ns = bench.relay.wait_for_on(1, timeout_seconds=PATIENCE_SECONDS, after_ns=bench.card.tap(8))
    bench.relay.unplug()
    until(lambda: bench.health("board") == "lost")
    bench.relay.replug()
    bench.relay.wait_for_off(1, timeout_seconds=PATIENCE_SECONDS, after_ns=on_ns)
    assert bench.relay.wait_for_on(1, timeout_seconds=PATIENCE_SECONDS, after_ns=bench.card.tap(8))
    bench.stop()
    assert bench.decisions() == [("card", "granted", True)] * 2


def test_a_lane_waits_until_the_lock_of_the_other_has_caught_though_its_door_is_shut(tmp_path: Path) -> None:
    with gate_with_a_yard(tmp_path) as (bench, yard, relay):
        outer, inner = lane(pulse_seconds=3.0), lane("north-yard", interlock_with=(LANE,))
        bench.give_policy(records(RESIDENT, RESIDENT_CARD, outer, inner))
        bench.start()
        bench.watches()
        bench.time.stop()
        assert bench.relay.wait_for_on(1, timeout_seconds=PATIENCE_SECONDS, after_ns=bench.card.tap(8))
        for is_open, event in ((True, "door_opened"), (False, "door_closed")):
            bench.inputs.set(LANE, InputKind.DOOR_OPEN, is_open)
            wait_for_entries(bench, event)
        yard.tap(8)
        wait_for_decisions(bench, 2)
        bench.passes(3.0)
        assert relay.wait_for_on(1, timeout_seconds=PATIENCE_SECONDS, after_ns=yard.tap(8))
        bench.stop()
        assert [reason for _, reason, _ in bench.decisions()] == ["granted", "interlocked", "granted"]


def test_a_hold_goes_on_where_the_longest_pulse_is_short(tmp_path: Path) -> None:
    with gate_with_a_yard(tmp_path, "max_pulse_seconds = 4.5") as (bench, _yard, relay):
        bench.give_policy(records(RESIDENT, lane("north-yard", posture=Posture.HELD_OPEN)))
        bench.start()
        bench.time.stop()
        on_ns = relay.wait_for_on(1, timeout_seconds=PATIENCE_SECONDS)
        for _third_of_a_pulse in range(5):
            before_ns = time.monotonic_ns()
            bench.passes(1.6)
            relay.wait_for_on(1, timeout_seconds=PATIENCE_SECONDS, after_ns=before_ns)
        assert not [change for change in relay.changes if change.at_ns >= on_ns and not change.on]
        assert bench.posture("north-yard") == "held_open"
        bench.stop()
        assert recorded(bench, "alarm_hold_not_open") == []


def test_a_hold_that_its_board_does_not_carry_out_is_recorded_once_and_shown_as_none(
    bench: BenchGate,
) -> None:
    bench.give_policy(records(RESIDENT, lane(posture=Posture.HELD_OPEN)))
    bench.relay.unplug()
    bench.start()
    until(lambda: bench.health("board") == "lost")
    for _renewal in range(2):
        bench.passes(2.5)
        assert bench.posture() == "normal"
    bench.relay.replug()
    until(lambda: bench.health("board") == "ok")
    bench.passes(2.5)
    until(lambda: bench.relay.is_on(1))
    assert bench.posture() == "held_open"
    bench.stop()
    kinds = ("held_open", "alarm_hold_not_open", "hold_not_open_clear", "hold_ended")
    assert [kind for kind, _, _ in recorded(bench, *kinds)] == list(kinds)


def test_a_hold_by_schedule_that_a_lockdown_ends_rests_at_once(bench: BenchGate) -> None:
    bench.give_policy(records(RESIDENT, lane(posture=Posture.HELD_OPEN)))
    gate = bench.start()
    bench.relay.wait_for_on(1, timeout_seconds=PATIENCE_SECONDS)
    until(lambda: bench.posture() == "held_open")
    bench.passes(2.5)
    until(lambda: len([change for change in bench.relay.changes if change.on]) > 1)
    gate.inbox.put(taken(RESIDENT, lane(posture=Posture.LOCKDOWN)))
    bench.passes(0.5)
    assert not obeyed(bench.relay).is_on(1), "its last release is not waited for"
    bench.stop()


NO_LONGER = [
    pytest.param(
        (person(STAFF_ID, may_override=True, suspended=True, grants=BOTH), STAFF_CARD), id="suspended"
    ),
    pytest.param((person(STAFF_ID, grants=BOTH), STAFF_CARD), id="no staff any more"),
    pytest.param((person(STAFF_ID, may_override=True), STAFF_CARD), id="no grant for the lane"),
    pytest.param((STAFF,), id="card gone"),
    pytest.param((STAFF_CARD,), id="person gone"),
]


@pytest.mark.parametrize("parts", NO_LONGER)
def test_a_hold_ends_with_the_card_that_holds(tmp_path: Path, parts: tuple[object, ...]) -> None:
    with gate_with_a_yard(tmp_path) as (bench, yard, relay):
        lanes = (lane(), lane("north-yard"))
        bench.give_policy(records(STAFF, STAFF_CARD, *lanes))
        gate = bench.start()
        show_twice(bench, yard, 7)
        assert bench.posture("north-yard") == "held_open"
        gate.inbox.put(taken(STAFF, STAFF_CARD, *lanes))
        bench.handled()
        assert bench.posture("north-yard") == "held_open", "a policy without news ends nothing"
        gate.inbox.put(taken(*parts, *lanes, version=3))
        bench.handled()
        assert not obeyed(relay).is_on(1), "its last release is not waited for"
        assert bench.posture("north-yard") == "normal"
        bench.stop()
        ((_, facts, _),) = recorded(bench, "hold_ended")
        assert facts == {"lane_id": "north-yard", "by": "staff_card", "ended_by": "credential"}


def test_a_hold_ends_with_the_emergency_code_that_holds(bench: BenchGate) -> None:
    code = emergency_code("48291573", PIN_KEY, hold_minutes=30)
    by_hand = PostureOverride(Posture.LOCKDOWN, "guard-1", "drill", datetime.now(UTC) + timedelta(hours=1))
    shut = lane(posture_override=by_hand)
    bench.give_policy(records(shut, code, HOME_OF_EMERGENCY))
    gate = bench.start()
    bench.keys.type("0#48291573#")
    until(lambda: bench.posture() == "held_open")
    gate.inbox.put(taken(shut, code, HOME_OF_EMERGENCY))
    bench.handled()
    assert bench.posture() == "held_open"
    gate.inbox.put(taken(shut, HOME_OF_EMERGENCY, version=3))
    bench.handled()
    assert bench.posture() == "lockdown"
    assert not obeyed(bench.relay).is_on(1)
    bench.stop()
    assert recorded(bench, "hold_ended")[0][1]["ended_by"] == "credential"
