"""Relay hats: one GPIO line a relay, timed by this program.

A hat cannot end a pulse. After a crash the line keeps what it was driven to until the
restarted gate takes it, at rest, within 3 s; where a latched lock is a danger a timer relay is wired
behind it (`hardware.relays.locks`). Not tried on metal.
"""

from collections.abc import Mapping

from hardware.errors import BadDeviceSetting, DeviceUnavailable, OutputNotConfirmed
from hardware.interfaces import Report
from hardware.lines.gpio import GpioChip, OutputLines, check_lines
from hardware.relays.board import BoardRelay, RelayBoard


class GpioRelayBoard(RelayBoard):
    def __init__(
        self,
        chip: GpioChip,
        lines: Mapping[int, int],
        *,
        name: str,
        active_low: bool,
        report: Report | None = None,
    ) -> None:
        """Store which line each channel is; raise BadDeviceSetting for a line that no chip has.

        `active_low`: the relay is on while the line is low, as on most hats with optocouplers.
        """
        super().__init__(name=name, report=report)
        check_lines(list(lines.values()), name=name)
        self._chip = chip
        self._lines = dict(lines)
        self._active_low = active_low
        self._held: OutputLines | None = None

    @property
    def times_pulses(self) -> bool:
        """Return false: a hat cannot."""
        return False

    def check_channel(self, channel: int) -> None:
        """Raise BadDeviceSetting for a channel without a line."""
        if channel not in self._lines:
            raise BadDeviceSetting(
                f"{self.name}: channel {channel} has no GPIO line; "
                f"channels with one: {', '.join(map(str, sorted(self._lines))) or 'none'}"
            )

    def _is_reached(self) -> bool:
        return self._held is not None

    def _reach(self) -> None:
        # All lines of the hat at once: a relay no lane uses rests too.
        try:
            self._held = self._chip.outputs_at_rest(
                list(self._lines.values()), active_low=self._active_low, consumer=f"menjin {self.name}"
            )
        except DeviceUnavailable as absence:
            raise DeviceUnavailable(f"{self.name}: {absence}") from absence

    def _order_on(self, channel: int, seconds: float) -> tuple[int, float]:
        try:
            return self._drive(channel, on=True), seconds
        except DeviceUnavailable as loss:
            raise OutputNotConfirmed(f"{loss}; the lock may or may not have moved") from loss

    def _order_off(self, channel: int) -> None:
        self._drive(channel, on=False)

    def _drive(self, channel: int, *, on: bool) -> int:
        if self._held is None:
            raise DeviceUnavailable(f"{self.name}: its GPIO lines are not held")
        line = self._lines[channel]
        at_ns = self._held.set(line, on)
        if self._held.is_active(line) is not on:
            raise OutputNotConfirmed(
                f"{self.name}: GPIO line {line} was driven {'on' if on else 'off'} and reads otherwise; "
                "check for a short circuit"
            )
        return at_ns

    def _drop(self) -> None:
        held, self._held = self._held, None
        if held is not None:
            held.release()

    def _look(self) -> None:
        if self._held is not None:
            self._held.is_active(next(iter(self._lines.values())))


class GpioRelay(BoardRelay):
    """One channel of a GpioRelayBoard, as a Relay."""
