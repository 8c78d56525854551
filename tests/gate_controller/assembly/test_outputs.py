"""Outputs and watched inputs of a site file: what is refused, and what really moves."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gate_controller.assembly.devices import make_inputs
from gate_controller.assembly.outputs import (
    lanes_never_held,
    make_door,
    make_relays,
    wires_watched,
)
from gate_controller.installer.check import check_gate
from gate_controller.lane.door import DoorState
from gate_controller.lane.memory import Wire
from gate_controller.site_file.config import ConfigRefused, GateConfig
from gate_controller.site_file.load import load_config
from hardware.interfaces import InputChange, InputKind
from hardware.lines.modbus_lines import ModbusLines
from hardware.simulated.modbus_board import ModbusBoard, ModbusBus

HEAD = """
[gate]
data_dir = "{root}/data"
secrets_dir = "{root}/secrets"
server_url = "http://127.0.0.1:9"
"""
USB = '[relay.board]\nkind = "usb_relay"\nport = "{root}/usb"\n'
MODBUS = '[relay.board]\nkind = "modbus_relay"\nfamily = "waveshare"\nport = "{root}/bus"\naddress = 3\n'
HAT = '[relay.board]\nkind = "gpio_relay"\nchip = "{root}/gpiochip0"\nlines = [26, 20]\nactive_low = true\n'
LANE = '[lane.north]\nrelay = "board"\n'
INPUTS = """
[inputs.contacts]
kind = "modbus_inputs"
port = "{root}/bus"
address = 3
wires = [{{ terminal = "1", lane = "north", kind = "door_open", normally_closed = true }}]
"""
NO_FAMILY = MODBUS.replace('family = "waveshare"\n', "")
SERIAL_INPUTS = INPUTS.replace("modbus_in", "serial_in").replace("address = 3\n", "")
CAB = """
[inputs.cabinet]
kind = "gpio_inputs"
chip = "{root}/gpiochip0"
wires = [{{ terminal = "5", lane = "north", kind = "fire" }}]
"""
MAGNET = 'lock = "fail_safe_magnet"\ncontact = "nc"\n'
MOTOR = 'lock = "pulse_motor"\ncontact = "no"\n'


def config_of(root: Path, *parts: str) -> GateConfig:
    path = root / "site.toml"
    path.write_text("".join((HEAD, *parts)).format(root=root))
    return load_config(path)


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        (
            (USB, "address = 3\n", LANE),
            "relay.board.address: usb_relay has no such key; legal keys: kind, baud",
        ),
        ((NO_FAMILY, LANE), "relay.board.family: the key 'family' is missing"),
        (
            (MODBUS.replace("waveshare", "acme"), LANE),
            "'acme' is not legal; legal values: 'waveshare', 'elete",
        ),
        ((HAT.replace("active_low = true\n", ""), LANE), "'active_low' is missing; gpio_relay needs it"),
        ((HAT, LANE, MAGNET.replace("nc", "no")), "must be powered all the time"),
        ((USB, LANE, MOTOR), "cannot time a pulse itself.* external_timer = true"),
        ((HAT, LANE, MOTOR), "cannot time a pulse itself"),
        ((USB, LANE, 'lock = "barrier"\n'), "lock and contact are said together"),
        ((USB, LANE, 'lock = "lever"\n'), "'lever' is not legal; legal values: 'fail_secure_strike'"),
        ((MODBUS, LANE, INPUTS.replace("address = 3", "baud = 4800")), "is a Modbus line at 9600 baud"),
        ((MODBUS, LANE, SERIAL_INPUTS), "everything on it speaks Modbus"),
        ((MODBUS, LANE, MODBUS.replace("board", "other")), "relay.other.port: the relays at address 3 of"),
        ((HAT, LANE, HAT.replace("board", "other")), "relay.other.chip: the GPIO line 26 of .* is used by"),
        (
            (USB.replace("usb", "modem"), LANE),
            "'modem_relay' is not legal; .* DTR and RTS .* no relays: Linux",
        ),
        ((USB.replace("usb_relay", "rts"), LANE), "would open the lane without an order"),
        ((MODBUS, LANE, INPUTS, CAB.replace("fire", "door_open")), "door contact of lane north is used by"),
    ],
)
def test_wiring_that_cannot_be_is_refused_with_file_line_and_reason(
    tmp_path: Path, parts: tuple[str, ...], words: str
) -> None:
    with pytest.raises(ConfigRefused, match=rf"site\.toml, line \d+: .*{words}"):
        config_of(tmp_path, *parts)


def test_the_same_wiring_is_taken_where_nothing_can_latch(tmp_path: Path) -> None:
    assert lanes_never_held(config_of(tmp_path, MODBUS, LANE, MOTOR)) == {"north"}
    assert lanes_never_held(config_of(tmp_path, USB, LANE, MOTOR, "external_timer = true\n")) == {"north"}
    assert lanes_never_held(config_of(tmp_path, HAT, LANE, MAGNET)) == frozenset()


def test_a_wire_may_be_of_each_kind_that_is_watched(tmp_path: Path) -> None:
    for kind in InputKind:
        config = config_of(tmp_path, USB, LANE, CAB.replace('"fire"', f'"{kind}"'))
        assert InputKind(config.inputs["cabinet"].wires[0].kind) is kind


def test_a_door_is_remembered_where_it_has_a_contact_and_a_drive_has_time_to_open(tmp_path: Path) -> None:
    without = make_door(config_of(tmp_path, MODBUS, LANE, MAGNET, CAB), "north", DoorState.FORCED)
    with_contact = make_door(config_of(tmp_path, MODBUS, LANE, MAGNET, INPUTS), "north", DoorState.FORCED)
    drive = make_door(config_of(tmp_path, MODBUS, LANE, MOTOR, INPUTS), "north", DoorState.CLOSED)
    assert (without.state, with_contact.state) == (DoorState.CLOSED, DoorState.FORCED)
    assert not with_contact.is_seen
    assert (with_contact.opens_within_seconds, drive.opens_within_seconds) == (2.0, 30.0)


@pytest.fixture
def bus(tmp_path: Path) -> Iterator[ModbusBus]:
    with ModbusBus(tmp_path / "bus", [ModbusBoard(3)], name="bus") as bus:
        yield bus


def test_relays_and_inputs_of_one_board_share_its_line(tmp_path: Path, bus: ModbusBus) -> None:
    config = config_of(tmp_path, MODBUS, LANE, MAGNET, INPUTS)
    lines, reports = ModbusLines(), []
    relay = make_relays(config, lines, reports.append)["north"]
    inputs = make_inputs("contacts", config.inputs["contacts"], lines)
    relay.open()
    inputs.start(reports.append)
    relay.pulse(5)
    assert bus.is_on(3, 1)
    relay.rest()
    give_up = time.monotonic() + 60
    while not (changes := [report for report in reports if isinstance(report, InputChange)]):
        assert time.monotonic() < give_up
        time.sleep(0.01)
    inputs.stop()
    relay.close()

    assert (changes[0].lane_id, changes[0].kind, changes[0].active) == ("north", InputKind.DOOR_OPEN, True)
    assert not bus.is_on(3, 1)


def test_a_drive_gets_its_longest_pulse_however_long_the_policy_wants(tmp_path: Path, bus: ModbusBus) -> None:
    relay = make_relays(config_of(tmp_path, MODBUS, LANE, MOTOR), ModbusLines(), lambda state: None)["north"]
    relay.open()
    first_ns = relay.pulse(6)
    ends_ns = bus.board(3).ends_ns[1]
    relay.close()

    assert 3_000_000_000 <= ends_ns - first_ns < 3_200_000_000


def lines_of_check(config: GateConfig) -> list[str]:
    return [
        " ".join(str(line).split())
        for line in check_gate(config, datetime.now(UTC), time.monotonic, seconds=0.5)
    ]


def test_the_installer_reads_what_a_modbus_board_reads_and_what_rest_means(
    tmp_path: Path, bus: ModbusBus
) -> None:
    said = lines_of_check(config_of(tmp_path, MODBUS, LANE, MAGNET))

    assert f"ok lane north: relay board-1 at {tmp_path}/bus took the order to rest and reads at rest" in said
    assert "ok lane north: fail_safe_magnet through NC; at rest: magnet powered through NC: locked" in said
    assert not [change for change in bus.changes(3) if change.on]


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ((MODBUS.replace("address = 3", "address = 9"), LANE), "no answer from address 9; check the board's"),
        ((MODBUS, LANE, "channel = 20\n"), "refuses function 05 (Modbus exception 2)"),
        ((MODBUS.replace("waveshare", "eletechsup"), LANE), "check the board's kind and the channel"),
        ((HAT, LANE), "check the chip with `gpiodetect`"),
        ((MODBUS, LANE), "the site file does not say which lock hangs there"),
    ],
)
def test_the_installer_reads_what_is_wrong_and_what_to_do(
    tmp_path: Path, bus: ModbusBus, parts: tuple[str, ...], words: str
) -> None:
    said = lines_of_check(config_of(tmp_path, *parts))

    assert [line for line in said if line.startswith("WRONG lane north") and words in line]


def test_a_stuck_relay_is_found_by_the_check(tmp_path: Path, bus: ModbusBus) -> None:
    bus.board(3).on.add(1)
    bus.board(3).is_stuck = True
    said = lines_of_check(config_of(tmp_path, MODBUS, LANE, MAGNET))

    assert [line for line in said if "still reads on; the lane may be open" in line]


def test_a_lane_without_sheet_and_camera_is_warned_of_and_runs(tmp_path: Path, bus: ModbusBus) -> None:
    said = lines_of_check(config_of(tmp_path, MODBUS, LANE, MAGNET))

    [line] = [line for line in said if "lane north: sheet: " in line]
    assert line.startswith("warning lane north: sheet: there is none: measure and photograph the lane")


def test_every_wire_of_the_site_file_is_watched_and_each_osdp_readers_own_tamper(tmp_path: Path) -> None:
    line = '[osdp_line.bus]\nport = "{root}/osdp"\n'
    reader = '[osdp_reader.door]\nline = "bus"\naddress = 1\nlane = "north"\nbits = 26\n'
    config = config_of(tmp_path, MODBUS, LANE, INPUTS, CAB, line, reader)

    assert wires_watched(config) == {
        Wire("north", "door_open", "contacts:1"),
        Wire("north", "fire", "cabinet:5"),
        Wire("north", "tamper", "door"),
    }
