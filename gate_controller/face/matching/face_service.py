"""Enrol, recognise and forget, with the camera and the templates of this gate.

Called from a worker thread: `enrol` and `recognise` block for as long as the person is before the camera.
Leases live in memory alone; a template is open only while one session needs it.

    enrol:      capability → camera opens → frames → one look → sealed under the lease's share → camera shut
    recognise:  capability → home's looks opened → camera opens → frames → match → all wiped, camera shut
    compare:    the same with the looks of the person who showed another way in before
    forget:     lease overwritten → looks deleted → file rewritten
"""

import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial

from gate_controller.face.engines.capability import CameraCapability, GatedEngine
from gate_controller.face.engines.engine import Embedding, FaceEngine, wipe
from gate_controller.face.engines.error_budget import (
    BESIDE_ANOTHER_WAY,
    LARGEST_HOME,
    Fitness,
    fitness,
    fitness_at,
)
from gate_controller.face.engines.errors import EngineUnfit, NoCapability
from gate_controller.face.liveness.liveness import LivenessCheck, PersonCheck
from gate_controller.face.liveness.passive_liveness import added_pair
from gate_controller.face.matching.camera_session import Deadline, OnStep, SessionEnd, watch
from gate_controller.face.matching.enrolment import EnrolmentOutcome, EnrolmentSession
from gate_controller.face.matching.held_looks import HeldLooks
from gate_controller.face.matching.leases import HeldLeases
from gate_controller.face.matching.matching import MatchOutcome, MatchSession, thresholds
from gate_controller.face.matching.template_store import FaceBlobs, TemplatePlace
from gate_controller.face_control.reasons import FaceReason
from gate_controller.face_control.results import FaceResult, FaceStep
from hardware.interfaces import Camera, Frame

LOG = logging.getLogger(__name__)

CLEAN_UP_SECONDS = 1.0
"""How long a new session waits for the clean-up of the one before; it takes about 0.03."""


def no_step(_step: FaceStep) -> None:
    """Show nothing."""


def no_trouble(_why: str) -> None:
    """Report to no one."""


