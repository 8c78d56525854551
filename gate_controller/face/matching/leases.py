"""Shares that the server lends: in memory only, until their time on the boot clock is up."""

from collections.abc import Callable, Mapping

from gate_controller.contract.messages import MAX_LEASE_SECONDS
from gate_controller.face.engines.engine import wipe
from gate_controller.face.engines.errors import BadFaceSetting
from gate_controller.face.matching.template_store import SHARE_BYTES
from gate_controller.face_control.kept_faces import Lease

ROUNDING_SECONDS = 1e-6
"""A sum of times on the boot clock is off by up to this: the clock may not move while leases are taken."""


class HeldLeases:
    """At most one lease a person; not safe for several threads, its owner holds a lock."""

    def __init__(self, boot_seconds: Callable[[], float]) -> None:
        self._boot_seconds = boot_seconds
        self._held: dict[str, Lease] = {}

    def replace_all(self, leases: Mapping[str, Lease]) -> None:
        """Hold exactly these (person id → lease) and overwrite the shares of all others.

        Raise BadFaceSetting when a share has the wrong size or a lease is for more than 72 hours; then
        nothing changes, and the shares that came are overwritten.
        """
        kept = {id(lease.share) for lease in leases.values()}
        try:
            for person_id, lease in leases.items():
                self._check(person_id, lease)
        except BadFaceSetting:
            mine = {id(lease.share) for lease in self._held.values()}
            wipe(*(lease.share for lease in leases.values() if id(lease.share) not in mine))
            raise
        for earlier in self._held.values():
            if id(earlier.share) not in kept:
                wipe(earlier.share)
        self._held = dict(leases)

    def _check(self, person_id: str, lease: Lease) -> None:
        if len(lease.share) != SHARE_BYTES:
            raise BadFaceSetting(
                f"The share for person {person_id} is not {SHARE_BYTES} bytes but {len(lease.share)}."
            )
        left_seconds = lease.expires_at_boot_seconds - self._boot_seconds()
        if not left_seconds <= MAX_LEASE_SECONDS + ROUNDING_SECONDS:
            raise BadFaceSetting(f"The lease for person {person_id} is for more than 72 hours.")

    def drop_ended(self) -> None:
        """Overwrite every share whose time is up."""
        now_seconds = self._boot_seconds()
        for person_id in [p for p, one in self._held.items() if now_seconds >= one.expires_at_boot_seconds]:
            self.drop(person_id)

    def drop(self, person_id: str, consent_id: str | None = None) -> None:
        """Overwrite a person's share, if there is one; with a consent, only the share of that one."""
        lease = self._held.get(person_id)
        if lease is not None and consent_id in (None, lease.consent_id):
            del self._held[person_id]
            wipe(lease.share)

    def live(self, person_id: str, consent_id: str) -> Lease | None:
        """Return the lease for this very consent, or None; an expired one is overwritten."""
        lease = self._held.get(person_id)
        if lease is None or lease.consent_id != consent_id:
            return None
        if self._boot_seconds() >= lease.expires_at_boot_seconds:
            self.drop(person_id)
            return None
        return lease
