"""The table of a site file for lanes, and what boards may not share."""

import re
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from gate_controller.contract.lane_sheet import LaneSheet
from gate_controller.contract.records import Id
from hardware.driver import InputSettings, RelaySettings, Settings
from hardware.inputs.drivers import INPUT_KEYS, InputBoardSection
from hardware.relays.drivers import RELAY_KEYS, RelayBoardSection
from hardware.relays.locks import Contact, Lock, LockKind

Seconds = Annotated[float, msgspec.Meta(gt=0, le=600)]


class LaneSection(Settings, frozen=True, kw_only=True):
    """The output that opens a lane, the lock on it, and the time its door may be open before an alarm."""

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
    """Measures and photographs of the lane; a lane with a camera needs them."""


def lock_of(lane: LaneSection) -> Lock | None:
    """Return what hangs on a lane's output, or None where the site file does not say."""
    if lane.lock is None or lane.contact is None:
        return None
    return Lock(LockKind(lane.lock), Contact(lane.contact), lane.external_timer)


BoardSettings = RelaySettings | InputSettings


def port_of(part: Settings) -> Path | None:
    """Return the device file of a part, None where its driver has none."""
    port = getattr(part, "port", None)
    return port if isinstance(port, Path) else None


def chip_of(part: Settings) -> Path | None:
    """Return the GPIO chip of a part, None where it has none."""
    chip = getattr(part, "chip", None)
    return chip if isinstance(chip, Path) else None


def baud_of(part: Settings) -> int | None:
    """Return the baud rate that a part says, None where it says none."""
    baud = getattr(part, "baud", None)
    return baud if isinstance(baud, int) else None


def why_no_such_kind(sentence: str) -> str:
    """Return what to add to a refusal where a relay is sought in an adapter's own control lines."""
    if not re.search(r"modem|dtr|rts|serial_relay", sentence, re.IGNORECASE):
        return ""
    return (
        "; the outputs DTR and RTS of a serial adapter are no relays: Linux raises both for an instant "
        "whenever it opens the port, which would open the lane without an order. Its inputs may be watched "
        "(modem_inputs)"
    )


def wrong_key(board: BoardSettings) -> tuple[str, str] | None:
    """Return a key that does not fit the board's kind and the sentence why, or None."""
    if not isinstance(board, RelayBoardSection | InputBoardSection):
        return None  # a driver of another package has settings of its own kind alone
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


def things_held(board: Settings) -> list[tuple[str, ...]]:
    """Return what a part has for itself alone: a port, an address on a line, or lines of a chip.

    Relays and inputs of one Modbus board are two sections with one address.
    """
    if not isinstance(board, RelayBoardSection | InputBoardSection):
        port = port_of(board)
        return [] if port is None else [("port", str(port))]
    if board.kind in ("modbus_relay", "modbus_inputs"):
        part = "relays" if isinstance(board, RelayBoardSection) else "inputs"
        return [(part, "at", "address", str(board.address or 1), "of", str(board.port))]
    if isinstance(board, RelayBoardSection) and board.lines is not None:
        return [("GPIO line", str(line), "of", str(board.chip)) for line in board.lines]
    if isinstance(board, InputBoardSection) and board.kind == "gpio_inputs":
        return [("GPIO line", wire.terminal, "of", str(board.chip)) for wire in board.wires]
    return [("port", str(board.port))]
