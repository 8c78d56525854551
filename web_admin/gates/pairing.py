"""Pair a controller with a gate: a one-time code, the same sixteen characters on two screens, a yes.

    code ── right code ──> committed ── nonce ──> waiting ── yes ──> approved ── keys handed over ──> done
      │                        └─ another nonce ─────┴────── no ──> refused
      └── 15 minutes (on a card for a first start: days) ──> worthless

The gate commits to its nonce before this server shows its own, and shows it afterwards: an attacker between
them has one try for each code (decision 36). The keys of the gate go out once, sealed to the key that
the characters cover, to the controller that signs with the key that they cover.
"""

import secrets
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import select
from sqlalchemy.orm import Session

from gate_controller.contract.messages import PairCommit, PairOffer, PairReveal, PairState
from gate_controller.contract.sealed_keys import CARD_KEY_USE, PIN_KEY_USE, seal_key
from gate_controller.contract.signing import PairingKeys, SignatureRefused, open_commitment, pairing_phrase
from web_admin.compound.models import Gate, Site
from web_admin.compound.policy_models import forget_published
from web_admin.core.sealing import Sealer, code_digest
from web_admin.custody.gate_reports import forget_tampering
from web_admin.gates.models import PairAttempt
from web_admin.journal.models import GateEvent, QuarantinedEntry

