"""Clients that open connections and then take their time, and a gate that asks beside them."""

import itertools
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gate_controller.contract.messages import ASK_PATH, AskReply, AskRequest
from gate_controller.contract.signing import public_bytes
from gate_controller.sync.link import ServerLink
from tests.support.compounds.managed import ManagedCompound
from web_admin.compound.models import Gate
from web_admin.core.database import current_menjin

LONGEST_WAIT_SECONDS = 60.0
HALF_A_HEAD = b"GET /staff/sign-in HTTP/1.1\r\nHost: localhost\r\nX-Slow: "
HALF_A_BODY = (
    b"POST /staff/sign-in HTTP/1.1\r\nHost: localhost\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 900\r\n\r\nemail="
)
NOTHING = b""


class AskingGate:
    """A paired gate's own link to the server, with a key that the server knows."""

    def __init__(
        self, compound: ManagedCompound, address: str, gate_id: str = "north", server_ca: Path | None = None
    ) -> None:
        """Give the gate of the compound a key of ours."""
        key = Ed25519PrivateKey.generate()
        with compound.app.app_context(), current_menjin().database.session() as session:
            gate = session.get_one(Gate, gate_id)
            gate.public_key, gate.request_counter = public_bytes(key), 0
        counter = itertools.count(1)
        self._link = ServerLink(address, server_ca, gate_id, key, lambda: next(counter))

    def ask(self) -> AskReply:
        """Ask as gates do every few seconds; raise as they would without an answer in ten seconds."""
        question = AskRequest(
            have_epoch=0, have_version=0, gate_time=datetime.now(UTC), clock_sure=True, journal_seq=0
        )
        return self._link.post(ASK_PATH, question, AskReply)

    def close(self) -> None:
        self._link.close()


def connect(address: str, source: str = "127.0.0.1") -> socket.socket:
    """Return a connection to the server from an address of this machine."""
    at = urlsplit(address)
    return socket.create_connection((at.hostname, at.port), LONGEST_WAIT_SECONDS, source_address=(source, 0))


@contextmanager
def stalled(address: str, count: int, begun: bytes, *, addresses: int = 1) -> Iterator[list[socket.socket]]:
    """Hold this many connections open that sent `begun` and then nothing, from several addresses."""
    held = []
    try:
        for number in range(count):
            connection = connect(address, f"127.0.0.{2 + number % addresses}")
            connection.sendall(begun)
            held.append(connection)
        yield held
    finally:
        for connection in held:
            connection.close()


def whole_answer(connection: socket.socket) -> bytes:
    """Return what comes until the server closes the connection; empty when it is reset."""
    received = b""
    try:
        while part := connection.recv(65536):
            received += part
    except ConnectionResetError:
        pass
    return received
