"""Readers of a site file: what is made, what is refused, and pairing from the command line."""

import secrets
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gate_controller import cli
from gate_controller.assembly.assemble import make_devices
from gate_controller.assembly.outputs import make_relays
from gate_controller.assembly.reader_keys import key_name, read_reader_key
from gate_controller.assembly.readers import make_osdp_readers, readers_with_lights, takers_of_ways
from gate_controller.contract.records import Method
from gate_controller.installer.check import check_gate
from gate_controller.site_file.config import ConfigRefused, GateConfig
from gate_controller.site_file.load import load_config
from gate_controller.storage.secrets import write_secret
from hardware.errors import BadDeviceSetting, DeviceUnavailable, OutputNotConfirmed
from hardware.interfaces import DeviceReport, DeviceState, Health
from hardware.lines.modbus_lines import ModbusLines
from hardware.osdp.relay import OsdpRelay
from hardware.readers.framed import RawFrameReader, TagReader
from hardware.readers.matrix_keypads import FramedKeypad
from hardware.readers.usb_keyboard import WedgeCardReader, WedgeKeypad
from hardware.simulated.osdp_reader import OsdpBus

TRIES = 5
READERS = """
[lane.north]
relay = "osdp-in"
channel = 2
[osdp_line.gatehouse]
port = "{osdp}"
[osdp_reader.osdp-in]
line = "gatehouse"
address = 3
lane = "north"
bits = 34
"""
OTHERS = """
[tag_reader.tag]
port = "/dev/serial/by-id/tag"
lane = "north"
[frame_reader.raw]
port = "/dev/serial/by-id/raw"
lane = "north"
bits = 37
[reader.wedge]
kind = "usb_card"
port = "/dev/input/by-id/wedge"
lane = "north"
bits = 34
[keypad.pad]
kind = "usb_keypad"
port = "/dev/input/by-id/pad"
lane = "north"
[keypad.framed]
kind = "stx_sum_keypad"
port = "/dev/serial/by-id/framed"
lane = "north"
"""


@pytest.fixture
def bus(tmp_path: Path) -> Iterator[OsdpBus]:
    with OsdpBus(tmp_path / "rs485", name="bus") as bus:
        yield bus


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "secrets"


def site_file(tmp_path: Path, *tables: str) -> Path:
    path = tmp_path / "site.toml"
    head = f'[gate]\ndata_dir = "{tmp_path}"\nsecrets_dir = "{tmp_path}/secrets"\nserver_url = "https://s"\n'
    text = head + "".join(tables)
    path.write_text(text.replace("{osdp}", str(tmp_path / "rs485")), encoding="utf-8")
    return path


def config_of(tmp_path: Path, *tables: str) -> GateConfig:
    return load_config(site_file(tmp_path, *tables))


def test_every_kind_of_reader_is_made_at_its_lane(tmp_path: Path, folder: Path) -> None:
    write_secret(folder, key_name("osdp-in"), secrets.token_bytes(16))
    config = config_of(tmp_path, READERS, OTHERS)
    osdp = make_osdp_readers(config)
    devices, lanes = make_devices(config, ModbusLines(), osdp)
    kinds = {device.name: type(device) for device in devices}
    assert kinds | {"osdp-in": object} == {
        "osdp-in": object,
        "tag": TagReader,
        "raw": RawFrameReader,
        "wedge": WedgeCardReader,
        "pad": WedgeKeypad,
        "framed": FramedKeypad,
    }
    assert set(lanes.values()) == {"north"}
    assert isinstance(make_relays(config, ModbusLines(), lambda _state: None, osdp)["north"], OsdpRelay)
    assert readers_with_lights(config, osdp) == {"north": (osdp["osdp-in"],)}


SCREEN_SCANNER_AND_CAMERA = """
[terminal.screen]
lane = "north"
launch_token_file = "/run/menjin/token"
[scanner.codes]
kind = "serial_code"
port = "/dev/serial/by-id/codes"
lane = "north"
[camera.eye]
kind = "v4l2"
source = "0"
lane = "north"
[lane.north.sheet]
lock = "fail_secure_strike"
fails = "secure"
on_escape_route = false
camera_location = "gate_outside"
camera_view = "the person at the screen"
camera_sign_photo = "binder 1, page 3"
camera_sign_date = 2026-07-01
"""


