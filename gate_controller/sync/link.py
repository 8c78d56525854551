"""Signed HTTP from a gate to the server."""

import base64
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import msgspec
import requests
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gate_controller.contract.https_only import in_the_clear
from gate_controller.contract.messages import COUNTER_HEADER, GATE_HEADER, SIGNATURE_HEADER, Refusal
from gate_controller.contract.signing import REQUEST_DOMAIN, request_message, sign
from gate_controller.updates.updates import NotDownloaded

TIMEOUT_SECONDS = (3.05, 10.0)
CHUNK_BYTES = 64 * 1024

T = TypeVar("T")


class SyncRefused(Exception):
    """The server answered no; carries its stable word and sentence."""


class RefusedForNow(SyncRefused):
    """The server was asked too often or failed: the same question may have an answer soon."""


class OddAnswer(SyncRefused):
    """The answer is not of Menjin's server: a page of something in between, while it is away."""


class ServerLink:
    """Signed HTTP to one server."""

    def __init__(
        self,
        server_url: str,
        server_ca: Path | None,
        gate_id: str,
        key: Ed25519PrivateKey,
        next_counter: Callable[[], int],
    ) -> None:
        """Prepare a session; nothing is sent yet. Raise SyncRefused on an address in the clear."""
        self._url = server_url.rstrip("/")
        self._gate_id = gate_id
        self._key = key
        self._next_counter = next_counter
        self._server_url, self._server_ca = server_url, server_ca
        self._session = open_session(server_url, server_ca)
        self._lock = threading.Lock()
        self.carries = ""
        """The path of the request that is on its way; empty between requests."""

    def post(self, path: str, message: msgspec.Struct, reply_type: type[T]) -> T:
        """Send one signed message; raise SyncRefused or requests.RequestException."""
        body = msgspec.json.encode(message)
        with self._in_turn(path):
            response = self._session.post(
                self._url + path,
                data=body,
                headers={"Content-Type": "application/json", **self._signed("POST", path, body)},
                timeout=TIMEOUT_SECONDS,
                allow_redirects=False,
            )
        return read_reply(response, reply_type)

    def download(self, path: str) -> Iterator[bytes]:
        """Yield the bytes of a file of the server; raise NotDownloaded with its status.

        It has a connection of its own, so that questions and entries go on meanwhile.
        """
        with open_session(self._server_url, self._server_ca) as session:
            try:
                with self._in_turn(path):
                    response = session.get(
                        self._url + path,
                        headers=self._signed("GET", path, b""),
                        stream=True,
                        timeout=TIMEOUT_SECONDS,
                        allow_redirects=False,
                    )
                with response:
                    if response.status_code != requests.codes.ok:
                        said = f"HTTP {response.status_code} for {path}"
                        raise NotDownloaded(said, response.status_code)
                    yield from response.iter_content(CHUNK_BYTES)
            except requests.RequestException as err:
                raise NotDownloaded(f"{path}: {type(err).__name__}") from err

    @contextmanager
    def _in_turn(self, path: str) -> Iterator[None]:
        """Wait until no other request is on its way.

        A request of a later number that overtook one of an earlier would have that one refused.
        """
        with self._lock:
            self.carries = path
            try:
                yield
            finally:
                self.carries = ""

    def _signed(self, method: str, path: str, body: bytes) -> dict[str, str]:
        """Return the headers by which the server knows this gate and this very request."""
        counter = self._next_counter()
        signature = sign(
            self._key, REQUEST_DOMAIN, request_message(method, path, body, self._gate_id, counter)
        )
        return {
            GATE_HEADER: self._gate_id,
            COUNTER_HEADER: str(counter),
            SIGNATURE_HEADER: base64.b64encode(signature).decode(),
        }

    def close(self) -> None:
        self._session.close()


def open_session(server_url: str, server_ca: Path | None) -> requests.Session:
    """Return a session that takes no proxy, login or authority from the environment.

    Raises SyncRefused on an address in the clear: every call to a server uses this.
    """
    trouble = in_the_clear(server_url)
    if trouble is not None:
        raise SyncRefused(f"gate.server_url: {trouble}")
    session = requests.Session()
    session.trust_env = False
    if server_ca is not None:
        session.verify = str(server_ca)
    return session


def read_reply(response: requests.Response, reply_type: type[T]) -> T:
    """Return the decoded body; raise SyncRefused with the server's own words, OddAnswer on other bytes."""
    try:
        if response.status_code != requests.codes.ok:
            refusal = msgspec.json.decode(response.content, type=Refusal)
            is_for_now = (
                response.status_code == requests.codes.too_many_requests or response.status_code >= 500
            )
            raise (RefusedForNow if is_for_now else SyncRefused)(f"{refusal.error}: {refusal.detail}")
        return msgspec.json.decode(response.content, type=reply_type)
    except (msgspec.MsgspecError, ValueError, RecursionError) as err:
        raise OddAnswer(
            f"HTTP {response.status_code} from {response.url} is not an answer of Menjin's server: {err}"
        ) from err
