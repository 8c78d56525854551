"""A site with every kind of device that a pty or a folder can simulate, to be broken one by one.

GPIO chips are files and USB wedges FIFOs, because most test machines lack the kernel's own stand-ins
(gpio-sim, uinput). Left out: the control lines of an adapter and USB cameras, which have none.
"""

import secrets
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import msgspec
import numpy as np
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gate_controller.assembly.reader_keys import key_name
from gate_controller.contract.signing import public_bytes
from gate_controller.storage.policy_store import GateIdentity
from gate_controller.storage.secrets import private_key_bytes, write_secret
from hardware.inputs.serial import InputWire
from hardware.interfaces import InputKind
from hardware.readers.cards import CardFormat
from hardware.readers.wiegand import RawFrameFormat
from hardware.simulated.camera_scene import CameraScene
from hardware.simulated.framed_readers import FramedKeypad, RawFrameReader, TagReader
from hardware.simulated.gpio_file import GpioFile
from hardware.simulated.input_board import InputBoard
from hardware.simulated.modbus_board import ModbusBoard, ModbusBus
from hardware.simulated.osdp_reader import OsdpBus
from hardware.simulated.osdp_reader import OsdpReader as OsdpTwin
from hardware.simulated.readers import Keypad, LineCardReader, QrScanner
from hardware.simulated.relay_board import RelayBoard
from hardware.simulated.rtsp_camera import RtspTwin
from hardware.simulated.wedge import Wedge, WedgeReader
from hardware.simulated.without_kernel import twins_for_the_kernel
from tests.support.gates.site_keys import SiteKeys

LANES = {
    "north-in": ("usb", 1, "fail_safe_magnet", "nc", "safe"),
    "south-in": ("waveshare", 1, "fail_secure_strike", "no", "secure"),
    "car-in": ("eletechsup", 1, "barrier", "no", "safe"),
    "east-in": ("east", 1, "fail_secure_strike", "no", "secure"),
    "west-in": ("hat", 1, "fail_secure_strike", "no", "secure"),
}
"""By lane: relay, channel, lock, contact, and what the lock does without power."""
LANE = """
[lane.{name}]
relay = "{relay}"
channel = {channel}
lock = "{lock}"
contact = "{contact}"
[lane.{name}.sheet]
lock = "{lock}"
fails = "{fails}"
on_escape_route = false
free_exit = "handle"
fire_release = "wired_to_lock_power"
manual_release = true
exit_sign_photo = "binder 1"
exit_sign_date = 2026-11-01
safety_input = "photocell"
reader_heights_mm = [1100]
opening_width_mm = 900
is_accessible_lane = true
emergency_access = "key box"
last_drill = 2026-11-01
"""
CAMERA_SHEET = """\
camera_location = "gate_outside"
camera_view = "the lane, 1 m deep"
camera_sign_photo = "binder 1"
camera_sign_date = 2026-11-01
"""
PARTS = """
[gate]
data_dir = "{root}/data"
secrets_dir = "{root}/secrets"
server_url = "http://127.0.0.1:9"
has_battery_clock = false

[relay.usb]
kind = "usb_relay"
port = "{root}/dev/usb-relay"
[relay.waveshare]
kind = "modbus_relay"
family = "waveshare"
port = "{root}/dev/modbus"
address = 1
[relay.eletechsup]
kind = "modbus_relay"
family = "eletechsup"
port = "{root}/dev/modbus"
address = 2
[relay.hat]
kind = "gpio_relay"
chip = "{root}/dev/chip"
lines = [{relay_line}]
active_low = true

[reader.line]
kind = "serial_card"
port = "{root}/dev/line"
lane = "north-in"
bits = 34
[reader.usb-card]
kind = "usb_card"
port = "{root}/dev/usb-card"
lane = "west-in"
bits = 34
[tag_reader.tag]
port = "{root}/dev/tag"
lane = "south-in"
[frame_reader.frames]
port = "{root}/dev/frames"
lane = "car-in"
bits = 34
[keypad.keys]
kind = "serial_keypad"
port = "{root}/dev/keys"
lane = "north-in"
[keypad.framed]
kind = "stx_sum_keypad"
port = "{root}/dev/framed"
lane = "south-in"
[keypad.stx]
kind = "stx_keypad"
port = "{root}/dev/stx"
lane = "car-in"
[keypad.pad]
kind = "usb_keypad"
port = "{root}/dev/pad"
lane = "west-in"
[scanner.scan]
kind = "serial_code"
port = "{root}/dev/scan"
lane = "north-in"

[osdp_line.rs485]
port = "{root}/dev/rs485"
[osdp_reader.east]
line = "rs485"
address = 1
lane = "east-in"
bits = 34

[inputs.cabinet]
kind = "serial_inputs"
port = "{root}/dev/inputs"
wires = [
    {{ terminal = "1", lane = "north-in", kind = "door_open", normally_closed = true }},
    {{ terminal = "2", lane = "north-in", kind = "exit_button" }},
    {{ terminal = "3", lane = "north-in", kind = "tamper", normally_closed = true }},
    {{ terminal = "4", lane = "north-in", kind = "fire", normally_closed = true }},
]
[inputs.board]
kind = "modbus_inputs"
port = "{root}/dev/modbus"
address = 1
wires = [
    {{ terminal = "1", lane = "south-in", kind = "door_open" }},
    {{ terminal = "2", lane = "car-in", kind = "door_open" }},
    {{ terminal = "3", lane = "east-in", kind = "door_open" }},
]
[inputs.contacts]
kind = "gpio_inputs"
chip = "{root}/dev/chip"
wires = [
    {{ terminal = "5", lane = "west-in", kind = "door_open" }},
]

[camera.eye]
kind = "folder"
source = "{root}/pictures"
lane = "north-in"

[terminal.screen]
lane = "north-in"
port = {screen_port}
launch_token_file = "{root}/run/launch_token"
"""
CAMERAS = """
[camera.net]
kind = "rtsp"
source = "{address}"
lane = "south-in"
[camera.film]
kind = "file"
source = "{root}/film.avi"
lane = "car-in"
"""
"""Those that take their time to be opened."""
RELAY_LINE, DOOR_LINE = 26, 5
FILM_FRAMES = 60
WIRES = (
    InputWire("1", "north-in", InputKind.DOOR_OPEN, True),
    InputWire("2", "north-in", InputKind.EXIT_BUTTON, False),
    InputWire("3", "north-in", InputKind.TAMPER, True),
    InputWire("4", "north-in", InputKind.FIRE, True),
)


