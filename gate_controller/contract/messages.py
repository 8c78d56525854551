"""Every message between a gate and the server, version 1.

The gate always calls. Bodies are JSON; every request after pairing is signed by the gate with a
counter that only grows (`Menjin-Gate`, `Menjin-Counter`, `Menjin-Signature` headers); what a gate
obeys (policies, orders, passes) is signed by keys that the pinned root certifies.

A field that came later is left out while it has nothing to say, so that both sides understand what the
other sent before it; a server is brought up to date before its gates.

No message can carry a picture or a face template: unknown fields are refused, every byte string is a
key, a digest, a nonce or a signature of at most 96 bytes (bodies of signed structs are decoded into
such structs), and every text is short. A template of the default engine has 512 bytes. The records of a
policy are read as strictly, but one that is not understood refuses only itself (`unread_records.py`).
"""

import hashlib
from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gate_controller.contract.journal_chain import JournalEntry, SignedHead
from gate_controller.contract.record_sums import NO_RECORDS, changed_sums, digest_of_sums
from gate_controller.contract.records import Digest, Id, Instant, Method, Name, PolicyRefused
from gate_controller.contract.signing import (
    PhraseChars,
    SignatureRefused,
    SignedCertificate,
    certified_key,
    sign,
    verify,
)
from gate_controller.contract.updates import UpdateOrder, UpdateStatus

CONTRACT_VERSION = 1
POLICY_DOMAIN = "menjin/policy/1"
ORDER_DOMAIN = "menjin/order/1"
RECEIPT_DOMAIN = "menjin/receipt/1"
MAX_ORDER_SECONDS = 15
MAX_LEASE_HOURS = 72
MAX_LEASE_SECONDS = MAX_LEASE_HOURS * 3600
MAX_BELL_SECONDS = 7 * 24 * 3600
MAX_TROUBLE_CHARS = 600
PAGE_BYTES = 256 * 1024
"""How much a gate puts into one page of its handover; one record that is longer goes alone."""
MAX_PAGE_BYTES = 1024 * 1024
"""How long the body of a page may be at the server, and at any proxy before it."""
MAX_PAGE_ITEMS = 1000
MAX_EPOCH_STEP = 1000
"""By how much an epoch may grow at once: one restore adds one, and a number near the end of what fits adds
no room for the next."""
MAX_BODY_BYTES = 2 * 1024 * 1024
"""No request of a gate is longer; the server and a proxy before it accept at most this."""

PAIR_PATH = "/sync/v1/pair"
"""Where gates asked that showed their nonce at once; the server refuses them and says what to do."""
PAIR_COMMIT_PATH = "/sync/v1/pair/commit"
PAIR_REVEAL_PATH = "/sync/v1/pair/reveal"
PAIR_STATE_PATH = "/sync/v1/pair/state"
ASK_PATH = "/sync/v1/ask"
EVENTS_PATH = "/sync/v1/events"
RECEIPTS_PATH = "/sync/v1/receipts"
TOMBSTONES_PATH = "/sync/v1/tombstones"
HANDOVER_PATH = "/sync/v1/handover"

GATE_HEADER = "Menjin-Gate"
COUNTER_HEADER = "Menjin-Counter"
SIGNATURE_HEADER = "Menjin-Signature"
PHRASE_HEADER = "Menjin-Pairing-Characters"
"""On the answer to a commitment: how many characters the server can show. A gate of 0.2.0 ignores it."""
SITE_NAME_HEADER = "Menjin-Pairing-Site"
"""The compound's name in percent-encoded UTF-8, of a server whose characters can cover it."""

Signature = Annotated[bytes, msgspec.Meta(max_length=64)]
Nonce = Annotated[bytes, msgspec.Meta(min_length=16, max_length=16)]
Key = Annotated[bytes, msgspec.Meta(min_length=32, max_length=32)]
SealedKey = Annotated[bytes, msgspec.Meta(min_length=80, max_length=80)]
"""32 bytes sealed to a gate: 32 of encapsulated key, ciphertext, 16 of tag (`sealed_keys`)."""
SealedShare = Annotated[bytes, msgspec.Meta(min_length=48, max_length=48)]
"""32 bytes under the key of one answer, and 16 of tag."""
Count = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]
"""A whole number that a column of 32 bits can store: epochs, versions."""
Count64 = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
"""Seconds since 1970."""
Cursor = Annotated[str, msgspec.Meta(max_length=90)]
Trouble = Annotated[str, msgspec.Meta(max_length=MAX_TROUBLE_CHARS)]
DigestKind = Literal["sha256", "lthash16"]
"""How a policy's digest is made: from all its records by sorted key, or from their sums (`record_sums`)."""
Features = Annotated[tuple[Id, ...], msgspec.Meta(max_length=100)]
RecordKey = Annotated[str, msgspec.Meta(max_length=80)]
SignedBody = Annotated[bytes, msgspec.Meta(max_length=1024)]
"""The JSON of a strict struct, kept as bytes because a signature is over exactly those."""