class FaceService(HeldLooks):
    """The faces of one gate; one session at a time, safe to call from several threads.

    `camera` is looked through where a session names no other; a gate of several lanes has one for each.
    """

    def __init__(
        self,
        *,
        engine_loader: Callable[[], FaceEngine],
        blobs: FaceBlobs,
        gate_secret: bytes,
        site_id: str,
        gate_id: str,
        camera: Camera,
        boot_seconds: Callable[[], float],
        on_unavailable: Callable[[str], None] = no_trouble,
        make_liveness: Callable[[], LivenessCheck] | None = None,
        only_beside: bool = False,
    ) -> None:
        super().__init__(blobs, TemplatePlace(site_id, gate_id, gate_secret), HeldLeases(boot_seconds))
        self._engine_loader = engine_loader
        self._camera = camera
        self._boot_seconds = boot_seconds
        self._on_unavailable = on_unavailable
        self._make_liveness: Callable[[], LivenessCheck] = make_liveness or PersonCheck
        self._may_judge_pictures = make_liveness is None
        self._engine: FaceEngine | None = None
        self._only_beside = only_beside
        self._fit: Fitness | None = None
        self._fit_beside: Fitness | None = None
        self._load_error: str | None = None
        self._loaded = threading.Event()
        self._loading: threading.Thread | None = None
        self._session_lock = threading.Lock()

    def start_loading(self) -> None:
        """Load the engine in a thread behind; return at once. A second call does nothing."""
        with self._state_lock:
            if self._loading is None:
                self._loading = threading.Thread(target=self._load, name="face-engine-loading", daemon=True)
                self._loading.start()

    @property
    def ready(self) -> bool:
        return self._engine is not None

    @property
    def load_error(self) -> str | None:
        """Return what keeps the engine from loading and the remedy, or None."""
        return self._load_error

    @property
    def fit(self) -> Fitness | None:
        """Return what the engine's measured errors allow it to search here; None before it was loaded."""
        return self._fit

    @property
    def fit_beside(self) -> Fitness | None:
        """Return what they allow it beside another way in, where one template is compared."""
        return self._fit_beside

    def wait_until_ready(self, timeout_seconds: float) -> bool:
        """Wait for the engine; return whether it is loaded."""
        self._loaded.wait(timeout_seconds)
        return self.ready

    def enrol(
        self,
        person_id: str,
        consent_id: str,
        capability: CameraCapability,
        on_step: OnStep = no_step,
        *,
        camera: Camera | None = None,
    ) -> FaceResult:
        """Take and seal a look of the person before the camera, who has shown another credential.

        It is added to the looks of the same consent, in place of the oldest where there are five already.
        """
        with self._state_lock:
            if self._leases.live(person_id, consent_id) is None:
                return FaceResult(False, FaceReason.NO_LEASE)
        return self._in_one_session(
            capability,
            lambda engine: self._enrol_with(
                engine, person_id, consent_id, capability, on_step, camera or self._camera
            ),
        )

    def recognise(
        self,
        candidate_person_ids: Iterable[str],
        capability: CameraCapability,
        on_step: OnStep = no_step,
        *,
        deadline_seconds: float = 8.0,
        camera: Camera | None = None,
    ) -> FaceResult:
        """Search for these people, those of one home, and for no other person."""
        candidates = () if self._only_beside else tuple(candidate_person_ids)
        used, searched = camera or self._camera, max(LARGEST_HOME, len(candidates))
        return self._in_one_session(
            capability,
            lambda engine: self._recognise_with(
                engine, candidates, searched, capability, on_step, deadline_seconds, used
            ),
        )

    def compare(
        self,
        person_id: str,
        capability: CameraCapability,
        on_step: OnStep = no_step,
        *,
        deadline_seconds: float = 8.0,
        camera: Camera | None = None,
    ) -> FaceResult:
        """Compare the face with that of one person, who has just shown another way in."""
        result = self._in_one_session(
            capability,
            lambda engine: self._recognise_with(
                engine,
                (person_id,),
                BESIDE_ANOTHER_WAY,
                capability,
                on_step,
                deadline_seconds,
                camera or self._camera,
            ),
        )
        return replace(result, only_beside=True)

    def _load(self) -> None:
        try:
            engine = self._engine_loader()
            self._fit = fitness(engine.card)
            self._fit_beside = fitness(engine.card, BESIDE_ANOTHER_WAY)
            needed = fitness_at(engine.card, only_beside=self._only_beside)
            if needed.point is None:
                raise EngineUnfit(needed.sentence)
            if self._may_judge_pictures:
                self._make_liveness = partial(PersonCheck, judge=added_pair())
            self._template_kind = engine.card.template_kind
            self._engine = engine
        except Exception as fault:  # noqa: BLE001 - a thread's end: load_error reports it
            self._load_error = str(fault) or repr(fault)
            LOG.error("The face engine is not available, all other ways in are: %s", self._load_error)
            self._on_unavailable(self._load_error)
        finally:
            self._loaded.set()

    def _in_one_session(
        self, capability: CameraCapability, session: Callable[[GatedEngine], FaceResult]
    ) -> FaceResult:
        engine = self._engine
        if engine is None:
            return FaceResult(False, FaceReason.ENGINE_NOT_READY)
        if not self._session_lock.acquire(timeout=CLEAN_UP_SECONDS):
            return FaceResult(False, FaceReason.BUSY)
        try:
            capability.begin()
            return session(GatedEngine(engine, capability))
        except NoCapability:
            return FaceResult(False, capability.over_because() or FaceReason.CAPABILITY_ENDED)
        finally:
            capability.end()
            # Behind, because the person need not wait at the gate while the networks are overwritten.
            threading.Thread(target=self._clean_up, args=(engine,), name="face-clean-up").start()

    def _clean_up(self, engine: FaceEngine) -> None:
        try:
            engine.clear()
        finally:
            self._session_lock.release()

    def _enrol_with(
        self,
        engine: GatedEngine,
        person_id: str,
        consent_id: str,
        capability: CameraCapability,
        on_step: OnStep,
        camera: Camera,
    ) -> FaceResult:
        session = EnrolmentSession(engine, liveness=self._make_liveness())

        def offer(frame: Frame) -> tuple[FaceStep, SessionEnd | None]:
            step = session.offer(frame, self._boot_seconds())
            shown = FaceStep(step.hint, step.frames_taken, step.frames_needed, step.prompt)
            if step.outcome is EnrolmentOutcome.DONE:
                return shown, SessionEnd(FaceReason.ENROLLED, person_id, template=step.template)
            if step.outcome is EnrolmentOutcome.REFUSED:
                return shown, SessionEnd(step.hint or FaceReason.TIME_IS_UP)
            return shown, None

        try:
            end, frames, hint = watch(camera, capability, offer, on_step)
        finally:
            session.close()
        if end.template is None:
            return FaceResult(False, end.reason, frames=frames, hint=hint)
        try:
            reason = self.add_look(engine, person_id, consent_id, end.template)
        finally:
            wipe(end.template)
        if reason is not FaceReason.ENROLLED:
            return FaceResult(False, reason, frames=frames)
        return FaceResult(
            True, reason, person_id, frames=frames, consent_id=consent_id, look_ids=self.look_ids(person_id)
        )

    def _recognise_with(
        self,
        engine: GatedEngine,
        candidates: tuple[str, ...],
        searched: int,
        capability: CameraCapability,
        on_step: OnStep,
        deadline_seconds: float,
        camera: Camera,
    ) -> FaceResult:
        templates = self.open_templates(candidates)
        alike = thresholds(engine.card, templates, searched)
        if not alike:
            wipe(*templates.values())
            return FaceResult(False, FaceReason.NO_TEMPLATE)
        try:
            return self._search(engine, templates, alike, capability, on_step, deadline_seconds, camera)
        finally:
            wipe(*templates.values())

    def _search(
        self,
        engine: GatedEngine,
        templates: Mapping[str, Embedding],
        min_face_similarities: Mapping[str, float],
        capability: CameraCapability,
        on_step: OnStep,
        deadline_seconds: float,
        camera: Camera,
    ) -> FaceResult:
        session = MatchSession(
            engine, templates, min_face_similarities=min_face_similarities, liveness=self._make_liveness()
        )

        def offer(frame: Frame) -> tuple[FaceStep, SessionEnd | None]:
            step = session.offer(frame, self._boot_seconds())
            shown = FaceStep(step.hint, step.frames_taken, 2, step.prompt)
            if step.outcome is MatchOutcome.MATCHED:
                return shown, SessionEnd(FaceReason.MATCHED, step.person_id, step.similarity)
            if step.outcome is MatchOutcome.REFUSED:
                return shown, SessionEnd(step.hint or FaceReason.NOT_RECOGNISED)
            return shown, None

        try:
            deadline = Deadline(self._boot_seconds, deadline_seconds)
            end, frames, hint = watch(camera, capability, offer, on_step, deadline)
        finally:
            session.close()
        if end.person_id is None:
            return FaceResult(False, end.reason, frames=frames, hint=hint)
        if not self.can_recognise(end.person_id):
            return FaceResult(False, FaceReason.NO_LEASE, frames=frames)  # withdrawn during the session
        return FaceResult(True, FaceReason.MATCHED, end.person_id, end.similarity, frames)
