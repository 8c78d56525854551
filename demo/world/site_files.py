"""The three gates of the demo compound: their lanes, their metal, and the site file of each."""

import wave
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from demo.world.lane_sheets import sheet_lines, sheet_of
from gate_controller.contract.calls import TASK_PURPOSES
from hardware.interfaces import InputKind
from hardware.readers.cards import CardFormat

CARD_BITS: Literal[24] = 24
"""The site's one form of card numbers: a 26-bit reader sends no more."""
OSDP_ADDRESS = MODBUS_ADDRESS = 1
OSDP_BITS = 34
GUARD_NUMBER = "201"


@dataclass(frozen=True, slots=True)
class LanePlan:
    """A lane and what is wired to it; `channel` is of the gate's one relay board."""

    lane_id: str
    name: str
    direction: str
    channel: int
    reader: CardFormat
    methods: tuple[str, ...]
    keypad: bool = False
    scanner: bool = False
    camera: bool = False
    osdp: bool = False
    """True if an OSDP reader is fitted beside the line reader."""
    wires: tuple[InputKind, ...] = ()
    lock: tuple[str, str] = ("fail_secure_strike", "no")
    """The lock on the relay, and the contact that it is wired through."""
    held_after_seconds: float = 30.0
    interlock_with: tuple[str, ...] = ()
    """The ramp is one car wide: no car enters while one comes out."""
    antipassback: str = "off"
    kinds: tuple[str, ...] = ()
    """Kinds of the site file to show beside the lane, where they are not those of every gate."""


@dataclass(frozen=True, slots=True)
class GatePlan:
    """A gate, its lanes, and whether it has a screen, a telephone, and its boards as one Modbus board."""

    gate_id: str
    name: str
    lanes: tuple[LanePlan, ...]
    has_screen: bool = False
    modbus: bool = False
    has_telephone: bool = False

    def lane(self, lane_id: str) -> LanePlan:
        """Return one lane; KeyError when there is none."""
        return {lane.lane_id: lane for lane in self.lanes}[lane_id]

    @property
    def lane_names(self) -> dict[str, str]:
        return {lane.lane_id: lane.name for lane in self.lanes}

    @property
    def terminals(self) -> dict[tuple[str, InputKind], str]:
        """Return the terminal of each wire of the gate's input board, by lane and kind."""
        wired = [(lane.lane_id, kind) for lane in self.lanes for kind in lane.wires]
        return {wire: str(number) for number, wire in enumerate(wired, 1)}


GATES = (
    GatePlan(
        "north",
        "北门 North gate",
        (
            LanePlan(
                "north-in",
                "北门 · 进 In",
                "in",
                1,
                CardFormat(34, "hex", "msb"),
                ("card", "pin", "qr", "face"),
                keypad=True,
                scanner=True,
                camera=True,
                wires=(InputKind.DOOR_OPEN, InputKind.EXIT_BUTTON, InputKind.INTERCOM),
            ),
            LanePlan(
                "north-out",
                "北门 · 出 Out",
                "out",
                2,
                CardFormat(34, "hex", "msb"),
                ("card",),
                wires=(InputKind.DOOR_OPEN, InputKind.FIRE),
            ),
        ),
        has_screen=True,
        has_telephone=True,
    ),
    GatePlan(
        "south",
        "南门 South gate",
        (
            LanePlan(
                "south-in",
                "南门 · 进 In",
                "in",
                1,
                CardFormat(34, "dec", "lsb", "xor"),
                ("card", "pin", "qr"),
                keypad=True,
                scanner=True,
                osdp=True,
                wires=(
                    InputKind.DOOR_OPEN,
                    InputKind.EXIT_BUTTON,
                    InputKind.GUARD_BUTTON,
                    InputKind.TAMPER,
                    InputKind.ON_BATTERY,
                    InputKind.BATTERY_LOW,
                ),
                held_after_seconds=1.5,
            ),
        ),
    ),
    GatePlan(
        "garage",
        "车库 Garage",
        (
            LanePlan(
                "garage-in",
                "车库 · 进 In",
                "in",
                1,
                CardFormat(26, "hex", "lsb"),
                ("card", "pin"),
                keypad=True,
                wires=(InputKind.DOOR_OPEN, InputKind.OBSTACLE),
                lock=("barrier", "no"),
                interlock_with=("garage-out",),
                antipassback="hard",
            ),
            LanePlan(
                "garage-out",
                "车库 · 出 Out",
                "out",
                2,
                CardFormat(26, "dec", "msb"),
                ("card",),
                wires=(InputKind.DOOR_OPEN, InputKind.EXIT_BUTTON),
                lock=("barrier", "no"),
                antipassback="soft",
            ),
        ),
        modbus=True,
    ),
)


_MODBUS_RELAY = ('kind = "modbus_relay"', 'family = "waveshare"', f"address = {MODBUS_ADDRESS}")
_MODBUS_INPUTS = ('kind = "modbus_inputs"', f"address = {MODBUS_ADDRESS}")


