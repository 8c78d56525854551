"""Staff cards, the emergency code and lanes held open, at a gate alone."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gate_controller.contract.calendars import DAY_KINDS, Span
from gate_controller.contract.policy import compile_policy
from gate_controller.contract.records import HoursRecord, Posture, PostureOverride
from gate_controller.rules.postures import RENEW_AFTER_SECONDS
from gate_controller.sync.news import PolicyTaken
from tests.support.compounds.people import HOME_OF_EMERGENCY, emergency_code, lane, person, pin, records
from tests.support.gates.bench import LANE, PIN_KEY, BenchGate, bench_gate, obeyed
from tests.support.gates.process import wait_for_decisions
from tests.support.gates.site_keys import encoded
from tests.support.gates.waiting import PATIENCE_SECONDS, until
from tests.support.gates.yard import (
    AWAY_SECONDS,
    MOTOR,
    RESIDENT,
    RESIDENT_CARD,
    STAFF,
    STAFF_CARD,
    STAFF_ID,
    gate_with_a_yard,
    recorded,
    show_twice,
)

ON, OFF = bytes((0xA0, 1, 1, 0xA2)), bytes((0xA0, 1, 0, 0xA1))
CODE = "0#48291573#"


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[BenchGate]:
    """A gate whose server was never there."""
    with bench_gate(tmp_path) as gate:
        yield gate


HOLD_KINDS = ("held_open", "hold_ended", "hold_refused")


def assert_goes_on(bench: BenchGate, held_ns: int) -> None:
    """Let two renewals come due: each is sent, and no OFF comes between."""
    for _renewal in range(2):
        before_ns = time.monotonic_ns()
        bench.passes(RENEW_AFTER_SECONDS + 0.5)
        bench.relay.wait_for_on(1, timeout_seconds=PATIENCE_SECONDS, after_ns=before_ns)
    assert not [change for change in bench.relay.changes if change.at_ns >= held_ns and not change.on]


# -- staff cards ---------------------------------------------------------------------------------------


def test_a_staff_card_opens_in_lockdown_holds_by_a_second_showing_and_ends_by_two_more(
    bench: BenchGate,
) -> None:
    shut = lane(posture=Posture.LOCKDOWN, staff_hold_minutes=45)
    bench.give_policy(records(STAFF, STAFF_CARD, RESIDENT, RESIDENT_CARD, shut))
    bench.start()
    bench.card.tap(8)
    wait_for_decisions(bench, 1)
    assert ON not in bench.relay.heard
    assert bench.posture() == "lockdown"
    bench.time.stop()
    assert bench.relay.wait_for_on(1, timeout_seconds=PATIENCE_SECONDS, after_ns=bench.card.tap(7))
    bench.passes(AWAY_SECONDS)
    before = bench.time.wall()
    held_ns = bench.card.tap(7)
    wait_for_decisions(bench, 3)
    bench.handled()
    assert bench.posture() == "held_open"
    assert_goes_on(bench, held_ns)
    show_twice(bench, bench.card, 7)
    until(lambda: bench.posture() == "lockdown")
    bench.relay.wait_for_off(1, timeout_seconds=PATIENCE_SECONDS)
    bench.stop()
    assert bench.decisions() == [("card", "lane_lockdown", False), *[("card", "override", True)] * 4]
    (began, facts, personal), (ended, end_facts, end_personal) = recorded(bench, *HOLD_KINDS)
    assert (began, ended) == ("held_open", "hold_ended")
    end = datetime.fromisoformat(str(facts.pop("until")))
    assert timedelta(minutes=44, seconds=59) < end - before <= timedelta(minutes=45)
    assert facts == {"lane_id": LANE, "by": "staff_card"}
    assert personal == {"person_id": STAFF_ID, "credential_id": "card-1"}
    assert end_facts == {"lane_id": LANE, "by": "staff_card", "ended_by": "staff_card"}
    assert end_personal == {"person_id": STAFF_ID}


def test_an_override_is_an_alarm_on_the_disk_before_the_pulse_and_is_not_doubled_within_it(
    bench: BenchGate,
) -> None:
    bench.give_policy(records(STAFF, STAFF_CARD, lane(posture=Posture.DISABLED)))
    bench.start()
    bench.time.stop()
    bench.card.tap(7)
    bench.card.tap(7)
    wait_for_decisions(bench, 2)
    bench.stop()
    kinds = [entry.kind for entry in bench.entries() if entry.kind in ("access", "alarm_override")]
    assert kinds == ["access", "alarm_override", "access"]
    ((_, facts, personal),) = recorded(bench, "alarm_override")
    assert facts == {"lane_id": LANE, "by": "staff_card"}
    assert personal == {"person_id": STAFF_ID, "credential_id": "card-1"}


def test_a_residents_card_shown_twice_holds_nothing(bench: BenchGate) -> None:
    bench.give_policy(records(RESIDENT, RESIDENT_CARD))
    bench.start()
    show_twice(bench, bench.card, 8)
    assert bench.posture() == "normal"
    bench.stop()
    assert recorded(bench, *HOLD_KINDS) == []


def test_a_hold_ends_automatically_at_its_time(bench: BenchGate) -> None:
    bench.give_policy(records(STAFF, STAFF_CARD, lane(staff_hold_minutes=5)))
    bench.start()
    show_twice(bench, bench.card, 7)
    until(lambda: bench.posture() == "held_open")
    bench.passes(5 * 60)
    assert bench.posture() == "normal"
    bench.relay.wait_for_off(1, timeout_seconds=PATIENCE_SECONDS)
    bench.stop()
    ((_, facts, personal),) = recorded(bench, "hold_ended")
    assert facts == {"lane_id": LANE, "by": "staff_card", "ended_by": "time"}
    assert personal == {"person_id": None}


def test_no_hold_of_staff_comes_back_with_the_power(bench: BenchGate) -> None:
    bench.give_policy(
        records(STAFF, STAFF_CARD, emergency_code("48291573", PIN_KEY, hold_minutes=60), HOME_OF_EMERGENCY)
    )
    bench.start()
    show_twice(bench, bench.card, 7)
    until(lambda: bench.posture() == "held_open")
    bench.keys.type(CODE)
    wait_for_decisions(bench, 3)
    bench.stop()
    assert not obeyed(bench.relay).is_on(1)
    assert recorded(bench, "hold_ended")[-1][1] == {
        "lane_id": LANE,
        "by": "emergency_code",
        "ended_by": "stop",
    }
    heard = len(bench.relay.heard)
    bench.start()
    assert bench.posture() == "normal"
    bench.passes(2 * RENEW_AFTER_SECONDS)
    bench.stop()
    assert ON not in bench.relay.heard[heard:]


def lockdown_now() -> PostureOverride:
    return PostureOverride(Posture.LOCKDOWN, "guard-1", "drill", datetime.now(UTC) + timedelta(hours=1))


def taken(*parts: object, version: int = 2) -> PolicyTaken:
    whole = encoded(records(*parts))
    return PolicyTaken(compile_policy(whole, epoch=1, version=version, issued_at=datetime.now(UTC)))


def test_a_newer_lockdown_ends_a_hold_at_once_and_an_older_one_does_not(bench: BenchGate) -> None:
    older, staff = lockdown_now(), (STAFF, STAFF_CARD)
    bench.give_policy(records(*staff, lane(posture_override=older)))
    gate = bench.start()
    show_twice(bench, bench.card, 7)
    until(lambda: bench.posture() == "held_open")
    gate.inbox.put(taken(*staff, lane(posture_override=older, name="renamed")))
    bench.handled()
    assert bench.posture() == "held_open"
    assert obeyed(bench.relay).is_on(1)
    gate.inbox.put(taken(*staff, lane(posture_override=lockdown_now()), version=3))
    bench.handled()
    assert bench.posture() == "lockdown"
    assert not obeyed(bench.relay).is_on(1), "its last release is not waited for"
    bench.passes(2 * RENEW_AFTER_SECONDS)
    assert not obeyed(bench.relay).is_on(1)
    bench.stop()
    assert recorded(bench, "hold_ended")[0][1] == {"lane_id": LANE, "by": "staff_card", "ended_by": "policy"}


def test_a_drive_is_opened_once_and_never_held_and_the_journal_says_so(tmp_path: Path) -> None:
    with gate_with_a_yard(tmp_path, MOTOR) as (bench, yard, relay):
        drive = lane("north-yard")
        code = emergency_code("48291573", PIN_KEY, hold_minutes=9, lanes=(LANE, "north-yard"))
        bench.give_policy(records(STAFF, STAFF_CARD, drive, code, HOME_OF_EMERGENCY))
        gate = bench.start()
        show_twice(bench, yard, 7)
        assert any(change.on for change in obeyed(relay).changes)
        assert bench.posture("north-yard") == "normal"
        gate.inbox.put(taken(STAFF, STAFF_CARD, lane("north-yard", posture=Posture.HELD_OPEN)))
        bench.passes(RENEW_AFTER_SECONDS)
        assert bench.posture("north-yard") == "normal"
        bench.stop()
        refused = [facts for kind, facts, _ in recorded(bench, *HOLD_KINDS)]
        assert refused == [
            {"lane_id": "north-yard", "by": "staff_card"},
            {"lane_id": "north-yard", "author_id": "schedule"},
        ]
        assert not obeyed(relay).is_on(1)


# -- the emergency code --------------------------------------------------------------------------------


def test_the_emergency_code_opens_a_disabled_lane_and_holds_it(bench: BenchGate) -> None:
    code = emergency_code("48291573", PIN_KEY, hold_minutes=30)
    bench.give_policy(records(lane(posture=Posture.DISABLED, methods=("card",)), code, HOME_OF_EMERGENCY))
    bench.start()
    bench.keys.type("0#48291574#")
    wait_for_decisions(bench, 1)
    assert ON not in bench.relay.heard
    held_ns = bench.keys.type(CODE)
    wait_for_decisions(bench, 2)
    bench.handled()
    assert bench.posture() == "held_open"
    assert_goes_on(bench, held_ns)
    bench.stop()
    assert bench.decisions() == [("pin", "lane_disabled", False), ("pin", "override", True)]
    entries = [e for e in bench.entries() if e.facts.get("opens") or e.kind == "held_open"]
    assert [entry.personal for entry in entries] == [
        {"person_id": None, "credential_id": "emergency-1"},
        {"person_id": None, "credential_id": "emergency-1"},
    ]
    ((_, facts, _),) = recorded(bench, "alarm_override")
    assert facts == {"lane_id": LANE, "by": "emergency_code"}
    assert set(frames(bench.relay.heard)) == {ON, OFF}


def frames(heard: bytes) -> list[bytes]:
    return [heard[at : at + 4] for at in range(0, len(heard), 4)]


def test_an_emergency_code_without_minutes_opens_once(bench: BenchGate) -> None:
    bench.give_policy(records(emergency_code("48291573", PIN_KEY), HOME_OF_EMERGENCY))
    bench.start()
    on_ns = bench.relay.wait_for_on(1, timeout_seconds=PATIENCE_SECONDS, after_ns=bench.keys.type(CODE))
    bench.relay.wait_for_off(1, timeout_seconds=PATIENCE_SECONDS, after_ns=on_ns)
    bench.passes(2 * RENEW_AFTER_SECONDS)
    assert not obeyed(bench.relay).is_on(1)
    assert bench.posture() == "normal"
    bench.stop()
    assert recorded(bench, *HOLD_KINDS) == []


def test_wrong_pins_at_a_keypad_do_not_keep_the_ambulance_out(bench: BenchGate) -> None:
    bench.give_policy(
        records(person(), pin("482915", PIN_KEY), emergency_code("48291573", PIN_KEY), HOME_OF_EMERGENCY)
    )
    bench.start()
    for count in range(1, 6):
        bench.keys.type(f"{count}#111999#")
        wait_for_decisions(bench, count)
    bench.keys.type("31203#482915#")
    wait_for_decisions(bench, 6)
    assert bench.relay.wait_for_on(1, timeout_seconds=PATIENCE_SECONDS, after_ns=bench.keys.type(CODE))
    bench.stop()
    assert [reason for _, reason, _ in bench.decisions()][5:] == ["method_delayed", "override"]


# -- by the policy ------------------------------------------------------------------------------------


def test_a_scheduled_hold_names_its_author_and_end_and_its_end_is_written_down(bench: BenchGate) -> None:
    always = HoursRecord("day", "Day", (Span(DAY_KINDS, 0, 1440),))
    held = lane(posture_hours={"day": Posture.HELD_OPEN}, posture_author_id="manager-1")
    bench.give_policy(records(person(), held, always))
    gate = bench.start()
    assert bench.relay.wait_for_on(1, timeout_seconds=PATIENCE_SECONDS)
    end = datetime.now(UTC) + timedelta(hours=1)
    gate.inbox.put(taken(person(), lane()))
    until(lambda: bench.posture() == "normal")
    by_hand = PostureOverride(Posture.HELD_OPEN, "guard-1", "a van", end)
    gate.inbox.put(taken(person(), lane(posture_override=by_hand), version=3))
    bench.passes(0.5)
    assert bench.posture() == "held_open"
    bench.stop()
    assert [(kind, facts) for kind, facts, _ in recorded(bench, *HOLD_KINDS)] == [
        ("held_open", {"lane_id": LANE, "author_id": "manager-1", "until": None}),
        ("hold_ended", {"lane_id": LANE, "author_id": "manager-1", "ended_by": "policy"}),
        ("held_open", {"lane_id": LANE, "author_id": "guard-1", "until": end.isoformat()}),
        ("hold_ended", {"lane_id": LANE, "ended_by": "stop"}),
    ]