class Message(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A body; a field that this version does not know is refused, never ignored."""


# -- pairing: the gate commits, the server shows its nonce, the gate shows its own ------------------


class PairCommit(Message, frozen=True, kw_only=True):
    """A new gate introduces itself with the installer's one-time code, and commits to a nonce.

    `commitment` is `signing.pairing_commitment` over both keys and the nonce, which stays hidden.
    """

    code: Name
    gate_public_key: Key
    sealing_public_key: Key
    commitment: Digest
    hardware_name: Name = ""


class PairOffer(Message, frozen=True, kw_only=True):
    """The server's root key, and its nonce, chosen when the gate could change nothing any more."""

    pair_id: Id
    root_public_key: Key
    server_nonce: Nonce


class PairReveal(Message, frozen=True, kw_only=True, omit_defaults=True):
    """The nonce that the gate had committed to; both screens now show the same characters.

    `characters` is sent only to a server that said `PHRASE_HEADER`: an older one refuses the field; so does
    one without `SITE_NAME_HEADER` with `with_site_name`, by which the characters cover the name that it gave.
    """

    gate_nonce: Nonce
    characters: PhraseChars = 12
    with_site_name: bool = False


class PairState(Message, frozen=True, kw_only=True):
    """State of a pairing; the last four fields come once, when the manager has approved.

    Both keys are sealed to the `sealing_public_key` that the characters cover.
    """

    state: Literal["waiting", "approved", "refused"]
    site_id: Id | None = None
    gate_id: Id | None = None
    card_key_sealed: SealedKey | None = None
    pin_key_sealed: SealedKey | None = None


# -- policy ----------------------------------------------------------------------------------------


class PolicyManifest(Message, frozen=True, kw_only=True, omit_defaults=True):
    """Signed head of a policy. `digest` is that of the whole result, also for a delta.

    Another `digest_kind` than the first is sent only to a gate that names `SUM_DIGEST` (`features.py`).
    """

    site_id: Id
    gate_id: Id
    epoch: Count
    version: Count
    issued_at: Instant
    digest: Digest
    digest_kind: DigestKind = "sha256"


class SignedPolicyManifest(Message, frozen=True, kw_only=True):
    """A `PolicyManifest` in JSON, its signature and the certificate of the key."""

    manifest: SignedBody
    signature: Signature
    certificate: SignedCertificate


class PolicyChange(Message, frozen=True, kw_only=True):
    """Records to put and keys to delete, on top of (base_epoch, base_version); 0.0 is from nothing."""

    base_epoch: Count
    base_version: Count
    puts: dict[str, msgspec.Raw]
    deletes: tuple[Annotated[str, msgspec.Meta(max_length=80)], ...] = ()


# -- the regular question --------------------------------------------------------------------------


class LostMethod(Message, frozen=True, kw_only=True):
    """A way in that no reader takes at a lane now."""

    method: Method
    since: Instant | None = None
    """None until the gate's clock was sure once."""
    counts_as_none: bool = False
    """True once it has lasted so long that face does not open beside this way alone."""


class LaneState(Message, frozen=True, kw_only=True):
    """How a lane is, for the manager's page."""

    lane_id: Id
    door: Name
    posture: Name
    lost: Annotated[tuple[LostMethod, ...], msgspec.Meta(max_length=9)] | msgspec.UnsetType = msgspec.UNSET
    """Left out where every way has a reader, and for a server that does not know `LOST_READERS`."""


class DeviceHealth(Message, frozen=True, kw_only=True):
    """How a device is, for the manager's page."""

    device: Id
    health: Name
    detail: Annotated[str, msgspec.Meta(max_length=200)] = ""


class DiskHealth(Message, frozen=True, kw_only=True):
    """How full the gate's disk is, in MiB."""

    free_mib: Count
    total_mib: Count
    reserve_in_use: bool = False
    """True while the gate writes into the room that it kept for a full disk."""


class FaceStatus(Message, frozen=True, kw_only=True):
    """State of face at this gate, in numbers without names, for the manager's page."""

    engine: Name
    trouble: Trouble = ""
    """Why face is off, with the figures; empty while it works."""
    min_face_similarity: float | None = None
    faces_held: Annotated[int, msgspec.Meta(ge=0, le=10_000)] = 0
    """Sealed templates that lie in this gate."""
    usable: Annotated[int, msgspec.Meta(ge=0, le=10_000)] = 0
    """Those that can be recognised now: with a live lease of their consent."""
    alone_limit: Annotated[int, msgspec.Meta(ge=0, le=10_000)] = 0
    """How many may be searched without a home's number."""
    alone: bool = False
    """True while that is offered."""
    min_beside_similarity: float | None = None
    """The threshold beside another way of the same person, whose template alone is compared."""
    only_beside: bool = False
    """True if face opens at this gate in no other case."""


class HandedOver(Message, frozen=True, kw_only=True):
    """The newest entry of its journal that a gate knows the server to have."""

    seq: Count
    digest: Digest


class BellPass(Message, frozen=True, kw_only=True):
    """Access of a gate to its bell: the brokers, and the signature of its pass (`bell.pass_claims`)."""

    servers: Annotated[tuple[Name, ...], msgspec.Meta(min_length=1, max_length=9)]
    """Brokers as `HOST:PORT`; their certificates are of the authority that vouches for the server's own."""
    account: Key
    issued_at: Count64
    seconds: Annotated[int, msgspec.Meta(ge=60, le=MAX_BELL_SECONDS)]
    signature: Signature


class AskRequest(Message, frozen=True, kw_only=True):
    """Check-in: a gate's policy and state. `tamper_id` is sent while the gate is marked as tampered with.

    By `handed_over` a server that has entries of two machines with one key sees which of them asks.
    """

    contract_version: int = CONTRACT_VERSION
    have_epoch: Count
    have_version: Count
    gate_time: Instant
    clock_sure: bool
    journal_seq: int
    lanes: tuple[LaneState, ...] = ()
    devices: tuple[DeviceHealth, ...] = ()
    tamper_id: Id | msgspec.UnsetType = msgspec.UNSET
    face: FaceStatus | msgspec.UnsetType = msgspec.UNSET
    sealing_public_key: Key | msgspec.UnsetType = msgspec.UNSET
    """X25519, fresh for each question: leases in the answer are sealed to it. None is lent without it."""
    handed_over: HandedOver | msgspec.UnsetType = msgspec.UNSET
    program: Name | msgspec.UnsetType = msgspec.UNSET
    """The version of the gate's program."""
    without_face: bool | msgspec.UnsetType = msgspec.UNSET
    """True where that has no code for faces: it was installed from the package without."""
    knows: Features | msgspec.UnsetType = msgspec.UNSET
    """The features of the contract that it has (`features.py`)."""
    policy_trouble: Trouble | msgspec.UnsetType = msgspec.UNSET
    """Why it does not take the policy, or which records of it a later version wrote."""
    disk: DiskHealth | msgspec.UnsetType = msgspec.UNSET
    update: UpdateStatus | msgspec.UnsetType = msgspec.UNSET
    """How far an update of its program is; left out by a gate that takes none."""
    bell_key: Key | msgspec.UnsetType = msgspec.UNSET
    """Of the bell alone, made at each start: sent where the server has a bell and the gate wants a pass."""


class OpenOrder(Message, frozen=True, kw_only=True):
    """Open a lane once, now: bound to one gate and lane, valid for seconds."""

    order_id: Id
    site_id: Id
    gate_id: Id
    lane_id: Id
    issued_at: Instant
    valid_seconds: Annotated[int, msgspec.Meta(ge=1, le=MAX_ORDER_SECONDS)]
    author_id: Id
    reason: Name


class SignedOrder(Message, frozen=True, kw_only=True):
    """An `OpenOrder` in JSON, its signature and the certificate of the key."""

    order: SignedBody
    signature: Signature
    certificate: SignedCertificate


class FaceLease(Message, frozen=True, kw_only=True):
    """The share of one person's face at this gate, to be held in memory only."""

    person_id: Id
    consent_id: Id
    share: Key
    seconds: Annotated[int, msgspec.Meta(ge=1, le=MAX_LEASE_SECONDS)]


class SealedLease(Message, frozen=True, kw_only=True):
    """A `FaceLease` whose share only the gate that asked can read."""

    person_id: Id
    consent_id: Id
    share_sealed: SealedShare
    seconds: Annotated[int, msgspec.Meta(ge=1, le=MAX_LEASE_SECONDS)]


class SealedLeases(Message, frozen=True, kw_only=True):
    """All leases of one answer: their key sealed to the gate, the shares under that key in this order."""

    key_sealed: SealedKey
    leases: tuple[SealedLease, ...]


class AskReply(Message, frozen=True, kw_only=True):
    """The manifest, always fresh; a change when the gate lacks one; orders and leases.

    `wants_tombstones` is set by a server that was restored from a backup: the gate then posts what
    it knows to have ended, and gets no policy before the server has taken it. `tamper_cleared_id`
    answers a `tamper_id` whose tampering the manager has cleared. `leases` is empty since leases are sealed.
    """

    contract_version: int = CONTRACT_VERSION
    server_time: Instant
    ask_again_seconds: Annotated[float, msgspec.Meta(ge=0.1, le=3600)]
    acknowledged_seq: int
    policy: SignedPolicyManifest | None = None
    change: PolicyChange | None = None
    orders: tuple[SignedOrder, ...] = ()
    leases: tuple[FaceLease, ...] = ()
    pass_certificate: SignedCertificate | None = None
    anchor_certificate: SignedCertificate | None = None
    wants_tombstones: bool = False
    tamper_cleared_id: Id | msgspec.UnsetType = msgspec.UNSET
    sealed_leases: SealedLeases | msgspec.UnsetType = msgspec.UNSET
    knows: Features | msgspec.UnsetType = msgspec.UNSET
    """The features that the server has, for a gate that named its own."""
    update: UpdateOrder | msgspec.UnsetType = msgspec.UNSET
    """The version that this gate should run, where staff have begun to bring the gates to it."""
    bell_seconds: Annotated[float, msgspec.Meta(ge=0.1, le=3600)] | msgspec.UnsetType = msgspec.UNSET
    """In place of `ask_again_seconds` while this gate hears its bell; left out while none can ring."""
    bell_pass: BellPass | msgspec.UnsetType = msgspec.UNSET
    """For the `bell_key` of the question."""


# -- events, receipts, tombstones ------------------------------------------------------------------


class EventBatch(Message, frozen=True, kw_only=True):
    """Entries of the gate's journal in order, and the signed head after the last of them."""

    entries: Annotated[tuple[JournalEntry, ...], msgspec.Meta(max_length=2000)]
    head: SignedHead


class RawEventBatch(Message, frozen=True, kw_only=True):
    """An `EventBatch` as it travels: each entry is read apart, so that a bad one holds up no other."""

    entries: Annotated[tuple[msgspec.Raw, ...], msgspec.Meta(max_length=2000)]
    head: SignedHead


class EventsReply(Message, frozen=True, kw_only=True):
    """Up to where the server has everything, countersigned by the site's anchor key."""

    acknowledged_seq: int
    countersigned: SignedHead | None = None


class ForgetReceipt(Message, frozen=True, kw_only=True):
    """The gate's word that one person's face is gone from it."""

    site_id: Id
    gate_id: Id
    person_id: Id
    consent_id: Id
    forgotten_at: Instant
    blob_found: bool
    journal_seq: int


class SignedReceipt(Message, frozen=True, kw_only=True):
    """A `ForgetReceipt` in JSON with the gate's signature."""

    receipt: SignedBody
    signature: Signature


class ReceiptBatch(Message, frozen=True, kw_only=True):
    """Receipts the server has not yet acknowledged."""

    receipts: Annotated[tuple[SignedReceipt, ...], msgspec.Meta(max_length=500)]


class Tombstone(Message, frozen=True, kw_only=True):
    """A credential or pass whose end reached this gate, and in which policy."""

    record_key: Annotated[str, msgspec.Meta(max_length=80)]
    ended_at: Instant
    epoch: Count
    version: Count


class TombstoneBatch(Message, frozen=True, kw_only=True):
    """All tombstones of a gate, and the newest policy it has seen."""

    have_epoch: Count
    have_version: Count
    tombstones: Annotated[tuple[Tombstone, ...], msgspec.Meta(max_length=200_000)]


class HandoverPage(Message, frozen=True, kw_only=True):
    """A part of all that a gate holds, for a restored server: what it saw end, and its newest policy.

    `after` is the cursor of the last part that the server has, "" at the beginning, `upto` that of this one.
    `policy` is the signed word of the server that was lost on which policy the gate holds; `records` are its
    records as they came, `digests` those of faces and notices, which are not needed here.
    """

    policy: SignedPolicyManifest | None = None
    after: Cursor = ""
    upto: Cursor = ""
    tombstones: Annotated[tuple[Tombstone, ...], msgspec.Meta(max_length=MAX_PAGE_ITEMS)] = ()
    records: Annotated[dict[RecordKey, msgspec.Raw], msgspec.Meta(max_length=MAX_PAGE_ITEMS)] = {}
    digests: Annotated[dict[RecordKey, Digest], msgspec.Meta(max_length=MAX_PAGE_ITEMS)] = {}
    last: bool = False


class HandoverReply(Message, frozen=True, kw_only=True):
    """Up to where the server has this gate's handover, and whether that is all."""

    after: Cursor
    done: bool = False


class Accepted(Message, frozen=True, kw_only=True):
    """How many of the items sent were taken."""

    count: int


class Refusal(Message, frozen=True, kw_only=True):
    """Why the server said no: a stable word and a sentence for the installer."""

    error: Id
    detail: Annotated[str, msgspec.Meta(max_length=400)]


# -- building and checking -------------------------------------------------------------------------


def record_digest(value: bytes | msgspec.Raw) -> bytes:
    """Return the SHA-256 of a record's wire form."""
    return hashlib.sha256(bytes(value)).digest()


def policy_digest(digests: Mapping[str, bytes], kind: DigestKind = "sha256") -> bytes:
    """Return the digest of a whole policy from its records' digests."""
    if kind == "lthash16":
        return digest_of_sums(changed_sums(NO_RECORDS, digests.items()))
    whole = hashlib.sha256()
    for key in sorted(digests):
        whole.update(key.encode() + b"\0" + digests[key])
    return whole.digest()


def sign_struct(key: Ed25519PrivateKey, domain: str, message: msgspec.Struct) -> tuple[bytes, bytes]:
    """Return a struct's JSON and the signature over it."""
    body = msgspec.json.encode(message)
    return body, sign(key, domain, body)


def open_manifest(
    signed: SignedPolicyManifest, root_public_key: bytes, *, site_id: str, gate_id: str
) -> PolicyManifest:
    """Return a checked manifest; raise PolicyRefused on a wrong key, signature, site or gate."""
    try:
        key = certified_key(root_public_key, signed.certificate, site_id, "policy")
        verify(key, POLICY_DOMAIN, signed.manifest, signed.signature)
        manifest = msgspec.json.decode(signed.manifest, type=PolicyManifest)
    except (SignatureRefused, msgspec.MsgspecError, ValueError) as err:
        raise PolicyRefused(f"the policy's signature: {err}") from err
    if (manifest.site_id, manifest.gate_id) != (site_id, gate_id):
        raise PolicyRefused(
            f"the policy is for gate {manifest.gate_id!r} of {manifest.site_id!r}, "
            f"this is {gate_id!r} of {site_id!r}"
        )
    return manifest


def open_order(signed: SignedOrder, root_public_key: bytes, *, site_id: str, gate_id: str) -> OpenOrder:
    """Return a checked order; raise SignatureRefused on a wrong key, signature, site or gate."""
    key = certified_key(root_public_key, signed.certificate, site_id, "order")
    verify(key, ORDER_DOMAIN, signed.order, signed.signature)
    try:
        order = msgspec.json.decode(signed.order, type=OpenOrder)
    except (msgspec.MsgspecError, ValueError) as err:
        raise SignatureRefused(f"the order cannot be read: {err}") from err
    if (order.site_id, order.gate_id) != (site_id, gate_id):
        raise SignatureRefused(f"the order is for gate {order.gate_id!r} of {order.site_id!r}")
    return order


def open_receipt(signed: SignedReceipt, gate_public_key: bytes) -> ForgetReceipt:
    """Return a checked receipt; raise SignatureRefused when the gate did not sign it."""
    verify(gate_public_key, RECEIPT_DOMAIN, signed.receipt, signed.signature)
    try:
        return msgspec.json.decode(signed.receipt, type=ForgetReceipt)
    except (msgspec.MsgspecError, ValueError) as err:
        raise SignatureRefused(f"the receipt cannot be read: {err}") from err