CODE_LIFETIME = timedelta(minutes=15)
CODE_LETTERS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Without 0 O 1 I L U, which are misread."""
UNDER_WAY = ("code", "committed", "waiting", "approved")


class PairingRefused(Exception):
    """This controller may not be paired now; says why."""


def make_code(
    session: Session, sealer: Sealer, gate: Gate, now: datetime, lifetime: timedelta = CODE_LIFETIME
) -> str:
    """Return a new one-time code for a gate, good for its lifetime; older ones become worthless."""
    end_attempts(session, gate)
    groups = ("".join(secrets.choice(CODE_LETTERS) for _ in range(4)) for _ in range(2))
    code = "-".join(groups)
    session.add(
        PairAttempt(
            pair_id=secrets.token_hex(8),
            gate_id=gate.gate_id,
            code_digest=code_digest(sealer, code),
            expires_at=now + lifetime,
        )
    )
    session.flush()
    return code


def end_attempts(session: Session, gate: Gate) -> None:
    """Make the codes of a gate worthless, and turn away the controller that came with one."""
    for attempt in session.scalars(
        select(PairAttempt).where(PairAttempt.gate_id == gate.gate_id, PairAttempt.state.in_(UNDER_WAY))
    ):
        attempt.state = "refused"


class NonceRefused(Exception):
    """The nonce is not the one that the controller had committed to; the pairing has ended with it."""


def commit(session: Session, sealer: Sealer, request: PairCommit, now: datetime) -> PairOffer:
    """Take a controller that has the right code; raise PairingRefused on a wrong or old one.

    The code is used up: a controller that reveals another nonce than it committed to needs a new one.
    Raises KeyUnusable on a sealing key that anyone could open, which uses up nothing.
    """
    seal_key(request.sealing_public_key, bytes(32), CARD_KEY_USE, "", "")
    attempt = session.scalars(
        select(PairAttempt)
        .where(PairAttempt.code_digest == code_digest(sealer, request.code), PairAttempt.state == "code")
        .with_for_update()
    ).first()
    if attempt is None or attempt.expires_at <= now:
        raise PairingRefused("this code is wrong, used or older than 15 minutes: make a new one")
    gate = session.get_one(Gate, attempt.gate_id)
    site = session.get_one(Site, gate.site_id)
    attempt.state = "committed"
    attempt.gate_public_key = request.gate_public_key
    attempt.sealing_public_key = request.sealing_public_key
    attempt.commitment_digest = request.commitment
    attempt.server_nonce = secrets.token_bytes(16)
    attempt.hardware_name = request.hardware_name
    session.flush()
    return PairOffer(
        pair_id=attempt.pair_id, root_public_key=site.root_public_key, server_nonce=attempt.server_nonce
    )


def site_name_of(session: Session, offer: PairOffer) -> str:
    """Return the name of the compound that an offer leads to."""
    gate_id = session.get_one(PairAttempt, offer.pair_id).gate_id
    return session.get_one(Site, session.get_one(Gate, gate_id).site_id).name


def reveal(session: Session, attempt: PairAttempt, request: PairReveal) -> PairState:
    """Take the nonce that a controller committed to; its characters are on the manager's page from now.

    Raises PairingRefused unless a nonce is awaited, NonceRefused when it is another: the attempt is over.
    """
    gate_public_key, sealing_public_key = attempt.gate_public_key or b"", attempt.sealing_public_key or b""
    if attempt.state != "committed" or attempt.commitment_digest is None or attempt.server_nonce is None:
        raise PairingRefused("no nonce of this controller is awaited: make a new code")
    try:
        open_commitment(attempt.commitment_digest, gate_public_key, sealing_public_key, request.gate_nonce)
    except SignatureRefused as err:
        attempt.state = "refused"
        session.flush()
        raise NonceRefused(f"{err}: make a new code and pair again") from err
    site = session.get_one(Site, session.get_one(Gate, attempt.gate_id).site_id)
    keys = PairingKeys(gate_public_key, sealing_public_key, site.root_public_key)
    attempt.state = "waiting"
    attempt.nonce = request.gate_nonce
    attempt.phrase = pairing_phrase(
        keys,
        request.gate_nonce,
        attempt.server_nonce,
        request.characters,
        site.name if request.with_site_name else None,
    )
    session.flush()
    return PairState(state="waiting")


def approve(session: Session, sealer: Sealer, pair_id: str, now: datetime) -> Gate:
    """Give the gate to the waiting controller: its key, fresh card and PIN keys, a fresh start.

    The caller publishes afterwards. Raises PairingRefused unless it waits and is young.
    """
    attempt = session.get(PairAttempt, pair_id, with_for_update=True)
    if attempt is None or attempt.state != "waiting" or attempt.gate_public_key is None:
        raise PairingRefused("no controller waits to be paired under this number")
    if attempt.sealing_public_key is None:
        raise PairingRefused("the controller came before this server was brought up to date: make a new code")
    if attempt.expires_at + CODE_LIFETIME <= now:
        raise PairingRefused("the controller has waited too long: make a new code")
    attempt.state = "approved"
    gate = session.get_one(Gate, attempt.gate_id, with_for_update={"key_share": True})
    gate.state = "paired"
    gate.public_key = attempt.gate_public_key
    gate.card_key_sealed = sealer.seal(secrets.token_bytes(32), purpose="gate-key")
    gate.pin_key_sealed = sealer.seal(secrets.token_bytes(32), purpose="gate-key")
    gate.request_counter = 0
    gate.request_digest = None
    gate.forked_at = None
    forget_tampering(session, gate)
    gate.have_epoch = gate.have_version = 0
    # A controller that is paired again has kept its journal: what was stored of it is not stored again.
    went_before = any(
        session.scalar(select(table.seq).where(table.gate_id == gate.gate_id).limit(1)) is not None
        for table in (GateEvent, QuarantinedEntry)
    )
    generation = 2 if went_before else 1
    gate.journal_id = f"{sha256(attempt.gate_public_key).hexdigest()[:12]}.{generation}"
    gate.acknowledged_seq = 0
    gate.head_digest = None
    gate.tombstones_taken = True
    gate.policy_withheld = False  # a new controller has no policy of before, so it forbids everything
    forget_published(session, gate)
    session.flush()
    return gate


def refuse(session: Session, pair_id: str) -> None:
    """Turn a waiting controller away; raise PairingRefused when none waits."""
    attempt = session.get(PairAttempt, pair_id, with_for_update=True)
    if attempt is None or attempt.state != "waiting":
        raise PairingRefused("no controller waits to be paired under this number")
    attempt.state = "refused"
    session.flush()


def hand_over(session: Session, sealer: Sealer, attempt: PairAttempt) -> PairState:
    """Return the state of a controller's pairing, and its keys exactly once."""
    if attempt.state in {"code", "committed", "waiting"}:
        return PairState(state="waiting")
    gate = session.get_one(Gate, attempt.gate_id)
    # The keys are those of the controller approved last: an earlier one that never fetched gets none.
    if attempt.state != "approved" or gate.state != "paired" or gate.public_key != attempt.gate_public_key:
        return PairState(state="refused")
    attempt.state = "done"
    session.flush()

    def sealed(kept: bytes | None, use: str) -> bytes:
        key = sealer.open(kept or b"", purpose="gate-key")
        return seal_key(attempt.sealing_public_key or b"", key, use, gate.site_id, gate.gate_id)

    return PairState(
        state="approved",
        site_id=gate.site_id,
        gate_id=gate.gate_id,
        card_key_sealed=sealed(gate.card_key_sealed, CARD_KEY_USE),
        pin_key_sealed=sealed(gate.pin_key_sealed, PIN_KEY_USE),
    )
