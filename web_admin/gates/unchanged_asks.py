"""Answer a gate that says nothing new: by one statement, or by two more that read what was published since.

After a full answer that gave the gate nothing to take, this process remembers what it was asked and what it
answered. The same question again needs no more than the gate's signature and one statement, which counts the
request and notes that the gate called, and does so only where the database still is as that answer said: the
gate's key, its policy, its journal, what it last said of itself, the site's keys, the version ordered, no
order. Where all but the version of the policy is as before, what was published since is read under the lock
of the gate's row. Where the gate has shares of faces, what may be lent at this moment is read, and sealed to
the key that it asks with. Where anything else differs no row matches, and the question is answered in full.
Nothing here is older than the statements: what another process changed, they see.
"""

import hashlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import cast

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection, Row, event
from sqlalchemy.exc import OperationalError
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
from web_admin.core.database import Database
from web_admin.core.sealing import Sealer
from web_admin.custody.leases import lent_to
from web_admin.gates.ask_statements import COUNTED, COUNTED_AT_ANY_VERSION, COUNTED_BEFORE, NEWS, ROLES

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SOME_KEY = bytes(32)


@dataclass(frozen=True, slots=True)
class LastAnswer:
    """A question that was answered in full with nothing to take but leases, and what answers it again."""

    public_key: bytes
    question: AskRequest
    """Without its moment, the key for leases and the policy that the gate has, which differ."""
    said_digest: bytes
    reply: AskReply
    """Without leases."""
    policy: SignedPolicyManifest
    manifest: PolicyManifest
    """What `policy` says; it is dated and signed again for each answer."""
    signing_key: Ed25519PrivateKey
    lends: bool
    """Whether the gate had shares of faces then: its calls wait for the disk."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request of a gate: its number, and the digest of what the gate signed."""

    counter: int
    digest: bytes
    max_ahead: int
    """By how many numbers it may be ahead of the last one."""


class UnchangedAsks:
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

    def remember(
        self, session: Session, sealer: Sealer, gate: Gate, question: AskRequest, reply: AskReply
    ) -> None:
        """Remember an answer with nothing to take but leases, once the transaction is committed."""
        policy, public_key = reply.policy, gate.public_key
        lends = reply.sealed_leases is not msgspec.UNSET
        reply = msgspec.structs.replace(reply, sealed_leases=msgspec.UNSET)
        if policy is None or public_key is None or not gate.is_believed or not _is_quiet(question, reply):
            return
        manifest = msgspec.json.decode(policy.manifest, type=PolicyManifest)
        signing_key = private_key(session, sealer, gate.site_id, "policy")
        said = said_digest(question)
        made = LastAnswer(
            public_key, _lasting(question), said, reply, policy, manifest, signing_key, lends)
        event.listen(
            session, "after_commit", lambda _: self._answers.update({manifest.gate_id: made}), once=True
        )

    def answer(
        self, database: Database, sealer: Sealer, gate_id: str, public_key: bytes, question: AskRequest,
        call: Call, now: datetime,
    ) -> AskReply | None:  # fmt: skip
        """Count the call and return the same answer, dated `now`; None where it has to be worked out.

        The caller has checked the gate's signature by this key. Raises KeyUnusable where the gate is to be
        lent something and its key for that is none.
        """
        last = self._answers.get(gate_id)
        if last is None or last.public_key != public_key or _lasting(question) != last.question:
            return None
        bound = _bound(last, question, call, now)
        newest = (last.manifest.epoch, last.manifest.version)
        has_newest = (question.have_epoch, question.have_version) == newest
        try:
            if has_newest:
                leases = self._counted(database, sealer, last, question, bound)
                if leases is not None:
                    return _with_leases(_dated(last, now), last.manifest, question, leases)
            if _takes_news(last, question):
                return self._with_news(database, sealer, last, question, bound, now)
        except OperationalError:
            return None  # a connection had ended: the full way opens another, or says what is wrong
        if has_newest:
            self.forget(gate_id)
        return None

    def _counted(
        self, database: Database, sealer: Sealer, last: LastAnswer, question: AskRequest,
        bound: dict[str, object],
    ) -> tuple[FaceLease, ...] | None:  # fmt: skip
        """Count a call of a gate with the newest policy and return its leases; None where more differs.

        A primary that was cut off from its standby lends nothing: on PostgreSQL what lends waits for it.
        """
        waits = database.engine.dialect.name == "postgresql"
        with (database.engine if waits and last.lends else database.calls).begin() as connection:
            counted = connection.execute(COUNTED, bound).first()
            if counted is None:
                return None
            if counted.has_share and (last.lends or not waits):
                return _lent(connection, sealer, last, question)
        if counted.has_share != last.lends:
            self._answers[last.manifest.gate_id] = replace(last, lends=counted.has_share)
        if not counted.has_share:
            return ()
        with database.engine.begin() as connection:
            is_newest = connection.execute(COUNTED_BEFORE, bound).rowcount == 1
            return _lent(connection, sealer, last, question) if is_newest else ()

    def _with_news(
        self, database: Database, sealer: Sealer, last: LastAnswer, question: AskRequest,
        bound: dict[str, object], now: datetime,
    ) -> AskReply | None:  # fmt: skip
        """Return the last answer with what was published since, or None where more than that differs."""
        gate_id, base = last.manifest.gate_id, (last.manifest.epoch, cast(int, bound["have_version"]))
        rows: list[Row[int, bytes, str | None, bytes | None, bool]] = []
        leases: tuple[FaceLease, ...] = ()
        # It waits for the disk, as each answer with records: its number is good once, also after a crash.
        with database.engine.connect() as connection:
            if connection.execute(COUNTED_AT_ANY_VERSION, bound).first() is not None:
                # Its row is locked from here on: no publication comes between version, digest and records.
                rows = list(connection.execute(NEWS, bound))
            if rows:
                leases = _lent(connection, sealer, last, question) if rows[0].has_share else ()
                connection.commit()  # else the full way counts the call
        if not rows:
            self.forget(gate_id)
            return None
        manifest = msgspec.structs.replace(
            last.manifest, version=rows[0].published_version, digest=rows[0].digest, digest_kind="lthash16")
        newest = replace(last, manifest=manifest, lends=rows[0].has_share)
        self._answers[gate_id] = newest
        reply = _with_leases(_dated(newest, now), manifest, question, leases)
        if base == (manifest.epoch, manifest.version):
            return reply
        change = change_of(((row.key, row.value) for row in rows if row.key is not None), base)
        return msgspec.structs.replace(reply, change=change)


