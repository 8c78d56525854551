"""The common USB relay board (LCUS-1/2/4/8 and its copies, CH340): four bytes, no answer.

    rest ── pulse: ON written ──> on ── time over: OFF written ──> rest
     ^                            │
     └─ reconnect: OFF written ── lost (unplugged mid-pulse)

Invariants: ON is sent only inside `pulse()`, in the caller's thread, and never again on its own;
after any opening of the port the first bytes are OFF for every channel in use; OFF that could not
be sent is sent when the board is back.
"""

import threading
import time

from hardware.errors import BadDeviceSetting, DeviceUnavailable, OutputNotConfirmed
from hardware.interfaces import DeviceState, Health, Report
from hardware.serial_line import SerialLine

CHANNELS = 8
LOOK_SECONDS = 0.1
LOOK_AGAIN_SECONDS = 0.25


def switch_frame(channel: int, on: bool) -> bytes:
    """Return the frame that switches `channel` (1..8): A0, channel, 0 or 1, sum of the three.

    Source: the LCUS-1/2/4/8 seller's sheet, 9600 8N1; raise BadDeviceSetting for another channel.
    """
    if not 1 <= channel <= CHANNELS:
        raise BadDeviceSetting(f"a relay board has channels 1 to {CHANNELS}, not {channel}")
    body = bytes((0xA0, channel, int(on)))
    return body + bytes((sum(body) & 0xFF,))


class UsbRelayBoard:
    """One board on one port, shared by the relays on it; looks for the board while it is lost."""

    def __init__(self, path: str, *, name: str, baud: int = 9600, report: Report | None = None) -> None:
        """Remember where the board is; raise BadDeviceSetting for a path that cannot be right.

        `report` is told once when the board is lost and once when it is back.
        """
        self.name = name
        self._line = SerialLine(path, baud, name=name)
        self._report = report
        self._changed = threading.Condition(threading.Lock())
        self._off_due_ns: dict[int, int] = {}
        self._in_use: set[int] = set()
        self._thread: threading.Thread | None = None
        self._stopping = False
        self._health: Health | None = None

    def take(self, channel: int) -> None:
        """Put a channel to rest and keep it so over every reconnect.

        Raise DeviceUnavailable when the board is not there now; it is looked for all the same.
        """
        with self._changed:
            self._in_use.add(channel)
            if self._thread is None:
                self._stopping = False
                self._thread = threading.Thread(
                    target=self._keep, name=f"relay board {self.name}", daemon=True
                )
                self._thread.start()
            if self._line.is_open:
                self._write(switch_frame(channel, on=False))
            else:
                self._connect()

    def let_go(self, channel: int) -> None:
        """Put a channel to rest; with the last one, close the port and end the thread."""
        thread: threading.Thread | None = None
        with self._changed:
            if channel not in self._in_use:
                return
            self._off_due_ns.pop(channel, None)
            if self._line.is_open:
                self._try_rest(channel)
            self._in_use.discard(channel)
            if not self._in_use:
                self._stopping = True
                thread, self._thread = self._thread, None
                self._changed.notify_all()
        if thread is not None:
            thread.join()

    def switch_on(self, channel: int, seconds: float) -> int:
        """Write ON now, have OFF written after `seconds`, and return monotonic ns of the first byte.

        An output that is on already stays on until the later of the two ends.
        """
        with self._changed:
            if channel not in self._in_use:
                raise DeviceUnavailable(f"{self.name}: channel {channel} is not open")
            if not self._line.is_open:
                raise DeviceUnavailable(f"{self.name}: the board is away; nothing was switched")
            try:
                at_ns = self._write(switch_frame(channel, on=True))
            except DeviceUnavailable as loss:
                raise OutputNotConfirmed(f"{loss}; the lock may or may not have moved") from loss
            ends_ns = at_ns + round(seconds * 1e9)
            self._off_due_ns[channel] = max(ends_ns, self._off_due_ns.get(channel, 0))
            self._changed.notify_all()
            return at_ns

    def switch_off(self, channel: int) -> None:
        """Write OFF now; raise OutputNotConfirmed when it could not be, and write it on return."""
        with self._changed:
            self._off_due_ns.pop(channel, None)
            try:
                self._write(switch_frame(channel, on=False))
            except DeviceUnavailable as loss:
                raise OutputNotConfirmed(f"{loss}; OFF will be sent when the board is back") from loss

    def _keep(self) -> None:
        with self._changed:
            while not self._stopping:
                if self._line.is_open:
                    self._rest_what_is_due()
                    self._notice_loss()
                    self._changed.wait(self._seconds_to_next_look())
                else:
                    self._changed.wait(LOOK_AGAIN_SECONDS)
                    self._look_for_it()
            self._line.close()

    def _look_for_it(self) -> None:
        if self._stopping or self._line.is_open:
            return
        try:
            self._connect()
        except DeviceUnavailable as absence:
            self._say(Health.LOST, str(absence))

    def _connect(self) -> None:
        self._line.open()
        # A pulse from before the loss has no claim on the board that came back.
        self._off_due_ns.clear()
        for channel in sorted(self._in_use):
            self._write(switch_frame(channel, on=False))
        self._say(Health.OK, "outputs at rest")

    def _rest_what_is_due(self) -> None:
        now_ns = time.monotonic_ns()
        for channel in [c for c, due_ns in self._off_due_ns.items() if due_ns <= now_ns]:
            del self._off_due_ns[channel]
            self._try_rest(channel)

    def _try_rest(self, channel: int) -> None:
        try:
            self._write(switch_frame(channel, on=False))
        except DeviceUnavailable as loss:
            self._say(Health.LOST, f"{loss}; OFF will be sent when the board is back")

    def _notice_loss(self) -> None:
        if not self._line.is_open:
            return
        try:
            # Boards do not answer; reading is how an unplugged adapter shows.
            self._line.read(64, 0)
        except DeviceUnavailable as loss:
            self._say(Health.LOST, str(loss))

    def _seconds_to_next_look(self) -> float:
        if not self._off_due_ns:
            return LOOK_SECONDS
        left_ns = min(self._off_due_ns.values()) - time.monotonic_ns()
        return max(0.0, min(LOOK_SECONDS, left_ns / 1e9))

    def _write(self, frame: bytes) -> int:
        return self._line.write(frame)

    def _say(self, health: Health, detail: str) -> None:
        if health is not self._health:
            self._health = health
            if self._report is not None:
                self._report(DeviceState(self.name, health, detail))


