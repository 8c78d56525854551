"""Remember each gate's last check-in and its answer, so that the same check-in needs no work.

A last answer is one that gave the gate nothing to take but leases. The database says at each
check-in whether what it rests on still is so (`check_in_statements.py`).
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection, event
from sqlalchemy.orm import Session

from gate_controller.contract.features import SUM_DIGEST
from gate_controller.contract.messages import (
    POLICY_DOMAIN,
    AskReply,
    AskRequest,
    FaceLease,
    PolicyManifest,
    SignedPolicyManifest,
    sign_struct,
)
from gate_controller.contract.sealed_keys import seal_leases
from web_admin.compound.keys import private_key
from web_admin.compound.models import Gate
from web_admin.compound.policy_models import change_of
from web_admin.core.sealing import Sealer
from web_admin.custody.leases import lent_to
from web_admin.gates.check_in_statements import ROLES, NewsRow

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SOME_KEY = bytes(32)


@dataclass(frozen=True, slots=True)
class Call:
    """One request of a gate: its number, and the digest of what the gate signed."""

    counter: int
    digest: bytes
    max_ahead: int
    """By how many numbers it may be ahead of the last one."""


@dataclass(frozen=True, slots=True)
class PublishedChanges:
    """Records published since the version that a gate has, and whether the gate has a share of any face."""

    version: int
    digest: bytes
    records: tuple[tuple[str, bytes | None], ...]
    has_share: bool


@dataclass(frozen=True, slots=True)
class LastAnswer:
    """A check-in that was answered in full with nothing to take but leases, and what answers it again."""

    public_key: bytes
    check_in: AskRequest
    """Without its moment, the key for leases and the policy that the gate has, which differ."""
    said_digest: bytes
    reply: AskReply
    """Without leases."""
    policy: SignedPolicyManifest
    manifest: PolicyManifest
    """Contents of `policy`; it is dated and signed again for each answer."""
    signing_key: Ed25519PrivateKey
    lends: bool
    """True if the gate had shares of faces then: its calls wait for the disk."""

    def has_newest(self, check_in: AskRequest) -> bool:
        """Return whether a gate has the policy of this answer."""
        return (check_in.have_epoch, check_in.have_version) == (self.manifest.epoch, self.manifest.version)

    def takes_news(self, check_in: AskRequest) -> bool:
        """Return whether a change leads on from the policy that a gate has, and whether it takes sums."""
        is_base = check_in.have_epoch == self.manifest.epoch and check_in.have_version > 0
        return is_base and check_in.knows is not msgspec.UNSET and SUM_DIGEST in check_in.knows

    def lent(self, connection: Connection, sealer: Sealer, check_in: AskRequest) -> tuple[FaceLease, ...]:
        """Return the leases of the controller that asks, none where it sends no key; raise SealBroken."""
        if check_in.sealing_public_key is msgspec.UNSET:
            return ()
        manifest = self.manifest
        return lent_to(connection, sealer, manifest.gate_id, manifest.site_id, self.public_key)

    def dated(self, now: datetime, check_in: AskRequest, leases: tuple[FaceLease, ...]) -> AskReply:
        """Return the answer of this moment, its leases sealed to the check-in's key; raise KeyUnusable."""
        manifest = msgspec.structs.replace(self.manifest, issued_at=now)
        body, signature = sign_struct(self.signing_key, POLICY_DOMAIN, manifest)
        policy = msgspec.structs.replace(self.policy, manifest=body, signature=signature)
        reply = msgspec.structs.replace(self.reply, server_time=now, policy=policy)
        if not leases or check_in.sealing_public_key is msgspec.UNSET:
            return reply
        sealed = seal_leases(check_in.sealing_public_key, leases, manifest.site_id, manifest.gate_id)
        return msgspec.structs.replace(reply, sealed_leases=sealed)

    def after(self, published: PublishedChanges) -> "LastAnswer":
        """Return the answer once this is published."""
        manifest = msgspec.structs.replace(
            self.manifest, version=published.version, digest=published.digest, digest_kind="lthash16"
        )
        return replace(self, manifest=manifest, lends=published.has_share)

    def values(self, check_in: AskRequest, call: Call, now: datetime) -> dict[str, object]:
        """Return a row of the statements' table: the call, and what this answer rests on."""
        reply, manifest, ordered = self.reply, self.manifest, self.reply.update
        certificates = (self.policy.certificate, reply.pass_certificate, reply.anchor_certificate)
        signatures = [signed.signature if signed is not None else None for signed in certificates]
        return {
            "of_gate": manifest.gate_id,
            "of_site": manifest.site_id,
            "counter": call.counter,
            "digest": call.digest,
            "clock_behind": round((now - check_in.gate_time).total_seconds(), 1),
            "have_version": check_in.have_version,
            "is_public_key": self.public_key,
            "is_said_digest": self.said_digest,
            "is_published_version": manifest.version,
            "is_digest": manifest.digest,
            "is_acknowledged_seq": reply.acknowledged_seq,
            "is_ordered_version": "" if ordered is msgspec.UNSET else ordered.version,
            "is_ordered_id": "" if ordered is msgspec.UNSET else ordered.order_id,
            "is_epoch": manifest.epoch,
            "is_ask_again_seconds": reply.ask_again_seconds,
            **{f"is_{role}": signature for role, signature in zip(ROLES, signatures, strict=True)},
        }


