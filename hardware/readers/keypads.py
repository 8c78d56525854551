"""Serial keypads that send one byte a key."""

from collections.abc import Iterable

from hardware.interfaces import DeviceReport, KeyPress
from hardware.lines.serial_reader import SerialReader

KEYS = frozenset("0123456789#*")


def parse_keys(data: bytes) -> tuple[str, int]:
    """Return the keys among the bytes, in order, and how many bytes were no key."""
    keys = "".join(chr(byte) for byte in data if chr(byte) in KEYS)
    return keys, len(data) - len(keys)


class SerialKeypad(SerialReader):
    """A keypad that sends the ASCII character of each key; hands up KeyPress."""

    def __init__(self, path: str, *, name: str, baud: int = 9600) -> None:
        """Prepare the keypad; raise BadDeviceSetting when the path cannot be right."""
        super().__init__(path, baud, name=name)
        self._dropped = 0

    @property
    def dropped_frames(self) -> int:
        """Return how many bytes were no key since the start."""
        return self._dropped

    def take(self, data: bytes, at_ns: int) -> Iterable[DeviceReport]:
        keys, dropped = parse_keys(data)
        self._dropped += dropped
        return [KeyPress(self.name, key, at_ns) for key in keys]
