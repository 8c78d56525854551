"""Promise 7: without server, network, camera or screen, card and PIN open for weeks.

QR does while the clock is sure. Whole gates over real bytes; their server's address leads
nowhere. Does not cover: a lock without power, or how long a battery lasts.
"""

import socket
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gate_controller.contract.passes import VisitorPass, make_visitor_pass
from gate_controller.contract.records import CardCredential, Grant, Record
from gate_controller.storage.policy_store import PolicyStore
from hardware.interfaces import InputKind
from tests.promises.screen_visitor import TERMINAL
from tests.support.compounds.people import Phone, card, person, pin, qr, records
from tests.support.gates.bench import CARD_KEY, LANE, PIN_KEY, BenchGate, bench_gate
from tests.support.gates.process import wait_for_decisions
from tests.support.gates.site_keys import encoded
from tests.support.gates.waiting import PATIENCE_SECONDS, until

PHONE = Phone()
ALWAYS, UNTIL_TOMORROW = 7, 8


def household() -> dict[str, Record]:
    """One resident for good, and one whose grant ends tomorrow."""
    until = datetime.now(UTC) + timedelta(days=1)
    bounded = person("00000000000000a2", grants=(Grant((LANE,), valid_until=until),))
    return records(
        person(),
        bounded,
        card(ALWAYS, CARD_KEY),
        card(UNTIL_TOMORROW, CARD_KEY, "00000000000000a2", "card-2"),
        pin("482915", PIN_KEY),
        qr(PHONE),
    )


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[BenchGate]:
    with bench_gate(tmp_path) as gate:
        yield gate


def give_policy_of(bench: BenchGate, whole: Mapping[str, Record], issued_at: datetime) -> None:
    store = PolicyStore(bench.root / "data" / "policy.sqlite3", bench.identity, datetime.now(UTC))
    store.take(*bench.site.signed_policy(encoded(whole), issued_at=issued_at), datetime.now(UTC))
    store.trust("pass", bench.site.certificates["pass"])
    store.close()


def visitor_pass(bench: BenchGate) -> str:
    now = datetime.now(UTC).replace(microsecond=0)
    hour = timedelta(hours=1)
    allowed = VisitorPass("0a" * 8, "00000000000000a1", (1,), now - hour, now + hour, 1)
    return make_visitor_pass(bench.site.keys["pass"], bench.site.site_id, allowed)


def show_everything(bench: BenchGate) -> list[tuple[str, str]]:
    """Use every way in, one after the other; return method and reason of each, in order."""
    ways: tuple[Callable[[], int], ...] = (
        lambda: bench.card.tap(ALWAYS),
        lambda: bench.keys.type("31203#482915#"),
        lambda: bench.card.tap(UNTIL_TOMORROW),
        lambda: bench.scanner.scan(PHONE.code(bench.time.second())),
        lambda: bench.scanner.scan(visitor_pass(bench)),
    )
    for count, way in enumerate(ways, 1):
        way()
        wait_for_decisions(bench, count)
        bench.handled()
    bench.stop()
    return [(method, reason) for method, reason, _ in bench.decisions()]


def test_with_a_server_that_was_never_there_every_way_opens(bench: BenchGate) -> None:
    bench.give_policy(household())
    bench.start()
    assert show_everything(bench) == [
        ("card", "granted"),
        ("pin", "granted"),
        ("card", "granted"),
        ("qr", "granted"),
        ("qr", "granted"),
    ]
    assert sum(change.on for change in bench.relay.changes) == 5


def test_with_a_policy_older_than_its_greatest_age_only_what_is_for_good_opens(bench: BenchGate) -> None:
    give_policy_of(bench, household(), datetime.now(UTC) - timedelta(days=31))
    bench.start()
    assert show_everything(bench) == [
        ("card", "granted"),
        ("pin", "granted"),
        ("card", "policy_too_old"),
        ("qr", "policy_too_old"),
        ("qr", "policy_too_old"),
    ]


def test_with_a_clock_behind_what_the_gate_knows_only_what_is_for_good_opens(bench: BenchGate) -> None:
    """A policy from tomorrow simulates a clock that lost its battery: nothing time-bound is judged by it."""
    give_policy_of(bench, household(), datetime.now(UTC) + timedelta(days=1))
    bench.start()
    assert show_everything(bench) == [
        ("card", "granted"),
        ("pin", "granted"),
        ("card", "clock_unsure"),
        ("qr", "clock_unsure"),
        ("qr", "clock_unsure"),
    ]


def test_a_server_that_takes_calls_and_never_answers_slows_nothing(
    bench: BenchGate, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.give_policy(household())
    with socket.create_server(("127.0.0.1", 0)) as silent:
        path = bench.write_site_file()
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        path.write_text(path.read_text().replace("127.0.0.1:9", address))
        monkeypatch.setattr(bench, "write_site_file", lambda: path)
        bench.start()
        for _ in range(3):
            assert bench.relay.wait_for_on(1, timeout_seconds=8, after_ns=bench.card.tap(ALWAYS))
            bench.passes(1.5)
        silent.close()
    bench.stop()
    assert [reason for _, reason, _ in bench.decisions()] == ["granted"] * 3


def test_without_camera_and_with_the_screens_port_taken_card_and_pin_open(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other_program:
        port = other_program.getsockname()[1]
        more = TERMINAL.format(root=tmp_path).replace("port = 0", f"port = {port}")
        with bench_gate(tmp_path, more=more) as bench:
            bench.give_policy(household())
            bench.start()
            assert bench.relay.wait_for_on(1, PATIENCE_SECONDS, after_ns=bench.card.tap(ALWAYS))
            assert bench.relay.wait_for_on(1, PATIENCE_SECONDS, after_ns=bench.keys.type("31203#482915#"))
            bench.stop()
            lost = [
                entry.facts.get("device") for entry in bench.entries() if entry.kind == "alarm_device_lost"
            ]
    assert lost == ["screen-north-in"]


def test_with_one_reader_unplugged_the_others_go_on_and_it_comes_back(bench: BenchGate) -> None:
    bench.give_policy(household())
    bench.start()
    bench.card.unplug()
    until(lambda: bench.health("card") == "lost")
    assert bench.relay.wait_for_on(1, PATIENCE_SECONDS, after_ns=bench.keys.type("31203#482915#"))
    bench.card.replug()
    until(lambda: bench.health("card") == "ok")
    assert bench.relay.wait_for_on(1, PATIENCE_SECONDS, after_ns=bench.card.tap(ALWAYS))
    bench.stop()
    kinds = [entry.kind for entry in bench.entries()]
    assert kinds.index("alarm_device_lost") < kinds.index("device_back")


def test_without_any_policy_a_gate_stays_shut_and_writes_down_why(bench: BenchGate) -> None:
    bench.start()
    bench.card.tap(ALWAYS)
    bench.inputs.set(LANE, InputKind.EXIT_BUTTON, True)
    wait_for_decisions(bench, 1)
    bench.stop()
    assert [(method, opens) for method, _, opens in bench.decisions()] == [("card", False)]
    assert not any(change.on for change in bench.relay.changes)


def test_a_card_is_known_by_its_tag_alone_so_that_no_number_lies_in_the_gate(bench: BenchGate) -> None:
    bench.give_policy(records(person(), CardCredential("card-3", "00000000000000a1", tag=b"t" * 32)))
    bench.start()
    bench.card.tap(ALWAYS)
    wait_for_decisions(bench, 1)
    bench.stop()
    assert bench.decisions() == [("card", "credential_unknown", False)]