def _takes_news(last: LastAnswer, question: AskRequest) -> bool:
    """Return whether a change leads on from the policy that a gate has, and whether it takes sums."""
    is_base = question.have_epoch == last.manifest.epoch and question.have_version > 0
    return is_base and question.knows is not msgspec.UNSET and SUM_DIGEST in question.knows


def _lent(
    connection: Connection, sealer: Sealer, last: LastAnswer, question: AskRequest
) -> tuple[FaceLease, ...]:
    """Return the leases of the controller that asks, none where it sends no key; raise SealBroken."""
    if question.sealing_public_key is msgspec.UNSET:
        return ()
    gate_id, site_id = last.manifest.gate_id, last.manifest.site_id
    return lent_to(connection, sealer, gate_id, site_id, last.public_key)


def _with_leases(
    reply: AskReply, manifest: PolicyManifest, question: AskRequest, leases: tuple[FaceLease, ...]
) -> AskReply:
    """Return an answer with these leases, sealed to the question's key; raise KeyUnusable."""
    if not leases or question.sealing_public_key is msgspec.UNSET:
        return reply
    sealed = seal_leases(question.sealing_public_key, leases, manifest.site_id, manifest.gate_id)
    return msgspec.structs.replace(reply, sealed_leases=sealed)


def _dated(last: LastAnswer, now: datetime) -> AskReply:
    manifest = msgspec.structs.replace(last.manifest, issued_at=now)
    body, signature = sign_struct(last.signing_key, POLICY_DOMAIN, manifest)
    policy = msgspec.structs.replace(last.policy, manifest=body, signature=signature)
    return msgspec.structs.replace(last.reply, server_time=now, policy=policy)


def said_digest(question: AskRequest) -> bytes:
    """Return the digest of what a gate says of itself, by which the database knows what was last noted."""
    return hashlib.sha256(msgspec.json.encode(_lasting(question))).digest()


def _lasting(question: AskRequest) -> AskRequest:
    """Return a question without what differs each time; that a key for leases came is kept."""
    has_key = question.sealing_public_key is not msgspec.UNSET
    return msgspec.structs.replace(
        question, gate_time=EPOCH, sealing_public_key=_SOME_KEY if has_key else msgspec.UNSET,
        have_epoch=0, have_version=0)


def _is_quiet(question: AskRequest, reply: AskReply) -> bool:
    return (
        reply.change is None
        and not reply.orders
        and not reply.wants_tombstones
        and reply.bell_pass is msgspec.UNSET
        and question.tamper_id is msgspec.UNSET
    )


def _bound(last: LastAnswer, question: AskRequest, call: Call, now: datetime) -> dict[str, object]:
    reply, manifest, ordered = last.reply, last.manifest, last.reply.update
    certificates = (last.policy.certificate, reply.pass_certificate, reply.anchor_certificate)
    signatures = [signed.signature if signed is not None else None for signed in certificates]
    return {
        "of_gate": manifest.gate_id,
        "of_site": manifest.site_id,
        "counter": call.counter,
        "max_ahead": call.max_ahead,
        "digest": call.digest,
        "now": now,
        "clock_behind": round((now - question.gate_time).total_seconds(), 1),
        "have_version": question.have_version,
        "is_public_key": last.public_key,
        "is_said_digest": last.said_digest,
        "is_published_version": manifest.version,
        "is_digest": manifest.digest,
        "is_acknowledged_seq": reply.acknowledged_seq,
        "is_ordered_version": "" if ordered is msgspec.UNSET else ordered.version,
        "is_ordered_id": "" if ordered is msgspec.UNSET else ordered.order_id,
        "is_epoch": manifest.epoch,
        "is_ask_again_seconds": reply.ask_again_seconds,
        **{f"is_{role}": signature for role, signature in zip(ROLES, signatures, strict=True)},
    }
