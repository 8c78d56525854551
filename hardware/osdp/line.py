"""Serve one RS-485 line with one or more OSDP readers, in one thread.

    away ── SECURE, then quiet for 0.2 s ──> here ── channel lost ──> away
      │ not here for 3 s: LOST said once        (LOST said at once)
      └─ every second the reader is tried again, always under its own key

Invariants:
- A card or key counts only while its reader's secure channel is up, and not while the reader
  empties what it kept from before; a tap from before the channel is dropped, not acted on later.
- A reader is spoken to under its own key or not at all; no key is ever sent here.
- After a lost port, and after a pulse that was not confirmed in time, the control panel is thrown
  away with all it had queued: nothing it still held can be sent later.
"""

import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

from hardware.errors import BadDeviceSetting, DeviceUnavailable
from hardware.lines.serial import SerialLine
from hardware.lines.serial_reader import LOOK_AGAIN_SECONDS
from hardware.osdp.panel import Command, CommandEnded, Panel, PanelEvent, Peer, WentOffline, library

SERVICE_SECONDS = 0.002
"""How often the protocol is moved on: 33 ms from tap to number in the middle, against 101 at 20 ms."""
QUIET_NS = 200_000_000
MISSED_AFTER_NS = 3_000_000_000
TRY_AGAIN_NS = 1_000_000_000
CONFIRM_NS = 600_000_000
HELD_BYTES = 1024


class Member(Protocol):
    """A reader on the line; called in the line's thread."""

    name: str
    address: int

    @property
    def key(self) -> bytes: ...

    def came(self) -> None:
        """Note that the secure channel is up and the reader is quiet."""
        ...

    def went(self, why: str) -> None:
        """Take note that the reader is away; also said when it never came."""
        ...

    def heard(self, event: PanelEvent, at_ns: int) -> None:
        """Take what the reader sends; `at_ns` is monotonic."""
        ...

    def due(self) -> Command | None:
        """Return the next command for the reader, or None."""
        ...


class Wire:
    """The channel under the control panel: a port whose loss is remembered instead of raised."""

    id = 1

    def __init__(self, line: SerialLine) -> None:
        self._line = line
        self._held = bytearray()
        self.lost: DeviceUnavailable | None = None
        self.written_ns: dict[int, int] = {}
        self.answered: set[int] = set()

    def wait_for_bytes(self, timeout_seconds: float) -> None:
        """Keep what arrives within the time, at most HELD_BYTES; raise DeviceUnavailable."""
        self._held += self._line.read(HELD_BYTES, timeout_seconds)
        del self._held[:-HELD_BYTES]

    def read(self, max_bytes: int) -> bytes:
        data = bytes(self._held[:max_bytes])
        del self._held[:max_bytes]
        address = _address_in(data)
        if address is not None:
            self.answered.add(address & 0x7F)
        return data

    def write(self, data: bytes) -> int:
        if self.lost is None:
            try:
                at_ns = self._line.write(data)
            except DeviceUnavailable as loss:
                self.lost = loss
            else:
                self.written_ns[_address_in(data) or 0] = at_ns
        return len(data)

    def flush(self) -> None:
        self._held.clear()


def _address_in(frame: bytes) -> int | None:
    start = frame.find(0x53, 0, 2)
    return frame[start + 1] if 0 <= start < len(frame) - 1 else None


def check_own_keys(keys: Iterable[tuple[str, bytes]]) -> None:
    """Raise BadDeviceSetting, naming both, where two readers have one key, on any line."""
    names: dict[bytes, str] = {}
    for name, key in keys:
        if key in names:
            raise BadDeviceSetting(f"{name}: has the same key as {names[key]}; pair one of them again")
        names[key] = name


@dataclass(slots=True)
class _Place:
    member: Member
    was_secure: bool = False
    is_here: bool = False
    is_missed: bool = False
    is_lost: bool = False
    """True once this reader's loss was reported; the next reader at its address is then reported again."""
    quiet_until_ns: int = 0
    away_since_ns: int = 0
    again_at_ns: int | None = None
    in_flight: bool = False
    """True while a command waits for its end: one at a time, so that an end is never taken for another's."""