@dataclass
class Site:
    """The twins of the site, and its file."""

    root: Path
    usb: RelayBoard
    modbus: ModbusBus
    line: LineCardReader
    tag: TagReader
    frames: RawFrameReader
    usb_card: WedgeReader
    keys: Keypad
    framed: FramedKeypad
    stx: FramedKeypad
    pad: Wedge
    scan: QrScanner
    osdp: OsdpBus
    east: OsdpTwin
    inputs: InputBoard
    chip: GpioFile
    net: RtspTwin

    def write(self, *changes: tuple[str, str], screen_port: int = 0, all_cameras: bool = False) -> Path:
        """Write the site file, with these texts replaced by others, and return its path."""
        text = PARTS.format(root=self.root, screen_port=screen_port, relay_line=RELAY_LINE)
        text += CAMERAS.format(root=self.root, address=self.net.address) * all_cameras
        for name, (relay, channel, lock, contact, fails) in LANES.items():
            text += LANE.format(
                name=name, relay=relay, channel=channel, lock=lock, contact=contact, fails=fails
            )
            text += CAMERA_SHEET * (name in ("north-in", *(("south-in", "car-in") * all_cameras)))
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        path = self.root / "site.toml"
        path.write_text(text, encoding="utf-8")
        return path

    @property
    def secrets_dir(self) -> Path:
        return self.root / "secrets"


@cache
def _film(picture: bytes) -> bytes:
    """Return a film in which a picture moves to the right."""
    first = np.frombuffer(picture, np.uint8).reshape(240, 320, 3)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "film.avi"
        film = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 15, (320, 240))
        for number in range(FILM_FRAMES):
            film.write(np.roll(first, number, axis=1))
        film.release()
        return path.read_bytes()


@contextmanager
def site_of_every_kind(root: Path) -> Iterator[Site]:
    """Plug everything in; take it away at the end."""
    folder, dev, key = root / "secrets", root / "dev", secrets.token_bytes(16)
    keys = SiteKeys.make()
    write_secret(folder, "gate.key", private_key_bytes(Ed25519PrivateKey.generate()))
    for name in ("card.key", "pin.key"):
        write_secret(folder, name, secrets.token_bytes(32))
    identity = GateIdentity(keys.site_id, "north", public_bytes(keys.root))
    write_secret(folder, "identity.json", msgspec.json.encode(identity))
    write_secret(folder, key_name("east"), key)
    (root / "pictures").mkdir()
    picture = np.random.default_rng(1).integers(0, 255, (240, 320, 3), np.uint8)
    cv2.imwrite(str(root / "pictures" / "1.png"), picture)
    (root / "film.avi").write_bytes(_film(picture.tobytes()))
    boards = [ModbusBoard(1), ModbusBoard(2, "eletechsup")]
    with twins_for_the_kernel(), ExitStack() as plugged:
        osdp = plugged.enter_context(OsdpBus(dev / "rs485", name="rs485"))
        yield Site(
            root,
            plugged.enter_context(RelayBoard(dev / "usb-relay", name="usb")),
            plugged.enter_context(ModbusBus(dev / "modbus", boards, name="modbus")),
            plugged.enter_context(LineCardReader(dev / "line", CardFormat(34, "hex"), name="line")),
            plugged.enter_context(TagReader(dev / "tag", name="tag")),
            plugged.enter_context(RawFrameReader(dev / "frames", RawFrameFormat(34), name="frames")),
            plugged.enter_context(WedgeReader(dev / "usb-card", CardFormat(34, "hex"), name="usb-card")),
            plugged.enter_context(Keypad(dev / "keys", name="keys")),
            plugged.enter_context(FramedKeypad(dev / "framed", "stx_sum", name="framed")),
            plugged.enter_context(FramedKeypad(dev / "stx", "stx", name="stx")),
            plugged.enter_context(Wedge(dev / "pad", name="pad")),
            plugged.enter_context(QrScanner(dev / "scan", name="scan")),
            osdp,
            osdp.add(1, key),
            plugged.enter_context(InputBoard(dev / "inputs", WIRES, name="inputs")),
            plugged.enter_context(GpioFile(dev / "chip", name="chip", high=(RELAY_LINE, DOOR_LINE))),
            plugged.enter_context(RtspTwin(CameraScene().next_frame, name="net")),
        )
