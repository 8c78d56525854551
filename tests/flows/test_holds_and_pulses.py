"""Pulses and holds that end when they should, and say so when they cannot be: over a real relay board."""

import logging
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gate_controller.contract.policy import compile_policy
from gate_controller.contract.records import Posture, PostureOverride
from gate_controller.sync.client import PolicyTaken
from hardware.interfaces import InputKind
from tests.support.compounds.people import HOME_OF_EMERGENCY, emergency_code, lane, person, records
from tests.support.gates.bench import LANE, PIN_KEY, BenchGate, bench_gate
from tests.support.gates.process import wait_for_decisions, wait_for_entries
from tests.support.gates.site_keys import encoded
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
)

SHORT = "max_pulse_seconds = 1.5"
PATIENCE_SECONDS = 8.0
AWAY_SECONDS = 1.2
"""How long a hand takes a card away between two showings."""


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[BenchGate]:
    """A gate whose server was never there."""
    with bench_gate(tmp_path) as gate:
        yield gate


def until(true: Callable[[], bool]) -> None:
    give_up = time.monotonic() + PATIENCE_SECONDS
    while not true():
        assert time.monotonic() < give_up
        time.sleep(0.02)


def posture(bench: BenchGate, lane_id: str = LANE) -> str:
    assert bench.gate is not None
    return next(one.posture for one in bench.gate.controller.status().lanes if one.lane_id == lane_id)


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
        on_ns = relay.wait_for_on(1, timeout_seconds=5, after_ns=yard.tap(8))
        off_ns = relay.wait_for_off(1, timeout_seconds=5, after_ns=on_ns)
        bench.stop()
        assert 1.4e9 < off_ns - on_ns < 4e9
        assert recorded(bench, "alarm_granted_not_opened") == []
        (said,) = [r.getMessage() for r in caplog.records if "is cut to it" in r.getMessage()]
        assert said.startswith("lane north-yard: the policy asks for its time for who walks slowly (45 s)")


def test_a_card_left_at_its_reader_opens_four_times_and_raises_one_alarm(bench: BenchGate) -> None:
    bench.give_policy(records(RESIDENT, RESIDENT_CARD, lane(pulse_seconds=1.0)))
    bench.start()
    bench.time.stop()
    for count in range(1, 9):
        bench.card.tap(8)
        wait_for_decisions(bench, count)
        bench.time.move_on(0.5)
    for _reading in range(3):
        bench.card.tap(8)
        time.sleep(0.5)
        bench.time.move_on(0.5)
    assert len([change for change in bench.relay.changes if change.on]) == 4
    time.sleep(0.5)
    bench.time.move_on(2.0)
    bench.card.tap(8)
    wait_for_decisions(bench, 9)
    until(lambda: len([change for change in bench.relay.changes if change.on]) == 5)
    bench.stop()
    ((_, facts, personal),) = recorded(bench, "alarm_card_left")
    assert (facts, personal) == ({"lane_id": LANE}, {"person_id": RESIDENT_ID, "credential_id": "card-2"})


def test_a_card_shown_again_after_its_board_was_lost_in_mid_pulse_opens_again(bench: BenchGate) -> None:
    bench.give_policy(records(RESIDENT, RESIDENT_CARD, lane(pulse_seconds=20.0)))
    bench.start()
    on_ns = bench.relay.wait_for_on(1, timeout_seconds=5, after_ns=bench.card.tap(8))
    bench.relay.unplug()
    time.sleep(0.5)
    bench.relay.replug()
    bench.relay.wait_for_off(1, timeout_seconds=5, after_ns=on_ns)
    assert bench.relay.wait_for_on(1, timeout_seconds=5, after_ns=bench.card.tap(8))
    bench.stop()
    assert bench.decisions() == [("card", "granted", True)] * 2