class LastAnswers:
    """The last answers of one process, by gate; safe to use from several threads."""

    def __init__(self) -> None:
        """Remember nothing yet."""
        self._answers: dict[str, LastAnswer] = {}

    def remembers(self, gate_id: str) -> bool:
        """Return whether there is a last answer to a gate."""
        return gate_id in self._answers

    def forget(self, gate_id: str) -> None:
        """Forget the last answer to a gate."""
        self._answers.pop(gate_id, None)

    def forget_tried(self, last: LastAnswer) -> None:
        """Forget a last answer that did not serve, unless another has come in its place."""
        if self._answers.get(last.manifest.gate_id) is last:
            self.forget(last.manifest.gate_id)

    def to(self, gate_id: str, public_key: bytes, check_in: AskRequest) -> LastAnswer | None:
        """Return the last answer to a gate with this key, where it was to the same check-in."""
        last = self._answers.get(gate_id)
        is_same = last is not None and last.public_key == public_key and _lasting(check_in) == last.check_in
        return last if is_same else None

    def note(self, last: LastAnswer) -> None:
        """Remember this answer instead of the one before it."""
        self._answers[last.manifest.gate_id] = last

    def remember(
        self, session: Session, sealer: Sealer, gate: Gate, check_in: AskRequest, reply: AskReply
    ) -> None:
        """Remember an answer with nothing to take but leases, once the transaction is committed."""
        policy, public_key = reply.policy, gate.public_key
        lends = reply.sealed_leases is not msgspec.UNSET
        reply = msgspec.structs.replace(reply, sealed_leases=msgspec.UNSET)
        if policy is None or public_key is None or not gate.is_trusted or not _is_quiet(check_in, reply):
            return
        manifest = msgspec.json.decode(policy.manifest, type=PolicyManifest)
        signing_key = private_key(session, sealer, gate.site_id, "policy")
        said = said_digest(check_in)
        made = LastAnswer(public_key, _lasting(check_in), said, reply, policy, manifest, signing_key, lends)
        event.listen(session, "after_commit", lambda _: self.note(made), once=True)

    def with_news(
        self,
        last: LastAnswer,
        check_in: AskRequest,
        published: PublishedChanges,
        leases: tuple[FaceLease, ...],
        now: datetime,
    ) -> AskReply:
        """Return an answer with what was published since, and remember it; raise KeyUnusable."""
        newest = last.after(published)
        self.note(newest)
        reply = newest.dated(now, check_in, leases)
        if newest.has_newest(check_in):
            return reply
        change = change_of(published.records, (check_in.have_epoch, check_in.have_version))
        return msgspec.structs.replace(reply, change=change)


def published_in(rows: Iterable[NewsRow]) -> PublishedChanges | None:
    """Return what rows about one gate say that `CheckInStatements.news` gave, None of no row."""
    read = list(rows)
    if not read:
        return None
    first = read[0]
    records = tuple((row.key, row.value) for row in read if row.key is not None)
    return PublishedChanges(first.published_version, first.digest, records, first.has_share)


def said_digest(check_in: AskRequest) -> bytes:
    """Return the digest of what a gate says of itself, by which the database knows what was last noted."""
    return hashlib.sha256(msgspec.json.encode(_lasting(check_in))).digest()


def _lasting(check_in: AskRequest) -> AskRequest:
    """Return a check-in without what differs each time; that a key for leases came is kept."""
    has_key = check_in.sealing_public_key is not msgspec.UNSET
    return msgspec.structs.replace(
        check_in,
        gate_time=EPOCH,
        sealing_public_key=_SOME_KEY if has_key else msgspec.UNSET,
        have_epoch=0,
        have_version=0,
    )


def _is_quiet(check_in: AskRequest, reply: AskReply) -> bool:
    return (
        reply.change is None
        and not reply.orders
        and not reply.wants_tombstones
        and reply.bell_pass is msgspec.UNSET
        and check_in.tamper_id is msgspec.UNSET
    )
