"""Parse the site file of one gate; explain each error in one clear sentence."""

import re
import tomllib
import typing
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from gate_controller.contract.lane_sheet import LaneSheet
from gate_controller.contract.languages import DEFAULT_LANGUAGE, Language
from gate_controller.contract.records import Id
from gate_controller.site_file.face import FaceSection
from gate_controller.site_file.lines import line_of
from gate_controller.site_file.office_facts import fill_in
from gate_controller.site_file.outputs import (
    BoardSettings,
    LaneSection,
    baud_of,
    lock_of,
    port_of,
    things_held,
    why_no_such_kind,
    wrong_key,
)
from gate_controller.site_file.sheet_check import wrong_sheet
from gate_controller.site_file.telephone import TelephoneSection
from hardware.cameras.drivers import CameraSection
from hardware.driver import (
    CameraSettings,
    InputSettings,
    LaneDeviceSettings,
    RelaySettings,
    Settings,
    WireSettings,
)
from hardware.errors import BadDeviceSetting
from hardware.files import FileTooLarge, NoRegularFile, read_regular
from hardware.inputs.drivers import InputBoardSection
from hardware.osdp.drivers import OsdpLineSection, OsdpReaderSection
from hardware.readers.drivers import (
    FrameReaderSection,
    KeypadSection,
    ReaderSection,
    ScannerSection,
    TagReaderSection,
)
from hardware.registry import BASES, DriverRefused, installed_drivers
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
    """A whole site file."""

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


def _default_of(field: msgspec.structs.FieldInfo) -> Any:
    if field.default_factory is not msgspec.NODEFAULT:
        return msgspec.field(default_factory=field.default_factory)
    return msgspec.field() if field.default is msgspec.NODEFAULT else msgspec.field(default=field.default)


_WHOLE = msgspec.defstruct(
    "_WHOLE",
    [
        (
            field.name,
            dict[Id, Any] if field.name in NAMED_PARTS else field.type,
            _default_of(field),
        )
        for field in msgspec.structs.fields(GateConfig)
    ],
    bases=(Settings,),
    frozen=True,
    kw_only=True,
)
"""A site file whose named parts are not looked at: each is converted by its own driver's class."""

MAX_SITE_FILE_BYTES = 1_000_000


def load_config(path: Path) -> GateConfig:
    """Read a site file; raise ConfigRefused naming file, line, key and the legal values."""
    try:
        # The mark in front is Windows Notepad's.
        text = read_regular(path, MAX_SITE_FILE_BYTES).decode("utf-8-sig")
    except (NoRegularFile, FileTooLarge) as err:
        raise ConfigRefused(f"{err}; name the gate's site file") from err
    except UnicodeDecodeError as err:
        raise ConfigRefused(f"{path}: cannot be read: no text in UTF-8; save it again as UTF-8") from err
    except OSError as err:
        raise ConfigRefused(f"{path}: cannot be read: {err}") from err
    try:
        tables = tomllib.loads(text)
    except (ValueError, RecursionError) as err:  # also numbers of 5,000 digits and endless brackets
        raise ConfigRefused(f"{path}: not a TOML file: {err}") from err
    fill_in(tables)
    parts = _converted_parts(path, text, tables)
    try:
        whole = msgspec.convert(tables, _WHOLE, dec_hook=_path)
    except msgspec.ValidationError as err:
        raise _explained(path, text, [], GateConfig, err) from err
    config = GateConfig(**{name: getattr(whole, name) for name in GateConfig.__struct_fields__} | parts)
    _check_names(path, text, config)
    return config


def _path(wanted: type, value: object) -> object:
    if wanted is Path and isinstance(value, str):
        return Path(value)
    raise TypeError(f"expected a path in quotes, got {value!r}" if wanted is Path else f"got {value!r}")


def _converted_parts(path: Path, text: str, tables: Mapping[str, object]) -> dict[str, dict[str, Settings]]:
    """Convert each named part separately: msgspec's own errors leave out the names of parts."""
    converted: dict[str, dict[str, Settings]] = {section: {} for section in NAMED_PARTS}
    for section in NAMED_PARTS:
        parts = tables.get(section)
        for name, part in parts.items() if isinstance(parts, dict) else ():
            part_type = _type_of(path, text, section, name, part)
            try:
                converted[section][name] = msgspec.convert(part, part_type, dec_hook=_path)
            except msgspec.ValidationError as err:
                raise _explained(path, text, [section, name], part_type, err) from err
    return converted


def _type_of(path: Path, text: str, section: str, name: str, part: object) -> type[Settings]:
    """Return the keys of a part: those of the driver that its `kind` names; raise ConfigRefused."""
    if section not in BASES or not isinstance(part, dict):
        return NAMED_PARTS[section]
    try:
        driver = installed_drivers().at(section, part.get("kind"))
    except DriverRefused as err:
        line = line_of(text, [section, name, "kind"])
        raise ConfigRefused(f"{path}, line {line}: {section}.{name}.kind: {err}") from err
    return NAMED_PARTS[section] if driver is None else driver.settings


