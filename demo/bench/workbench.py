"""A fourth gate with a device of every kind that the script's three gates do not have; set up on request."""

import time
from collections.abc import Callable
from pathlib import Path

from demo.rig.boards import Contacts, Relays, Trace
from demo.rig.devices import CameraTrouble, Metal, code_picture
from demo.world.lane_sheets import sheet_lines, sheet_of
from demo.world.site_files import CARD_BITS, OSDP_ADDRESS, GatePlan, LanePlan
from hardware.interfaces import Frame, InputKind
from hardware.readers.cards import CardFormat
from hardware.readers.wiegand import RawFrameFormat
from hardware.simulated.camera_scene import CameraScene, street
from hardware.simulated.face_clips import Actor
from hardware.simulated.framed_readers import FramedKeypad, RawFrameReader, TagReader
from hardware.simulated.gpio_file import GpioFile
from hardware.simulated.modbus_board import ModbusBoard, ModbusBus
from hardware.simulated.osdp_reader import OsdpReader
from hardware.simulated.relay_board import RelayChange
from hardware.simulated.rtsp_camera import RtspTwin
from hardware.simulated.wedge import Wedge, WedgeReader

HAT, BOARD, OSDP = "bench-hat", "bench-board", "bench-osdp"
RELAY_LINE = 26
"""Active low; the contacts are at the lines of their terminals' numbers."""
PRINTED = CardFormat(34, "hex")
WITHOUT_TWIN = ("v4l2", "modem_inputs", "file")
"""Kinds of the site file that have none: the bench page says why."""
WORKBENCH = GatePlan(
    "workbench",
    "试验门 Workbench",
    (
        LanePlan(
            HAT,
            "继电器扩展板 Relay hat",
            "in",
            1,
            PRINTED,
            ("card", "pin", "qr"),
            keypad=True,
            camera=True,
            wires=(InputKind.DOOR_OPEN, InputKind.EXIT_BUTTON),
            kinds=("gpio_relay", "gpio_inputs", "usb_card", "usb_keypad", "rtsp"),
        ),
        LanePlan(
            BOARD,
            "Eletechsup",
            "in",
            2,
            PRINTED,
            ("card", "pin"),
            keypad=True,
            kinds=("modbus_relay", "tag_reader", "stx_keypad"),
        ),
        LanePlan(
            OSDP,
            "OSDP 输出 OSDP output",
            "in",
            3,
            PRINTED,
            ("card", "pin"),
            keypad=True,
            osdp=True,
            kinds=("osdp_reader", "frame_reader", "stx_sum_keypad"),
        ),
    ),
)
SITE_FILE = """\
[gate]
data_dir = "{folder}/data"
secrets_dir = "{folder}/secrets"
server_url = "{server_url}"
card_bits = {card_bits}
has_battery_clock = true

[relay.hat]
kind = "gpio_relay"
chip = "{folder}/dev/gpiochip"
lines = [{relay_line}]
active_low = true
[relay.board]
kind = "modbus_relay"
family = "eletechsup"
port = "{folder}/dev/modbus"

[reader.bench-hat-card]
kind = "usb_card"
port = "{folder}/dev/bench-hat-card"
lane = "bench-hat"
bits = 34
[keypad.bench-hat-keys]
kind = "usb_keypad"
port = "{folder}/dev/bench-hat-keys"
lane = "bench-hat"
[camera.bench-hat-camera]
kind = "rtsp"
source = "{camera}"
lane = "bench-hat"
hands_free_codes = true
[inputs.wires]
kind = "gpio_inputs"
chip = "{folder}/dev/gpiochip"
wires = [
    {{ terminal = "1", lane = "bench-hat", kind = "door_open" }},
    {{ terminal = "2", lane = "bench-hat", kind = "exit_button" }},
]

[tag_reader.bench-board-card]
port = "{folder}/dev/bench-board-card"
lane = "bench-board"
[keypad.bench-board-keys]
kind = "stx_keypad"
port = "{folder}/dev/bench-board-keys"
lane = "bench-board"

[osdp_line.bench-osdp-line]
port = "{folder}/dev/bench-osdp-osdp"
[osdp_reader.bench-osdp-osdp]
line = "bench-osdp-line"
address = {osdp_address}
lane = "bench-osdp"
bits = 34
[frame_reader.bench-osdp-card]
port = "{folder}/dev/bench-osdp-card"
lane = "bench-osdp"
bits = 34
[keypad.bench-osdp-keys]
kind = "stx_sum_keypad"
port = "{folder}/dev/bench-osdp-keys"
lane = "bench-osdp"
"""
RELAY_OF = {HAT: "hat", BOARD: "board", OSDP: "bench-osdp-osdp"}


