"""The site file of one gate: what it may say, and one clear sentence when it says something else."""

import re
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


def load_config(path: Path) -> GateConfig:
    """Read a site file; raise ConfigRefused naming file, line, key and the legal values."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as err:
        raise ConfigRefused(f"{path}: cannot be read: {err}") from err
    try:
        config = msgspec.toml.decode(text, type=GateConfig, dec_hook=_path)
    except msgspec.ValidationError as err:
        raise ConfigRefused(_explain(path, text, str(err))) from err
    except msgspec.DecodeError as err:
        raise ConfigRefused(f"{path}: not a TOML file: {err}") from err
    _check_names(path, text, config)
    return config


def _path(wanted: type, value: object) -> object:
    if wanted is Path and isinstance(value, str):
        return Path(value)
    raise TypeError(f"expected {wanted.__name__}, got {value!r}")


def _explain(path: Path, text: str, error: str) -> str:
    """Turn msgspec's `… - at `$.reader.north.bits`` into file, line and key."""
    found = re.search(r"`\$\.?([^`]*)`$", error)
    keys = [key for key in (found.group(1).split(".") if found else []) if key != "..."]
    sentence = error.split(" - at ", maxsplit=1)[0]
    field = re.search(r"field `([^`]+)`", sentence)
    if field and "unknown field" in sentence:
        keys.append(field.group(1))
    line = line_of(text, keys)
    return f"{path}, line {line}: {'.'.join(keys) or 'the file'}: {sentence}"


def line_of(text: str, keys: list[str]) -> int:
    """Return the line on which the innermost of nested `keys` is written, or the nearest above it."""
    best = 1
    wanted = list(keys)
    for number, line in enumerate(text.splitlines(), 1):
        header = re.match(r"\s*\[+\s*([^\]]+?)\s*\]+", line)
        if header:
            parts = [part.strip().strip('"') for part in header.group(1).split(".")]
            if parts == keys[: len(parts)]:
                best, wanted = number, keys[len(parts) :]
            else:
                wanted = []
        elif wanted and re.match(rf"\s*\"?{re.escape(wanted[0])}\"?\s*=", line):
            return number
    return best


def _check_names(path: Path, text: str, config: GateConfig) -> None:
    """Refuse names that lead nowhere, so that no device is ever silently unused."""
    for lane_id, lane in config.lane.items():
        if lane.relay not in config.relay:
            _refuse(path, text, ["lane", lane_id, "relay"], lane.relay, config.relay)
    sections: dict[str, dict[str, str]] = {
        "terminal": {n: s.lane for n, s in config.terminal.items()},
        "reader": {n: s.lane for n, s in config.reader.items()},
        "keypad": {n: s.lane for n, s in config.keypad.items()},
        "scanner": {n: s.lane for n, s in config.scanner.items()},
        "camera": {n: s.lane for n, s in config.camera.items()},
    }
    for section, lanes in sections.items():
        for name, lane_id in lanes.items():
            if lane_id not in config.lane:
                _refuse(path, text, [section, name, "lane"], lane_id, config.lane)
    for name, board in config.inputs.items():
        for wire in board.wires:
            if wire.lane not in config.lane:
                _refuse(path, text, ["inputs", name, "wires"], wire.lane, config.lane)


def _refuse(path: Path, text: str, keys: list[str], value: str, legal: object) -> None:
    names = ", ".join(sorted(legal)) if isinstance(legal, dict) else ""
    raise ConfigRefused(
        f"{path}, line {line_of(text, keys)}: {'.'.join(keys)}: {value!r} is not in this file; "
        f"legal values: {names or 'none yet'}"
    )
