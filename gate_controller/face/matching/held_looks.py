"""The looks and leases of one gate: what is sealed here, whose share is held, and what is forgotten.

Leases live in memory alone; looks lie sealed in a file. Safe to call from several threads.
"""

import logging
import threading
from collections.abc import Iterable, Mapping

import numpy as np

from gate_controller.contract.records import MAX_LOOKS
from gate_controller.face.engines.engine import Embedding, FaceEngine, likeness, wipe
from gate_controller.face.engines.errors import TemplateNotOpened
from gate_controller.face.matching.leases import HeldLeases
from gate_controller.face.matching.template_store import (
    FaceBlob,
    FaceBlobs,
    TemplatePlace,
    open_template,
    seal_template,
)
from gate_controller.face_control.kept_faces import Lease
from gate_controller.face_control.reasons import FaceReason

LOG = logging.getLogger(__name__)


class HeldLooks:
    """The looks and leases that a gate holds; no camera is used here."""

    def __init__(self, blobs: FaceBlobs, place: TemplatePlace, leases: HeldLeases) -> None:
        self._blobs = blobs
        self._place = place
        self._leases = leases
        self._template_kind: str | None = None
        """Looks of another engine are not used; None before the engine is known."""
        self._state_lock = threading.RLock()

    def set_leases(self, leases: Mapping[str, Lease]) -> None:
        """Hold exactly these leases (person id → lease); overwrite the shares of all others.

        Raise BadFaceSetting when a share has the wrong size or a lease is too long; then nothing changes.
        """
        with self._state_lock:
            self._leases.replace_all(leases)

    def drop_all_leases(self) -> None:
        """Overwrite every share in memory; no face opens anything until new leases come."""
        self.set_leases({})

    def drop_ended_leases(self) -> None:
        """Overwrite the shares whose time is up, also when no session uses them."""
        with self._state_lock:
            self._leases.drop_ended()

    def drop_lease(self, person_id: str) -> None:
        """Overwrite a person's share in memory; their face opens nothing from now on."""
        with self._state_lock:
            self._leases.drop(person_id)

    def forget(self, person_id: str, consent_id: str | None = None) -> bool:
        """Delete all looks and the share of a person here; return whether there was a look.

        With a consent only what was given under that one goes: a person who agreed again keeps the
        new lease. Raise FaceError when the deleted bytes could not be overwritten on disk yet; call again.
        """
        with self._state_lock:
            looks = [one for one in self._blobs.of_person(person_id) if consent_id in (None, one.consent_id)]
            self._leases.drop(person_id, consent_id)
            for look in looks:
                self._blobs.delete_look(person_id, look.look_id)
            # Also when nothing was there: an earlier call may have deleted without overwriting.
            self._blobs.wipe()
            return bool(looks)

    def drop_look(self, person_id: str, look_id: str) -> bool:
        """Delete one look of a person and keep the others; return whether it was there.

        Raise FaceError when the deleted bytes could not be overwritten on disk yet; call again.
        """
        with self._state_lock:
            was_there = self._blobs.delete_look(person_id, look_id)
            self._blobs.wipe()
            return was_there

    def look_ids(self, person_id: str) -> tuple[str, ...]:
        """Return the ids of a person's looks in this gate, oldest first."""
        return tuple(look.look_id for look in self._blobs.of_person(person_id))

    def has_face(self, person_id: str) -> bool:
        """Return whether a sealed look of this person lies in this gate."""
        return bool(self._blobs.of_person(person_id))

    def can_recognise(self, person_id: str) -> bool:
        """Return whether this person could be recognised now: a look with a live lease of its consent."""
        with self._state_lock:
            return self._usable(person_id) is not None

    def person_ids(self) -> tuple[str, ...]:
        """Return the ids of everyone of whom a sealed look lies in this gate."""
        return self._blobs.person_ids()

    def consents_kept(self) -> Mapping[str, str]:
        """Return, by person, the consent under which their looks lie here."""
        with self._state_lock:
            looks = [look for one in self._blobs.person_ids() for look in self._blobs.of_person(one)]
        return {look.person_id: look.consent_id for look in looks}

    def add_look(self, engine: FaceEngine, person_id: str, consent_id: str, face: Embedding) -> FaceReason:
        """Seal a face as a look under the live lease of its consent; return ENROLLED or what hindered it.

        It takes the place of the oldest where there are five already. The caller overwrites `face`.
        """
        with self._state_lock:
            lease = self._leases.live(person_id, consent_id)
            if lease is None:
                return FaceReason.NO_LEASE  # withdrawn or expired while the person was before the camera
            before, usable = self._blobs.of_person(person_id), self._usable(person_id)
            kept = usable[0] if usable is not None else ()
            if not self._is_like(engine, face, kept, lease):
                return FaceReason.UNLIKE_OTHER_LOOKS
            look = seal_template(
                face,
                place=self._place,
                person_id=person_id,
                consent_id=consent_id,
                engine=engine.card.template_kind,
                share=lease.share,
            )
            stay = {one.look_id for one in kept[-(MAX_LOOKS - 1) :]}
            replaced = [one.look_id for one in before if one.look_id not in stay]
            self._blobs.save(look, replaced)
            if replaced:
                self._blobs.wipe()
            return FaceReason.ENROLLED

    def _is_like(self, engine: FaceEngine, face: Embedding, kept: tuple[FaceBlob, ...], lease: Lease) -> bool:
        """Return whether a face may be of the person of the looks that are kept; any is, where there is none.

        By the loosest measured threshold: who is no longer recognised needs a look most.
        """
        looks = self._opened(kept, lease)
        if looks is None:
            return True
        try:
            loosest = max(engine.card.curve, key=lambda point: point.false_match_rate)
            return likeness(engine, looks, face) >= loosest.min_face_similarity
        finally:
            wipe(looks)

    def open_templates(self, person_ids: Iterable[str]) -> dict[str, Embedding]:
        """Return the looks of those who could be recognised now, one a row; the caller overwrites them."""
        opened: dict[str, Embedding] = {}
        try:
            with self._state_lock:
                for person_id in person_ids:
                    usable = self._usable(person_id)
                    looks = self._opened(*usable) if usable is not None else None
                    if looks is not None:
                        opened[person_id] = looks
        except BaseException:
            wipe(*opened.values())
            raise
        return opened

    def _opened(self, blobs: tuple[FaceBlob, ...], lease: Lease) -> Embedding | None:
        """Return looks, one a row, without those that are damaged; None where none can be opened."""
        opened: list[Embedding] = []
        try:
            for blob in blobs:
                try:
                    opened.append(open_template(blob, place=self._place, share=lease.share))
                except TemplateNotOpened as fault:
                    # One damaged look must not keep the rest of the home out.
                    LOG.warning("%s", fault)
            return np.stack(opened) if opened else None
        finally:
            wipe(*opened)

    def _usable(self, person_id: str) -> tuple[tuple[FaceBlob, ...], Lease] | None:
        """Return a person's looks of this engine whose consent has a live lease; None without one."""
        blobs = [one for one in self._blobs.of_person(person_id) if self._template_kind in (None, one.engine)]
        lease = self._leases.live(person_id, blobs[-1].consent_id) if blobs else None
        if lease is None:
            return None
        return tuple(one for one in blobs if one.consent_id == lease.consent_id), lease
