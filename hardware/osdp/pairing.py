"""Give a reader in install mode a key of its own; the only code that sends a key.

    look ── already under the key ──────────────────────────> PAIRED
      └─ else under the published default key ── key sent ── back under the new key ──> PAIRED

libosdp does these steps itself when its EnforceSecure is off, and starts with the reader's own key,
so that a pairing that was cut off anywhere is finished by doing it again with the same key. Only a
person at the command line starts it: a gate that re-keyed a reader automatically would hand its key to
anyone who unscrews the reader and answers in its place.
"""

import time
from collections.abc import Callable
from enum import Enum, auto

from hardware.errors import DeviceRefused
from hardware.lines.serial import SerialLine
from hardware.osdp.line import SERVICE_SECONDS, Wire
from hardware.osdp.panel import DEFAULT_KEY, Panel, Peer, WentOffline, checked_key, library

TRY_SECONDS = 12.0
"""The library asks a silent reader nine times, about once a second."""


class Answer(Enum):
    OURS = auto()
    """It speaks under the key, after the pairing or before."""
    OTHER_KEY = auto()
    """It speaks OSDP and has another key; install mode is not on."""
    DEFAULT_KEY = auto()
    """It speaks under the published default key, which everybody knows."""
    NO_SECURE_CHANNEL = auto()
    SILENT = auto()


def ask_reader(
    path: str, baud: int, address: int, key: bytes, *, name: str, seconds: float = TRY_SECONDS
) -> Answer:
    """Return how a reader answers to a key, without ever sending one.

    Raise DeviceUnavailable when the port is absent or held by a running gate, BadDeviceSetting on a
    key that no reader may have.
    """
    checked_key(key, name)
    return _talk(path, baud, address, key, name=name, seconds=seconds, enforce_secure=True)


def ask_stranger(path: str, baud: int, address: int, *, name: str, seconds: float) -> Answer:
    """Return what answers at an address whose key we do not have; never OURS. Send no key.

    A reader in install mode is OTHER_KEY until `pair_reader`. Raise DeviceUnavailable when the port
    is absent or held.
    """
    answer = _talk(path, baud, address, DEFAULT_KEY, name=name, seconds=seconds, enforce_secure=True)
    return Answer.DEFAULT_KEY if answer is Answer.OURS else answer


def pair_reader(
    path: str,
    baud: int,
    address: int,
    key: bytes,
    *,
    name: str,
    seconds: float = TRY_SECONDS,
) -> None:
    """Give a reader in install mode this key and see it come back under it.

    The key has to be on disk before. Raise DeviceRefused, saying why and what to do, when the reader
    does not end under the key; whether it took the key is then unknown, and the next try finds out.
    """
    checked_key(key, name)
    answer = _talk(path, baud, address, key, name=name, seconds=seconds, enforce_secure=False)
    if answer is Answer.OURS:
        return
    why = {
        Answer.SILENT: f"no reader at address {address}; check power, cable, address and baud rate",
        Answer.NO_SECURE_CHANNEL: "the reader has no secure channel; Menjin does not use such readers",
        Answer.OTHER_KEY: "the reader has another key already; put it into install mode (its maker's "
        "configuration card or switch) and begin again",
    }[answer]
    raise DeviceRefused(f"{name}: {why}")


def _talk(
    path: str, baud: int, address: int, key: bytes, *, name: str, seconds: float, enforce_secure: bool
) -> Answer:
    line = SerialLine(path, baud, name=name)
    line.open()
    try:
        wire = Wire(line)
        panel = Panel([Peer(address, key)], wire, enforce_secure=enforce_secure)
        _until_decided(panel, wire, seconds, time.monotonic)
        if wire.lost is not None:
            raise wire.lost
        return _judged(panel, wire, address)
    finally:
        line.close()


def _until_decided(panel: Panel, wire: Wire, seconds: float, monotonic: Callable[[], float]) -> None:
    ends = monotonic() + seconds
    while monotonic() < ends and wire.lost is None:
        wire.wait_for_bytes(SERVICE_SECONDS)
        went = any(isinstance(event, WentOffline) for event in panel.refresh())
        if went or panel.is_online(0):
            return


def _judged(panel: Panel, wire: Wire, address: int) -> Answer:
    if panel.is_secure(0):
        # Under the default key the library goes online only after the reader took the new one.
        return Answer.OURS
    if address not in wire.answered:
        return Answer.SILENT
    if not panel.capability(0, library().CAP_COMMUNICATION_SECURITY)[0] & 1:
        return Answer.NO_SECURE_CHANNEL
    return Answer.OTHER_KEY
