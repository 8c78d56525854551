"""Deliver a gate's journal to its server: entries in batches under a signed head, and receipts."""

from collections.abc import Callable
from datetime import datetime

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gate_controller.contract.event_kinds import EventKind
from gate_controller.contract.journal_chain import COUNTERSIGN_DOMAIN, HEAD_DOMAIN, Head, SignedHead
from gate_controller.contract.messages import (
    EVENTS_PATH,
    MAX_BODY_BYTES,
    RECEIPTS_PATH,
    Accepted,
    EventsReply,
    HandedOver,
    RawEventBatch,
    ReceiptBatch,
    SignedReceipt,
)
from gate_controller.contract.signing import SignatureRefused, certified_key, sign, verify
from gate_controller.storage.clock import GateClock
from gate_controller.storage.journal import Journal
from gate_controller.storage.policy_store import GateIdentity, PolicyStore
from gate_controller.sync.link import ServerLink, SyncRefused

EVENTS_A_BATCH = 500
EVENTS_BYTES = MAX_BODY_BYTES // 2
"""Largest sum of a batch's entries, in bytes; its head and the signs around them fit beside that."""


class JournalDelivery:
    """Entries and receipts on their way to the server, from where the server has them."""

    def __init__(
        self,
        link: ServerLink,
        identity: GateIdentity,
        key: Ed25519PrivateKey,
        store: PolicyStore,
        journal: Journal,
        clock: GateClock,
        ask_now: Callable[[], None],
    ) -> None:
        """Remember the parts; `ask_now` makes the next check-in come at once."""
        self._link = link
        self._identity = identity
        self._key = key
        self._store = store
        self._journal = journal
        self._clock = clock
        self._ask_now = ask_now
        self._server_has_seq = journal.acknowledged_seq
        self._server_time: datetime | None = None
        self._answered_seq = 0

    def server_has(self, seq: int, server_time: datetime) -> None:
        """Go on from what the server said in its last answer: a restored one has less than it once had."""
        self._server_has_seq, self._server_time = seq, server_time

    def handed_over(self) -> HandedOver | msgspec.UnsetType:
        """Return the last entry that the server acknowledged, for its check that it has this machine's."""
        seq = self._journal.acknowledged_seq
        digest = self._journal.digest_of(seq) if seq > 0 else None
        return HandedOver(seq=seq, digest=digest) if digest is not None else msgspec.UNSET

    def push_events(self) -> None:
        """Hand over journal entries until the server has all of them."""
        while entries := self._journal.lines_after(self._server_has_seq, EVENTS_A_BATCH, EVENTS_BYTES):
            head = msgspec.json.encode(
                Head(self._identity.site_id, self._identity.gate_id, entries[-1].seq, entries[-1].digest)
            )
            signed = SignedHead(head, sign(self._key, HEAD_DOMAIN, head))
            batch = RawEventBatch(entries=tuple(msgspec.Raw(e.body) for e in entries), head=signed)
            reply = self._link.post(EVENTS_PATH, batch, EventsReply)
            answered_seq = max((e.seq for e in entries if e.kind == EventKind.FACE_ANSWER), default=0)
            if answered_seq > self._answered_seq:
                # A person waits at the gate for the office's result of their answer.
                self._answered_seq = answered_seq
                self._ask_now()
            if reply.acknowledged_seq <= self._server_has_seq:
                raise SyncRefused("the server took the events and acknowledged none")
            self._server_has_seq = reply.acknowledged_seq
            # By the earlier of both clocks: one that ran ahead would drop what a restored server asks for.
            now = self._clock.now()
            self._journal.acknowledge(reply.acknowledged_seq, min(now, self._server_time or now))
            self._keep_anchor(reply.countersigned)

    def _keep_anchor(self, signed: SignedHead | None) -> None:
        certificate = self._store.certificate("anchor")
        if signed is None or certificate is None:
            return
        try:
            key = certified_key(self._identity.root_public_key, certificate, self._identity.site_id, "anchor")
            verify(key, COUNTERSIGN_DOMAIN, signed.head, signed.signature)
        except SignatureRefused as err:
            raise SyncRefused(f"the countersigned head: {err}") from err
        self._journal.keep_anchor(signed.head, signed.signature)

    def push_receipts(self) -> None:
        """Hand over receipts that the server does not have."""
        unsent = self._journal.unsent_receipts()
        if unsent:
            batch = ReceiptBatch(
                receipts=tuple(
                    SignedReceipt(receipt=receipt, signature=signature)
                    for receipt, signature in unsent.values()
                )
            )
            self._link.post(RECEIPTS_PATH, batch, Accepted)
            self._journal.receipts_sent(tuple(unsent))
