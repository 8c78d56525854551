"""Describe a driver: what a package registers under `menjin.drivers`, and what a gate hands to it.

A package names an object `Driver` in its entry points. Its settings are one table of the site file, its
twin replaces the metal alone, and `menjin driver check PACKAGE` holds it against the checklist
(`docs/driver_checklist.md`).
"""

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Protocol

import msgspec

from hardware.errors import BadDeviceSetting
from hardware.lines.modbus_lines import ModbusLines

if TYPE_CHECKING:
    from hardware.interfaces import Report

API = 1
"""The version of what this file describes; a driver of another one is refused."""
Table = Literal[
    "reader", "keypad", "scanner", "tag_reader", "frame_reader", "osdp_reader", "relay", "inputs", "camera"
]
"""The table of the site file that has the driver's settings, which says what kind of device it is."""
WITHOUT_KIND = frozenset({"tag_reader", "frame_reader", "osdp_reader"})
"""Tables that belong to one driver of Menjin's own and so have no key `kind`."""
PartName = Annotated[str, msgspec.Meta(min_length=1, max_length=40, pattern=r"^[A-Za-z0-9_.-]+\Z")]
"""The name of a lane, line or terminal in the site file."""
Baud = Annotated[int, msgspec.Meta(ge=1200, le=115200, description="Bits a second.", extra={"unit": "bit/s"})]
Address = Annotated[
    int, msgspec.Meta(ge=1, le=247, description="Its address on the line.", extra={"unit": ""})
]
Kind = msgspec.Meta(description="Which driver reads it.")
Port = Annotated[Path, msgspec.Meta(description="Its stable name, such as /dev/serial/by-id/....")]
Chip = Annotated[
    Path, msgspec.Meta(description="The chip's label, as gpiodetect shows it, or its device file.")
]
AtLane = Annotated[PartName, msgspec.Meta(description="The lane it belongs to.")]


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table of the site file.

    A driver's own class says of each key its type, its range and, in `msgspec.Meta`, a sentence
    (`description`); a number has its unit in `extra`, `{"unit": ""}` where it counts nothing.
    """


class LaneDeviceSettings(Settings, frozen=True, kw_only=True):
    """Settings of a reader, keypad or scanner; a class of its own kind has `kind` and `lane`."""

    if TYPE_CHECKING:  # the class itself has the keys, in the order in which they are read to a person
        kind: str
        lane: PartName


class RelaySettings(Settings, frozen=True, kw_only=True):
    """Settings of a board of relays; a class of its own kind has `kind`."""

    if TYPE_CHECKING:
        kind: str


class WireSettings(Settings, frozen=True, kw_only=True):
    """One wire into an input board."""

    terminal: PartName
    lane: PartName
    kind: Literal[
        "door_open",
        "exit_button",
        "tamper",
        "fire",
        "guard_button",
        "intercom",
        "on_battery",
        "battery_low",
        "obstacle",
    ]
    normally_closed: bool = False


class InputSettings(Settings, frozen=True, kw_only=True):
    """Settings of a board of inputs; a class of its own kind has `kind` and `wires`."""

    if TYPE_CHECKING:
        kind: str
        wires: tuple[WireSettings, ...]


class CameraSettings(Settings, frozen=True, kw_only=True):
    """Settings of a camera; a class of its own kind has `kind`, `lane` and `hands_free_codes`."""

    if TYPE_CHECKING:
        kind: str
        lane: PartName
        hands_free_codes: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Parts that a gate hands to a driver besides its settings."""

    name: str
    """The name that the site file gives the device; it is in every message about it."""
    card_bits: int = 32
    """The site's one form of a card number, 24 or 32 bits."""
    modbus: ModbusLines = field(default_factory=ModbusLines)
    """The gate's Modbus lines, one for each port: boards on one line share it."""
    report: "Report" = lambda _report: None
    """Where a board of relays puts its DeviceState; readers and inputs get theirs in `start`."""
    login: object = None
    """The login of a network camera from the folder of secrets, an RtspLogin; None where it has none."""
    bus: object = None
    """The line that the gate made for a device whose settings name one: an OsdpLine."""
    key: bytes = b""
    """The device's own key, where it has one."""
    size_is_known: bool = True
    """True if every terminal among the wires is there, as a site file says."""


