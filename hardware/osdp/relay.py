"""Drive the output of an OSDP reader as a Relay."""

import math
import time

from hardware.errors import BadDeviceSetting, DeviceRefused, DeviceUnavailable, OutputNotConfirmed
from hardware.osdp.reader import OsdpReader
from hardware.osdp.signals import OFF, ON_FOR_A_TIME, output_command

MAX_PULSE_SECONDS = 25.5
"""The library passes eight bits of the command's sixteen, in tenths of a second."""
NEVER = -1


class OsdpRelay:
    """An output of an OSDP reader, as a Relay. The reader itself ends each pulse, also without the gate.

    The reader confirms each order. A wire from a reader outside to the lock can be bridged there;
    docs/osdp.md says where this output may be used.
    """

    def __init__(
        self,
        reader: OsdpReader,
        number: int,
        *,
        name: str,
        max_pulse_seconds: float = MAX_PULSE_SECONDS,
        max_on_seconds: float | None = None,
        may_hold: bool = True,
    ) -> None:
        """Take an output (0 is the first); raise BadDeviceSetting when it is taken or a time is too long.

        `max_on_seconds`: the longest it stays on without a rest under repeated pulses while the gate does not
        holds it; `may_hold`: whether it may be held for longer.
        """
        if not 0 < max_pulse_seconds <= MAX_PULSE_SECONDS:
            raise BadDeviceSetting(
                f"{name}: max_pulse_seconds of an OSDP output is above 0 and at most {MAX_PULSE_SECONDS}"
            )
        self._reader = reader
        self._number = number
        self._name = name
        self._max_pulse_seconds = max_pulse_seconds
        self._max_on_seconds = max_on_seconds
        self._may_hold = may_hold
        self._on_since_ns = self._on_until_ns = 0
        self._came_before = NEVER
        self._is_held = False
        reader.add_output(number, name)

    @property
    def name(self) -> str:
        """Return the name the site file gives it."""
        return self._name

    @property
    def longest_pulse_seconds(self) -> float:
        """Return the longest pulse it gives; a longer one is cut to it, for only a decision sends ON."""
        return min(self._max_pulse_seconds, self._max_on_seconds or self._max_pulse_seconds)

    @property
    def is_on(self) -> bool:
        """Return whether a confirmed pulse runs; false once the reader went or came since."""
        is_same = self._reader.comings == self._came_before and self._reader.has_output(self._number)
        return is_same and time.monotonic_ns() < self._on_until_ns

    def open(self) -> None:
        """Start the line, which puts the output to rest when the reader comes; raise DeviceUnavailable."""
        if not self._is_held:
            self._is_held = True
            self._reader.line.hold()
        ends_ns = time.monotonic_ns() + 1_000_000_000
        while not self._reader.line.is_here(self._reader.place):
            if time.monotonic_ns() > ends_ns:
                raise DeviceUnavailable(
                    f"{self._name}: {self._reader.name} is not there yet; it is looked for"
                )
            time.sleep(0.01)

    def pulse(self, seconds: float, *, holds: bool = False) -> int:
        """Switch on for `seconds`, timed by the reader; return monotonic ns of the order's first byte.

        One above the longest pulse is cut to it. A second pulse while on extends to the later end, up to
        `max_on_seconds` since the last that `holds`. Raise BadDeviceSetting for no time or no end,
        DeviceRefused past `max_on_seconds`, DeviceUnavailable when nothing was sent, OutputNotConfirmed
        when the reader did not confirm within 0.6 s; nothing opens later than that.
        """
        if not 0 < seconds < math.inf:
            raise BadDeviceSetting(f"{self._name}: a pulse lasts some seconds, not {seconds:g}")
        holds = holds and self._may_hold
        seconds = min(seconds, self.longest_pulse_seconds)
        if not self._reader.has_output(self._number):
            raise DeviceUnavailable(
                f"{self._name}: {self._reader.name} is away or has no output {self._number}"
            )
        now_ns = time.monotonic_ns()
        tenths = self._tenths(seconds, now_ns, None if holds else self._max_on_seconds)
        at_ns = self._carry_out(ON_FOR_A_TIME, tenths)
        if holds or not self._may_be_on(now_ns if at_ns is None else at_ns):
            self._on_since_ns = now_ns if at_ns is None else at_ns
        # Without its answer the reader may have begun the pulse at any moment until now.
        self._on_until_ns = (time.monotonic_ns() if at_ns is None else at_ns) + tenths * 100_000_000
        self._came_before = self._reader.comings if at_ns is not None else NEVER
        return self._confirmed(at_ns)

    def _may_be_on(self, now_ns: int) -> bool:
        """Return whether no pulse's end and no confirmed OFF came since the first order to switch on."""
        return now_ns < self._on_until_ns and self._reader.rested_at_ns(self._number) < self._on_since_ns

    def _tenths(self, seconds: float, now_ns: int, longest_seconds: float | None) -> int:
        """Return how long to stay on from now: to the later of two ends, within the longest time on."""
        may_be_on = self._may_be_on(now_ns)
        left_seconds = max(seconds, (self._on_until_ns - now_ns) / 1e9) if may_be_on else seconds
        if longest_seconds is not None:
            on_seconds = (now_ns - self._on_since_ns) / 1e9 if may_be_on else 0.0
            left_seconds = min(left_seconds, longest_seconds - on_seconds)
            if left_seconds < 0.1:
                raise DeviceRefused(f"{self._name}: was on for {longest_seconds:g} s and rests first")
        return max(1, min(255, int(left_seconds * 10 + 0.5)))

    def rest(self) -> None:
        """Switch the output off; raise OutputNotConfirmed when the reader does not confirm."""
        self._came_before = NEVER
        try:
            self._confirmed(self._carry_out(OFF, 0))
        except DeviceUnavailable as absence:
            raise OutputNotConfirmed(f"{absence}; OFF will be sent when the reader is back") from absence
        self._on_until_ns = 0

    def close(self) -> None:
        """Put the output to rest if the reader is there, and release the line."""
        if not self._is_held:
            return
        try:
            self.rest()
        except OutputNotConfirmed:
            # The reader ends a pulse by its own timer.
            pass
        finally:
            self._is_held = False
            self._reader.line.let_go()

    def _carry_out(self, control_code: int, tenths: int) -> int | None:
        command = output_command(self._number, control_code, tenths)
        return self._reader.line.carry_out(self._reader.place, command)

    def _confirmed(self, at_ns: int | None) -> int:
        if at_ns is None:
            raise OutputNotConfirmed(
                f"{self._name}: {self._reader.name} did not confirm; the lock may have moved"
            )
        return at_ns
