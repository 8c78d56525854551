"""The Modbus lines of a gate, one for each port: boards on one line share it."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hardware.lines.modbus import ModbusLine

DEFAULT_BAUD = 9600


class ModbusLines:
    """The Modbus lines of a gate, one for each port."""

    def __init__(self) -> None:
        """Begin without a line."""
        self._lines: dict[Path | None, ModbusLine] = {}

    def at(self, port: Path | None, baud: int | None) -> "ModbusLine":
        """Return the line at a port, made when it is first asked for."""
        # A gate without a Modbus board never loads pymodbus.
        from hardware.lines.modbus import ModbusLine  # noqa: PLC0415

        if port not in self._lines:
            self._lines[port] = ModbusLine(str(port), name=f"Modbus line {port}", baud=baud or DEFAULT_BAUD)
        return self._lines[port]
