"""A connection to a broker of NATS: TLS from the first byte, one pass, a few subjects.

Less than a client library does, and all of it bounded: how long a connection may take, how long the broker
may be silent, how much is read at a time. Nothing that the broker says makes this side connect elsewhere.
"""

import selectors
import socket
import ssl
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec

from gate_controller.broker.words import BrokerGone, BrokerMessage, BrokerWord, BrokerWords, Info, Ping, Pong

CONNECT_SECONDS = 5.0
SEND_SECONDS = 5.0
SILENT_SECONDS = 20.0
"""After so long without a word the broker is asked whether it listens,"""
ANSWER_SECONDS = 10.0
"""and given so long for its answer."""
READ_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Login:
    """Credentials of one connection, and the subjects that it subscribes to."""

    jwt: str
    sign: Callable[[str], str]
    """Sign the broker's challenge."""
    hears: Sequence[str]
    longest_payload: int = 0
    name: str = ""
    """Name that the connection gives to the broker."""


def address_of(server: str) -> tuple[str, int]:
    """Return host and port of `HOST:PORT`; raise ValueError on anything else."""
    host, colon, port = server.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not colon or not host or not (port.isascii() and port.isdigit()) or not 0 < int(port) < 65536:
        raise ValueError(f"{server!r} is no HOST:PORT")
    return host, int(port)


class BrokerLine:
    """One connection; every method raises BrokerGone once it is over."""

    def __init__(self, server: str, context: ssl.SSLContext, login: Login) -> None:
        """Connect, show the pass and begin to hear."""
        self._words = BrokerWords(login.longest_payload)
        self._early: list[BrokerMessage] = []
        self._heard_at = time.monotonic()
        self._asked_at: float | None = None
        until = time.monotonic() + CONNECT_SECONDS
        try:
            host, port = address_of(server)
            plain = socket.create_connection((host, port), timeout=CONNECT_SECONDS)
            try:
                self._socket = context.wrap_socket(plain, server_hostname=host)
            except BaseException:
                plain.close()
                raise
        except (OSError, ValueError) as err:
            raise BrokerGone(f"{server}: {type(err).__name__}") from err
        try:
            self._log_in(login, until)
        except BaseException:
            self.close()
            raise

    def _log_in(self, login: Login, until: float) -> None:
        nonce = self._first(Info, until).nonce
        shown = {
            "verbose": False,
            "pedantic": False,
            "tls_required": True,
            "lang": "menjin",
            "version": "1",
            "protocol": 0,
            "headers": False,
            "echo": False,
            "name": login.name,
            "jwt": login.jwt,
            "sig": login.sign(nonce),
        }
        subscribed = "".join(f"SUB {subject} {sid}\r\n" for sid, subject in enumerate(login.hears, start=1))
        self._send(b"CONNECT " + msgspec.json.encode(shown) + b"\r\n" + subscribed.encode() + b"PING\r\n")
        self._first(Pong, until)

    def _first(self, kind: type[BrokerWord], until: float) -> Info:
        """Wait for a word; messages that came before it are kept for `heard`."""
        while time.monotonic() < until:
            self._socket.settimeout(max(0.01, until - time.monotonic()))
            found: BrokerWord | None = None
            for said in self._read():
                if isinstance(said, BrokerMessage):
                    self._early.append(said)
                elif isinstance(said, kind):
                    found = said
            if found is not None:
                return found if isinstance(found, Info) else Info("")
        raise BrokerGone("the broker took too long")

    def heard(self, seconds: float, wake: socket.socket | None = None) -> list[BrokerMessage]:
        """Wait for messages, at most so long, or until `wake` can be read; return those that came.

        At most one read's worth: who is sent more than that reads on at the next call.
        """
        if self._early:
            early, self._early = self._early, []
            return early
        if not self._socket.pending() and not self._readable(seconds, wake):
            return []
        self._socket.settimeout(0)
        return [said for said in self._read() if isinstance(said, BrokerMessage)]

    def _readable(self, seconds: float, wake: socket.socket | None) -> bool:
        """Wait; keep asking a broker that says nothing."""
        wait = min(seconds, self._next_look())
        with selectors.DefaultSelector() as selector:
            selector.register(self._socket, selectors.EVENT_READ)
            if wake is not None:
                selector.register(wake, selectors.EVENT_READ)
            ready = {key.fileobj for key, _ in selector.select(max(0.0, wait))}
        if self._socket in ready:
            return True
        now = time.monotonic()
        if self._asked_at is not None and now - self._asked_at >= ANSWER_SECONDS:
            raise BrokerGone("the broker does not answer")
        if self._asked_at is None and now - self._heard_at >= SILENT_SECONDS:
            self._asked_at = now
            self._send(b"PING\r\n")
        return False

    def _next_look(self) -> float:
        due = self._heard_at + SILENT_SECONDS if self._asked_at is None else self._asked_at + ANSWER_SECONDS
        return due - time.monotonic()

    def ask(self, subject: str, inbox: str) -> None:
        """Ask the broker itself something; its answers come to `inbox`."""
        self._send(f"PUB {subject} {inbox} 0\r\n\r\n".encode())

    def send_empty(self, subjects: Sequence[str]) -> None:
        """Send an empty message to each of these subjects."""
        self._send("".join(f"PUB {subject} 0\r\n\r\n" for subject in subjects).encode())

    def _read(self) -> list[BrokerWord]:
        try:
            data = self._socket.recv(READ_BYTES)
        except (ssl.SSLWantReadError, BlockingIOError):
            return []  # what came was TLS's own, or a part of a record
        except OSError as err:
            raise BrokerGone(type(err).__name__) from err
        if not data:
            raise BrokerGone("the broker hung up")
        self._heard_at, self._asked_at = time.monotonic(), None
        said = self._words.feed(data)
        if any(isinstance(word, Ping) for word in said):
            self._send(b"PONG\r\n")
        return said

    def _send(self, data: bytes) -> None:
        try:
            self._socket.settimeout(SEND_SECONDS)
            self._socket.sendall(data)
        except OSError as err:
            raise BrokerGone(type(err).__name__) from err

    def close(self) -> None:
        """Close the connection; twice changes nothing."""
        self._socket.close()
