"""The words that a broker of NATS sends, read within bounds: a broker may lie, err and speak nonsense.

The protocol is lines that end in CR LF (https://docs.nats.io/reference/reference-protocols/nats-protocol);
only a message is followed by a payload. Whatever a broker sends, no more than the longest line and the
longest payload are kept, and what is not understood ends the connection.
"""

from dataclasses import dataclass

import msgspec

MAX_LINE_BYTES = 16 * 1024
MAX_DETAIL_CHARS = 120
END = b"\r\n"


class BrokerGone(Exception):
    """The broker is away, refuses, or says what no broker says; the connection is over."""


@dataclass(frozen=True, slots=True)
class Info:
    """How a broker introduces itself, with the challenge to be signed."""

    nonce: str


@dataclass(frozen=True, slots=True)
class BrokerMessage:
    """A message: on which subject, and its payload."""

    subject: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class Ping:
    """The broker asks whether this side still listens."""


@dataclass(frozen=True, slots=True)
class Pong:
    """The broker answers that it does."""


BrokerWord = Info | BrokerMessage | Ping | Pong


class _InfoWords(msgspec.Struct):
    nonce: str = ""


class BrokerWords:
    """Bytes that have arrived from a broker and are not yet a whole word."""

    def __init__(self, longest_payload: int) -> None:
        """Begin with nothing; a message with a longer payload ends the connection."""
        self._longest_payload = longest_payload
        self._pending = bytearray()
        self._message: tuple[str, int] | None = None

    def feed(self, data: bytes) -> list[BrokerWord]:
        """Take bytes and return what they complete; raise BrokerGone on what no broker says."""
        self._pending += data
        said: list[BrokerWord] = []
        while True:
            if self._message is not None:
                heard = self._payload(*self._message)
                if heard is None:
                    return said
                said.append(heard)
                continue
            line, ended, _rest = self._pending.partition(END)
            if len(line) > MAX_LINE_BYTES:
                raise BrokerGone("the broker sent a line without an end")
            if not ended:
                return said
            del self._pending[: len(line) + len(END)]
            word = self._line(bytes(line))
            if word is not None:
                said.append(word)

    def _payload(self, subject: str, size: int) -> BrokerMessage | None:
        if len(self._pending) < size + len(END):
            return None
        payload, end = bytes(self._pending[:size]), bytes(self._pending[size : size + len(END)])
        if end != END:
            raise BrokerGone("the broker sent a message of another length than it said")
        del self._pending[: size + len(END)]
        self._message = None
        return BrokerMessage(subject, payload)

    def _line(self, line: bytes) -> BrokerWord | None:
        name, _, rest = line.partition(b" ")
        match name.upper():
            case b"PING":
                return Ping()
            case b"PONG":
                return Pong()
            case b"+OK":
                return None
            case b"INFO":
                return _info(rest)
            case b"MSG":
                self._message = self._announced(rest)
                return None
            case b"-ERR":
                raise BrokerGone(f"the broker says {_plain(rest)}")
        raise BrokerGone(f"the broker speaks another language: {_plain(line)}")

    def _announced(self, rest: bytes) -> tuple[str, int]:
        """Return subject and size of `SUBJECT SID [REPLY] SIZE`."""
        parts = rest.split()
        if len(parts) not in (3, 4) or not parts[-1].isdigit() or len(parts[-1]) > 9:
            raise BrokerGone(f"the broker sent a message that is none: {_plain(rest)}")
        size = int(parts[-1])
        if size > self._longest_payload:
            raise BrokerGone(f"the broker sent {size} bytes where at most {self._longest_payload} belong")
        return _plain(parts[0]), size


def _info(rest: bytes) -> Info:
    try:
        return Info(msgspec.json.decode(rest, type=_InfoWords).nonce)
    except (msgspec.MsgspecError, ValueError, RecursionError) as err:
        raise BrokerGone("the broker introduces itself in no way that is known") from err


def _plain(raw: bytes) -> str:
    """Return bytes of a stranger as a short text for a log."""
    text = raw[:MAX_DETAIL_CHARS].decode("ascii", "replace")
    return "".join(sign if sign.isprintable() else "?" for sign in text)
