"""Drive the common USB relay board (LCUS-1/2/4/8 and its copies, CH340): four bytes, no reliable answer.

The board cannot time a pulse. Some say a channel's state after an order, each in words of its own and none
in all; what they say is read and thrown away, so that it neither piles up nor counts. Its states and what it
promises over unplugging and reconnecting are those of `hardware.relays.board`.
"""

from hardware.errors import BadDeviceSetting, DeviceUnavailable, OutputNotConfirmed
from hardware.interfaces import Report
from hardware.lines.serial import SerialLine
from hardware.relays.board import BoardRelay, RelayBoard

CHANNELS = 8
READ_BYTES, MAX_READS = 512, 8
"""One look empties what the kernel holds of a serial line, 4096 bytes."""


def switch_frame(channel: int, on: bool) -> bytes:
    """Return the frame that switches `channel` (1..8): A0, channel, 0 or 1, sum of the three.

    Source: the LCUS-1/2/4/8 seller's sheet, 9600 8N1; raise BadDeviceSetting for another channel.
    """
    if not 1 <= channel <= CHANNELS:
        raise BadDeviceSetting(f"a relay board has channels 1 to {CHANNELS}, not {channel}")
    body = bytes((0xA0, channel, int(on)))
    return body + bytes((sum(body) & 0xFF,))


class UsbRelayBoard(RelayBoard):
    def __init__(self, path: str, *, name: str, baud: int = 9600, report: Report | None = None) -> None:
        """Remember where the board is; raise BadDeviceSetting for a path that cannot be right.

        `report` receives LOST once when the board is lost and OK once when it is back.
        """
        super().__init__(name=name, report=report)
        self._line = SerialLine(path, baud, name=name)

    @property
    def times_pulses(self) -> bool:
        """Return false: a cable pulled in mid-pulse may leave the relay on."""
        return False

    def check_channel(self, channel: int) -> None:
        """Raise BadDeviceSetting for a channel outside 1 to 8."""
        switch_frame(channel, on=False)

    def _is_reached(self) -> bool:
        return self._line.is_open

    def _reach(self) -> None:
        self._line.open()

    def _order_on(self, channel: int, seconds: float) -> tuple[int, float]:
        # Bytes still queued mean an adapter that hangs; it would switch whenever it wakes.
        self._line.refuse_if_clogged()
        try:
            return self._line.write_through(switch_frame(channel, on=True)), seconds
        except DeviceUnavailable as loss:
            raise OutputNotConfirmed(f"{loss}; the lock may or may not have moved") from loss

    def _order_off(self, channel: int) -> None:
        # A lane stays open behind an adapter that hangs: OFF that it does not take is not sent yet.
        self._line.write_through(switch_frame(channel, on=False))

    def _drop(self) -> None:
        self._line.close()

    def _look(self) -> None:
        # Reading is how an unplugged adapter shows, and keeps what a board says from piling up.
        for _ in range(MAX_READS):
            if len(self._line.read(READ_BYTES, 0)) < READ_BYTES:
                return


class UsbRelay(BoardRelay):
    """One channel of a UsbRelayBoard, as a Relay."""
