"""The site file of one gate: what it may say, and one clear sentence when it says something else."""

import re
import tomllib
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from gate_controller.policy import Id

Seconds = Annotated[float, msgspec.Meta(gt=0, le=600)]
Port = Annotated[int, msgspec.Meta(ge=1, le=65535)]


class ConfigRefused(Exception):
    """The site file is wrong; names file, line, key and the legal values."""


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table of the site file."""


class GateSection(Section, frozen=True, kw_only=True):
    """`data_dir` and `secrets_dir` belong to the gate's user alone; `server_ca` pins a private CA."""

    data_dir: Path
    secrets_dir: Path
    server_url: Annotated[str, msgspec.Meta(pattern=r"^https?://")]
    server_ca: Path | None = None
    language: Literal["zh", "en"] = "zh"
    card_bits: Literal[24, 32] = 32
    has_battery_clock: bool = True
    """Whether a battery-backed clock (RTC) is fitted; without one the gate waits for the server's time."""


class TerminalSection(Section, frozen=True, kw_only=True):
    """The screen at a lane, served on the loopback address only."""

    lane: Id
    port: Annotated[int, msgspec.Meta(ge=0, le=65535)] = 8471
    launch_token_file: Path


class RelayBoardSection(Section, frozen=True, kw_only=True):
    """A USB relay board (LCUS/CH340)."""

    kind: Literal["usb_relay"]
    port: Path
    baud: Annotated[int, msgspec.Meta(ge=1200, le=115200)] = 9600


class LaneSection(Section, frozen=True, kw_only=True):
    """Which output opens a lane, and how long its door may stand open before an alarm."""

    relay: Id
    channel: Annotated[int, msgspec.Meta(ge=1, le=16)] = 1
    max_pulse_seconds: Seconds = 30.0
    held_after_seconds: Seconds = 30.0


class ReaderSection(Section, frozen=True, kw_only=True):
    """A card reader behind a serial converter that prints a line a card."""

    kind: Literal["serial_card"]
    port: Path
    lane: Id
    bits: Literal[26, 34]
    radix: Literal["dec", "hex", "facility"] = "hex"
    byte_order: Literal["msb", "lsb"] = "msb"
    checksum: Literal["none", "xor", "sum"] = "none"
    baud: Annotated[int, msgspec.Meta(ge=1200, le=115200)] = 9600


class KeypadSection(Section, frozen=True, kw_only=True):
    """A keypad that sends one byte a key."""

    kind: Literal["serial_keypad"]
    port: Path
    lane: Id
    baud: Annotated[int, msgspec.Meta(ge=1200, le=115200)] = 9600


class ScannerSection(Section, frozen=True, kw_only=True):
    """A serial QR scanner (GM65 class)."""

    kind: Literal["serial_code"]
    port: Path
    lane: Id
    baud: Annotated[int, msgspec.Meta(ge=1200, le=115200)] = 9600


class CameraSection(Section, frozen=True, kw_only=True):
    """A camera, a video file or a folder of frames; `always_reads_codes` is shown on the screen."""

    kind: Literal["v4l2", "file", "folder"]
    source: str
    lane: Id
    frames_per_second: Annotated[float, msgspec.Meta(gt=0, le=120)] = 15.0


class WireSection(Section, frozen=True, kw_only=True):
    """One wire into an input board."""

    terminal: Id
    lane: Id
    kind: Literal["door_open", "exit_button", "tamper", "fire"]
    normally_closed: bool = False


class InputBoardSection(Section, frozen=True, kw_only=True):
    """A serial input board, or the modem-control inputs of a USB adapter."""

    kind: Literal["serial_inputs", "modem_inputs"]
    port: Path
    wires: Annotated[tuple[WireSection, ...], msgspec.Meta(min_length=1, max_length=16)]
    baud: Annotated[int, msgspec.Meta(ge=1200, le=115200)] = 9600


class FaceSection(Section, frozen=True, kw_only=True):
    """Whether this gate has the face engine; what may use it is the policy's to say."""

    enabled: bool = False


class GateConfig(Section, frozen=True, kw_only=True):
    """A whole site file."""

    gate: GateSection
    lane: dict[Id, LaneSection]
    relay: dict[Id, RelayBoardSection]
    terminal: dict[Id, TerminalSection] = {}
    reader: dict[Id, ReaderSection] = {}
    keypad: dict[Id, KeypadSection] = {}
    scanner: dict[Id, ScannerSection] = {}
    camera: dict[Id, CameraSection] = {}
    inputs: dict[Id, InputBoardSection] = {}
    face: FaceSection = FaceSection()


AtLane = TerminalSection | ReaderSection | KeypadSection | ScannerSection | CameraSection
NAMED_PARTS: Mapping[str, type[Section]] = {
    "lane": LaneSection,
    "relay": RelayBoardSection,
    "terminal": TerminalSection,
    "reader": ReaderSection,
    "keypad": KeypadSection,
    "scanner": ScannerSection,
    "camera": CameraSection,
    "inputs": InputBoardSection,
}


