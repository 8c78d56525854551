"""OSDP 2 panel over libosdp, the only file that imports it; single-threaded, no clock, no files.

libosdp (https://doc.osdp.dev) speaks the protocol. Five of its habits are held off here:

- Without `FLAG_ENFORCE_SECURE` it hands keys to any reader that asks for them; only `pairing_panel` does so.
- Its own Python wrapper keeps every event for ever; this file talks to the extension below it.
- A callback that raises breaks the caller; nothing here lets one out of a callback.
- A reader that refuses any command is dropped for five minutes; see `Panel.try_again`.
- It reports a command as taken and drops the reader in the same turn, where the answer was of the right kind
  and could not be read (`osdp_OSTATR` with more outputs than were declared); see `Panel.refresh`.
"""

import functools
import importlib
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol, cast

from hardware.errors import BadDeviceSetting

KEY_BYTES = 16
DEFAULT_KEY = bytes(range(0x30, 0x40))
"""SCBK-D, the key of every reader in install mode (IEC 60839-11-5, annex D); known to everyone."""
MAX_READERS = 16
_EVENTS_HELD = 64


class Channel(Protocol):
    """Where the bytes go; nothing here may raise."""

    id: int

    def read(self, max_bytes: int) -> bytes:
        """Return what has arrived, at once."""
        ...

    def write(self, data: bytes) -> int:
        """Send, and return how many bytes were taken."""
        ...

    def flush(self) -> None:
        """Forget what has arrived."""
        ...


@dataclass(frozen=True, slots=True)
class Peer:
    """A reader on the line: its address 0..126, its own key, and its name for the library's errors."""

    address: int
    key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class CardBits:
    """Bits of a card, first bit first, `count` of them in `value`; `wiegand` where parity is among them."""

    reader: int
    value: int = field(repr=False)
    count: int
    wiegand: bool


@dataclass(frozen=True, slots=True)
class Keys:
    """Bytes of keys, as the reader sends them."""

    reader: int
    keys: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class LocalStatus:
    """A reader's own tamper and power-failure flags."""

    reader: int
    tamper: bool
    power_failing: bool


@dataclass(frozen=True, slots=True)
class CommandEnded:
    """End of one command: an OSDP_CMD number, and whether the reader took it."""

    reader: int
    command: int
    taken: bool


@dataclass(frozen=True, slots=True)
class WentOffline:
    """The library gave a reader up; it would look again in five minutes."""

    reader: int


PanelEvent = CardBits | Keys | LocalStatus | CommandEnded | WentOffline
Command = dict[str, int | bool | bytes]


class _NativePanel(Protocol):
    def refresh(self) -> None: ...
    def status(self) -> int: ...
    def sc_status(self) -> int: ...
    def submit_command(self, pd: int, command: Command, /) -> bool: ...
    def flush_commands(self, pd: int, /) -> int: ...
    def check_capability(self, pd: int, code: int, /) -> tuple[int, int]: ...
    def disable_pd(self, pd: int, /) -> bool: ...
    def enable_pd(self, pd: int, /) -> bool: ...
    def is_pd_enabled(self, pd: int, /) -> bool: ...
    def set_event_callback(self, callback: Callable[[int, dict[str, object]], int], /) -> None: ...
    def set_command_completion_callback(
        self, callback: Callable[[int, Mapping[str, object], int], None], /
    ) -> None: ...


class Library(Protocol):
    """Interface of the extension `osdp_sys`, as far as Menjin uses it."""

    FLAG_ENFORCE_SECURE: int
    FLAG_ENABLE_NOTIFICATION: int
    LOG_EMERG: int
    CMD_OUTPUT: int
    CMD_LED: int
    CMD_BUZZER: int
    CMD_STATUS: int
    STATUS_REPORT_LOCAL: int
    CAP_OUTPUT_CONTROL: int
    CAP_READER_LED_CONTROL: int
    CAP_READER_AUDIBLE_OUTPUT: int
    CAP_COMMUNICATION_SECURITY: int
    EVENT_CARDREAD: int
    EVENT_KEYPRESS: int
    EVENT_STATUS: int
    EVENT_NOTIFICATION: int
    EVENT_NOTIFICATION_PD_STATUS: int
    CARD_FMT_RAW_WIEGAND: int
    CARD_FMT_RAW_UNSPECIFIED: int
    COMPLETION_OK: int

    def ControlPanel(self, readers: list[dict[str, object]], /) -> _NativePanel:  # noqa: N802 - its name
        ...

    def set_loglevel(self, level: int, /) -> None: ...


@functools.cache
def library() -> Library:
    """Return the library, silenced; raise BadDeviceSetting where it is not installed."""
    try:
        module = cast(Library, importlib.import_module("osdp_sys"))
    except ImportError as err:
        raise BadDeviceSetting(f"OSDP readers need the package libosdp ({err})") from err
    # It prints, and what it prints may hold what was on the line.
    module.set_loglevel(module.LOG_EMERG)
    return module


def checked_key(key: bytes, name: str) -> bytes:
    """Return a secure-channel key that only one reader can have, or raise BadDeviceSetting.

    Refused: another length than 16 bytes, the published default key, one byte repeated.
    """
    if len(key) != KEY_BYTES:
        raise BadDeviceSetting(f"{name}: its key has {len(key)} bytes instead of {KEY_BYTES}; pair it again")
    if key == DEFAULT_KEY:
        raise BadDeviceSetting(f"{name}: its key is the published default key (SCBK-D); pair it again")
    if len(set(key)) == 1:
        raise BadDeviceSetting(f"{name}: its key is one byte repeated; pair it again")
    return key


