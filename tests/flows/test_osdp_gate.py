"""A whole gate with OSDP readers: libosdp's own peripheral side over a pty, real keys, real relays."""

import secrets
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gate_controller.assembly.reader_keys import key_name
from gate_controller.contract.records import Grant
from gate_controller.storage.secrets import write_secret
from hardware.readers.cards import CardFormat
from hardware.simulated.osdp_reader import OsdpBus
from hardware.simulated.osdp_reader import OsdpReader as ReaderTwin
from hardware.simulated.readers import LineCardReader
from tests.support.compounds.people import card, lane, person, records
from tests.support.gates.bench import CARD_KEY, BenchGate, bench_gate
from tests.support.gates.process import wait_for_entries

NUMBER = 0x1234ABCD
GREEN, ON_FOR_A_TIME = 2, 5
OSDP = """
[lane.south-in]
relay = "south"
lock = "fail_secure_strike"
contact = "no"
[osdp_line.rs485]
port = "{root}/dev/rs485"
[osdp_reader.north]
line = "rs485"
address = 1
lane = "north-in"
bits = 34
[osdp_reader.south]
line = "rs485"
address = 2
lane = "south-in"
bits = 34
"""
LINE_READER = """
[reader.south-card]
kind = "serial_card"
port = "{root}/dev/south-card"
lane = "south-in"
bits = 34
"""
KEYS = {"north": secrets.token_bytes(16), "south": secrets.token_bytes(16)}


@pytest.fixture
def bus(tmp_path: Path) -> Iterator[OsdpBus]:
    with OsdpBus(tmp_path / "dev" / "rs485", name="rs485") as bus:
        yield bus


@pytest.fixture
def twins(bus: OsdpBus) -> dict[str, ReaderTwin]:
    return {name: bus.add(address, KEYS[name]) for address, name in enumerate(KEYS, 1)}


@pytest.fixture
def bench(tmp_path: Path, twins: dict[str, ReaderTwin]) -> Iterator[BenchGate]:
    """A gate with one resident's card at two lanes; the second opens by its reader's own output."""
    with bench_gate(tmp_path, more=OSDP.replace("{root}", str(tmp_path))) as gate:
        gate.give_policy(
            records(
                person(grants=(Grant(lanes=("north-in", "south-in")),)),
                lane("south-in"),
                card(NUMBER, CARD_KEY),
            )
        )
        yield gate


def give_key(bench: BenchGate, *names: str) -> None:
    for name in names:
        write_secret(bench.root / "secrets", key_name(name), KEYS[name])


def health(bench: BenchGate, name: str) -> tuple[str, str]:
    assert bench.gate is not None
    by_name = {device.device: device for device in bench.gate.controller.status().devices}
    return (by_name[name].health, by_name[name].detail) if name in by_name else ("", "")


def until(reached: Callable[[], bool], what: str) -> None:
    ends = time.monotonic() + 12
    while not reached():
        assert time.monotonic() < ends, what
        time.sleep(0.01)


def on_orders(twin: ReaderTwin) -> list[tuple[int, int, int, int]]:
    return [order for order in twin.outputs if order[2] == ON_FOR_A_TIME]


def test_a_card_over_the_secure_channel_opens_by_relay_or_by_the_readers_output_and_lights_green(
    bench: BenchGate, twins: dict[str, ReaderTwin]
) -> None:
    give_key(bench, *KEYS)
    bench.start()
    until(lambda: health(bench, "north")[0] == health(bench, "south")[0] == "ok", "readers not there")
    assert bench.relay.wait_for_on(1, 20, after_ns=twins["north"].tap(NUMBER))
    until(lambda: GREEN in [shown.command["on_color"] for shown in twins["north"].lights], "no green light")
    assert on_orders(twins["south"]) == []
    relay_moves = len(bench.relay.changes)
    twins["south"].tap(NUMBER)
    until(lambda: len(on_orders(twins["south"])) == 1, "the reader's output did not move")
    assert on_orders(twins["south"])[0][1:] == (0, ON_FOR_A_TIME, 2)
    until(lambda: GREEN in [shown.command["on_color"] for shown in twins["south"].lights], "no green light")
    assert not any(change.on for change in bench.relay.changes[relay_moves:])
    twins["north"].tap(0x77777777)
    until(lambda: 3 in [shown.command["rep_count"] for shown in twins["north"].sounds], "no three sounds")
    bench.stop()
    assert [reason for _, reason, _ in bench.decisions()] == ["granted", "granted", "credential_unknown"]


def test_a_reader_without_a_key_is_lost_with_what_to_run_and_the_others_go_on(
    bench: BenchGate, twins: dict[str, ReaderTwin]
) -> None:
    give_key(bench, "north")
    bench.start()
    until(lambda: health(bench, "north")[0] == "ok", "the paired reader is not there")
    assert health(bench, "south") == ("lost", "not paired: run menjin gate pair-reader SITE.toml south")
    twins["south"].tap(NUMBER)
    on_ns = bench.relay.wait_for_on(1, 20, after_ns=twins["north"].tap(NUMBER))
    bench.relay.wait_for_off(1, 20, after_ns=on_ns)
    assert bench.relay.wait_for_on(1, 20, after_ns=bench.card.tap(NUMBER))
    bench.stop()
    assert bench.decisions() == [("card", "granted", True)] * 2
    assert [e.facts["device"] for e in bench.entries() if e.kind == "alarm_device_lost"] == ["south"]
    assert (twins["south"].outputs, twins["south"].key) == ([], KEYS["south"])


def test_a_lane_on_the_output_of_a_reader_without_a_key_stays_shut_until_the_key_is_there(
    bench: BenchGate, twins: dict[str, ReaderTwin]
) -> None:
    bench.more += LINE_READER.replace("{root}", str(bench.root))
    give_key(bench, "north")
    with LineCardReader(bench.root / "dev" / "south-card", CardFormat(34, "hex"), name="south") as south:
        bench.start()
        until(lambda: health(bench, "south-card")[0] == "ok", "the line reader is not there")
        south.tap(NUMBER)
        assert bench.relay.wait_for_on(1, 20, after_ns=bench.card.tap(NUMBER))
        wait_for_entries(bench, "alarm_granted_not_opened")
        bench.stop()
        kinds = [entry.kind for entry in bench.entries()]
        assert kinds.count("alarm_granted_not_opened") == 1
        assert on_orders(twins["south"]) == []
        give_key(bench, "south")
        bench.start()
        until(lambda: health(bench, "south")[0] == "ok", "the reader is not used with its key")
        south.tap(NUMBER)
        until(lambda: len(on_orders(twins["south"])) == 1, "the output did not move")


@pytest.mark.parametrize(("key", "why"), [(b"0123456789:;<=>?", "SCBK-D"), (b"short", "5 bytes")])
def test_a_key_file_that_no_reader_may_have_loses_that_reader_alone(
    bench: BenchGate, key: bytes, why: str
) -> None:
    give_key(bench, "north")
    write_secret(bench.root / "secrets", key_name("south"), key)
    bench.start()
    until(lambda: health(bench, "north")[0] == "ok", "the paired reader is not there")
    assert health(bench, "south")[0] == "lost"
    assert why in health(bench, "south")[1]
