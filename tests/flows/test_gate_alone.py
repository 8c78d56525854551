"""A gate without server, network or screen: real bytes in, real bytes out."""

from pathlib import Path

import msgspec
import pytest

from gate_controller.contract.records import FaceRecord, HomeRecord, QrCredential
from gate_controller.face_control.messages import FaceEnded
from gate_controller.face_control.reasons import FaceReason
from gate_controller.face_control.results import FaceResult
from gate_controller.terminal.view import Screen
from hardware.interfaces import InputKind
from tests.support.compounds.people import (
    HOME_OF_EMERGENCY,
    SALT,
    Phone,
    card,
    emergency_code,
    person,
    pin,
    qr,
    records,
    visitor_code,
)
from tests.support.gates.bench import CARD_KEY, LANE, PIN_KEY, BenchGate, bench_gate
from tests.support.gates.process import wait_for_decisions, wait_for_entries
from tests.support.gates.waiting import PATIENCE_SECONDS, until
from tests.support.gates.worlds import PERSON


@pytest.fixture
def bench(tmp_path: Path):
    """A gate with one resident who has a card, a PIN and a phone."""
    with bench_gate(tmp_path) as gate:
        yield gate


def household(phone: Phone) -> dict:
    return records(
        person(),
        card(0x1234ABCD, CARD_KEY),
        pin("482915", PIN_KEY),
        qr(phone),
        visitor_code("48291573", PIN_KEY),
    )


def opened(bench: BenchGate, after_ns: int) -> int:
    try:
        return bench.relay.wait_for_on(1, timeout_seconds=PATIENCE_SECONDS, after_ns=after_ns)
    except TimeoutError as shut:
        raise AssertionError(f"it stayed shut: {bench.decisions()}") from shut


def test_card_pin_and_phone_open_the_lane_and_are_written_down(bench: BenchGate) -> None:
    """Each method goes from real bytes to a real relay frame, and each leaves one entry that says why."""
    phone = Phone()
    bench.give_policy(household(phone))
    bench.start()
    bench.time.stop()
    assert opened(bench, bench.card.tap(0x1234ABCD))
    bench.relay.wait_for_off(1, timeout_seconds=PATIENCE_SECONDS)
    assert opened(bench, bench.keys.type("31203#482915#"))
    bench.relay.wait_for_off(1, timeout_seconds=PATIENCE_SECONDS)
    assert opened(bench, bench.scanner.scan(phone.code(bench.time.second())))
    bench.relay.wait_for_off(1, timeout_seconds=PATIENCE_SECONDS)
    bench.stop()
    assert bench.decisions() == [("card", "granted", True), ("pin", "granted", True), ("qr", "granted", True)]


def test_refusals_send_no_on_byte_and_say_why(bench: BenchGate) -> None:
    """Unknown card, wrong PIN, stale, forged and unreadable codes: no ON frame ever, one reason each."""
    phone, stranger = Phone(), Phone()
    bench.give_policy(household(phone))
    bench.start()
    bench.time.stop()
    second = bench.time.second()
    # One after the other: what came of one presentation takes half-typed digits off the screen.
    for count, present in enumerate(
        (
            lambda: bench.card.tap(0x77777777),
            lambda: bench.keys.type("31203#111999#"),
            lambda: bench.scanner.scan(phone.code(second - 45)),
            lambda: bench.scanner.scan(stranger.code(second)),
            lambda: bench.scanner.scan("HELLO"),
        ),
        1,
    ):
        present()
        wait_for_decisions(bench, count)
    bench.stop()
    assert [reason for _, reason, _ in bench.decisions()] == [
        "credential_unknown",
        "pin_wrong",
        "code_stale",
        "code_forged",
        "code_unreadable",
    ]
    assert not any(change.on for change in bench.relay.changes)


def test_a_code_opens_once_and_a_visitor_code_too(bench: BenchGate) -> None:
    """The same code shown again later is a replay; eight digits for a visit are used up by one visit."""
    phone = Phone()
    bench.give_policy(household(phone))
    bench.start()
    bench.time.stop()
    text = phone.code(bench.time.second())
    assert opened(bench, bench.scanner.scan(text))
    bench.passes(2.2)
    bench.scanner.scan(text)
    wait_for_decisions(bench, 2)
    assert opened(bench, bench.keys.type("31203#48291573#"))
    bench.handled()
    bench.keys.type("31203#48291573#")
    wait_for_decisions(bench, 4)
    bench.stop()
    assert bench.decisions() == [
        ("qr", "granted", True),
        ("qr", "code_replayed", False),
        ("pin", "granted", True),
        ("pin", "used_up", False),
    ]


def test_three_wrong_pins_delay_the_home_and_not_its_card(bench: BenchGate) -> None:
    """Guessing slows the PIN of that home down; the card goes on opening."""
    bench.give_policy(household(Phone()))
    bench.start()
    bench.time.stop()
    for count, digits in enumerate(("111999", "222888", "333777", "482915"), 1):
        bench.keys.type(f"31203#{digits}#")
        wait_for_decisions(bench, count)
    assert opened(bench, bench.card.tap(0x1234ABCD))
    bench.stop()
    assert [reason for _, reason, _ in bench.decisions()] == [
        "pin_wrong",
        "pin_wrong",
        "pin_wrong",
        "method_delayed",
        "granted",
    ]


