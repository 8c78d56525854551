"""Tables and keys of a gate's site file; `load.py` reads one, `whole_check.py` compares its tables."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from gate_controller.contract.languages import DEFAULT_LANGUAGE, Language
from gate_controller.contract.records import Id
from gate_controller.site_file.face import FaceSection
from gate_controller.site_file.outputs import LaneSection
from gate_controller.site_file.telephone import TelephoneSection
from hardware.cameras.drivers import CameraSection
from hardware.driver import (
    CameraSettings,
    InputSettings,
    LaneDeviceSettings,
    RelaySettings,
    Settings,
)
from hardware.inputs.drivers import InputBoardSection
from hardware.osdp.drivers import OsdpLineSection, OsdpReaderSection
from hardware.readers.drivers import (
    FrameReaderSection,
    KeypadSection,
    ReaderSection,
    ScannerSection,
    TagReaderSection,
)
from hardware.relays.drivers import RelayBoardSection


class ConfigRefused(Exception):
    """The site file is wrong; names file, line, key and the legal values."""


class GateSection(Settings, frozen=True, kw_only=True):
    """`data_dir` and `secrets_dir` belong to the gate's user alone; `server_ca` pins a private CA."""

    data_dir: Path
    secrets_dir: Path
    server_url: Annotated[str, msgspec.Meta(pattern=r"^https?://")]
    server_ca: Path | None = None
    language: Language = DEFAULT_LANGUAGE
    card_bits: Literal[24, 32] = 32
    has_battery_clock: bool = False
    """True if a battery-backed clock (RTC) is fitted; without one the gate waits for the server's time."""
    numbers_file: Path | None = None
    """Where numbers for a monitor are written, `….prom`, in memory; without it none are."""


class TerminalSection(Settings, frozen=True, kw_only=True):
    """The screen at a lane, served on the loopback address only."""

    lane: Id
    port: Annotated[int, msgspec.Meta(ge=0, le=65535)] = 8471
    launch_token_file: Path
    call_sound: bool = False
    """True if a person who answers on a page may speak with the visitor through this screen's browser."""
    call_picture: bool = False
    """True if they see the visitor too; the browser has the lane's camera meanwhile."""


class GateConfig(Settings, frozen=True, kw_only=True):
    gate: GateSection
    lane: dict[Id, LaneSection]
    relay: dict[Id, RelaySettings] = msgspec.field(default_factory=dict)
    terminal: dict[Id, TerminalSection] = msgspec.field(default_factory=dict)
    reader: dict[Id, LaneDeviceSettings] = msgspec.field(default_factory=dict)
    keypad: dict[Id, LaneDeviceSettings] = msgspec.field(default_factory=dict)
    scanner: dict[Id, LaneDeviceSettings] = msgspec.field(default_factory=dict)
    camera: dict[Id, CameraSettings] = msgspec.field(default_factory=dict)
    inputs: dict[Id, InputSettings] = msgspec.field(default_factory=dict)
    osdp_line: dict[Id, OsdpLineSection] = msgspec.field(default_factory=dict)
    osdp_reader: dict[Id, OsdpReaderSection] = msgspec.field(default_factory=dict)
    tag_reader: dict[Id, TagReaderSection] = msgspec.field(default_factory=dict)
    frame_reader: dict[Id, FrameReaderSection] = msgspec.field(default_factory=dict)
    face: FaceSection = FaceSection()
    telephone: TelephoneSection | None = None


AtLane = TerminalSection | LaneDeviceSettings | CameraSettings
NAMED_PARTS: Mapping[str, type[Settings]] = {
    "lane": LaneSection,
    "relay": RelayBoardSection,
    "terminal": TerminalSection,
    "reader": ReaderSection,
    "keypad": KeypadSection,
    "scanner": ScannerSection,
    "camera": CameraSection,
    "inputs": InputBoardSection,
    "osdp_line": OsdpLineSection,
    "osdp_reader": OsdpReaderSection,
    "tag_reader": TagReaderSection,
    "frame_reader": FrameReaderSection,
}
"""By table: its keys; where a table has a `kind`, those of Menjin's own drivers."""
