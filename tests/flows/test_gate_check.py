"""`menjin gate check` on a site with every kind of device: all well, then each thing broken on its own."""

import fcntl
import grp
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import cv2
import msgspec
import numpy as np
import pytest

from face_laboratory import cli as face_cli
from gate_controller import cli
from gate_controller.assembly.reader_keys import key_name
from gate_controller.face.engines import yunet_sface
from gate_controller.face.engines.yunet_sface import YUNET_SFACE_CARD
from gate_controller.installer.check import check_gate
from gate_controller.installer.face_check import check_face
from gate_controller.installer.lines import CheckLine, Verdict
from gate_controller.installer.port_trouble import port_trouble
from gate_controller.installer.site_check import check_clock, check_screens, check_secrets
from gate_controller.site_file.config import ConfigRefused
from gate_controller.site_file.load import load_config
from gate_controller.storage.secrets import write_secret
from hardware.inputs.serial import InputWire
from hardware.interfaces import InputKind
from hardware.osdp.panel import DEFAULT_KEY
from tests.project.device_kinds import OF_ONE_KIND, kinds_of_the_site_file
from tests.support.gates.every_kind import DOOR_LINE, RELAY_LINE, Site, site_of_every_kind

STRANGER_UID = 65534
HOLD = (
    "import os, sys, fcntl; [fcntl.flock(os.open(port, os.O_RDWR), fcntl.LOCK_EX) for port in sys.argv[1:]]; "
    "print(1, flush=True); input()"
)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with site_of_every_kind(tmp_path) as site:
        yield site


def checked(path: Path, *, seconds: float = 0.7) -> list[CheckLine]:
    return list(
        check_gate(load_config(path), datetime.now(UTC), time.monotonic, seconds=seconds, camera_seconds=0.3)
    )


def wrong(lines: list[CheckLine]) -> dict[tuple[str, str], str]:
    return {(line.part, line.name): line.text for line in lines if line.verdict is Verdict.WRONG}


