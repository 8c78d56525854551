"""A wrong site file gets one sentence: file, line, key, legal values."""

from pathlib import Path

import pytest

from gate_controller.assembly.assemble import assemble
from gate_controller.site_file.config import ConfigRefused
from gate_controller.site_file.load import load_config
from tests.support.gates.bench import CAMERA_SHEET, SITE_FILE, bench_gate

GOOD = SITE_FILE.format(root="/srv/menjin", more="")
TERMINALS = """
[terminal.a]
lane = "north-in"
launch_token_file = "/run/a"

[terminal.b]
lane = "north-in"
launch_token_file = "/run/b"
"""
FILMING = """
[terminal.a]
lane = "north-in"
launch_token_file = "/run/a"
call_picture = true
"""
MODBUS_AT = '[relay.m]\nkind = "modbus_relay"\nfamily = "waveshare"\nport = "/srv/menjin/dev/{port}"\n'
CAMERA = '[camera.{name}]\nkind = "folder"\nsource = "/x"\nlane = "north-in"\n'


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("bits = 34", "bits = 33", "bits = 33", "reader.card.bits: 33 is not legal; legal values: 26, 34"),
        ("bits = 34", "", "[reader.card]", "reader.card: the key 'bits' is missing"),
        (
            '"usb_relay"',
            '"modbus"',
            '"modbus"',
            "relay.board.kind: 'modbus' is not legal; legal values: 'usb_relay', 'modbus_rel",
        ),
        ('"serial_card"', '"serial_code"', '"serial_code"', "reader.card.kind: 'serial_code' is not legal"),
        (
            'kind = "door_open"',
            'kind = "dor"',
            "wires = [",
            "'dor' is not legal; legal values: 'door_open', 'exit_b",
        ),
        (
            'language = "en"',
            'language = "fr"',
            '"fr"',
            "gate.language: 'fr' is not legal; legal values: 'zh', 'en'",
        ),
        (
            'language = "en"',
            'langage = "en"',
            "langage",
            "gate.langage: there is no such key; legal keys: data_dir",
        ),
        (
            "[keypad.keys]",
            "[keypads.keys]",
            "[keypads.keys]",
            "keypads: there is no such key; legal keys: gate, lane",
        ),
        (
            'relay = "board"',
            'relay = "bord"',
            '"bord"',
            "lane.north-in.relay: 'bord' is not in this file; legal v",
        ),
        (
            'lane = "north-in"\nbits',
            'lane = "in"\nbits',
            '"in"',
            "reader.card.lane: 'in' is not in this file",
        ),
        (
            'relay = "board"',
            'relay = "board"\nchannel = 99',
            "channel = 99",
            "lane.north-in.channel: Expected `int` <",
        ),
        ('server_url = "http', 'server_url = "ftp', '"ftp', "gate.server_url: "),
        (
            "[keypad.keys]",
            "[keypad.card]",
            "[keypad.card]",
            "keypad.card: the name card is used by reader.card",
        ),
        (
            "dev/keys",
            "dev/card",
            "",
            "keypad.keys.port: the port /srv/menjin/dev/card is used by reader.card.port",
        ),
    ],
)
def test_a_wrong_site_file_is_refused_in_one_sentence(
    tmp_path: Path, old: str, new: str, line: str, words: str
) -> None:
    path = tmp_path / "site.toml"
    assert GOOD.count(old)
    text = GOOD.replace(old, new, 1)
    path.write_text(text)
    with pytest.raises(ConfigRefused) as refused:
        load_config(path)
    message = str(refused.value)
    assert message.startswith(f"{path}, line ")
    assert words in message
    said = int(message.removeprefix(f"{path}, line ").partition(":")[0])
    assert line in text.splitlines()[said - 1]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (TERMINALS, "terminal.b.lane: the screen of lane north-in is used by terminal.a.lane already"),
        (
            CAMERA_SHEET + CAMERA.format(name="a") + CAMERA.format(name="b"),
            "the camera of lane north-in is used by camera.a",
        ),
        (
            '[lane.south-in]\nrelay = "board"\n',
            "lane.south-in.relay: the output board 1 is used by lane.north-in",
        ),
        (MODBUS_AT.format(port="card"), "reader.card.port: the port .*dev/card is used by relay.m already"),
        (MODBUS_AT.format(port="keys"), "keypad.keys.port: the port .*dev/keys is used by relay.m already"),
        (MODBUS_AT.format(port="relay"), "relay.board.port: the port .* is used by relay.m already"),
        (
            MODBUS_AT.format(port="x") + '[osdp_line.o]\nport = "/srv/menjin/dev/x"\n',
            "osdp_line.o.port: the port .*dev/x is used by relay.m already",
        ),
    ],
)
def test_what_two_parts_cannot_share_is_refused(tmp_path: Path, more: str, words: str) -> None:
    path = tmp_path / "site.toml"
    path.write_text(GOOD + more)
    with pytest.raises(ConfigRefused, match=words):
        load_config(path)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"[gate\n", "not a TOML file.*line 1"),
        (b"\xff\xfe", "cannot be read: .* save it again as UTF-8"),
        (b"", "'gate' is missing"),
    ],
)
def test_a_file_that_is_no_site_file_is_refused(tmp_path: Path, body: bytes, words: str) -> None:
    path = tmp_path / "site.toml"
    path.write_bytes(body)
    with pytest.raises(ConfigRefused, match=words):
        load_config(path)


def test_a_file_that_windows_saved_is_read_and_its_lines_are_counted_as_ever(tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    path.write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    plain = tmp_path / "plain.toml"
    plain.write_text(GOOD)
    assert load_config(path) == load_config(plain)
    path.write_bytes(b"\xef\xbb\xbf[gates]\r\n")
    with pytest.raises(ConfigRefused, match=r"site\.toml, line 1: "):
        load_config(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigRefused, match=r"absent\.toml: cannot be read"):
        load_config(tmp_path / "absent.toml")


def test_a_good_site_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    path.write_text(GOOD)
    config = load_config(path)
    assert (config.reader["card"].bits, config.lane["north-in"].max_pulse_seconds) == (34, 30.0)
    assert [wire.kind for wire in config.inputs["wires"].wires] == ["door_open", "exit_button"]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (
            FILMING,
            r"terminal\.a\.call_picture: a call has a picture only beside its sound: call_sound = true",
        ),
        (
            FILMING + "call_sound = true\n" + CAMERA.format(name="net").replace("folder", "rtsp"),
            r"terminal\.a\.call_picture: the screen's browser opens USB and CSI cameras, and no",
        ),
    ],
)
def test_a_picture_in_calls_that_no_browser_could_send_is_refused(
    tmp_path: Path, more: str, words: str
) -> None:
    path = tmp_path / "site.toml"
    path.write_text(SITE_FILE.format(root="/srv/menjin", more=CAMERA_SHEET + more))
    with pytest.raises(ConfigRefused, match=rf"site\.toml, line \d+: {words}"):
        load_config(path)


def test_a_wire_that_a_board_does_not_have_is_refused_when_the_gate_is_put_together(tmp_path: Path) -> None:
    with bench_gate(tmp_path) as bench:
        path = bench.write_site_file()
        path.write_text(path.read_text().replace('terminal = "1"', 'terminal = "cts"'))
        with pytest.raises(ConfigRefused, match="'cts'"):
            assemble(load_config(path))
