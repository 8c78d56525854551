"""Pair a gate with its server: a one-time code, sixteen characters on both screens, the manager's yes.

    commit(code, keys, H(nonce)) ──> offer(root key, server's nonce) ──> reveal(nonce) ──> 16 characters

The gate has committed before it sees the server's nonce, and the server has shown its nonce before it sees
the gate's: decision 36.
"""

import itertools
import os
import secrets
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from urllib.parse import unquote

import msgspec
import requests
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from gate_controller.contract.messages import (
    PAIR_COMMIT_PATH,
    PAIR_REVEAL_PATH,
    PAIR_STATE_PATH,
    PHRASE_HEADER,
    SITE_NAME_HEADER,
    Accepted,
    PairCommit,
    PairOffer,
    PairReveal,
    PairState,
)
from gate_controller.contract.sealed_keys import CARD_KEY_USE, PIN_KEY_USE, KeyNotOpened, open_key
from gate_controller.contract.signing import (
    PairingKeys,
    PhraseChars,
    pairing_commitment,
    pairing_phrase,
    public_bytes,
)
from gate_controller.storage.policy_store import GateIdentity
from gate_controller.storage.secrets import (
    CARD_KEY,
    FACE_SECRET,
    GATE_KEY,
    IDENTITY,
    PIN_KEY,
    SECRET_BYTES,
    private_key_bytes,
    write_secret,
)
from gate_controller.sync.link import TIMEOUT_SECONDS, ServerLink, SyncRefused, open_session, read_reply

POLL_SECONDS = 1.0
LONGEST_SITE_NAME = 200


class PairingFailed(Exception):
    """The gate is not paired; says why and what to do."""


def pair(
    server_url: str,
    server_ca: Path | None,
    secrets_dir: Path,
    code: str,
    *,
    hardware_name: str,
    show_phrase: Callable[[str, str | None], None],
    wait_seconds: float,
    monotonic: Callable[[], float],
) -> GateIdentity:
    """Pair this gate and write its secrets; raise PairingFailed with nothing written.

    `show_phrase` gets the sixteen characters, twelve with an older server, that must be the same on the
    manager's page, and the compound's name, which they cover; None from an older server.
    """
    if (secrets_dir / IDENTITY).exists():
        raise PairingFailed(f"{secrets_dir / IDENTITY} exists: this gate is paired; remove it to pair again")
    _check_writable(secrets_dir)
    key, sealing_key = Ed25519PrivateKey.generate(), X25519PrivateKey.generate()
    sealing_public_key, nonce = sealing_key.public_key().public_bytes_raw(), secrets.token_bytes(16)
    commit = PairCommit(
        code=code.strip().upper(),
        gate_public_key=public_bytes(key),
        sealing_public_key=sealing_public_key,
        commitment=pairing_commitment(public_bytes(key), sealing_public_key, nonce),
        hardware_name=hardware_name,
    )
    try:
        offer, characters, site_name = _introduce(server_url, server_ca, commit)
        counter = itertools.count(1)
        link = ServerLink(server_url, server_ca, f"pair:{offer.pair_id}", key, lambda: next(counter))
        with closing(link):
            revealed = PairReveal(
                gate_nonce=nonce, characters=characters, with_site_name=site_name is not None
            )
            link.post(PAIR_REVEAL_PATH, revealed, PairState)
            keys = PairingKeys(public_bytes(key), sealing_public_key, offer.root_public_key)
            show_phrase(pairing_phrase(keys, nonce, offer.server_nonce, characters, site_name), site_name)
            state = _await_approval(link, wait_seconds, monotonic)
    except requests.RequestException as err:
        raise PairingFailed(
            f"{server_url} does not answer; check gate.server_url, gate.server_ca and the network ({err})"
        ) from err
    except SyncRefused as err:
        raise PairingFailed(f"{server_url}: {err}") from err
    except OSError as err:  # requests raises it bare when gate.server_ca is not there
        raise PairingFailed(f"gate.server_ca: {err}") from err
    identity, card_key, pin_key = _opened(state, offer, sealing_key)
    write_secret(secrets_dir, GATE_KEY, private_key_bytes(key))
    write_secret(secrets_dir, CARD_KEY, card_key)
    write_secret(secrets_dir, PIN_KEY, pin_key)
    write_secret(secrets_dir, FACE_SECRET, secrets.token_bytes(SECRET_BYTES))
    # Last, because its presence says that all the others are there.
    write_secret(secrets_dir, IDENTITY, msgspec.json.encode(identity))
    return identity


