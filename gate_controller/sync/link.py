"""Signed HTTP from a gate to the server."""

import base64
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import msgspec
import requests
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gate_controller.contract.https_only import in_the_clear
from gate_controller.contract.messages import COUNTER_HEADER, GATE_HEADER, SIGNATURE_HEADER, Refusal
from gate_controller.contract.signing import REQUEST_DOMAIN, request_message, sign

TIMEOUT_SECONDS = (3.05, 10.0)

T = TypeVar("T")


class SyncRefused(Exception):
    """The server answered no; carries its stable word and sentence."""


class ServerLink:
    """Signed HTTP to one server."""

    def __init__(
        self, server_url: str, server_ca: Path | None, gate_id: str, key: Ed25519PrivateKey,
        next_counter: Callable[[], int],
    ) -> None:
        """Prepare a session; nothing is sent yet. Raise SyncRefused on an address in the clear."""
        self._url = server_url.rstrip("/")
        self._gate_id = gate_id
        self._key = key
        self._next_counter = next_counter
        self._session = open_session(server_url, server_ca)

    def post(self, path: str, message: msgspec.Struct, reply_type: type[T]) -> T:
        """Send one signed message; raise SyncRefused or requests.RequestException."""
        body = msgspec.json.encode(message)
        counter = self._next_counter()
        message_bytes = request_message("POST", path, body, self._gate_id, counter)
        signature = sign(self._key, REQUEST_DOMAIN, message_bytes)
        response = self._session.post(
            self._url + path,
            data=body,
            headers={
                "Content-Type": "application/json",
                GATE_HEADER: self._gate_id,
                COUNTER_HEADER: str(counter),
                SIGNATURE_HEADER: base64.b64encode(signature).decode(),
            },
            timeout=TIMEOUT_SECONDS,
            allow_redirects=False,
        )
        return read_reply(response, reply_type)

    def close(self) -> None:
        """Close the connections."""
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
    """Return the decoded body; raise SyncRefused with the server's own words."""
    try:
        if response.status_code != requests.codes.ok:
            refusal = msgspec.json.decode(response.content, type=Refusal)
            raise SyncRefused(f"{refusal.error}: {refusal.detail}")
        return msgspec.json.decode(response.content, type=reply_type)
    except (msgspec.MsgspecError, ValueError, RecursionError) as err:
        raise SyncRefused(
            f"HTTP {response.status_code} from {response.url} is not an answer of Menjin's server: {err}"
        ) from err