def test_a_healthy_site_is_reported_healthy_and_no_lock_moves(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["check", str(site.write()), "--json", "--seconds", "2"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {line["verdict"] for line in lines} <= {"ok", "warning"}
    assert {line["part"] for line in lines} >= {
        "secrets",
        "clock",
        "lane",
        "reader",
        "tag_reader",
        "frame_reader",
        "keypad",
        "scanner",
        "osdp_reader",
        "inputs",
        "camera",
        "terminal",
    }
    assert not any(
        change.on for change in [*site.usb.changes, *site.modbus.changes(1), *site.modbus.changes(2)]
    )
    assert {order[2] for order in site.east.outputs} == {1}
    assert site.chip.is_high(RELAY_LINE), "which is active low"


def test_the_site_has_every_kind_but_those_that_have_no_twin(site: Site) -> None:
    config = load_config(site.write(all_cameras=True))
    tables = (config.reader, config.keypad, config.scanner, config.camera, config.relay, config.inputs)
    kinds = {part.kind for table in tables for part in table.values()}
    assert kinds == kinds_of_the_site_file() - {"modem_inputs", "v4l2"}
    assert all(getattr(config, table) for table in OF_ONE_KIND)


SERIAL = {
    ("reader", "line"): "line",
    ("tag_reader", "tag"): "tag",
    ("frame_reader", "frames"): "frames",
    ("keypad", "keys"): "keys",
    ("keypad", "framed"): "framed",
    ("keypad", "stx"): "stx",
    ("scanner", "scan"): "scan",
    ("inputs", "cabinet"): "inputs",
}
WEDGES = {("reader", "usb-card"): "usb_card", ("keypad", "pad"): "pad"}
MODBUS = {("relay", "waveshare"), ("relay", "eletechsup"), ("inputs", "board")}
Broken = dict[tuple[str, str], str]


@contextmanager
def not_at_all(site: Site) -> Iterator[Broken]:
    """Leave everything as it should be."""
    del site
    yield {}


@contextmanager
def unplugged(site: Site) -> Iterator[Broken]:
    """Pull every cable."""
    for twin in (site.usb, site.modbus, site.osdp, site.chip, site.net):
        twin.unplug()
    for name in (*SERIAL.values(), *WEDGES.values()):
        getattr(site, name).unplug()
    (site.root / "film.avi").unlink()
    (site.root / "pictures" / "1.png").unlink()
    (site.root / "pictures").rmdir()
    ports = (*SERIAL, *WEDGES, *MODBUS, ("relay", "usb"), ("osdp_reader", "east"))
    yield dict.fromkeys(ports, "is not there; check the cable and the name") | {
        ("lane", "north-in"): "relay not usable: usb, as said above",
        ("lane", "south-in"): "relay not usable: waveshare, as said above",
        ("lane", "car-in"): "relay not usable: eletechsup, as said above",
        ("lane", "east-in"): "see osdp_reader east below",
        ("lane", "west-in"): "no such chip",
        ("inputs", "contacts"): "no such chip",
        ("camera", "eye"): "pictures",
        ("camera", "net"): "cannot be reached",
        ("camera", "film"): "is not there",
    }


@contextmanager
def mute(site: Site) -> Iterator[Broken]:
    """Leave every cable in, and let nothing answer that is asked."""
    for address in (1, 2):
        site.modbus.board(address).is_mute = True
    site.osdp.silent = True
    site.net.hang()
    with site.inputs.hung():
        yield {
            ("lane", "south-in"): "no answer from address 1",
            ("lane", "car-in"): "no answer from address 2",
            ("lane", "east-in"): "see osdp_reader east below",
            ("inputs", "board"): "no answer from address 1",
            ("inputs", "cabinet"): "no state came",
            ("osdp_reader", "east"): "no reader at address 1 at 9600 baud",
            ("camera", "net"): "no picture comes",
        }


@contextmanager
def at_a_wrong_baud_rate(site: Site) -> Iterator[Broken]:
    """Make every device send what no driver can read."""

    def say() -> None:
        for name in SERIAL.values():
            getattr(site, name).wire.write(b"\x80\xf8\x00\x06\x78\xfe\r\n")
        site.usb_card.type("QWERTY\n")
        site.pad.type("QWERTY")

    for address in (1, 2):
        site.modbus.board(address).spoils_checksum = True
    with again_and_again(say):
        yield dict.fromkeys((*SERIAL, *WEDGES), "that is none of what its lines in the site file say") | {
            ("lane", "south-in"): "no answer from address 1",
            ("lane", "car-in"): "no answer from address 2",
            ("inputs", "board"): "no answer from address 1",
        }


@contextmanager
def held_by_another_program(site: Site) -> Iterator[Broken]:
    """Hold every port as another program does."""
    ports = [site.usb.path, site.osdp.path, *(getattr(site, name).path for name in SERIAL.values())]
    command = [sys.executable, "-c", HOLD, *ports]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"1\n"
        words = f"(process {holder.pid}); a port serves one program"
        yield dict.fromkeys((*SERIAL, ("relay", "usb"), ("osdp_reader", "east")), words) | {
            ("lane", "north-in"): "relay not usable: usb, as said above",
            ("lane", "east-in"): "see osdp_reader east below",
        }


@contextmanager
def not_at_rest(site: Site) -> Iterator[Broken]:
    """Leave every door open, and a relay that sticks."""
    site.inputs.set("north-in", InputKind.DOOR_OPEN, True)
    site.modbus.set_input(1, 1, True)
    site.chip.set_pin(DOOR_LINE, False)
    site.modbus.board(2).on.add(1)
    site.modbus.board(2).is_stuck = True
    yield dict.fromkeys(
        (("inputs", "cabinet"), ("inputs", "board"), ("inputs", "contacts")),
        "door_open reads active: is the door open",
    ) | {("lane", "car-in"): "still reads on; the lane may be open"}


@pytest.mark.parametrize(
    ("way", "seconds"),
    [
        (not_at_all, 1.0),
        (unplugged, 1.0),
        (mute, 3.5),
        (at_a_wrong_baud_rate, 1.0),
        (held_by_another_program, 1.0),
        (not_at_rest, 1.0),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_each_kind_that_is_broken_in_one_way_has_a_line_of_its_own_that_says_so(
    way: Callable[[Site], AbstractContextManager[Broken]], seconds: float, site: Site
) -> None:
    path = site.write(all_cameras=True)
    with way(site) as expected:
        found = wrong(checked(path, seconds=seconds))
    assert set(found) == set(expected)
    assert [(part, found[part]) for part, words in expected.items() if words not in found[part]] == []


def test_what_is_shown_to_a_reader_meanwhile_is_counted(site: Site) -> None:
    with again_and_again(lambda: site.line.tap(0x1234ABCD)):
        lines = checked(site.write())
    assert next(line.text for line in lines if line.name == "line").startswith("read ")
    assert wrong(lines) == {}


def test_a_missing_port_is_named_once_with_the_lane_it_shuts(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    site.usb.unplug()
    camera = f'[camera.eye]\nkind = "folder"\nsource = "{site.root}/pictures"\nlane = "north-in"\n'
    path = site.write((camera, ""))
    found = wrong(checked(path))
    assert f"{site.usb.path} is not there; check the cable and the name" in found["relay", "usb"]
    assert found["lane", "north-in"] == "relay not usable: usb, as said above"
    assert len(found) == 2
    assert cli.run(["check", str(path), "--seconds", "0.1"]) == 1
    assert "WRONG   relay usb: " in capsys.readouterr().out


def test_a_port_that_another_program_holds_is_reported_with_the_program(site: Site) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, site.line.path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"1\n"
        found = wrong(checked(site.write()))
    finally:
        holder.communicate(b"\n")
    assert set(found) == {("reader", "line")}
    assert f"(process {holder.pid}); a port serves one program" in found["reader", "line"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can take rights away and change its user")
def test_a_port_this_user_may_not_open_is_reported_with_the_group_to_join(site: Site) -> None:
    port = Path(os.path.realpath(site.usb.path))
    group = next(group for group in grp.getgrall() if group.gr_gid)
    os.chown(port, 0, group.gr_gid)
    joins = as_a_stranger(port)
    os.chown(port, 0, 0)
    needs_rules = as_a_stranger(port)
    assert (
        f"may not open it; it belongs to the group {group.gr_name}: sudo usermod -aG {group.gr_name}" in joins
    )
    assert "it belongs to root alone. Install the udev rules" in needs_rules


def as_a_stranger(port: Path) -> str:
    os.seteuid(STRANGER_UID)
    try:
        return str(port_trouble(port))
    finally:
        os.seteuid(0)


def test_a_relay_board_that_does_not_answer_is_reported_at_its_lane_and_its_inputs(site: Site) -> None:
    site.modbus.board(1).is_mute = True
    found = wrong(checked(site.write()))
    assert set(found) == {("lane", "south-in"), ("inputs", "board")}
    assert "relay not usable: " in found["lane", "south-in"]
    assert all("no answer from address 1" in text for text in found.values())


def test_a_relay_that_reads_on_after_the_order_to_rest_is_reported(site: Site) -> None:
    site.modbus.board(2).on.add(1)
    site.modbus.board(2).is_stuck = True
    found = wrong(checked(site.write()))
    assert set(found) == {("lane", "car-in")}
    assert "still reads on; the lane may be open" in found["lane", "car-in"]


@contextmanager
def again_and_again(act: Callable[[], object]) -> Iterator[None]:
    over = threading.Event()

    def repeat() -> None:
        while not over.wait(0.1):
            act()

    thread = threading.Thread(target=repeat)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@pytest.mark.parametrize(("part", "name"), [("reader", "line"), ("tag_reader", "tag"), ("scanner", "scan")])
def test_a_reader_at_a_wrong_baud_rate_is_reported_as_noise(part: str, name: str, site: Site) -> None:
    wire = getattr(site, name).wire
    with again_and_again(lambda: wire.write(b"\x80\xf8\x00\x06\x78\xfe\r\n")):
        found = wrong(checked(site.write()))
    assert set(found) == {(part, name)}
    assert "something came at 9600 baud that is none of what its lines" in found[part, name]
    assert "menjin gate identify" in found[part, name]


@pytest.mark.parametrize(
    ("reader_key", "gate_key", "words"),
    [
        (None, None, "not paired: run menjin gate pair-reader SITE.toml east. At address 1 a reader answers"),
        (
            b"another key 1234",
            b"the gate's key 1",
            "answers, but not under its key: it was reset, or is another",
        ),
        (DEFAULT_KEY, b"the gate's key 1", "speaks under the published default key, which everybody knows"),
    ],
    ids=["unpaired", "another key", "the default key"],
)
def test_an_osdp_reader_outside_its_secure_channel_is_reported_with_why(
    reader_key: bytes | None, gate_key: bytes | None, words: str, site: Site
) -> None:
    site.east.key = reader_key
    site.east.power_cycle()
    (site.secrets_dir / key_name("east")).unlink()
    for key in [gate_key] if gate_key else []:
        write_secret(site.secrets_dir, key_name("east"), key)
    found = wrong(checked(site.write(), seconds=6.0))
    assert set(found) == {("osdp_reader", "east"), ("lane", "east-in")}
    assert words in found["osdp_reader", "east"]
    assert site.east.key == reader_key


@pytest.mark.wide
def test_an_osdp_reader_that_is_not_there_is_reported_with_address_and_baud_rate(site: Site) -> None:
    site.osdp.silent = True
    found = wrong(checked(site.write(), seconds=6.0))
    assert "no reader at address 1 at 9600 baud" in found["osdp_reader", "east"]


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (InputKind.DOOR_OPEN, "terminal 1: door_open reads active: is the door open, or the wire cut?"),
        (InputKind.TAMPER, "terminal 3: tamper reads active: is the casing open, or the wire cut?"),
        (InputKind.FIRE, "terminal 4: fire reads active: is the fire panel in alarm, or the wire cut?"),
        (InputKind.EXIT_BUTTON, "is the button pressed? If not, the contact is closed at rest"),
    ],
)
def test_a_wire_that_is_not_at_rest_is_asked_about(kind: InputKind, words: str, site: Site) -> None:
    site.inputs.set("north-in", kind, True)
    found = wrong(checked(site.write()))
    assert set(found) == {("inputs", "cabinet")}
    assert words in found["inputs", "cabinet"]


def test_a_contact_declared_the_wrong_way_round_reads_active_at_rest(site: Site) -> None:
    terminal_2 = 'terminal = "2", lane = "north-in", kind = "exit_button"'
    found = wrong(checked(site.write((terminal_2, f"{terminal_2}, normally_closed = true"))))
    assert "normally_closed = false" in found["inputs", "cabinet"]
    assert InputWire("2", "north-in", InputKind.EXIT_BUTTON, True).is_active(closed=False)


def test_a_fire_contact_that_a_cut_wire_would_silence_is_warned_of(site: Site) -> None:
    site.inputs.set("north-in", InputKind.FIRE, True)
    terminal_4 = 'kind = "fire", normally_closed = true'
    lines = checked(site.write((terminal_4, 'kind = "fire"')))
    assert any(
        "so a cut wire is never noticed" in line.text for line in lines if line.verdict is Verdict.WARNING
    )
    assert wrong(lines) == {}


def test_a_camera_that_is_absent_or_sees_nothing_is_reported(site: Site) -> None:
    picture = site.root / "pictures" / "1.png"
    cv2.imwrite(str(picture), np.zeros((240, 320, 3), np.uint8))
    assert "dark" in wrong(checked(site.write()))["camera", "eye"]
    picture.unlink()
    picture.parent.rmdir()
    assert str(site.root / "pictures") in wrong(checked(site.write()))["camera", "eye"]


@pytest.mark.parametrize("name", ["identity.json", "gate.key", "card.key", "pin.key"])
def test_a_missing_or_open_secret_is_reported_with_what_to_run(name: str, site: Site) -> None:
    (site.secrets_dir / name).chmod(0o644)
    config = load_config(site.write())
    assert f"{name} can be read by others; run: chmod 600" in wrong([*check_secrets(config)])["secrets", ""]
    (site.secrets_dir / name).unlink()
    assert "pair the gate with `menjin gate pair " in wrong([*check_secrets(config)])["secrets", ""]


def test_a_folder_in_which_others_may_replace_secrets_is_wrong(site: Site) -> None:
    site.secrets_dir.chmod(0o777)
    assert "run: chmod 700" in wrong([*check_secrets(load_config(site.write()))])["secrets", ""]


def test_where_the_secrets_come_from_is_reported_with_what_it_means(
    site: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    config = load_config(site.write())
    said = [line.text for line in check_secrets(config)]
    assert any(
        f"files in {site.secrets_dir}. A stolen gate's disk holds the gate's half of the key" in text
        for text in said
    )
    handed = tmp_path / "credentials"
    handed.mkdir()
    for name in ("gate.key", "card.key", "pin.key", "face.key"):
        (handed / name).write_bytes(b"k" * 32)
        (handed / name).chmod(0o440)
        (site.secrets_dir / name).unlink(missing_ok=True)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(handed))
    lines = [*check_secrets(config)]
    assert wrong(lines) == {}
    assert any("gate.key, card.key, pin.key, face.key: systemd credentials" in line.text for line in lines)
    assert not any("files in" in line.text for line in lines)


def test_an_engine_that_may_not_open_is_wrong_with_its_figures(site: Site) -> None:
    face = msgspec.structs.replace(load_config(site.write()).face, enabled=True, engine="face_recognition")
    config = msgspec.structs.replace(load_config(site.write()), face=face)
    said = wrong([*check_face(config)])["face", "face_recognition"]
    assert "once in 1,000" in said
    assert "Face stays off, all other ways in work" in said
    assert [*check_face(load_config(site.write()))] == []


def test_weights_that_are_not_there_are_wrong_and_those_that_are_fine(site: Site) -> None:
    config = load_config(site.write())
    face = msgspec.structs.replace(config.face, enabled=True)
    assert wrong([*check_face(msgspec.structs.replace(config, face=face))]) == {}
    elsewhere = msgspec.structs.replace(face, models_dir=site.root)
    said = wrong([*check_face(msgspec.structs.replace(config, face=elsewhere))])["face", "yunet-sface"]
    assert str(site.root) in said


def test_weights_without_their_package_are_named_with_how_they_are_added(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = [yunet_sface.installed_models_folder() / one.name for one in YUNET_SFACE_CARD.model_files]
    monkeypatch.setattr(yunet_sface, "WEIGHTS_PACKAGE", "menjin-no-such-weights")
    monkeypatch.setenv("MENJIN_MODELS_DIR", str(tmp_path / "models"))
    config = load_config(site.write())
    config = msgspec.structs.replace(config, face=msgspec.structs.replace(config.face, enabled=True))
    said = wrong([*check_face(config)])["face", "yunet-sface"]
    assert all(file.name in said for file in files)
    assert "menjin face models add FILE|URL" in said
    assert [face_cli.run(["models", "add", str(file)]) for file in files] == [0, 0]
    assert wrong([*check_face(config)]) == {}


def test_an_engine_that_no_package_brings_is_wrong_and_the_gate_starts_without_face(site: Site) -> None:
    face = msgspec.structs.replace(load_config(site.write()).face, enabled=True, engine="better")
    config = msgspec.structs.replace(load_config(site.write()), face=face)
    said = wrong([*check_face(config)])["face", "better"]
    assert "No face engine is called 'better'. Installed: yunet-sface, face_recognition" in said
    assert "Face stays off, all other ways in work" in said


def test_a_screen_whose_port_is_taken_is_reported(site: Site) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen(1)
        port = taken.getsockname()[1]
        found = wrong([*check_screens(load_config(site.write(screen_port=port)))])
    assert f"port {port} of 127.0.0.1 cannot be taken" in found["terminal", "screen"]


def test_a_lane_without_a_named_lock_is_wrong(site: Site) -> None:
    path = site.write()
    before, lane, after = path.read_text(encoding="utf-8").partition('lock = "barrier"\ncontact = "no"\n')
    assert lane
    path.write_text(before + after, encoding="utf-8")
    with pytest.raises(ConfigRefused, match="the sheet says barrier and the lane does not"):
        load_config(path)
    rest = after[after.index("\n[", 1) :]
    path.write_text(before + rest, encoding="utf-8")
    assert "does not say which lock hangs there" in wrong(checked(path, seconds=0.1))["lane", "car-in"]


def clock_folder(root: Path, shows: datetime) -> Path:
    (root / "rtc" / "rtc0").mkdir(parents=True)
    (root / "rtc" / "rtc0" / "since_epoch").write_text(f"{int(shows.timestamp())}\n")
    return root / "rtc"


NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("off", "says", "verdict", "words"),
    [
        (timedelta(0), True, Verdict.OK, "shows the right time"),
        (timedelta(days=-9000), True, Verdict.WRONG, "change its battery"),
        (timedelta(minutes=3), True, Verdict.WRONG, "hwclock --systohc"),
        (timedelta(0), False, Verdict.WARNING, "say has_battery_clock = true"),
    ],
)
def test_the_battery_clock_is_held_against_the_time(
    off: timedelta, says: bool, verdict: Verdict, words: str, site: Site, tmp_path: Path
) -> None:
    said = ("has_battery_clock = false", f"has_battery_clock = {str(says).lower()}")
    config = load_config(site.write(said))
    (line,) = check_clock(config, NOW, clock_folder(tmp_path / "sys", NOW + off))
    assert (line.verdict, words in line.text) == (verdict, True)


def test_a_battery_clock_that_is_not_fitted_is_wrong_where_the_site_file_speaks_of_one(
    site: Site, tmp_path: Path
) -> None:
    (line,) = check_clock(load_config(site.write()), NOW, tmp_path / "none")
    assert line.verdict is Verdict.WARNING
    config = load_config(site.write(("has_battery_clock = false", "has_battery_clock = true")))
    (line,) = check_clock(config, NOW, tmp_path / "none")
    assert (line.verdict, "fit a DS3231" in line.text) == (Verdict.WRONG, True)


def test_names_that_may_move_are_reported_and_do_not_keep_the_rest_from_being_tried(site: Site) -> None:
    path = site.write(
        (str(site.line.path), "/dev/ttyUSB0"),
        ('kind = "folder"\nsource = "' + str(site.root / "pictures"), 'kind = "v4l2"\nsource = "/dev/video0'),
    )
    lines = checked(path)
    moved = "may be another device at the next start or after unplugging"
    assert f"/dev/ttyUSB0 {moved}: use its name under /dev/serial/by-id/" in wrong(lines)["reader", "line"]
    warned = [line for line in lines if line.verdict is Verdict.WARNING and line.part == "camera"]
    assert [f"/dev/video0 {moved}: use its name under /dev/v4l/by-id/" in line.text for line in warned] == [
        True
    ]
    assert set(wrong(lines)) == {("reader", "line"), ("camera", "eye")}


def test_the_check_holds_no_port_when_it_is_over(site: Site) -> None:
    checked(site.write(), seconds=0.1)
    descriptor = os.open(site.line.path, os.O_RDWR)
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.close(descriptor)