def test_a_lane_waits_until_the_lock_of_the_other_has_caught_though_its_door_is_shut(tmp_path: Path) -> None:
    with gate_with_a_yard(tmp_path) as (bench, yard, relay):
        outer, inner = lane(pulse_seconds=3.0), lane("north-yard", interlock_with=(LANE,))
        bench.give_policy(records(RESIDENT, RESIDENT_CARD, outer, inner))
        bench.start()
        time.sleep(0.3)
        on_ns = bench.relay.wait_for_on(1, timeout_seconds=5, after_ns=bench.card.tap(8))
        for is_open, event in ((True, "door_opened"), (False, "door_closed")):
            bench.inputs.set(LANE, InputKind.DOOR_OPEN, is_open)
            wait_for_entries(bench, event)
        yard.tap(8)
        wait_for_decisions(bench, 2)
        bench.relay.wait_for_off(1, timeout_seconds=5, after_ns=on_ns)
        assert relay.wait_for_on(1, timeout_seconds=5, after_ns=yard.tap(8))
        bench.stop()
        assert [reason for _, reason, _ in bench.decisions()] == ["granted", "interlocked", "granted"]


def test_a_hold_goes_on_where_the_longest_pulse_is_short(tmp_path: Path) -> None:
    with gate_with_a_yard(tmp_path, SHORT) as (bench, _yard, relay):
        bench.give_policy(records(RESIDENT, lane("north-yard", posture=Posture.HELD_OPEN)))
        bench.start()
        relay.wait_for_on(1, timeout_seconds=5)
        give_up = time.monotonic() + 4
        while time.monotonic() < give_up:
            assert relay.is_on(1)
            time.sleep(0.02)
        assert posture(bench, "north-yard") == "held_open"
        bench.stop()
        assert recorded(bench, "alarm_hold_not_open") == []


def test_a_hold_that_its_board_does_not_carry_out_is_recorded_once_and_shown_as_none(
    bench: BenchGate,
) -> None:
    bench.give_policy(records(RESIDENT, lane(posture=Posture.HELD_OPEN)))
    bench.relay.unplug()
    bench.start()
    time.sleep(2.5)
    assert posture(bench) == "normal"
    bench.relay.replug()
    until(lambda: bench.relay.is_on(1))
    until(lambda: posture(bench) == "held_open")
    bench.stop()
    kinds = ("held_open", "alarm_hold_not_open", "hold_not_open_clear", "hold_ended")
    assert [kind for kind, _, _ in recorded(bench, *kinds)] == list(kinds)


def test_a_hold_by_schedule_that_a_lockdown_ends_rests_at_once(bench: BenchGate) -> None:
    bench.give_policy(records(RESIDENT, lane(posture=Posture.HELD_OPEN)))
    gate = bench.start()
    bench.relay.wait_for_on(1, timeout_seconds=5)
    until(lambda: posture(bench) == "held_open")
    until(lambda: len([change for change in bench.relay.changes if change.on]) > 1)
    gate.inbox.put(taken(RESIDENT, lane(posture=Posture.LOCKDOWN)))
    until(lambda: not bench.relay.is_on(1))
    last_on, off = bench.relay.changes[-2:]
    assert (last_on.on, off.on) == (True, False)
    assert off.at_ns - last_on.at_ns < 5e9, "its last release was not waited for"
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
        yard.tap(7)
        time.sleep(AWAY_SECONDS)
        yard.tap(7)
        until(lambda: posture(bench, "north-yard") == "held_open")
        gate.inbox.put(taken(STAFF, STAFF_CARD, *lanes))
        time.sleep(0.5)
        assert posture(bench, "north-yard") == "held_open", "a policy without news ends nothing"
        gate.inbox.put(taken(*parts, *lanes, version=3))
        until(lambda: not relay.is_on(1))
        last_on, off = relay.changes[-2:]
        assert off.at_ns - last_on.at_ns < 4e9, "its last release was not waited for"
        assert posture(bench, "north-yard") == "normal"
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
    until(lambda: posture(bench) == "held_open")
    gate.inbox.put(taken(shut, code, HOME_OF_EMERGENCY))
    time.sleep(0.5)
    assert posture(bench) == "held_open"
    gate.inbox.put(taken(shut, HOME_OF_EMERGENCY, version=3))
    until(lambda: posture(bench) == "lockdown")
    until(lambda: not bench.relay.is_on(1))
    bench.stop()
    assert recorded(bench, "hold_ended")[0][1]["ended_by"] == "credential"
