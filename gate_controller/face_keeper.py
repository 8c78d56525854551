"""Hold the gate to what the policy says about faces: leases in, forgetting with a signed receipt out."""

import logging
import threading
from collections.abc import Mapping, Sequence

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gate_controller.clock import GateClock
from gate_controller.face.errors import FaceError
from gate_controller.face.face_service import FaceService
from gate_controller.face.leases import Lease
from gate_controller.journal import Journal
from gate_controller.policy import FaceRecord
from gate_controller.policy_store import GateIdentity, PolicyStore
from gate_controller.signing import sign
from gate_controller.sync_contract import RECEIPT_DOMAIN, FaceLease, ForgetReceipt

log = logging.getLogger(__name__)


class FaceKeeper:
    """The only part that deletes faces; called from the sync thread and once at start."""

    def __init__(
        self,
        service: FaceService | None,
        store: PolicyStore,
        journal: Journal,
        clock: GateClock,
        identity: GateIdentity,
        key: Ed25519PrivateKey,
    ) -> None:
        """Remember the parts; a gate without face engine signs receipts too, for it has nothing."""
        self._service = service
        self._store = store
        self._journal = journal
        self._clock = clock
        self._identity = identity
        self._key = key
        self._lock = threading.Lock()

    def take_leases(self, leases: Sequence[FaceLease], boot_seconds: float) -> None:
        """Replace all leases by those of the last answer; whoever is missing is dropped at once."""
        if self._service is None:
            return
        held = {}
        for lease in leases:
            until = boot_seconds + lease.seconds
            held[lease.person_id] = Lease(lease.consent_id, bytearray(lease.share), until)
        self._service.set_leases(held)

    def settle(self, roster: Mapping[str, FaceRecord]) -> int:
        """Forget every face whose consent has ended, and keep a signed receipt; return how many."""
        with self._lock:
            ended = self._store.ended_faces()
            for consent_id, person_id in ended.items():
                keeps = person_id in roster and roster[person_id].consent_id == consent_id
                if not keeps:
                    try:
                        self._forget(person_id, consent_id)
                    except FaceError:
                        # Still listed as ended, so it is tried again with the next policy or start.
                        log.exception("a face could not be overwritten on disk yet")
                        continue
                self._store.ended_face_done(consent_id)
            return len(ended)

    def _forget(self, person_id: str, consent_id: str) -> None:
        found = self._service.forget(person_id) if self._service is not None else False
        now = self._clock.now()
        entry = self._journal.append(
            "face_forgotten", {"blob_found": found}, {"person_id": person_id, "consent_id": consent_id}, now
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
