"""Ask for the leases of faces with a key of this check-in alone, and open what its answer lends."""

import logging

import msgspec
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from gate_controller.contract.messages import AskReply, AskRequest, FaceLease
from gate_controller.contract.sealed_keys import KeyNotOpened, open_leases
from gate_controller.storage.policy_store import GateIdentity

log = logging.getLogger(__name__)


class LentFaces:
    """The leases of one gate as they come."""

    def __init__(self, identity: GateIdentity) -> None:
        """Take whose leases are opened."""
        self._identity = identity
        self._sealing_key: X25519PrivateKey | None = None
        self._is_logged = False

    def asked_for(self, question: AskRequest, *, is_wanted: bool) -> AskRequest:
        """Return the question with a fresh key to seal leases to, or without one where none is wanted.

        It is never on the disk: what is recorded on the way cannot be opened later.
        """
        self._sealing_key = X25519PrivateKey.generate() if is_wanted else None
        if self._sealing_key is None:
            return question
        public_key = self._sealing_key.public_key().public_bytes_raw()
        return msgspec.structs.replace(question, sealing_public_key=public_key)

    def opened(self, reply: AskReply) -> tuple[FaceLease, ...]:
        """Return the leases sealed to the key of the last question; none when they are not, logged once."""
        sealing_key, self._sealing_key = self._sealing_key, None
        if sealing_key is None or reply.sealed_leases is msgspec.UNSET:
            return ()
        try:
            leases = open_leases(
                sealing_key, reply.sealed_leases, self._identity.site_id, self._identity.gate_id
            )
        except KeyNotOpened as err:
            if not self._is_logged:
                log.error("no face is lent to this gate: %s", err)
            self._is_logged = True
            return ()
        self._is_logged = False
        return leases