class Panel:
    """The control panel of one line. `refresh` has to be called every few milliseconds."""

    def __init__(self, peers: Sequence[Peer], channel: Channel, *, enforce_secure: bool = True) -> None:
        """Prepare to speak to each reader under its own key; raise BadDeviceSetting on a bad address."""
        addresses = [peer.address for peer in peers]
        if not peers or len(peers) > MAX_READERS or len(set(addresses)) < len(addresses):
            raise BadDeviceSetting(
                f"an OSDP line has 1 to {MAX_READERS} readers, each with its own address, not {addresses}"
            )
        if not all(0 <= address <= 126 for address in addresses):
            raise BadDeviceSetting(f"OSDP addresses are 0 to 126, not {addresses}")
        self._lib = library()
        flags = self._lib.FLAG_ENABLE_NOTIFICATION | (self._lib.FLAG_ENFORCE_SECURE if enforce_secure else 0)
        self._events: deque[PanelEvent] = deque(maxlen=_EVENTS_HELD)
        self._count = len(peers)
        self._native = self._lib.ControlPanel(
            [
                {
                    "name": f"r{peer.address}",
                    "address": peer.address,
                    "flags": flags,
                    "scbk": peer.key,
                    "channel": channel,
                }
                for peer in peers
            ]
        )
        self._native.set_event_callback(self._on_event)
        self._native.set_command_completion_callback(self._on_completion)

    def refresh(self) -> list[PanelEvent]:
        """Move the protocol on and return what happened; a command that cost the reader was not taken."""
        self._native.refresh()
        happened = list(self._events)
        self._events.clear()
        gone = {event.reader for event in happened if isinstance(event, WentOffline)}
        return [
            replace(event, taken=False) if isinstance(event, CommandEnded) and event.reader in gone else event
            for event in happened
        ]

    def is_secure(self, reader: int) -> bool:
        """Return whether a reader (by its place in `peers`) is online inside its secure channel."""
        return bool(self._native.status() & self._native.sc_status() & (1 << reader))

    def is_online(self, reader: int) -> bool:
        """Return whether a reader is online at all; with `enforce_secure` the same as `is_secure`."""
        return bool(self._native.status() & (1 << reader))

    def submit(self, reader: int, command: Command) -> bool:
        """Queue a command; return false when the reader is not in its secure channel."""
        return self.is_secure(reader) and self._native.submit_command(reader, command)

    def capability(self, reader: int, code: int) -> tuple[int, int]:
        """Return compliance level and number of a capability, as the reader reported; zeros before that."""
        return self._native.check_capability(reader, code)

    def try_again(self, reader: int) -> None:
        """Begin with a reader afresh, in two calls at least a refresh apart; forget what it was to hear."""
        self._native.flush_commands(reader)
        if self._native.is_pd_enabled(reader):
            self._native.disable_pd(reader)
        else:
            self._native.enable_pd(reader)

    def is_being_tried(self, reader: int) -> bool:
        """Return whether the library is looking for a reader, and not between two halves of `try_again`."""
        return self._native.is_pd_enabled(reader)

    # The two below are called inside `refresh`, from C: nothing may be raised in them.

    def _on_event(self, reader: int, event: dict[str, object]) -> int:
        # The extension never lets go of this dictionary; emptied, no card number stays in it.
        report = dict(event)
        event.clear()
        try:
            happened = self._understood(reader, report)
        except (KeyError, TypeError, ValueError):
            happened = None
        if happened is not None:
            self._events.append(happened)
        return 0

    def _on_completion(self, reader: int, command: Mapping[str, object], status: int) -> None:
        kind = command.get("command")
        if isinstance(kind, int):
            self._events.append(CommandEnded(reader, kind, status == self._lib.COMPLETION_OK))

    def _understood(self, reader: int, event: Mapping[str, object]) -> PanelEvent | None:
        lib, kind = self._lib, event["event"]
        if kind == lib.EVENT_NOTIFICATION:
            gone = event["type"] == lib.EVENT_NOTIFICATION_PD_STATUS and not event["arg0"]
            return WentOffline(reader) if gone else None
        # Also of a reader that is online: what it says counts inside its secure channel only.
        if not 0 <= reader < self._count or not self.is_secure(reader):
            return None
        if kind == lib.EVENT_CARDREAD:
            return _card(lib, reader, event)
        if kind == lib.EVENT_KEYPRESS:
            return Keys(reader, _bytes(event["data"]))
        if kind == lib.EVENT_STATUS and event["type"] == lib.STATUS_REPORT_LOCAL:
            report = _bytes(event["report"])
            return LocalStatus(reader, bool(report[0]), bool(report[1])) if len(report) == 2 else None
        return None


def _card(lib: Library, reader: int, event: Mapping[str, object]) -> CardBits | None:
    data, count = _bytes(event["data"]), event["length"]
    if event["format"] not in (lib.CARD_FMT_RAW_WIEGAND, lib.CARD_FMT_RAW_UNSPECIFIED):
        return None
    if not isinstance(count, int) or not 0 < count <= 8 * len(data):
        return None
    value = int.from_bytes(data, "big") >> (8 * len(data) - count)
    return CardBits(reader, value, count, event["format"] == lib.CARD_FMT_RAW_WIEGAND)


def _bytes(value: object) -> bytes:
    if not isinstance(value, bytes):
        raise TypeError(f"bytes expected, not {type(value).__name__}")
    return value
