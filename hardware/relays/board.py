"""Base of every relay board: one thread, one lock, outputs off first.

    away ── reached: OFF to each channel in use ──> rest ── pulse: ON ──> on ── time over: OFF ──> rest
      ^                                              │                    │
      └───────────── lost (LOST said once) ──────────┴────────────────────┘

Invariants: ON is sent only inside `switch_on()`, once, in the caller's thread, and never again on
its own; after any opening of the device the first order is OFF for every channel in use; OFF that
was not confirmed is sent again until it is; no output stays on past its longest on-time.
"""

import math
import threading
import time
from abc import ABC, abstractmethod

from hardware.errors import BadDeviceSetting, DeviceRefused, DeviceUnavailable, OutputNotConfirmed
from hardware.interfaces import DeviceState, Health, Report

LOOK_SECONDS = 0.1
LOOK_AGAIN_SECONDS = 0.25


class RelayBoard(ABC):
    """One board, shared by the relays on it; looks for the board while it is away.

    Subclasses know the device; each of their methods is called under the board's lock.
    """

    look_seconds = LOOK_SECONDS
    """How often a board that is there is asked whether it still is."""

    def __init__(self, *, name: str, report: Report | None) -> None:
        """Prepare an unused board; `report` receives each change of its health once."""
        self.name = name
        self._report = report
        self._changed = threading.Condition(threading.Lock())
        self._on_since_ns: dict[int, int] = {}
        self._off_due_ns: dict[int, int] = {}
        self._in_use: set[int] = set()
        self._unrested: set[int] = set()
        self._leaving: set[int] = set()
        self._absence: str | None = None
        self._thread: threading.Thread | None = None
        self._stopping = False
        self._look_at = 0.0
        self._health: Health | None = None

    @property
    def pulse_step_seconds(self) -> float:
        """Return the steps in which the board times a pulse; 0 where any length is possible."""
        return 0.0

    @property
    @abstractmethod
    def times_pulses(self) -> bool:
        """Return whether the board itself ends a pulse, even when no program orders OFF."""

    @abstractmethod
    def check_channel(self, channel: int) -> None:
        """Raise BadDeviceSetting for a channel the board does not have."""

    @abstractmethod
    def _is_reached(self) -> bool:
        """Return whether the device is held, as it was when it was last reached."""

    @abstractmethod
    def _reach(self) -> None:
        """Take hold of the device without moving anything; raise DeviceUnavailable."""

    @abstractmethod
    def _order_on(self, channel: int, seconds: float) -> tuple[int, float]:
        """Switch on; return monotonic ns of the first byte, and the seconds it will really last.

        Raise DeviceUnavailable only when nothing was sent, OutputNotConfirmed when the result is unknown.
        """

    @abstractmethod
    def _order_off(self, channel: int) -> None:
        """Switch off; raise DeviceUnavailable or OutputNotConfirmed."""

    @abstractmethod
    def _drop(self) -> None:
        """Release the device."""

    @abstractmethod
    def _look(self) -> None:
        """Ask whether the device is still there; raise DeviceUnavailable."""

    def take(self, channel: int) -> None:
        """Put a channel to rest and keep it so over every reconnect.

        Raise DeviceUnavailable when the board is not there now; it is looked for all the same.
        """
        with self._changed:
            self._in_use.add(channel)
            self._unrested.add(channel)
            self._leaving.discard(channel)
            if self._thread is None:
                self._stopping, self._absence = False, None
                self._thread = threading.Thread(
                    target=self._keep, name=f"relay board {self.name}", daemon=True
                )
                self._thread.start()
            try:
                if self._is_reached():
                    self._rest_the_unrested()
                elif self._absence is None:
                    self._connect()
            except OutputNotConfirmed as doubt:
                self._say(Health.FAULTY, str(doubt))
            except DeviceUnavailable as absence:
                self._drop()
                self._absence = str(absence)
            if self._absence is not None:
                # Looked for once, not once a channel: the lanes of other boards wait for theirs.
                raise DeviceUnavailable(self._absence)

    def let_go(self, channel: int) -> None:
        """Put a channel to rest; with the last one, release the device and end the thread."""
        thread: threading.Thread | None = None
        with self._changed:
            if channel not in self._in_use - self._leaving:
                return
            self._forget(channel)
            self._leaving.add(channel)
            if not self._is_reached() and self._leaving != self._in_use:
                # Its last channel looks for a board that is away, and puts all of them to rest.
                return
            # A board that came back a moment ago is still to be put to rest.
            self._look_for_it()
            for leaving in sorted(self._leaving):
                self._try_rest(leaving)
            self._in_use -= self._leaving
            self._unrested -= self._leaving
            self._leaving.clear()
            if not self._in_use:
                self._stopping = True
                thread, self._thread = self._thread, None
                self._changed.notify_all()
        if thread is not None:
            thread.join()

    def switch_on(
        self,
        channel: int,
        seconds: float,
        *,
        longest_seconds: float | None = None,
        holds: bool = False,
    ) -> int:
        """Order ON now and OFF after `seconds`; return monotonic ns of the first byte.

        An output that is on already stays on until the later of the two ends, yet never longer
        than `longest_seconds` without a rest; `holds` restarts that count. Raise DeviceUnavailable
        (nothing was switched), DeviceRefused (its longest time is used up) or OutputNotConfirmed (OFF
        follows).
        """
        with self._changed:
            if channel not in self._in_use - self._leaving:
                raise DeviceUnavailable(f"{self.name}: channel {channel} is not open")
            if not self._is_reached():
                raise DeviceUnavailable(f"{self.name}: the board is away; nothing was switched")
            seconds = self._seconds_to_stay(channel, seconds, None if holds else longest_seconds)
            self._unrested.discard(channel)
            try:
                at_ns, seconds = self._order_on(channel, seconds)
            except OutputNotConfirmed:
                self._forget(channel)
                self._unrested.add(channel)
                self._changed.notify_all()
                raise
            except DeviceUnavailable as loss:
                self._drop()
                raise DeviceUnavailable(f"{loss}; nothing was switched") from loss
            since_ns = self._on_since_ns.get(channel)
            self._on_since_ns[channel] = at_ns if since_ns is None or holds else since_ns
            self._off_due_ns[channel] = max(at_ns + round(seconds * 1e9), self._off_due_ns.get(channel, 0))
            self._changed.notify_all()
            return at_ns

    def is_on(self, channel: int) -> bool:
        """Return whether a channel was ordered ON and its time is not over, on a board not lost since."""
        # Not under the lock: an answer between a card and its lock must not wait for the board.
        return self._is_reached() and time.monotonic_ns() < self._off_due_ns.get(channel, 0)

    def switch_off(self, channel: int) -> None:
        """Order OFF now; raise OutputNotConfirmed when it did not arrive, and repeat it until it does."""
        with self._changed:
            self._forget(channel)
            self._unrested.add(channel)
            if not self._is_reached():
                raise OutputNotConfirmed(
                    f"{self.name}: the board is away; OFF will be sent when the board is back"
                )
            try:
                self._order_off(channel)
            except DeviceUnavailable as loss:
                self._drop()
                raise OutputNotConfirmed(f"{loss}; OFF will be sent when the board is back") from loss
            self._unrested.discard(channel)

    def _seconds_to_stay(self, channel: int, seconds: float, longest_seconds: float | None) -> float:
        since_ns = self._on_since_ns.get(channel)
        if since_ns is None:
            return seconds
        now_ns = time.monotonic_ns()
        left = max(seconds, (self._off_due_ns.get(channel, 0) - now_ns) / 1e9)
        if longest_seconds is None:
            return left
        left = min(left, longest_seconds - (now_ns - since_ns) / 1e9)
        if left <= 0:
            raise DeviceRefused(
                f"{self.name}: channel {channel} has been on for {longest_seconds:g} s, its longest time; "
                "it has to rest before the next pulse"
            )
        return left

    def _forget(self, channel: int) -> None:
        self._off_due_ns.pop(channel, None)
        self._on_since_ns.pop(channel, None)

    def _keep(self) -> None:
        with self._changed:
            while not self._stopping:
                try:
                    self._watch()
                except Exception as fault:  # noqa: BLE001 - a thread that dies unseen rests no output
                    self._drop()
                    self._say(Health.FAULTY, f"{self.name}: {type(fault).__name__} in its driver")
                self._changed.wait(self._seconds_to_next_look())
            self._drop()

    def _watch(self) -> None:
        if not self._is_reached():
            self._look_for_it()
            return
        self._rest_what_is_due()
        if time.monotonic() >= self._look_at and self._is_reached():
            self._look_at = time.monotonic() + self.look_seconds
            self._notice_loss()

    def _look_for_it(self) -> None:
        if self._stopping or self._is_reached():
            return
        try:
            self._connect()
        except OutputNotConfirmed as doubt:
            self._say(Health.FAULTY, str(doubt))
        except DeviceUnavailable as absence:
            self._drop()
            self._absence = str(absence)
            self._say(Health.LOST, str(absence))

    def _connect(self) -> None:
        self._reach()
        self._absence = None
        # A pulse from before the loss has no claim on the board that came back.
        self._off_due_ns.clear()
        self._on_since_ns.clear()
        self._unrested |= self._in_use
        self._rest_the_unrested()

    def _rest_the_unrested(self) -> None:
        for channel in sorted(self._unrested & self._in_use):
            self._order_off(channel)
            self._unrested.discard(channel)
        self._say(Health.OK, "outputs at rest")

    def _rest_what_is_due(self) -> None:
        now_ns = time.monotonic_ns()
        for channel in [c for c, due_ns in self._off_due_ns.items() if due_ns <= now_ns]:
            self._forget(channel)
            self._unrested.add(channel)
        for channel in sorted(self._unrested & self._in_use):
            self._try_rest(channel)

    def _try_rest(self, channel: int) -> None:
        if not self._is_reached():
            return
        try:
            self._order_off(channel)
        except OutputNotConfirmed as doubt:
            self._say(Health.FAULTY, str(doubt))
        except DeviceUnavailable as loss:
            self._drop()
            self._say(Health.LOST, f"{loss}; OFF will be sent when the board is back")
        else:
            self._unrested.discard(channel)
            if not self._unrested and self._health is Health.FAULTY:
                self._say(Health.OK, "outputs at rest")

    def _notice_loss(self) -> None:
        try:
            self._look()
        except DeviceUnavailable as loss:
            self._drop()
            self._say(Health.LOST, str(loss))

    def _seconds_to_next_look(self) -> float:
        if not self._is_reached():
            return LOOK_AGAIN_SECONDS
        if not self._off_due_ns:
            return LOOK_SECONDS
        left_ns = min(self._off_due_ns.values()) - time.monotonic_ns()
        return max(0.0, min(LOOK_SECONDS, left_ns / 1e9))

    def _say(self, health: Health, detail: str) -> None:
        if health is not self._health:
            self._health = health
            if self._report is not None:
                self._report(DeviceState(self.name, health, detail))