def test_a_restart_sends_only_rest_and_remembers_the_last_code(bench: BenchGate) -> None:
    """After a stop and a start no ON byte is sent, and a code that was used stays used."""
    phone = Phone()
    bench.give_policy(household(phone))
    bench.start()
    bench.time.stop()
    text = phone.code(bench.time.second())
    assert opened(bench, bench.scanner.scan(text))
    bench.stop()
    on_before = sum(change.on for change in bench.relay.changes)
    bench.start()
    bench.time.stop()
    bench.scanner.scan(text)
    wait_for_decisions(bench, 2)
    bench.stop()
    assert sum(change.on for change in bench.relay.changes) == on_before
    assert [reason for _, reason, _ in bench.decisions()] == ["granted", "code_replayed"]


def test_a_door_that_opens_without_a_grant_is_forced_and_one_after_a_grant_is_not(bench: BenchGate) -> None:
    """The contact raises an alarm unless a grant or the exit button excuses it."""
    bench.give_policy(household(Phone()))
    bench.start()
    bench.time.stop()
    bench.watches()
    bench.inputs.set(LANE, InputKind.DOOR_OPEN, True)
    wait_for_entries(bench, "alarm_door_forced")
    bench.inputs.set(LANE, InputKind.DOOR_OPEN, False)
    wait_for_entries(bench, "door_closed")
    assert opened(bench, bench.card.tap(0x1234ABCD))
    bench.inputs.set(LANE, InputKind.DOOR_OPEN, True)
    wait_for_entries(bench, "door_opened")
    bench.inputs.set(LANE, InputKind.DOOR_OPEN, False)
    wait_for_entries(bench, "door_closed", 2)
    bench.stop()
    kinds = [entry.kind for entry in bench.entries() if entry.kind.startswith(("door", "alarm_door"))]
    assert kinds == ["alarm_door_forced", "door_closed", "door_opened", "door_closed"]


def test_0_as_the_first_key_reads_aloud_and_is_no_digit_of_what_follows(bench: BenchGate) -> None:
    bench.give_policy(household(Phone()))
    bench.start()
    bench.time.stop()
    assert bench.gate is not None
    screen = bench.gate.controller._parts.desks[LANE].screen
    bench.keys.type("30")
    until(lambda: screen.shows is Screen.TYPING_HOME)
    bench.handled()
    assert not screen.read_aloud
    bench.keys.type("*")
    until(lambda: screen.shows is Screen.IDLE)
    bench.keys.type("0")
    until(lambda: screen.read_aloud)
    assert (screen.shows, screen.message) == (Screen.TYPING_HOME, "zero_reads")
    assert opened(bench, bench.keys.type("31203#482915#"))
    bench.stop()


def test_home_numbers_pins_and_codes_that_begin_with_0_open_as_they_are_typed(bench: BenchGate) -> None:
    also = records(
        HomeRecord(home_id="home-2", number="01-01", pin_salt=SALT),
        msgspec.structs.replace(pin("092916", PIN_KEY, credential_id="pin-2"), home_id="home-2"),
        HOME_OF_EMERGENCY,
        emergency_code("07351962", PIN_KEY),
    )
    bench.give_policy({**household(Phone()), **also})
    bench.start()
    bench.time.stop()
    for keys in ("0101#092916#", "0#07351962#"):
        assert opened(bench, bench.keys.type(keys))
        bench.relay.wait_for_off(1, timeout_seconds=PATIENCE_SECONDS)
    bench.stop()


@pytest.mark.parametrize(
    "before", ["##1", "##2", "##6", "31203#111111#"], ids=["card", "home", "forgot card", "refused"]
)
def test_the_guard_is_called_by_keypad_from_wherever_nothing_is_typed(bench: BenchGate, before: str) -> None:
    bench.give_policy(household(Phone()))
    gate = bench.start()
    bench.time.stop()
    screen = gate.controller._parts.desks[LANE].screen
    bench.keys.type(before)
    shown = {"##1": Screen.SHOW_CARD, "##2": Screen.TYPING_HOME, "##6": Screen.FORGOT_CARD}
    until(lambda: screen.shows is shown.get(before, Screen.REFUSED))
    bench.keys.type("##9")
    until(lambda: screen.help_until_seconds > 0)
    bench.stop()


def test_0_reads_aloud_while_the_result_before_is_still_shown(bench: BenchGate) -> None:
    bench.give_policy(household(Phone()))
    bench.start()
    bench.time.stop()
    assert bench.gate is not None
    screen = bench.gate.controller._parts.desks[LANE].screen
    bench.card.tap(0x99)
    until(lambda: screen.shows is Screen.REFUSED)
    bench.keys.type("0")
    until(lambda: screen.read_aloud)
    assert (screen.shows, screen.message) == (Screen.TYPING_HOME, "zero_reads")


def test_the_guard_is_called_from_a_keypad_alone(bench: BenchGate) -> None:
    bench.give_policy(household(Phone()))
    bench.start()
    bench.time.stop()
    bench.keys.type("##9*")
    assert opened(bench, bench.keys.type("31203#482915#"))
    bench.stop()
    assert [entry.kind for entry in bench.entries()].count("alarm_help") == 1


def test_with_the_server_away_a_face_opens_beside_a_code_on_paper_and_not_beside_one_of_the_servers(
    bench: BenchGate,
) -> None:
    with_paper = "00000000000000a2"
    bench.give_policy(
        records(
            person(),
            QrCredential("qr-1", PERSON),
            FaceRecord(PERSON, "consent-1", "yunet-sface"),
            person(with_paper),
            QrCredential("qr-2", with_paper, printed=True),
            FaceRecord(with_paper, "consent-2", "yunet-sface"),
        )
    )
    bench.start()
    for person_id in (PERSON, with_paper):
        result = FaceResult(True, FaceReason.MATCHED, person_id, 0.9)
        bench.gate.inbox.put(FaceEnded(LANE, result))
    bench.handled()
    bench.stop()
    assert bench.decisions() == [("face", "face_alone", False), ("face", "granted", True)]