def _opened(
    state: PairState, offer: PairOffer, sealing_key: X25519PrivateKey
) -> tuple[GateIdentity, bytes, bytes]:
    """Return who this gate is and its card and PIN keys; raise PairingFailed on any that is not for it."""
    site_id, gate_id = state.site_id, state.gate_id
    if site_id is None or gate_id is None or state.card_key_sealed is None or state.pin_key_sealed is None:
        raise PairingFailed("the server approved and sent no keys: make a new code and pair again")
    try:
        card_key = open_key(sealing_key, state.card_key_sealed, CARD_KEY_USE, site_id, gate_id)
        pin_key = open_key(sealing_key, state.pin_key_sealed, PIN_KEY_USE, site_id, gate_id)
    except KeyNotOpened as err:
        raise PairingFailed(
            f"{err}: something between this gate and the server changes what they say; find it, make a new "
            "code and pair again"
        ) from err
    return GateIdentity(site_id, gate_id, offer.root_public_key), card_key, pin_key


def _check_writable(secrets_dir: Path) -> None:
    """Find out before the manager is asked, not after the code is used up."""
    try:
        secrets_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as err:
        raise PairingFailed(f"{secrets_dir}: {err.strerror}; pair as the gate's user") from err
    if not os.access(secrets_dir, os.W_OK | os.X_OK):
        raise PairingFailed(f"{secrets_dir}: may not be written to; pair as the gate's user")


def _introduce(
    server_url: str, server_ca: Path | None, commit: PairCommit
) -> tuple[PairOffer, PhraseChars, str | None]:
    """Return the server's offer, how many characters both can show, and the compound's name."""
    with open_session(server_url, server_ca) as session:
        response = session.post(
            server_url.rstrip("/") + PAIR_COMMIT_PATH,
            data=msgspec.json.encode(commit),
            headers={"Content-Type": "application/json"},
            timeout=TIMEOUT_SECONDS,
            allow_redirects=False,
        )
    if response.status_code == requests.codes.not_found:
        raise PairingFailed(
            f"{server_url}: the server's program is older than this gate's; bring the server up to date first"
        )
    characters: PhraseChars = 16 if response.headers.get(PHRASE_HEADER) == "16" else 12
    return read_reply(response, PairOffer), characters, _site_name(response.headers.get(SITE_NAME_HEADER))


def _site_name(encoded: str | None) -> str | None:
    """Return the name that a server gave; raise PairingFailed on one that a terminal would obey, not show."""
    if encoded is None:
        return None
    name = unquote(encoded)
    if not name or len(name) > LONGEST_SITE_NAME or not name.isprintable():
        raise PairingFailed(
            "the server gave no name that can be shown: something may be between, look for it"
        )
    return name


def _await_approval(link: ServerLink, wait_seconds: float, monotonic: Callable[[], float]) -> PairState:
    deadline = monotonic() + wait_seconds
    while monotonic() < deadline:
        state = link.post(PAIR_STATE_PATH, Accepted(count=0), PairState)
        if state.state == "approved":
            return state
        if state.state == "refused":
            raise PairingFailed("the manager refused this gate: compare the characters again")
        time.sleep(POLL_SECONDS)
    raise PairingFailed("no approval came within the time: make a new code and pair again")
