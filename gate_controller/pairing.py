"""Pair a gate with its server: a one-time code, twelve characters on both screens, the manager's yes."""

import os
import secrets
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import requests
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gate_controller.policy_store import GateIdentity
from gate_controller.secrets_dir import (
    CARD_KEY,
    FACE_SECRET,
    GATE_KEY,
    IDENTITY,
    PIN_KEY,
    SECRET_BYTES,
    private_key_bytes,
    write_secret,
)
from gate_controller.server_link import TIMEOUT_SECONDS, ServerLink, SyncRefused, open_session, read_reply
from gate_controller.signing import pairing_phrase, public_bytes
from gate_controller.sync_contract import (
    PAIR_PATH,
    PAIR_STATE_PATH,
    Accepted,
    PairReply,
    PairRequest,
    PairState,
)

POLL_SECONDS = 1.0


class PairingFailed(Exception):
    """The gate is not paired; says why and what to do."""


def pair(
    server_url: str,
    server_ca: Path | None,
    secrets_dir: Path,
    code: str,
    *,
    hardware_name: str,
    show_phrase: Callable[[str], None],
    wait_seconds: float,
) -> GateIdentity:
    """Pair this gate and write its secrets; raise PairingFailed with nothing written.

    `show_phrase` gets the twelve characters that must be the same on the manager's page.
    """
    if (secrets_dir / IDENTITY).exists():
        raise PairingFailed(f"{secrets_dir / IDENTITY} exists: this gate is paired; remove it to pair anew")
    _check_writable(secrets_dir)
    key, nonce = Ed25519PrivateKey.generate(), secrets.token_bytes(16)
    request = PairRequest(
        code=code.strip().upper(),
        gate_public_key=public_bytes(key),
        nonce=nonce,
        hardware_name=hardware_name,
    )
    try:
        reply = _introduce(server_url, server_ca, request)
        show_phrase(pairing_phrase(public_bytes(key), reply.root_public_key, nonce))
        state = _await_approval(server_url, server_ca, key, reply.pair_id, wait_seconds)
    except requests.RequestException as err:
        raise PairingFailed(
            f"{server_url} does not answer; check gate.server_url, gate.server_ca and the network ({err})"
        ) from err
    except SyncRefused as err:
        raise PairingFailed(f"{server_url}: {err}") from err
    except OSError as err:  # requests raises it bare when gate.server_ca is not there
        raise PairingFailed(f"gate.server_ca: {err}") from err
    if state.site_id is None or state.gate_id is None or state.card_key is None or state.pin_key is None:
        raise PairingFailed("the server approved and sent no keys: make a new code and pair again")
    identity = GateIdentity(state.site_id, state.gate_id, reply.root_public_key)
    write_secret(secrets_dir, GATE_KEY, private_key_bytes(key))
    write_secret(secrets_dir, CARD_KEY, state.card_key)
    write_secret(secrets_dir, PIN_KEY, state.pin_key)
    write_secret(secrets_dir, FACE_SECRET, secrets.token_bytes(SECRET_BYTES))
    # Last, because its presence says that all the others are there.
    write_secret(secrets_dir, IDENTITY, msgspec.json.encode(identity))
    return identity


def _check_writable(secrets_dir: Path) -> None:
    """Find out before the manager is asked, not after the code is used up."""
    try:
        secrets_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as err:
        raise PairingFailed(f"{secrets_dir}: {err.strerror}; pair as the gate's user") from err
    if not os.access(secrets_dir, os.W_OK | os.X_OK):
        raise PairingFailed(f"{secrets_dir}: may not be written to; pair as the gate's user")


def _introduce(server_url: str, server_ca: Path | None, request: PairRequest) -> PairReply:
    with open_session(server_url, server_ca) as session:
        response = session.post(
            server_url.rstrip("/") + PAIR_PATH,
            data=msgspec.json.encode(request),
            headers={"Content-Type": "application/json"},
            timeout=TIMEOUT_SECONDS,
            allow_redirects=False,
        )
    return read_reply(response, PairReply)


def _await_approval(
    server_url: str, server_ca: Path | None, key: Ed25519PrivateKey, pair_id: str, wait_seconds: float
) -> PairState:
    counter = iter(range(1, 1_000_000))
    link = ServerLink(server_url, server_ca, f"pair:{pair_id}", key, lambda: next(counter))
    deadline = time.monotonic() + wait_seconds
    try:
        while time.monotonic() < deadline:
            state = link.post(PAIR_STATE_PATH, Accepted(count=0), PairState)
            if state.state == "approved":
                return state
            if state.state == "refused":
                raise PairingFailed("the manager refused this gate: compare the twelve characters again")
            time.sleep(POLL_SECONDS)
    finally:
        link.close()
    raise PairingFailed("nobody approved within the time: make a new code and pair again")
