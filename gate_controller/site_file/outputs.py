"""Tables of a site file for lanes, relay boards and input boards, and which keys go with which kind."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from gate_controller.contract.lane_sheet import LaneSheet
from gate_controller.contract.records import Id

Seconds = Annotated[float, msgspec.Meta(gt=0, le=600)]
Baud = Annotated[int, msgspec.Meta(ge=1200, le=115200)]
Address = Annotated[int, msgspec.Meta(ge=1, le=247)]
Line = Annotated[int, msgspec.Meta(ge=0, le=511)]


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table of the site file."""


class LaneSection(Section, frozen=True, kw_only=True):
    """Which output opens a lane, what hangs on it, and how long its door may be open before an alarm."""

    relay: Id
    channel: Annotated[int, msgspec.Meta(ge=1, le=32)] = 1
    lock: Literal["fail_secure_strike", "fail_safe_magnet", "pulse_motor", "barrier", "turnstile"] | None = (
        None
    )
    contact: Literal["no", "nc"] | None = None
    external_timer: bool = False
    max_pulse_seconds: Seconds = 30.0
    max_on_seconds: Seconds = 60.0
    held_after_seconds: Seconds = 30.0
    sheet: LaneSheet | None = None
    """What was measured and photographed at the lane; a lane with a camera needs it."""


class RelayBoardSection(Section, frozen=True, kw_only=True):
    """A board of relays; which other keys it has follows from its kind (`RELAY_KEYS`)."""

    kind: Literal["usb_relay", "modbus_relay", "gpio_relay"]
    port: Path | None = None
    baud: Baud | None = None
    family: Literal["waveshare", "eletechsup"] | None = None
    address: Address | None = None
    chip: Path | None = None
    lines: Annotated[tuple[Line, ...], msgspec.Meta(min_length=1, max_length=32)] | None = None
    active_low: bool | None = None


class WireSection(Section, frozen=True, kw_only=True):
    """One wire into an input board."""

    terminal: Id
    lane: Id
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


class InputBoardSection(Section, frozen=True, kw_only=True):
    """Inputs; which other keys they have follows from their kind (`INPUT_KEYS`)."""

    kind: Literal["serial_inputs", "modem_inputs", "modbus_inputs", "gpio_inputs"]
    wires: Annotated[tuple[WireSection, ...], msgspec.Meta(min_length=1, max_length=32)]
    port: Path | None = None
    baud: Baud | None = None
    address: Address | None = None
    chip: Path | None = None
    bias: Literal["as_is", "none", "pull_up", "pull_down"] | None = None
    closed_is_low: bool | None = None


BoardSection = RelayBoardSection | InputBoardSection
KeysOfKind = Mapping[str, tuple[frozenset[str], frozenset[str]]]
"""By kind: the keys it must have, and those it may have."""

RELAY_KEYS: KeysOfKind = {
    "usb_relay": (frozenset({"port"}), frozenset({"baud"})),
    "modbus_relay": (frozenset({"port", "family"}), frozenset({"baud", "address"})),
    "gpio_relay": (frozenset({"chip", "lines", "active_low"}), frozenset()),
}
INPUT_KEYS: KeysOfKind = {
    "serial_inputs": (frozenset({"port"}), frozenset({"baud"})),
    "modem_inputs": (frozenset({"port"}), frozenset({"baud"})),
    "modbus_inputs": (frozenset({"port"}), frozenset({"baud", "address"})),
    "gpio_inputs": (frozenset({"chip"}), frozenset({"bias", "closed_is_low"})),
}


def why_no_such_kind(sentence: str) -> str:
    """Return what to add to a refusal where a relay is sought in an adapter's own control lines."""
    if not re.search(r"modem|dtr|rts|serial_relay", sentence, re.IGNORECASE):
        return ""
    return (
        "; the outputs DTR and RTS of a serial adapter are no relays: Linux raises both for an instant "
        "whenever it opens the port, which would open the lane without an order. Its inputs may be watched "
        "(modem_inputs)"
    )


def wrong_key(board: BoardSection) -> tuple[str, str] | None:
    """Return a key that does not fit the board's kind and the sentence why, or None."""
    must, may = (RELAY_KEYS if isinstance(board, RelayBoardSection) else INPUT_KEYS)[board.kind]
    given = {
        name
        for name in board.__struct_fields__
        if name not in ("kind", "wires") and getattr(board, name) is not None
    }
    for key in sorted(must - given):
        return key, f"the key {key!r} is missing; {board.kind} needs it"
    for key in sorted(given - must - may):
        return key, f"{board.kind} has no such key; legal keys: kind, {', '.join(sorted(must | may))}"
    return None


def things_held(board: BoardSection) -> list[tuple[str, ...]]:
    """Return what a board has for itself alone: a port, an address on a line, or lines of a chip.

    Relays and inputs of one Modbus board are two sections with one address.
    """
    if board.kind in ("modbus_relay", "modbus_inputs"):
        part = "relays" if isinstance(board, RelayBoardSection) else "inputs"
        return [(part, "at", "address", str(board.address or 1), "of", str(board.port))]
    if isinstance(board, RelayBoardSection) and board.lines is not None:
        return [("GPIO line", str(line), "of", str(board.chip)) for line in board.lines]
    if isinstance(board, InputBoardSection) and board.kind == "gpio_inputs":
        return [("GPIO line", wire.terminal, "of", str(board.chip)) for wire in board.wires]
    return [("port", str(board.port))]
