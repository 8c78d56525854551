"""Find which contact of a board in the site file has moved, also at terminals that the file leaves out.

Not of GPIO chips: a line that the file leaves out may drive something, and is not touched.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from gate_controller.installer.ports import CONTACT_NOTE, Answer
from gate_controller.installer.site_lines import wire_lines
from gate_controller.site_file.config import GateConfig
from gate_controller.site_file.outputs import chip_of, port_of
from hardware.driver import InputSettings, WireSettings
from hardware.inputs.serial import BOARD_TERMINALS, MODEM_TERMINALS
from hardware.interfaces import Device, InputChange

if TYPE_CHECKING:
    from hardware.lines.modbus_lines import ModbusLines


def whole_boards(config: GateConfig, lines: "ModbusLines") -> list[Device]:
    """Return the site file's boards of inputs with every terminal wired, not yet started."""
    # Imported here because only a site file with boards needs their drivers, and they take their time.
    from gate_controller.assembly.devices import make_inputs  # noqa: PLC0415
    from hardware.inputs.modbus import TERMINALS  # noqa: PLC0415

    terminals: Mapping[str, Sequence[str]] = {
        "serial_inputs": BOARD_TERMINALS,
        "modem_inputs": MODEM_TERMINALS,
        "modbus_inputs": TERMINALS,
        "gpio_inputs": (),
    }
    return [
        make_inputs(name, _with_all(section, terminals.get(section.kind, ())), lines, size_is_known=False)
        for name, section in config.inputs.items()
    ]


def _with_all(section: InputSettings, terminals: Sequence[str]) -> InputSettings:
    named = {wire.terminal for wire in section.wires}
    rest = [terminal for terminal in terminals if terminal not in named]
    return msgspec.structs.replace(section, wires=(*section.wires, *map(_unnamed, rest)))


def _unnamed(terminal: str) -> WireSettings:
    # What hangs there is what is sought: whether the circuit is closed is all that counts.
    return WireSettings(terminal=terminal, lane="LANE", kind="door_open")


def place_of(board: InputSettings) -> str:
    """Return the port or chip of a board."""
    return str(chip_of(board) or port_of(board))


class ContactIdentifier:
    """The terminals that the site file leaves out, and how their circuits were at first."""

    def __init__(self, boards: Mapping[str, InputSettings], lanes: Iterable[str]) -> None:
        """Begin with nothing heard; `lanes` are those of the site file."""
        self._boards = boards
        lane_ids = list(lanes)
        self._lane = lane_ids[0] if len(lane_ids) == 1 else "LANE"
        self._at_rest: dict[tuple[str, str], bool] = {}
        self._last: dict[tuple[str, str], bool] = {}

    def is_named(self, change: InputChange) -> bool:
        """Return whether the site file has a wire at the terminal, or the device is its own contact."""
        board = self._boards.get(change.device)
        return board is None or any(wire.terminal == change.terminal for wire in board.wires)

    def take(self, change: InputChange) -> Answer | None:
        """Return what an unnamed terminal's change shows, or None for its first report."""
        board, place, closed = self._boards[change.device], (change.device, change.terminal), change.active
        if self._last.setdefault(place, closed) is closed:
            self._at_rest.setdefault(place, closed)
            return None
        self._last[place] = closed
        word = "closed" if closed else "opened"
        return Answer(
            Path(place_of(board)),
            f"a contact {word} at terminal {change.terminal}, where [inputs.{change.device}] has no wire",
            (wire_lines(change.terminal, was_closed=self._at_rest[place], lane=self._lane),),
            (f"Add the line to the wires of [inputs.{change.device}].", CONTACT_NOTE),
        )
