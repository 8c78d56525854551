"""Apply the policy's statements about faces: take leases, delete faces, and sign receipts of deletion."""

import logging
import threading
from collections.abc import Collection, Mapping, Sequence

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gate_controller.contract.event_kinds import EventKind
from gate_controller.contract.journal_chain import Facts
from gate_controller.contract.messages import MAX_LEASE_SECONDS, RECEIPT_DOMAIN, FaceLease, ForgetReceipt
from gate_controller.contract.records import FaceRecord
from gate_controller.contract.signing import sign
from gate_controller.face_control.kept_faces import FaceError, KeptFaces, Lease
from gate_controller.storage.clock import GateClock
from gate_controller.storage.journal import Journal
from gate_controller.storage.policy_store import GateIdentity, PolicyStore
from gate_controller.storage.tamper_mark import TamperMark

log = logging.getLogger(__name__)


class FaceKeeper:
    """The only part that deletes faces and takes leases.

    Called from the sync thread and once at start; `tampered` and `withdraw` from the controller's thread.
    """

    def __init__(
        self,
        kept: KeptFaces | None,
        store: PolicyStore,
        journal: Journal,
        clock: GateClock,
        identity: GateIdentity,
        key: Ed25519PrivateKey,
        mark: TamperMark,
    ) -> None:
        """Remember the parts; a gate that keeps no faces signs receipts too, for it has nothing."""
        self._kept = kept
        self._store = store
        self._journal = journal
        self._clock = clock
        self._identity = identity
        self._key = key
        self._mark = mark
        self._touched: frozenset[str] = frozenset()
        self._dropped: set[tuple[str, str]] = set()
        self._lock = threading.Lock()
        self._mark_lock = threading.Lock()

    @property
    def takes_leases(self) -> bool:
        """Return whether there is an engine here that could use a lease."""
        return self._kept is not None

    @property
    def tamper_id(self) -> str | None:
        """Return the id of the tampering that the manager has not cleared yet, or None."""
        return self._mark.tamper_id

    def tampered(self, touched: Collection[str]) -> None:
        """Take which tamper contacts are active now; one more than before ends every lease at once."""
        with self._mark_lock:
            is_news, self._touched = bool(set(touched) - self._touched), frozenset(touched)
            if is_news:
                # Shares first: a person with the cabinet open may cut the power next.
                self._drop_all()
                self._mark.set()

    def cleared(self, tamper_id: str | None) -> None:
        """Take the manager's word that the gate was checked; an active contact outweighs it."""
        with self._mark_lock:
            if self._mark.clear(tamper_id):
                log.warning("the manager has cleared tampering %s", tamper_id)
                if self._touched:
                    log.warning("a tamper contact is still active: the gate stays marked")
                    self._mark.set()

    def take_leases(self, leases: Sequence[FaceLease], boot_seconds: float) -> None:
        """Replace all leases by those of the last answer; drop missing people at once.

        None is taken while the gate is marked as tampered with, and none of more than 72 hours.
        """
        if self._kept is None:
            return
        # A withdrawal is noted before it waits for this lock, so either it is seen here or it drops the lease
        # that is set here. Never taken the other way round: `tampered` may not wait for a file.
        with self._lock, self._mark_lock:
            if self._mark.tamper_id is not None:
                self._drop_all()
                return
            held = {}
            withdrawn = self._store.withdrawn_faces()
            for lease in leases:
                if lease.consent_id in withdrawn:
                    continue  # withdrawn at this gate; the office has not received the event yet
                if lease.seconds > MAX_LEASE_SECONDS:
                    log.error("a lease of %d seconds is refused: 72 hours are the most", lease.seconds)
                    continue
                until = boot_seconds + lease.seconds
                held[lease.person_id] = Lease(lease.consent_id, bytearray(lease.share), until)
            self._kept.set_leases(held)

    def drop_ended_leases(self) -> None:
        """Overwrite the shares whose time is up; called at every turn, also without a server."""
        if self._kept is not None:
            self._kept.drop_ended_leases()

    def _drop_all(self) -> None:
        if self._kept is not None:
            self._kept.drop_all_leases()

    def withdraw(self, person_id: str, consent_id: str) -> None:
        """Forget a face that its person took back at this gate, with a signed receipt, also offline.

        What cannot be overwritten now is tried again with the next policy or start.
        """
        self._store.withdraw_face(consent_id, person_id)
        with self._lock:
            self._end(person_id, consent_id)

    def settle(self, roster: Mapping[str, FaceRecord]) -> int:
        """Forget every face whose consent has ended, and keep a signed receipt; return how many.

        Of a face that stays, delete the looks that the policy names.
        """
        with self._lock:
            self._drop_looks(roster)
            ended, withdrawn = dict(self._store.ended_faces()), self._store.withdrawn_faces()
            ended.update(self._kept_though(withdrawn))
            for consent_id, person_id in ended.items():
                keeps = person_id in roster and roster[person_id].consent_id == consent_id
                if keeps and consent_id not in withdrawn:
                    self._store.ended_face_done(consent_id)
                else:
                    self._end(person_id, consent_id)
            return len(ended)

    def _drop_looks(self, roster: Mapping[str, FaceRecord]) -> None:
        """Delete the looks that the policy names; report each once for as long as it is named."""
        if self._kept is None:
            return
        named = {(person_id, look) for person_id, face in roster.items() for look in face.dropped_looks}
        # A restored server may name one again whose report it lost.
        self._dropped &= named
        for person_id, look_id in sorted(named - self._dropped):
            try:
                found = self._kept.drop_look(person_id, look_id)
            except FaceError:
                # The policy still names it at the next turn.
                log.exception("a look could not be overwritten on disk yet")
                continue
            personal: Facts = {
                "person_id": person_id,
                "consent_id": roster[person_id].consent_id,
                "look_id": look_id,
                "look_ids": " ".join(self._kept.look_ids(person_id)),
            }
            facts: Facts = {"look_found": found}
            self._journal.append(EventKind.FACE_LOOK_DROPPED, facts, personal, self._clock.now())
            self._dropped.add((person_id, look_id))

    def _kept_though(self, withdrawn: Collection[str]) -> Mapping[str, str]:
        """Return consents taken back here of which a template lies here all the same, with their persons."""
        if self._kept is None or not withdrawn:
            return {}
        kept = self._kept.consents_kept()
        return {consent_id: person_id for person_id, consent_id in kept.items() if consent_id in withdrawn}

    def _end(self, person_id: str, consent_id: str) -> None:
        try:
            self._forget(person_id, consent_id)
        except FaceError:
            # Still listed as ended, so it is tried again with the next policy or start.
            log.exception("a face could not be overwritten on disk yet")
        else:
            self._store.ended_face_done(consent_id)

    def _forget(self, person_id: str, consent_id: str) -> None:
        found = self._kept.forget(person_id, consent_id) if self._kept is not None else False
        now = self._clock.now()
        entry = self._journal.append(
            EventKind.FACE_FORGOTTEN,
            {"blob_found": found},
            {"person_id": person_id, "consent_id": consent_id},
            now,
        )
        receipt = msgspec.json.encode(
            ForgetReceipt(
                site_id=self._identity.site_id,
                gate_id=self._identity.gate_id,
                person_id=person_id,
                consent_id=consent_id,
                forgotten_at=now,
                blob_found=found,
                journal_seq=entry.seq,
            )
        )
        self._journal.keep_receipt(consent_id, receipt, sign(self._key, RECEIPT_DOMAIN, receipt))
