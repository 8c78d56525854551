"""Run face sessions in a worker, each on the request of a person at the gate."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from datetime import datetime
from functools import partial

from gate_controller.contract.messages import MAX_TROUBLE_CHARS, FaceStatus
from gate_controller.contract.policy import Policy, PolicySnapshot
from gate_controller.contract.records import FaceRecord
from gate_controller.face.engines.capability import CameraCapability
from gate_controller.face.matching.face_service import FaceService
from gate_controller.face_control.messages import FaceEnded, FaceMessage, FaceProgress
from gate_controller.face_control.reasons import FaceReason
from gate_controller.face_control.results import FaceResult
from gate_controller.lane.state import LaneDesk
from gate_controller.site_file.face import FaceSection
from gate_controller.terminal.view import Screen
from hardware.interfaces import Camera

RECOGNISE_SECONDS = 8.0
ENROL_SECONDS = 30.0


class FaceDesk:
    def __init__(
        self,
        service: FaceService,
        cameras: Mapping[str, Camera],
        workers: Mapping[str, Executor],
        boot_seconds: Callable[[], float],
        put: Callable[[FaceMessage], None],
        section: FaceSection,
    ) -> None:
        """Remember the parts; `cameras` and `workers` by lane, and a face is looked at by its own lane's."""
        self._service = service
        self._cameras = cameras
        self._workers = workers
        self._boot_seconds = boot_seconds
        self._put = put
        self._section = section
        self._capabilities: dict[str, CameraCapability] = {}

    def ready_at(self, lane_id: str) -> bool:
        """Return whether this lane has a camera and the gate an engine to look at a face."""
        return self._service.ready and lane_id in self._cameras

    @property
    def only_beside(self) -> bool:
        """Return whether a face opens here only beside another way of the same person."""
        return self._section.only_beside

    def looks_elsewhere(self, lane_id: str) -> bool:
        """Return whether the engine is at work for another lane: it looks at one face at a time."""
        others = (one for lane, one in self._capabilities.items() if lane != lane_id)
        return any(one.over_because() is None for one in others)

    def recognisable(
        self, home_id: str, policy: Policy, roster: Mapping[str, FaceRecord], now: datetime
    ) -> tuple[str, ...]:
        """Return the persons of a home whose faces this gate can recognise now, and may search for.

        No one of a home with more faces than the engine's error budget allows to be searched at once.
        """
        service = self._service
        if self.only_beside:
            return ()
        found = tuple(
            person_id
            for person_id, record in roster.items()
            if (person := policy.persons.get(person_id)) is not None
            and person.home_id == home_id
            and record.is_valid(now)
            and service.can_recognise(person_id)
        )
        fit = service.fit
        return () if fit is not None and len(found) > fit.templates_alone else found

    def recognisable_alone(
        self, lane_id: str, policy: Policy, roster: Mapping[str, FaceRecord], now: datetime
    ) -> tuple[str, ...]:
        """Return everyone who may be looked for at a lane without a home's number.

        That is all whose face can be recognised and who have a grant there, as long as they are no more
        than the engine's error budget allows; no one when they are more, or where the site does not allow it.
        """
        service = self._service
        fit = service.fit
        if fit is None or not self._section.alone or self.only_beside:
            return ()
        found = tuple(
            person_id
            for person_id, record in roster.items()
            if (person := policy.persons.get(person_id)) is not None
            and any(lane_id in grant.lanes for grant in person.grants)
            and record.is_valid(now)
            and service.can_recognise(person_id)
        )
        return found if len(found) <= fit.templates_alone else ()

    def comparable(self, person_id: str, roster: Mapping[str, FaceRecord], now: datetime) -> bool:
        """Return whether a face can be compared with that of this person now."""
        record, service = roster.get(person_id), self._service
        return record is not None and record.is_valid(now) and service.can_recognise(person_id)

    def status(self, snapshot: PolicySnapshot | None, now: datetime) -> FaceStatus:
        """Return the numbers for the manager's page; safe from any thread."""
        service = self._service
        held = service.person_ids()
        alone = snapshot is not None and any(
            self.recognisable_alone(lane_id, snapshot.policy, snapshot.face_roster, now)
            for lane_id in self._cameras
        )
        fit, beside = service.fit, service.fit_beside
        return FaceStatus(
            engine=self._section.engine,
            trouble=(service.load_error or "")[:MAX_TROUBLE_CHARS],
            min_face_similarity=fit.point.min_face_similarity if fit is not None and fit.point else None,
            faces_held=len(held),
            usable=sum(service.can_recognise(person_id) for person_id in held),
            alone_limit=fit.templates_alone if fit is not None else 0,
            alone=alone and service.ready,
            min_beside_similarity=(
                beside.point.min_face_similarity if beside is not None and beside.point else None
            ),
            only_beside=self.only_beside,
        )

    def keeps(self, person_id: str, *, online: bool) -> bool:
        """Return whether this person's face is kept here and need not be enrolled again."""
        service = self._service
        # Without leases, as after a start without the office, it is unknown whether the template still opens.
        return service.can_recognise(person_id) or (not online and service.has_face(person_id))

    def recognise(self, desk: LaneDesk, person_ids: Sequence[str], now_seconds: float) -> None:
        """Search for these faces, of one home or all that may be searched; report the end by message."""
        self._look(desk, now_seconds, lambda service: partial(service.recognise, person_ids))

    def compare(self, desk: LaneDesk, person_id: str, now_seconds: float) -> None:
        """Compare the face with that of one person who has shown another way; report the end by message."""
        self._look(desk, now_seconds, lambda service: partial(service.compare, person_id))

    def _look(
        self, desk: LaneDesk, now_seconds: float, what: Callable[[FaceService], Callable[..., FaceResult]]
    ) -> None:
        lane_id = desk.lane_id
        capability, camera = self._begin(lane_id, RECOGNISE_SECONDS + 2), self._cameras[lane_id]
        desk.screen.show(Screen.FACE_LOOKING, now_seconds, seconds=RECOGNISE_SECONDS)
        desk.camera.look_begins("looking")

        def work(service: FaceService) -> FaceResult:
            return what(service)(
                capability,
                on_step=lambda step: self._put(FaceProgress(lane_id, step)),
                deadline_seconds=RECOGNISE_SECONDS,
                camera=camera,
            )

        self._submit(lane_id, capability, work, None)

    def enrol(self, desk: LaneDesk, record: FaceRecord, now_seconds: float) -> None:
        """Take a person's face under their live consent; the result comes as a message."""
        person_id, consent_id, lane_id = record.person_id, record.consent_id, desk.lane_id
        capability, camera = self._begin(lane_id, ENROL_SECONDS), self._cameras[lane_id]
        desk.screen.show(Screen.FACE_ENROL, now_seconds, seconds=ENROL_SECONDS)
        desk.camera.look_begins("looking")

        def work(service: FaceService) -> FaceResult:
            return service.enrol(
                person_id,
                consent_id,
                capability,
                on_step=lambda step: self._put(FaceProgress(lane_id, step)),
                camera=camera,
            )

        self._submit(lane_id, capability, work, person_id)

    def cancel(self, lane_id: str) -> None:
        """End the session under way at a lane within a frame."""
        if (capability := self._capabilities.get(lane_id)) is not None:
            capability.cancel()

    def cancel_all(self) -> None:
        """End every session under way within a frame."""
        for lane_id in self._cameras:
            self.cancel(lane_id)

    def _begin(self, lane_id: str, lifetime_seconds: float) -> CameraCapability:
        self.cancel(lane_id)
        capability = CameraCapability(lifetime_seconds=lifetime_seconds, boot_seconds=self._boot_seconds)
        self._capabilities[lane_id] = capability
        return capability

    def _submit(
        self,
        lane_id: str,
        capability: CameraCapability,
        work: Callable[[FaceService], FaceResult],
        enrolled_person_id: str | None,
    ) -> None:
        service = self._service

        def run() -> None:
            result = FaceResult(False, FaceReason.ENGINE_NOT_READY)
            try:
                result = work(service)
            finally:
                # Also where no session began with it: it must not keep other lanes from looking.
                capability.end()
                self._put(FaceEnded(lane_id, result, enrolled_person_id))

        self._workers[lane_id].submit(run)