def load_config(path: Path) -> GateConfig:
    """Read a site file; raise ConfigRefused naming file, line, key and the legal values."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as err:
        raise ConfigRefused(f"{path}: cannot be read: {err}") from err
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as err:
        raise ConfigRefused(f"{path}: not a TOML file: {err}") from err
    _check_tables(path, text, tables)
    try:
        config = msgspec.convert(tables, GateConfig, dec_hook=_path)
    except msgspec.ValidationError as err:
        raise _explained(path, text, [], GateConfig, err) from err
    _check_names(path, text, config)
    return config


def _path(wanted: type, value: object) -> object:
    if wanted is Path and isinstance(value, str):
        return Path(value)
    raise TypeError(f"expected {wanted.__name__}, got {value!r}")


def _check_tables(path: Path, text: str, tables: Mapping[str, object]) -> None:
    """Convert each named part by itself first: msgspec's own errors leave out the names of parts."""
    for section, part_type in NAMED_PARTS.items():
        parts = tables.get(section)
        for name, part in parts.items() if isinstance(parts, dict) else ():
            try:
                msgspec.convert(part, part_type, dec_hook=_path)
            except msgspec.ValidationError as err:
                raise _explained(path, text, [section, name], part_type, err) from err


def _explained(
    path: Path, text: str, keys: list[str], part_type: type[Section], error: msgspec.ValidationError
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
    elif sentence.startswith("Invalid enum value"):
        values = typing.get_args(typing.get_type_hints(_type_at(part_type, place))[keys[-1]])
        sentence = f"{sentence.removeprefix('Invalid enum value ')} is not legal; legal values: " + ", ".join(
            repr(value) for value in values
        )
    return ConfigRefused(f"{path}, line {line_of(text, keys)}: {'.'.join(keys) or 'the file'}: {sentence}")


def _type_at(part_type: type[Section], place: str) -> type[Section]:
    """Return the type of the table that msgspec's place is in."""
    if "wires[" in place:
        return WireSection
    return GateSection if part_type is GateConfig and ".gate" in place else part_type


def line_of(text: str, keys: list[str]) -> int:
    """Return the line on which the innermost of nested `keys` is written, or the nearest above it."""
    best = 1
    wanted = list(keys)
    for number, line in enumerate(text.splitlines(), 1):
        header = re.match(r"\s*\[+\s*([^\]]+?)\s*\]+", line)
        if header:
            parts = [part.strip().strip('"') for part in header.group(1).split(".")]
            if keys and parts[: len(keys)] == keys:
                return number
            if parts == keys[: len(parts)]:
                best, wanted = number, keys[len(parts) :]
            else:
                wanted = []
        elif wanted and re.match(rf"\s*\"?{re.escape(wanted[0])}\"?\s*=", line):
            return number
    return best


def _check_names(path: Path, text: str, config: GateConfig) -> None:
    """Refuse names that lead nowhere or to two things, so that no device is ever silently unused."""
    for lane_id, lane in config.lane.items():
        if lane.relay not in config.relay:
            _refuse(path, text, ["lane", lane_id, "relay"], lane.relay, config.relay)
    by_lane: dict[str, Mapping[str, AtLane]] = {
        "terminal": config.terminal,
        "reader": config.reader,
        "keypad": config.keypad,
        "scanner": config.scanner,
        "camera": config.camera,
    }
    for section, parts in by_lane.items():
        for name, part in parts.items():
            if part.lane not in config.lane:
                _refuse(path, text, [section, name, "lane"], part.lane, config.lane)
    for name, board in config.inputs.items():
        for wire in board.wires:
            if wire.lane not in config.lane:
                _refuse(path, text, ["inputs", name, "wires"], wire.lane, config.lane)
    _check_nothing_twice(path, text, config)


def _check_nothing_twice(path: Path, text: str, config: GateConfig) -> None:
    """Refuse an output, port, screen, camera or device name that is used twice."""
    seen: dict[tuple[str, ...], str] = {}

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
    for section, parts in (
        ("relay", config.relay),
        ("reader", config.reader),
        ("keypad", config.keypad),
        ("scanner", config.scanner),
        ("inputs", config.inputs),
    ):
        for name, part in parts.items():
            once(("name", name), section, name)
            once(("port", str(part.port)), section, name, "port")
    for name, terminal in config.terminal.items():
        once(("screen of lane", terminal.lane), "terminal", name, "lane")
    for name, camera in config.camera.items():
        once(("camera of lane", camera.lane), "camera", name, "lane")


def _refuse(path: Path, text: str, keys: list[str], value: str, legal: Mapping[str, object]) -> None:
    raise ConfigRefused(
        f"{path}, line {line_of(text, keys)}: {'.'.join(keys)}: {value!r} is not in this file; "
        f"legal values: {', '.join(sorted(legal)) or 'none yet'}"
    )