class WorkbenchMetal(Metal):
    """Its devices, plugged in when made."""

    def _plug_boards(self, dev: Path, trace: Trace) -> tuple[Relays, Contacts]:
        pulled_up = [int(terminal) for terminal in self.plan.terminals.values()]
        self.chip = self._plug(GpioFile(dev / "gpiochip", name="gpiochip", high=[RELAY_LINE, *pulled_up]))
        board = ModbusBoard(1, "eletechsup")
        self.bus = self._plug(ModbusBus(dev / "modbus", [board], name="workbench-modbus", trace=trace))
        return WorkbenchRelays(self), ChipContacts(self.chip, self.plan)

    def _plug_lane(self, lane: LanePlan, dev: Path, trace: Trace) -> None:
        at = lane.lane_id
        card, keys = dev / f"{at}-card", dev / f"{at}-keys"
        if at == HAT:
            self.readers[at] = self._plug(WedgeReader(card, PRINTED, name=card.name, trace=trace))
            self.keypads[at] = self._plug(Wedge(keys, name=keys.name, trace=trace))
        elif at == BOARD:
            self.readers[at] = self._plug(TagReader(card, name=card.name, trace=trace))
            self.keypads[at] = self._plug(FramedKeypad(keys, "stx", name=keys.name, trace=trace))
        else:
            self._plug_osdp(at, dev, trace)
            frames = RawFrameReader(card, RawFrameFormat(34), name=card.name, trace=trace)
            self.readers[at] = self._plug(frames)
            self.keypads[at] = self._plug(FramedKeypad(keys, "stx_sum", name=keys.name, trace=trace))

    # -- what the network camera sees --------------------------------------------------------------

    def _hang_camera(self) -> None:
        self.scene = CameraScene()
        self.camera = self._plug(RtspTwin(self.scene.next_frame, name=f"{HAT}-camera", frames_per_second=8))

    def clear_view(self) -> None:
        self.show_picture(street())

    def trouble_view(self, trouble: CameraTrouble) -> None:
        """Freeze, darken or cover the camera's view."""
        {"frozen": self.scene.freeze, "dark": self.scene.darken, "covered": self.scene.cover}[trouble]()

    def show_code(self, text: str) -> int:
        """Hold a QR code in front of the camera; return monotonic ns when it was in view."""
        return self.show_picture(code_picture(text))

    def show_picture(self, picture: Frame) -> int:
        """Hold any picture in front of the camera; return monotonic ns when it was in view."""
        self.scene.clear()
        self.scene.show(picture)
        return time.monotonic_ns()

    def stand(self, actor: Actor, prompt: Callable[[], str]) -> int:
        """Put an actor before the camera; return monotonic ns when in view."""
        self.scene.clear()
        self.scene.act(actor, prompt)
        return time.monotonic_ns()


class WorkbenchRelays:
    """One relay a lane, each on a device of its own; a channel is the lane's place."""

    def __init__(self, metal: WorkbenchMetal) -> None:
        """Take the metal, whose readers are plugged in later."""
        self._metal = metal

    @property
    def changes(self) -> list[RelayChange]:
        """Return what the Eletechsup board obeyed; the others keep no list."""
        return self._metal.bus.changes(1)

    def is_on(self, channel: int) -> bool:
        """Return whether a lane's relay is on now."""
        if channel == 1:
            return not self._metal.chip.is_high(RELAY_LINE)
        if channel == 2:
            return self._metal.bus.is_on(1, 1)
        return output_is_on(self._metal.osdp[OSDP], time.monotonic_ns())

    def wait_for_on(self, channel: int, timeout_seconds: float, *, after_ns: int = 0) -> int:
        """Return when the relay was seen on, at or after `after_ns`; raise TimeoutError."""
        give_up = time.monotonic() + timeout_seconds
        while not self.is_on(channel) or time.monotonic_ns() < after_ns:
            if time.monotonic() > give_up:
                raise TimeoutError(f"channel {channel} was not switched on within {timeout_seconds:g} s")
            time.sleep(0.002)
        return time.monotonic_ns()

    def power_cycle(self) -> None:
        """Take all power away and give it back: every relay is off."""
        self._metal.chip.set_pin(RELAY_LINE, True)
        self._metal.bus.power_cycle(1)
        reader = self._metal.osdp[OSDP]
        reader.outputs.clear()
        reader.power_cycle()


def output_is_on(reader: OsdpReader, now_ns: int) -> bool:
    """Return whether a reader's first output is on, from the last command (OSDP, control codes)."""
    orders = [order for order in reader.outputs if order[1] == 0]
    if not orders:
        return False
    at_ns, _number, code, tenths = orders[-1]
    return code in (2, 4) or (code == 5 and now_ns < at_ns + tenths * 100_000_000)


class ChipContacts:
    def __init__(self, chip: GpioFile, plan: GatePlan) -> None:
        """Take the lines that the plan names."""
        self._chip, self._plan = chip, plan

    def set(self, lane_id: str, kind: InputKind, active: bool) -> int:
        """Move a contact and return monotonic ns; KeyError where none is wired."""
        return self._chip.set_pin(int(self._plan.terminals[lane_id, kind]), not active)


def write_site_file(metal: WorkbenchMetal, folder: Path, server_url: str) -> Path:
    lines = [
        SITE_FILE.format(
            folder=folder,
            server_url=server_url,
            card_bits=CARD_BITS,
            relay_line=RELAY_LINE,
            camera=metal.camera.address,
            osdp_address=OSDP_ADDRESS,
        )
    ]
    for lane in WORKBENCH.lanes:
        lines += [
            f"[lane.{lane.lane_id}]",
            f'relay = "{RELAY_OF[lane.lane_id]}"',
            f'lock = "{lane.lock[0]}"',
            f'contact = "{lane.lock[1]}"',
            *sheet_lines(lane.lane_id, sheet_of(lane.lane_id, lane.lock[0], camera=lane.camera)),
        ]
    path = folder / "site.toml"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