def test_each_way_in_is_taken_by_every_device_of_its_kind(tmp_path: Path) -> None:
    lock = READERS.replace("channel = 2", 'channel = 2\nlock = "fail_secure_strike"\ncontact = "no"')
    config = config_of(tmp_path, lock, OTHERS, SCREEN_SCANNER_AND_CAMERA)
    card, pin = {"osdp-in", "tag", "raw", "wedge"}, {"pad", "framed", "screen-north"}
    assert takers_of_ways(config, ["north"]) == {
        "north": {Method.CARD: card, Method.PIN: pin, Method.QR: {"codes", "eye"}}
    }
    assert takers_of_ways(config, [])["north"][Method.QR] == {"codes"}, "no camera was made"
    assert {*card, "pad", "framed", "codes"} == set(make_devices(config, ModbusLines())[1])


def test_an_osdp_reader_takes_pins_where_no_keypad_and_no_screen_does(tmp_path: Path) -> None:
    assert takers_of_ways(config_of(tmp_path, READERS), [])["north"] == {
        Method.CARD: {"osdp-in"},
        Method.PIN: {"osdp-in"},
        Method.QR: set(),
    }


def test_a_reader_without_a_key_is_lost_with_what_to_run_and_its_output_moves_nothing(tmp_path: Path) -> None:
    config = config_of(tmp_path, READERS)
    reader = make_osdp_readers(config)["osdp-in"]
    reports: list[DeviceReport] = []
    reader.start(reports.append)
    why = "not paired: run menjin gate pair-reader SITE.toml osdp-in"
    assert reports == [DeviceState("osdp-in", Health.LOST, why)]
    relay = make_relays(config, ModbusLines(), lambda _state: None)["north"]
    for step in (relay.open, lambda: relay.pulse(1.0)):
        with pytest.raises(DeviceUnavailable, match="pair-reader"):
            step()
    with pytest.raises(OutputNotConfirmed):
        relay.rest()
    assert any(
        "pair-reader" in line.text and not line.ok
        for line in check_gate(config, datetime.now(UTC), time.monotonic)
    )


@pytest.mark.parametrize("line", ["gatehouse", "yard"])
def test_one_key_for_two_readers_is_refused_on_whatever_lines_they_are(
    tmp_path: Path, folder: Path, line: str
) -> None:
    yard = '[osdp_line.yard]\nport = "/dev/serial/by-id/yard"\n'
    second = f'{yard}[osdp_reader.out]\nline = "{line}"\naddress = 4\nlane = "north"\nbits = 34\n'
    key = secrets.token_bytes(16)
    for name in ("osdp-in", "out"):
        write_secret(folder, key_name(name), key)
    with pytest.raises(BadDeviceSetting, match="out: has the same key as osdp-in"):
        make_osdp_readers(config_of(tmp_path, READERS, second))


@pytest.mark.parametrize(
    ("table", "why"),
    [
        (
            '[osdp_reader.b]\nline = "none"\naddress = 4\nlane = "north"\nbits = 34\n',
            "osdp_reader.b.line: 'none'",
        ),
        (
            '[osdp_reader.b]\nline = "gatehouse"\naddress = 3\nlane = "north"\nbits = 34\n',
            "address gatehouse 3",
        ),
        ('[osdp_reader.b]\nline = "gatehouse"\naddress = 127\nlane = "north"\nbits = 34\n', "126"),
        ('[osdp_reader.b]\nline = "gatehouse"\naddress = 4\nlane = "south"\nbits = 34\n', "'south'"),
        ('[tag_reader.b]\nport = "{osdp}"\nlane = "north"\n', "used by osdp_line.gatehouse"),
    ],
)
def test_what_leads_nowhere_or_to_two_things_is_refused(table: str, why: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigRefused, match=why):
        config_of(tmp_path, READERS, table)


@pytest.mark.wide
def test_pair_reader_pairs_once_and_check_then_finds_the_reader_and_its_output(
    bus: OsdpBus, tmp_path: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    twin = bus.add(3, None)
    path = str(site_file(tmp_path, READERS))
    assert cli.run(["pair-reader", path, "osdp-in"]) == 0
    assert twin.key == read_reader_key(folder, "osdp-in")
    assert cli.run(["pair-reader", path, "osdp-in"]) == 0
    assert "paired already" in capsys.readouterr().out
    for _try in range(TRIES):  # on a busy machine a reader may come later than the check waits
        said = {
            str(line)[8:]: line.ok
            for line in check_gate(load_config(Path(path)), datetime.now(UTC), time.monotonic)
        }
        if said.get("osdp_reader osdp-in: in its secure channel"):
            break
    assert said["lane north: relay osdp-in-2 took the order to rest"]
    assert said["osdp_reader osdp-in: in its secure channel"]
    assert [order[1:3] for order in twin.outputs if order[2] != 1] == []


def test_pair_reader_says_which_readers_there_are(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["pair-reader", str(site_file(tmp_path, READERS)), "nobody"]) == 2
    assert "named: osdp-in" in capsys.readouterr().err