class BoardRelay:
    """One channel of a RelayBoard, as a Relay."""

    def __init__(
        self,
        board: RelayBoard,
        channel: int,
        *,
        name: str,
        max_pulse_seconds: float = 30.0,
        max_on_seconds: float | None = None,
        may_hold: bool = True,
    ) -> None:
        """Take a channel (from 1); raise BadDeviceSetting where the board cannot have it.

        `max_on_seconds`: the longest the output stays on without a rest, however many pulses come, where
        it is not held; a longer pulse is cut to it. `may_hold`: whether it may be held for longer.
        """
        board.check_channel(channel)
        if max_pulse_seconds <= 0 or (max_on_seconds is not None and max_on_seconds <= 0):
            raise BadDeviceSetting(f"{name}: max_pulse_seconds and max_on_seconds must be above 0")
        step = board.pulse_step_seconds
        if min(max_pulse_seconds, max_on_seconds or max_pulse_seconds) < step:
            raise BadDeviceSetting(
                f"{name}: this board times pulses in steps of {step:g} s, so its longest pulse cannot be less"
            )
        self._board = board
        self._channel = channel
        self._name = name
        self._max_pulse_seconds = max_pulse_seconds
        self._max_on_seconds = max_on_seconds
        self._may_hold = may_hold

    @property
    def name(self) -> str:
        """Return the name the site file gives it."""
        return self._name

    @property
    def longest_pulse_seconds(self) -> float:
        """Return the longest pulse it gives, in whole steps of the board; a longer one is cut to it."""
        longest = min(self._max_pulse_seconds, self._max_on_seconds or self._max_pulse_seconds)
        step = self._board.pulse_step_seconds
        # A hair is added so that 0.3 s is three steps of 0.1 s, not two.
        return longest if not step else math.floor(longest / step + 1e-6) * step

    @property
    def is_on(self) -> bool:
        """Return whether a pulse runs, as far as is known; false once the board was lost since."""
        return self._board.is_on(self._channel)

    def open(self) -> None:
        """Reach the board and switch the output off; raise DeviceUnavailable when it is not there.

        Also after that error the board is looked for, and put to rest when it comes.
        """
        self._board.take(self._channel)

    def pulse(self, seconds: float, *, holds: bool = False) -> int:
        """Switch on now, and off after `seconds` by a timer; return monotonic ns of the first byte.

        One above the longest pulse is cut to it. A second pulse while on extends to the later end, up to
        `max_on_seconds` since the last that `holds`. Raise BadDeviceSetting for no time or no end,
        DeviceUnavailable, DeviceRefused or OutputNotConfirmed; nothing opens later.
        """
        if not 0 < seconds < math.inf:
            raise BadDeviceSetting(f"{self._name}: a pulse lasts some seconds, not {seconds:g}")
        return self._board.switch_on(
            self._channel,
            min(seconds, self.longest_pulse_seconds),
            longest_seconds=self._max_on_seconds,
            holds=holds and self._may_hold,
        )

    def rest(self) -> None:
        """Switch the output off; raise OutputNotConfirmed when the board does not take it."""
        self._board.switch_off(self._channel)

    def close(self) -> None:
        """Put the output to rest if the board is there, and release it."""
        self._board.let_go(self._channel)
