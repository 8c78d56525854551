"""The three gates of the demo compound: their lanes, their metal, and the site file of each."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from hardware.card_readers import CardFormat

CARD_BITS: Literal[24] = 24
"""The site's one form of card numbers: a 26-bit reader sends no more."""


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


@dataclass(frozen=True, slots=True)
class GatePlan:
    """A gate, its lanes, and the port of its screen where it has one."""

    gate_id: str
    name: str
    lanes: tuple[LanePlan, ...]
    has_screen: bool = False
    wired_inputs: tuple[str, ...] = field(default=())
    """The lanes with a door contact and an exit button."""

    def lane(self, lane_id: str) -> LanePlan:
        """Return one lane; KeyError when there is none."""
        return {lane.lane_id: lane for lane in self.lanes}[lane_id]


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
            ),
            LanePlan("north-out", "北门 · 出 Out", "out", 2, CardFormat(34, "hex", "msb"), ("card",)),
        ),
        has_screen=True,
        wired_inputs=("north-in",),
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
            ),
        ),
        wired_inputs=("south-in",),
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
            ),
        ),
        wired_inputs=("garage-in",),
    ),
)


def plan_of(gate_id: str) -> GatePlan:
    """Return a gate's plan; KeyError when there is none."""
    return {gate.gate_id: gate for gate in GATES}[gate_id]


@dataclass(frozen=True, slots=True)
class SiteFile:
    """What a gate's site file is written from; `camera` is a folder or the number of a real device."""

    plan: GatePlan
    folder: Path
    server_url: str
    screen_port: int
    face: bool
    camera: Path | int

    def write(self) -> Path:
        """Write the site file and return its path."""
        path = self.folder / "site.toml"
        path.write_text("\n".join(self._lines()) + "\n", encoding="utf-8")
        return path

    def _lines(self) -> list[str]:
        dev = self.folder / "dev"
        lines = [
            "[gate]",
            f'data_dir = "{self.folder / "data"}"',
            f'secrets_dir = "{self.folder / "secrets"}"',
            f'server_url = "{self.server_url}"',
            f"card_bits = {CARD_BITS}",
            "[relay.board]",
            'kind = "usb_relay"',
            f'port = "{dev / "relay"}"',
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
            ]
        wires = ", ".join(
            f'{{ terminal = "{2 * number + offset}", lane = "{lane_id}", kind = "{kind}" }}'
            for number, lane_id in enumerate(self.plan.wired_inputs)
            for offset, kind in ((1, "door_open"), (2, "exit_button"))
        )
        lines += [
            "[inputs.wires]",
            'kind = "serial_inputs"',
            f'port = "{dev / "inputs"}"',
            f"wires = [{wires}]",
        ]
        if self.face:
            lines += ["[face]", "enabled = true"]
        return lines

    def _lane_lines(self, lane: LanePlan, dev: Path) -> list[str]:
        name, fmt = lane.lane_id, lane.reader
        lines = [
            f"[lane.{name}]",
            'relay = "board"',
            f"channel = {lane.channel}",
            f"[reader.{name}-card]",
            'kind = "serial_card"',
            f'port = "{dev / name}-card"',
            f'lane = "{name}"',
            f"bits = {fmt.bits}",
            f'radix = "{fmt.radix}"',
            f'byte_order = "{fmt.byte_order}"',
            f'checksum = "{fmt.checksum}"',
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
        return lines