@dataclass(frozen=True, slots=True)
class SiteFile:
    """Facts for a gate's site file; `camera` is a folder or the number of a real device."""

    plan: GatePlan
    folder: Path
    server_url: str
    screen_port: int
    face: bool
    camera: Path | int
    telephone_port: int = 0
    """Where the telephone program of the gate takes commands; 0 where it has none."""

    def write(self) -> Path:
        path = self.folder / "site.toml"
        if self.telephone_port:
            _write_prompts(self._prompts)
        path.write_text("\n".join(self._lines()) + "\n", encoding="utf-8")
        return path

    @property
    def _prompts(self) -> Path:
        return self.folder / "prompts"

    def _lines(self) -> list[str]:
        dev = self.folder / "dev"
        lines = [
            "[gate]",
            f'data_dir = "{self.folder / "data"}"',
            f'secrets_dir = "{self.folder / "secrets"}"',
            f'server_url = "{self.server_url}"',
            f"card_bits = {CARD_BITS}",
            "has_battery_clock = true",  # this computer's own
            "[relay.board]",
            f'port = "{dev / "relay"}"',
            *(_MODBUS_RELAY if self.plan.modbus else ('kind = "usb_relay"',)),
        ]
        for lane in self.plan.lanes:
            lines += self._lane_lines(lane, dev)
        if self.plan.has_screen:
            first = self.plan.lanes[0].lane_id
            lines += [
                f"[terminal.{first}]",
                f'lane = "{first}"',
                f"port = {self.screen_port}",
                f'launch_token_file = "{self.folder / "launch_token"}"',
                "call_sound = true",
                f"call_picture = {str(self.plan.lanes[0].camera).lower()}",
            ]
        wires = ", ".join(
            f'{{ terminal = "{terminal}", lane = "{lane_id}", kind = "{kind}" }}'
            for (lane_id, kind), terminal in self.plan.terminals.items()
        )
        lines += [
            "[inputs.wires]",
            f'port = "{dev / ("relay" if self.plan.modbus else "inputs")}"',
            *(_MODBUS_INPUTS if self.plan.modbus else ('kind = "serial_inputs"',)),
            f"wires = [{wires}]",
        ]
        if self.telephone_port:
            lines += [
                "[telephone]",
                f"control_port = {self.telephone_port}",
                f'guard_numbers = ["{GUARD_NUMBER}"]',
                f'prompts_dir = "{self._prompts}"',
            ]
        if self.face:
            lines += ["[face]", "enabled = true", "alone = false"]
        return lines

    def _lane_lines(self, lane: LanePlan, dev: Path) -> list[str]:
        name, fmt = lane.lane_id, lane.reader
        lines = [
            f"[lane.{name}]",
            'relay = "board"',
            f"channel = {lane.channel}",
            f'lock = "{lane.lock[0]}"',
            f'contact = "{lane.lock[1]}"',
            f"held_after_seconds = {lane.held_after_seconds}",
            f"[reader.{name}-card]",
            'kind = "serial_card"',
            f'port = "{dev / name}-card"',
            f'lane = "{name}"',
            f"bits = {fmt.bits}",
            f'radix = "{fmt.radix}"',
            f'byte_order = "{fmt.byte_order}"',
            f'checksum = "{fmt.checksum}"',
        ]
        if lane.osdp:
            lines += [
                f"[osdp_line.{name}-line]",
                f'port = "{dev / name}-osdp"',
                f"[osdp_reader.{name}-osdp]",
                f'line = "{name}-line"',
                f"address = {OSDP_ADDRESS}",
                f'lane = "{name}"',
                f"bits = {OSDP_BITS}",
            ]
        if lane.keypad:
            lines += [
                f"[keypad.{name}-keys]",
                'kind = "serial_keypad"',
                f'port = "{dev / name}-keys"',
                f'lane = "{name}"',
            ]
        if lane.scanner:
            lines += [
                f"[scanner.{name}-scan]",
                'kind = "serial_code"',
                f'port = "{dev / name}-scan"',
                f'lane = "{name}"',
            ]
        if lane.camera:
            kind = "folder" if isinstance(self.camera, Path) else "v4l2"
            lines += [
                f"[camera.{name}-camera]",
                f'kind = "{kind}"',
                f'source = "{self.camera}"',
                f'lane = "{name}"',
            ]
        lines += sheet_lines(name, sheet_of(name, lane.lock[0], camera=lane.camera))
        return lines


def _write_prompts(folder: Path) -> None:
    """Write what the gate says in calls of its own: here silence, as the played telephones have no sound."""
    folder.mkdir(exist_ok=True)
    for purpose in TASK_PURPOSES:
        with wave.open(str(folder / f"{purpose}.en.wav"), "wb") as file:
            file.setparams((1, 2, 8000, 0, "NONE", ""))
            file.writeframes(bytes(1600))