def _explained(
    path: Path, text: str, keys: list[str], part_type: type[Settings], error: msgspec.ValidationError
) -> ConfigRefused:
    """Return the error with file, line, key and legal values, from msgspec's `… - at `$.bits``."""
    sentence, _, place = str(error).partition(" - at ")
    keys = [*keys, *re.findall(r"[A-Za-z0-9_-]+", place)]
    named = re.search(r"field `([^`]+)`", sentence)
    if named and "unknown field" in sentence:
        legal = ", ".join(_type_at(part_type, place).__struct_fields__)
        keys.append(named.group(1))
        sentence = f"there is no such key; legal keys: {legal}"
    elif named:
        sentence = f"the key {named.group(1)!r} is missing"
    elif keys and (values := _legal_values(typing.get_type_hints(_type_at(part_type, place)).get(keys[-1]))):
        wrong = re.sub(r"^Invalid enum value (.+)$", r"\1 is not legal", sentence)
        sentence = f"{wrong}; legal values: " + ", ".join(repr(value) for value in values)
        if keys[0] in BASES and keys[2:] == ["kind"] and (others := installed_drivers().names_of_others()):
            sentence += "; other packages register " + ", ".join(repr(name) for name in others)
        sentence += why_no_such_kind(wrong) if part_type is RelayBoardSection else ""
    return ConfigRefused(f"{path}, line {line_of(text, keys)}: {'.'.join(keys) or 'the file'}: {sentence}")


def _legal_values(hint: object) -> list[object]:
    """Return what a key may be, also where it is optional."""
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return [value.value for value in hint]
    if typing.get_origin(hint) is Literal:
        return list(typing.get_args(hint))
    return [value for option in typing.get_args(hint) for value in _legal_values(option)]


def _type_at(part_type: type[Settings], place: str) -> type[msgspec.Struct]:
    """Return the type of the table that msgspec's place is in."""
    if "$.sheet" in place:
        return LaneSheet
    if "wires[" in place:
        return WireSettings
    tops: Mapping[str, type[Settings]] = {
        ".gate": GateSection,
        ".face": FaceSection,
        ".telephone": TelephoneSection,
    }
    inside = [section for top, section in tops.items() if part_type is GateConfig and top in place]
    return inside[0] if inside else part_type


def _check_names(path: Path, text: str, config: GateConfig) -> None:
    """Refuse names that lead nowhere or to two things, so that no device is ever silently unused."""
    for lane_id, lane in config.lane.items():
        outputs = {**config.relay, **config.osdp_reader}
        if lane.relay not in outputs:
            _refuse(path, text, ["lane", lane_id, "relay"], lane.relay, outputs)
    for name, osdp in config.osdp_reader.items():
        if osdp.line not in config.osdp_line:
            _refuse(path, text, ["osdp_reader", name, "line"], osdp.line, config.osdp_line)
    by_lane: dict[str, Mapping[str, AtLane]] = {
        "terminal": config.terminal,
        "reader": config.reader,
        "keypad": config.keypad,
        "scanner": config.scanner,
        "camera": config.camera,
        "osdp_reader": config.osdp_reader,
        "tag_reader": config.tag_reader,
        "frame_reader": config.frame_reader,
    }
    for section, parts in by_lane.items():
        for name, part in parts.items():
            if part.lane not in config.lane:
                _refuse(path, text, [section, name, "lane"], part.lane, config.lane)
    for name, board in config.inputs.items():
        for wire in board.wires:
            if wire.lane not in config.lane:
                _refuse(path, text, ["inputs", name, "wires"], wire.lane, config.lane)
    _check_boards(path, text, config)
    _check_locks(path, text, config)
    _check_nothing_twice(path, text, config)
    _check_pictures(path, text, config)
    wrong = wrong_sheet(config.lane, config.camera.values())
    if wrong is not None:
        keys, sentence = wrong
        line = line_of(text, list(keys))
        raise ConfigRefused(f"{path}, line {line}: {'.'.join(keys)}: {sentence}")


def _check_pictures(path: Path, text: str, config: GateConfig) -> None:
    """Refuse a picture in calls without sound, and one of a camera that the screen's browser cannot open."""
    in_network = {section.lane for section in config.camera.values() if section.kind == "rtsp"}
    for name, screen in config.terminal.items():
        sentence = ""
        if screen.call_picture and not screen.call_sound:
            sentence = "a call has a picture only beside its sound: call_sound = true"
        elif screen.call_picture and screen.lane in in_network:
            sentence = (
                "the screen's browser opens USB and CSI cameras, and no network camera such as this lane's"
            )
        if sentence:
            line = line_of(text, ["terminal", name, "call_picture"])
            raise ConfigRefused(f"{path}, line {line}: terminal.{name}.call_picture: {sentence}")