class UsbRelay:
    """One channel of a UsbRelayBoard, as a Relay."""

    def __init__(
        self,
        board: UsbRelayBoard,
        channel: int,
        *,
        name: str,
        max_pulse_seconds: float = 30.0,
    ) -> None:
        """Take a channel (1..8); raise BadDeviceSetting where the board cannot have it."""
        switch_frame(channel, on=False)
        if max_pulse_seconds <= 0:
            raise BadDeviceSetting(f"{name}: max_pulse_seconds must be above 0")
        self._board = board
        self._channel = channel
        self._name = name
        self._max_pulse_seconds = max_pulse_seconds

    @property
    def name(self) -> str:
        """Return the name the site file gives it."""
        return self._name

    def open(self) -> None:
        """Reach the board and put the output to rest; raise DeviceUnavailable when it is not there.

        Also after that error the board is looked for, and put to rest when it comes.
        """
        self._board.take(self._channel)

    def pulse(self, seconds: float) -> int:
        """Switch on now, and off after `seconds` by a timer; return monotonic ns of the first byte.

        A second pulse while on extends to the later end. Raise BadDeviceSetting above
        `max_pulse_seconds`, DeviceUnavailable or OutputNotConfirmed; nothing opens later.
        """
        if not 0 < seconds <= self._max_pulse_seconds:
            raise BadDeviceSetting(
                f"{self._name}: a pulse lasts more than 0 and at most "
                f"{self._max_pulse_seconds:g} s, not {seconds:g}"
            )
        return self._board.switch_on(self._channel, seconds)

    def rest(self) -> None:
        """Switch the output off; raise OutputNotConfirmed when the board does not take it."""
        self._board.switch_off(self._channel)

    def close(self) -> None:
        """Put the output to rest if the board is there, and let go of it."""
        self._board.let_go(self._channel)