class TwinDevice(Protocol):
    def unplug(self) -> None: ...

    def replug(self) -> None:
        """Put the cable back; the device has the same stable name."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """A driver's twin, plugged in, and what the driver must report of it."""

    twin: TwinDevice
    settings: Mapping[str, object]
    """The device's table of a site file, without `kind` and `lane`."""
    act: Callable[[], object] = lambda: None
    """Do once what a person does at the device."""
    reads: object = None
    """Report of the driver for it: a number, a key, a text, or (kind, active) of an input."""
    rest: Callable[[], object] = lambda: None
    """Undo `act`, where the device stays as it was put: a door that was opened."""
    send: Callable[[bytes], object] | None = None
    """Send raw bytes to the driver; None where no bytes come."""
    is_on: Callable[[], bool] | None = None
    """Return whether the first output is on: of a board of relays alone."""
    heard: Callable[[], bytes] | None = None
    """Return what the driver has sent; None where no bytes go."""
    place: Callable[[], Mapping[str, object]] = dict
    """Return, for each device made, the fields of the Place that it needs: its `bus`, its `key`."""


@dataclass(frozen=True, slots=True)
class GoldenFrame:
    """A frame from a maker's sheet or another's test, what the driver reads in it, and its source."""

    data: bytes
    reads: object
    """For a board that is asked: the pulse's seconds, or None for a question about its inputs."""
    source: str
    """A maker's sheet with its title, or another's protocol test."""
    settings: Mapping[str, object] = field(default_factory=dict)
    """Keys of the site file that differ from the twin's."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A line for `menjin gate check`: whether all is well, and what was found."""

    well: bool
    text: str


def nothing_to_check(_settings: Any, _place: Place) -> Iterable[Finding]:
    """Find nothing: most devices show what is wrong by what they send."""
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Driver:
    """A driver as a package registers it: `NAME = "package.module:OBJECT"` under `menjin.drivers`."""

    name: str
    """Value of `kind` in the site file; the same as the entry point's name."""
    api: int
    table: Table
    settings: type[Settings]
    make: Callable[[Any, Place], object]
    """Return the device, not yet started: a Device; a RelayBoard or a Camera for these tables.

    Raise BadDeviceSetting on what cannot be; a device that is away is no error.
    """
    twin: Callable[[Path], AbstractContextManager[Bench]] | str | None = None
    """Plug the simulated device in, its files in a folder; or `"module:function"`, loaded when needed."""
    wiring: Mapping[str, str]
    """How an installer wires it, by language (`en`, `zh`)."""
    check: Callable[[Any, Place], Iterable[Finding]] = nothing_to_check
    """Return findings for `menjin gate check`, beside the device's own reports; open no lock."""
    golden: tuple[GoldenFrame, ...] = ()
    times_pulses: bool = False
    """True if a board of relays times its pulses, so that they end with its cable out too."""
    tried_on: str = ""
    """The metal that it was tried on: model, day and by whom; empty where it was on none."""
    exempt: Mapping[str, str] = field(default_factory=dict)
    """By point of the checklist: why it does not apply to this driver."""

    def plug_twin(self, folder: Path) -> AbstractContextManager[Bench]:
        """Return the twin's bench, plugged in at the begin of the block.

        Raise BadDeviceSetting without one, and ImportError where the package came without it.
        """
        if self.twin is None:
            raise BadDeviceSetting(f"{self.name}: the driver has no twin")
        plug: Any = self.twin
        if isinstance(plug, str):
            module, _, attribute = plug.partition(":")
            plug = getattr(import_module(module), attribute)
        bench: AbstractContextManager[Bench] = plug(folder)
        return bench
