"""Lanes that wait for each other and lanes that count, over real contacts and readers."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gate_controller.assembly.gate import Gate
from gate_controller.contract.messages import OpenOrder
from gate_controller.sync.news import LinkChanged, OrderArrived
from hardware.interfaces import InputKind
from tests.support.compounds.people import lane, records
from tests.support.gates.bench import LANE, BenchGate, bench_gate, obeyed
from tests.support.gates.process import wait_for_decisions, wait_for_entries
from tests.support.gates.waiting import PATIENCE_SECONDS, until
from tests.support.gates.yard import (
    RESIDENT,
    RESIDENT_CARD,
    RESIDENT_ID,
    STAFF,
    STAFF_CARD,
    STAFF_ID,
    gate_with_a_yard,
    recorded,
)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[BenchGate]:
    """A gate whose server was never there."""
    with bench_gate(tmp_path) as gate:
        yield gate


def server_in_reach(gate: Gate) -> None:
    """Notify the gate that its server answers, once it has noticed that none does."""
    until(lambda: gate.sync._online is False)
    gate.inbox.put(LinkChanged(True))


def go_through(bench: BenchGate, count: int = 1) -> None:
    """Open the door and shut it behind the person; `count`: how often that has happened then."""
    for is_open, event in ((True, "door_opened"), (False, "door_closed")):
        bench.inputs.set(LANE, InputKind.DOOR_OPEN, is_open)
        wait_for_entries(bench, event, count)


def order(bench: BenchGate, lane_id: str, order_id: str) -> OrderArrived:
    now = datetime.now(UTC)
    return OrderArrived(
        bench.site.signed_order(
            OpenOrder(
                order_id=order_id,
                site_id="site-1",
                gate_id="north",
                lane_id=lane_id,
                issued_at=now,
                valid_seconds=15,
                author_id="guard-1",
                reason="",
            )
        )
    )


def test_one_door_waits_for_the_other_for_cards_and_orders_alike(tmp_path: Path) -> None:
    with gate_with_a_yard(tmp_path) as (bench, yard, relay):
        inner = lane("north-yard", interlock_with=(LANE,))
        bench.give_policy(records(RESIDENT, RESIDENT_CARD, lane(), inner))
        gate = bench.start()
        bench.watches()
        bench.time.stop()
        assert bench.relay.wait_for_on(1, timeout_seconds=PATIENCE_SECONDS, after_ns=bench.card.tap(8))
        bench.inputs.set(LANE, InputKind.DOOR_OPEN, True)
        wait_for_entries(bench, "door_opened")
        yard.tap(8)
        wait_for_decisions(bench, 2)
        gate.inbox.put(order(bench, "north-yard", "order-1"))
        wait_for_decisions(bench, 3)
        bench.inputs.set(LANE, InputKind.DOOR_OPEN, False)
        wait_for_entries(bench, "door_closed")
        bench.passes(0.3)  # until the lock has caught
        assert relay.wait_for_on(1, timeout_seconds=PATIENCE_SECONDS, after_ns=yard.tap(8))
        gate.inbox.put(order(bench, "north-yard", "order-2"))
        wait_for_decisions(bench, 5)
        bench.stop()
        assert [reason for _, reason, _ in bench.decisions()] == [
            "granted",
            "interlocked",
            "interlocked",
            "granted",
            "granted",
        ]


def test_a_lane_that_staff_hold_keeps_the_other_one_waiting_but_not_in_a_fire(tmp_path: Path) -> None:
    with gate_with_a_yard(tmp_path) as (bench, yard, relay):
        inner = lane("north-yard", interlock_with=(LANE,))
        bench.give_policy(records(STAFF, STAFF_CARD, RESIDENT, RESIDENT_CARD, inner))
        gate = bench.start()
        bench.time.stop()
        for count in (1, 2):
            bench.card.tap(7)
            wait_for_decisions(bench, count)
            bench.passes(3.0)
        yard.tap(8)
        wait_for_decisions(bench, 3)
        assert not obeyed(relay).is_on(1)
        desk = gate.controller._parts.desks[LANE]
        desk.door = replace(desk.door, fire=True)
        assert relay.wait_for_on(1, timeout_seconds=PATIENCE_SECONDS, after_ns=yard.tap(8))
        bench.stop()
        assert [reason for _, reason, _ in bench.decisions()][2:] == ["interlocked", "granted"]


def test_a_door_without_contact_counts_as_open_while_it_is_released(tmp_path: Path) -> None:
    with gate_with_a_yard(tmp_path) as (bench, yard, relay):
        waits = lane(interlock_with=("north-yard",))
        bench.give_policy(records(RESIDENT, RESIDENT_CARD, waits, lane("north-yard", pulse_seconds=1.0)))
        bench.start()
        bench.time.stop()
        assert relay.wait_for_on(1, timeout_seconds=PATIENCE_SECONDS, after_ns=yard.tap(8))
        bench.card.tap(8)
        wait_for_decisions(bench, 2)
        bench.passes(4.0)
        assert bench.relay.wait_for_on(1, timeout_seconds=PATIENCE_SECONDS, after_ns=bench.card.tap(8))
        bench.stop()
        assert [reason for _, reason, _ in bench.decisions()] == ["granted", "interlocked", "granted"]


def test_a_second_way_in_is_recorded_and_with_hard_counting_and_a_server_refused(tmp_path: Path) -> None:
    with gate_with_a_yard(tmp_path) as (bench, yard, _relay):
        counted = lane(antipassback="hard")
        out = lane("north-yard", direction="out", antipassback="soft")
        bench.give_policy(records(RESIDENT, RESIDENT_CARD, counted, out))
        gate = bench.start()
        bench.watches()
        bench.time.stop()
        for passage in range(2):
            bench.card.tap(8)
            wait_for_decisions(bench, passage + 1)
            go_through(bench, passage + 1)
            bench.passes(2.5)
        server_in_reach(gate)
        bench.card.tap(8)
        wait_for_decisions(bench, 3)
        yard.tap(8)
        wait_for_decisions(bench, 4)
        bench.card.tap(8)
        wait_for_decisions(bench, 5)
        bench.stop()
        assert [reason for _, reason, _ in bench.decisions()] == [
            "granted",
            "granted",
            "antipassback",
            "granted",
            "granted",
        ]
        ((_, facts, personal),) = recorded(bench, "antipassback_violated")
        assert (facts, personal) == ({"lane_id": LANE}, {"person_id": RESIDENT_ID})


def test_a_card_shown_again_for_the_same_passing_is_no_second_way_in(tmp_path: Path) -> None:
    with gate_with_a_yard(tmp_path) as (bench, yard, _relay):
        out = lane(direction="out", antipassback="soft")
        counted = lane("north-yard", antipassback="hard", pulse_seconds=1.0)
        bench.give_policy(records(RESIDENT, RESIDENT_CARD, out, counted))
        gate = bench.start()
        server_in_reach(gate)
        bench.time.stop()
        for count, later in enumerate((0.0, 0.1, 0.2, 1.2, 1.2), 1):
            bench.passes(later)
            yard.tap(8)
            wait_for_decisions(bench, count)
        bench.stop()
        reasons = [reason for _, reason, _ in bench.decisions()]
        assert reasons == ["granted"] * 4 + ["antipassback"], "showing on makes one passage no longer"
        assert recorded(bench, "antipassback_violated") == []


def test_two_let_in_by_one_opening_are_both_inside(bench: BenchGate) -> None:
    bench.give_policy(records(STAFF, STAFF_CARD, RESIDENT, RESIDENT_CARD, lane(antipassback="soft")))
    bench.start()
    bench.watches()
    bench.time.stop()
    for count, number in enumerate((7, 8), 1):
        bench.card.tap(number)
        wait_for_decisions(bench, count)
    go_through(bench)
    bench.passes(2.5)
    for count, number in enumerate((7, 8), 3):
        bench.card.tap(number)
        wait_for_decisions(bench, count)
    bench.stop()
    assert [personal for _, _, personal in recorded(bench, "antipassback_violated")] == [
        {"person_id": STAFF_ID},
        {"person_id": RESIDENT_ID},
    ]


def test_who_was_let_in_and_did_not_come_is_not_inside(bench: BenchGate) -> None:
    bench.give_policy(records(RESIDENT, RESIDENT_CARD, lane(antipassback="soft")))
    bench.start()
    bench.watches()
    bench.time.stop()
    bench.card.tap(8)
    wait_for_decisions(bench, 1)
    bench.passes(3.0)
    bench.card.tap(8)
    wait_for_decisions(bench, 2)
    bench.stop()
    assert recorded(bench, "antipassback_violated") == []
    assert recorded(bench, "no_entry")


def test_after_an_uncounted_exit_no_person_is_refused_as_still_inside(tmp_path: Path) -> None:
    """A person left by the button, and the gate cannot know who: so it counts no person as inside."""
    with gate_with_a_yard(tmp_path) as (bench, _yard, _relay):
        counted = lane(antipassback="hard")
        out = lane("north-yard", direction="out", antipassback="soft")
        bench.give_policy(records(RESIDENT, RESIDENT_CARD, counted, out))
        gate = bench.start()
        bench.watches()
        bench.time.stop()
        server_in_reach(gate)
        bench.card.tap(8)
        wait_for_decisions(bench, 1)
        go_through(bench)
        bench.passes(2.5)
        bench.card.tap(8)
        wait_for_decisions(bench, 2)
        bench.inputs.set(LANE, InputKind.EXIT_BUTTON, True)
        wait_for_entries(bench, "exit_request")
        bench.handled()
        bench.card.tap(8)
        wait_for_decisions(bench, 3)
        bench.stop()
        assert [reason for _, reason, _ in bench.decisions()] == ["granted", "antipassback", "granted"]