@dataclass(slots=True)
class Order:
    """A command whose sender waits for the result."""

    place: int
    command: Command
    deadline_ns: int
    is_submitted: bool = False
    at_ns: int | None = None
    ended: threading.Event = field(default_factory=threading.Event)


class OsdpLine:
    """A serial port with OSDP readers on it; runs from the first `hold` to the last `let_go`."""

    def __init__(self, path: str, *, name: str, baud: int = 9600) -> None:
        """Prepare the line; raise BadDeviceSetting when path or library cannot be right."""
        library()
        self.name = name
        self._line = SerialLine(path, baud, name=name)
        self._wire = Wire(self._line)
        self._places: list[_Place] = []
        self._panel: Panel | None = None
        self._lock = threading.Lock()
        self._users = 0
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()
        self._order: Order | None = None
        self._order_lock = threading.Lock()

    def join(self, member: Member) -> int:
        """Take a reader onto the line before it is started, and return its place."""
        if self._thread is not None:
            raise BadDeviceSetting(f"{self.name}: readers join before the line is started")
        taken = {place.member.address: place.member for place in self._places}
        if member.address in taken:
            other = taken[member.address].name
            raise BadDeviceSetting(f"{member.name}: address {member.address} is {other}'s already")
        check_own_keys([(one.name, one.key) for one in (*taken.values(), member)])
        self._places.append(_Place(member))
        return len(self._places) - 1

    def hold(self) -> None:
        """Count one more user; the first starts the thread."""
        with self._lock:
            self._users += 1
            if self._thread is None:
                self._stopping.clear()
                self._thread = threading.Thread(target=self._run, name=f"osdp {self.name}", daemon=True)
                self._thread.start()

    def let_go(self) -> None:
        """Count one user less; the last ends the thread and closes the port within a second."""
        with self._lock:
            self._users -= 1
            if self._users or self._thread is None:
                return
            thread, self._thread = self._thread, None
            self._stopping.set()
            thread.join()

    def is_here(self, place: int) -> bool:
        """Return whether a reader is there, in its secure channel."""
        return self._places[place].is_here

    def capability(self, place: int, code: int) -> tuple[int, int]:
        """Return level and number of a capability; only from `Member` calls, in the line's thread."""
        return self._panel.capability(place, code) if self._panel is not None else (0, 0)

    def carry_out(self, place: int, command: Command) -> int | None:
        """Send a command and return monotonic ns of its first byte, or None when no reader confirmed it.

        After None no part of it is sent. Raise DeviceUnavailable when nothing was sent.
        """
        with self._order_lock:
            if not self._places[place].is_here:
                raise DeviceUnavailable(
                    f"{self._places[place].member.name}: the reader is away; nothing sent"
                )
            order = Order(place, command, time.monotonic_ns() + CONFIRM_NS)
            self._order = order
            # The thread ends every order at its deadline; a second more is for a thread that died.
            if not order.ended.wait(CONFIRM_NS / 1e9 + 1.0):
                self._order = None
            if not order.is_submitted:
                raise DeviceUnavailable(
                    f"{self._places[place].member.name}: the reader does not answer; nothing sent"
                )
            return order.at_ns

    # -- the thread ----------------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._line.open()
                self._begin_afresh()
                self._serve()
            except DeviceUnavailable as absence:
                self._everyone_went(str(absence))
            except Exception as fault:  # noqa: BLE001 - a line that dies unseen locks people out
                self._everyone_went(f"{self.name}: {type(fault).__name__} in its driver")
            self._line.close()
            self._stopping.wait(LOOK_AGAIN_SECONDS)
        self._everyone_went(None)
        self._panel = None
        self._line.close()

    def _begin_afresh(self) -> None:
        self._wire.lost = None
        self._wire.flush()
        peers = [Peer(place.member.address, place.member.key) for place in self._places]
        self._panel = Panel(peers, self._wire)
        now_ns = time.monotonic_ns()
        for place in self._places:
            place.was_secure = place.in_flight = False
            place.again_at_ns = None
            place.away_since_ns = now_ns if place.is_here or not place.away_since_ns else place.away_since_ns

    def _serve(self) -> None:
        while not self._stopping.is_set() and self._panel is not None:
            self._wire.wait_for_bytes(SERVICE_SECONDS)
            for event in self._panel.refresh():
                self._take(event, time.monotonic_ns())
            if self._wire.lost is not None:
                raise self._wire.lost
            now_ns = time.monotonic_ns()
            for number, place in enumerate(self._places):
                self._look_at(self._panel, number, place, now_ns)
            self._look_at_order(self._panel, now_ns)

    def _take(self, event: PanelEvent, at_ns: int) -> None:
        place = self._places[event.reader]
        if isinstance(event, WentOffline):
            place.again_at_ns = place.again_at_ns or at_ns + TRY_AGAIN_NS
        elif isinstance(event, CommandEnded):
            place.in_flight = False
            order = self._order
            if order is not None and order.is_submitted and order.place == event.reader:
                sent_ns = self._wire.written_ns.get(place.member.address, at_ns)
                self._end_order(order, sent_ns if event.taken else None)
            place.member.heard(event, at_ns)
        elif place.is_here:
            place.member.heard(event, at_ns)
        else:
            # What a reader kept while no panel asked it is old: wait until the reader has sent it all.
            place.quiet_until_ns = at_ns + QUIET_NS

    def _look_at(self, panel: Panel, number: int, place: _Place, now_ns: int) -> None:
        secure = panel.is_secure(number)
        if secure and not place.was_secure:
            place.quiet_until_ns = now_ns + QUIET_NS
        if not secure and (place.was_secure or place.is_here):
            place.away_since_ns = now_ns
            self._went(place, f"{place.member.name}: lost its secure channel; check power and cable")
            # Another reader may answer here from now on; report it once its key shows which.
            place.is_missed, place.is_lost = False, True
            self._wire.answered.discard(place.member.address)
        place.was_secure = secure
        if secure:
            if not place.is_here and now_ns >= place.quiet_until_ns:
                place.is_here, place.is_missed, place.again_at_ns = True, False, None
                place.is_lost = False
                place.member.came()
            if place.is_here and not place.in_flight:
                command = place.member.due()
                place.in_flight = command is not None and panel.submit(number, command)
            return
        if not place.is_missed and now_ns - place.away_since_ns > MISSED_AFTER_NS:
            place.is_missed = True
            if not place.is_lost or place.member.address in self._wire.answered:
                self._went(place, self._why_away(panel, number, place))
        if place.again_at_ns is not None and now_ns >= place.again_at_ns:
            panel.try_again(number)
            # The second half follows at once, the next try in a second.
            place.again_at_ns = (
                None if not panel.is_being_tried(number) else now_ns + round(SERVICE_SECONDS * 1e9)
            )

    def _look_at_order(self, panel: Panel, now_ns: int) -> None:
        order = self._order
        if order is None:
            return
        if not self._places[order.place].is_here or now_ns > order.deadline_ns:
            was_submitted = order.is_submitted
            self._end_order(order, None)
            if was_submitted:
                # The library would go on trying for eight seconds.
                self._begin_afresh()
        elif not order.is_submitted and not self._places[order.place].in_flight:
            # After what the reader had to hear already: an OFF of its coming must not cut a pulse.
            order.is_submitted = panel.submit(order.place, order.command)
            self._places[order.place].in_flight = order.is_submitted

    def _end_order(self, order: Order, at_ns: int | None) -> None:
        self._order = None
        order.at_ns = at_ns
        order.ended.set()

    def _why_away(self, panel: Panel, number: int, place: _Place) -> str:
        name, address = place.member.name, place.member.address
        if address not in self._wire.answered:
            return f"{name}: no reader at address {address}; check power, cable, address and baud rate"
        lib = library()
        if not panel.capability(number, lib.CAP_COMMUNICATION_SECURITY)[0] & 1:
            return f"{name}: the reader has no secure channel, and is not listened to without one"
        return (
            f"{name}: the reader answers, but not under its key; if it was reset or replaced by you, "
            "pair it again (pair-reader)"
        )

    def _went(self, place: _Place, why: str) -> None:
        place.is_here, place.is_missed, place.in_flight = False, True, False
        place.member.went(why)

    def _everyone_went(self, why: str | None) -> None:
        if self._order is not None:
            self._end_order(self._order, None)
        for place in self._places:
            if why is not None and (place.is_here or not place.is_missed):
                self._went(place, why)
            place.is_here = place.was_secure = False