def _check_boards(path: Path, text: str, config: GateConfig) -> None:
    """Refuse keys that do not go with a board's kind, and one port at two speeds or in two uses."""
    boards: list[tuple[str, str, BoardSettings]] = [
        *(("relay", name, board) for name, board in config.relay.items()),
        *(("inputs", name, board) for name, board in config.inputs.items()),
    ]
    speeds: dict[Path, tuple[str, int]] = {}
    for section, name, board in boards:
        wrong = wrong_key(board)
        if wrong is not None:
            key, sentence = wrong
            line = line_of(text, [section, name, key])
            raise ConfigRefused(f"{path}, line {line}: {section}.{name}.{key}: {sentence}")
        port = port_of(board)
        if port is None:
            continue
        used = (board.kind.partition("_")[0], baud_of(board) or 9600)
        use, baud = speeds.setdefault(port, used)
        if use == "modbus" and used != (use, baud):
            line = line_of(text, [section, name, "port"])
            raise ConfigRefused(
                f"{path}, line {line}: {section}.{name}.port: {port} is a Modbus line at {baud} baud; "
                "everything on it speaks Modbus, at one baud rate"
            )


def _check_locks(path: Path, text: str, config: GateConfig) -> None:
    """Refuse wiring by which a power cut, a crash or a pulled cable would open a lane or latch a drive."""
    for lane_id, lane in config.lane.items():
        lock = lock_of(lane)
        if lock is None:
            if lane.lock is not None or lane.contact is not None:
                line = line_of(text, ["lane", lane_id, "lock" if lane.lock else "contact"])
                raise ConfigRefused(
                    f"{path}, line {line}: lane.{lane_id}: lock and contact are said together, "
                    'such as lock = "fail_safe_magnet" and contact = "nc"'
                )
            continue
        times_pulses = lane.relay in config.osdp_reader or _times_pulses(config.relay[lane.relay].kind)
        try:
            lock.check(lane_id, board=lane.relay, times_pulses=times_pulses)
        except BadDeviceSetting as err:
            line = line_of(text, ["lane", lane_id, "lock"])
            raise ConfigRefused(f"{path}, line {line}: lane.{lane_id}.lock: {err}") from err


def _times_pulses(kind: str) -> bool:
    driver = installed_drivers().at("relay", kind)
    return driver is not None and driver.times_pulses


def _check_nothing_twice(path: Path, text: str, config: GateConfig) -> None:
    """Refuse an output, port, screen, camera or device name that is used twice."""
    seen = _modbus_ports(config)

    def once(thing: tuple[str, ...], *keys: str) -> None:
        where = ".".join(keys)
        if thing in seen:
            line = line_of(text, list(keys))
            raise ConfigRefused(
                f"{path}, line {line}: {where}: the {' '.join(thing)} is used by {seen[thing]} already"
            )
        seen[thing] = where

    for lane_id, lane in config.lane.items():
        once(("output", lane.relay, str(lane.channel)), "lane", lane_id, "relay")
    for section, boards in (("relay", config.relay), ("inputs", config.inputs)):
        for name, board in boards.items():
            once(("name", name), section, name)
            for thing in things_held(board):
                once(thing, section, name, "chip" if port_of(board) is None else "port")
    for name, board in config.inputs.items():
        for wire in (wire for wire in board.wires if wire.kind == "door_open"):
            once(("door contact of lane", wire.lane), "inputs", name, "wires")
    for section, parts in (
        ("reader", config.reader),
        ("keypad", config.keypad),
        ("scanner", config.scanner),
        ("osdp_line", config.osdp_line),
        ("tag_reader", config.tag_reader),
        ("frame_reader", config.frame_reader),
    ):
        for name, part in parts.items():
            once(("name", name), section, name)
            for thing in things_held(part):
                once(thing, section, name, "port")
    for name, osdp in config.osdp_reader.items():
        once(("name", name), "osdp_reader", name)
        once(("address", osdp.line, str(osdp.address)), "osdp_reader", name, "address")
    for name, terminal in config.terminal.items():
        once(("screen of lane", terminal.lane), "terminal", name, "lane")
        # Its launch page lies beside it under a fixed name.
        once(("folder", str(terminal.launch_token_file.parent)), "terminal", name, "launch_token_file")
    for name, camera in config.camera.items():
        once(("name", name), "camera", name)
        once(("camera of lane", camera.lane), "camera", name, "lane")


def _modbus_ports(config: GateConfig) -> dict[tuple[str, ...], str]:
    """Return the ports that Modbus boards share among themselves, and with nothing else, with one of them."""
    return {
        ("port", str(port_of(board))): f"{section}.{name}"
        for section, boards in (("relay", config.relay), ("inputs", config.inputs))
        for name, board in boards.items()
        if board.kind.startswith("modbus")
    }


def _refuse(path: Path, text: str, keys: list[str], value: str, legal: Mapping[str, object]) -> None:
    raise ConfigRefused(
        f"{path}, line {line_of(text, keys)}: {'.'.join(keys)}: {value!r} is not in this file; "
        f"legal values: {', '.join(sorted(legal)) or 'none yet'}"
    )
