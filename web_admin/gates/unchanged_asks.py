"""Answer a gate that asks again with nothing new on either side, by one statement.

After a full answer that gave the gate nothing to take, this process remembers what it was asked and what it
answered. The same question again needs no more than the gate's signature and one statement, which counts the
request and notes that the gate called, and does so only where the database still is as that answer said: the
gate's key, its policy, its journal, the site's keys, the version ordered, no order, no share of a face.
Where anything differs no row matches, and the question is answered in full. Nothing here is older than the
statement: what another process changed, it sees.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import cast

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Integer, String, Table, Update, bindparam, event, func, or_, select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from gate_controller.contract.messages import (
    POLICY_DOMAIN,
    AskReply,
    AskRequest,
    PolicyManifest,
    SignedPolicyManifest,
    sign_struct,
)
from web_admin.compound.keys import private_key
from web_admin.compound.models import Gate, Site, SiteKey
from web_admin.compound.policy_models import OrderRow, PolicySumsRow
from web_admin.core.database import Database
from web_admin.core.sealing import Sealer
from web_admin.custody.models import FaceShare

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class LastAnswer:
    """A question that was answered in full with nothing to take, and what answers it again."""

    public_key: bytes
    question: AskRequest
    """Without its moment and the key for leases, which differ each time."""
    reply: AskReply
    policy: SignedPolicyManifest
    manifest: PolicyManifest
    """What `policy` says; it is dated and signed again for each answer."""
    signing_key: Ed25519PrivateKey


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

    def key_of(self, gate_id: str) -> bytes | None:
        """Return the public key of a gate whose last answer is remembered."""
        last = self._answers.get(gate_id)
        return None if last is None else last.public_key

    def forget(self, gate_id: str) -> None:
        """Forget the last answer to a gate."""
        self._answers.pop(gate_id, None)

    def remember(
        self, session: Session, sealer: Sealer, gate: Gate, question: AskRequest, reply: AskReply
    ) -> None:
        """Remember an answer that gives a gate nothing to take, once the transaction is committed."""
        policy, public_key = reply.policy, gate.public_key
        if policy is None or public_key is None or not gate.is_believed or not _is_quiet(question, reply):
            return
        manifest = msgspec.json.decode(policy.manifest, type=PolicyManifest)
        signing_key = private_key(session, sealer, gate.site_id, "policy")
        made = LastAnswer(public_key, _lasting(question), reply, policy, manifest, signing_key)
        event.listen(
            session, "after_commit", lambda _: self._answers.update({manifest.gate_id: made}), once=True
        )

    def answer(
        self, database: Database, gate_id: str, question: AskRequest, call: Call, now: datetime
    ) -> AskReply | None:
        """Count the call and return the same answer, dated `now`; None where it has to be worked out.

        The caller has checked the gate's signature by the key of `key_of`.
        """
        last = self._answers.get(gate_id)
        if last is None or _lasting(question) != last.question:
            return None
        bound = _bound(last, call, now - question.gate_time, now)
        try:
            with database.calls.begin() as connection:
                counted = connection.execute(_COUNTED, bound).rowcount
        except OperationalError:
            return None  # a connection had ended: the full way opens another, or says what is wrong
        if counted != 1:
            self.forget(gate_id)
            return None
        manifest = msgspec.structs.replace(last.manifest, issued_at=now)
        body, signature = sign_struct(last.signing_key, POLICY_DOMAIN, manifest)
        policy = msgspec.structs.replace(last.policy, manifest=body, signature=signature)
        return msgspec.structs.replace(last.reply, server_time=now, policy=policy)


def _lasting(question: AskRequest) -> AskRequest:
    return msgspec.structs.replace(question, gate_time=EPOCH, sealing_public_key=msgspec.UNSET)


def _is_quiet(question: AskRequest, reply: AskReply) -> bool:
    return (
        reply.change is None
        and not reply.orders
        and not reply.wants_tombstones
        and reply.sealed_leases is msgspec.UNSET
        and reply.bell_pass is msgspec.UNSET
        and question.tamper_id is msgspec.UNSET
    )


def _unchanged() -> Update:
    """Return the statement that counts a call where the database still is as the last answer said."""
    gate, site, key = (cast(Table, model.__table__) for model in (Gate, Site, SiteKey))
    order, share, sums = (cast(Table, model.__table__) for model in (OrderRow, FaceShare, PolicySumsRow))
    counter = bindparam("counter", type_=Integer)
    of_gate = bindparam("of_gate", type_=String)
    as_answered = (
        gate.c.state == "paired",
        gate.c.forked_at.is_(None),
        gate.c.policy_withheld.is_(False),
        gate.c.behind_since.is_(None),
        *(gate.c[name] == bindparam(f"is_{name}") for name in _GATE_COLUMNS),
        # Of which kind the digest is needs no look: no two kinds give the same one.
        or_(
            gate.c.published_digest == bindparam("is_digest"),
            select(sums.c.gate_id).where(
                sums.c.gate_id == of_gate, sums.c.version == bindparam("is_published_version"),
                sums.c.digest == bindparam("is_digest"),
            ).exists(),
        ),
        or_(gate.c.ordered_version == "", gate.c.ordered_id == bindparam("is_ordered_id", type_=String)),
        select(site.c.site_id).where(
            site.c.site_id == bindparam("of_site"), site.c.restoring.is_(False),
            *(site.c[name] == bindparam(f"is_{name}") for name in _SITE_COLUMNS),
        ).exists(),
        select(func.count()).where(
            key.c.site_id == bindparam("of_site"),
            key.c.certificate_signature.in_([bindparam(f"is_{role}") for role in _ROLES]),
        ).scalar_subquery() == len(_ROLES),
        ~select(order.c.order_id).where(order.c.gate_id == of_gate, order.c.delivered_at.is_(None)).exists(),
        ~select(share.c.person_id).where(share.c.gate_id == of_gate).exists(),
    )  # fmt: skip
    return (
        update(gate)
        .where(
            gate.c.gate_id == of_gate,
            gate.c.request_counter < counter,
            gate.c.request_counter >= counter - bindparam("max_ahead", type_=Integer),
            *as_answered,
        )
        .values(
            request_counter=counter,
            request_digest=bindparam("digest"),
            last_seen_at=bindparam("now"),
            clock_behind_seconds=bindparam("behind"),
        )
    )


_GATE_COLUMNS = ("public_key", "published_version", "acknowledged_seq", "ordered_version")
_SITE_COLUMNS = ("epoch", "ask_again_seconds")
_ROLES = ("policy", "pass", "anchor")
_COUNTED = _unchanged()


def _bound(last: LastAnswer, call: Call, behind: timedelta, now: datetime) -> dict[str, object]:
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
        "behind": round(behind.total_seconds(), 1),
        "is_public_key": last.public_key,
        "is_published_version": manifest.version,
        "is_digest": manifest.digest,
        "is_acknowledged_seq": reply.acknowledged_seq,
        "is_ordered_version": "" if ordered is msgspec.UNSET else ordered.version,
        "is_ordered_id": "" if ordered is msgspec.UNSET else ordered.order_id,
        "is_epoch": manifest.epoch,
        "is_ask_again_seconds": reply.ask_again_seconds,
        **{f"is_{role}": signature for role, signature in zip(_ROLES, signatures, strict=True)},
    }
