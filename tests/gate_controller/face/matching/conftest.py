"""A gate's face service with a person before its camera, for the tests of looks."""

import secrets
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from gate_controller.face.engines.capability import CameraCapability
from gate_controller.face.engines.engine import CosineEngine, Embedding, EngineCard, FoundFace
from gate_controller.face.engines.yunet_sface import YunetSfaceEngine
from gate_controller.face.liveness.liveness import PersonCheck
from gate_controller.face.matching.face_service import FaceService
from gate_controller.face.matching.template_store import SqliteFaceBlobs
from gate_controller.face_control.kept_faces import Lease
from gate_controller.face_control.reasons import FaceReason
from hardware.interfaces import Frame
from hardware.simulated.face_clips import Actor
from tests.gate_controller.face.conftest import BootClock, ShownCamera
from tests.support.faces.actors import FRAMES_A_SECOND, living

CONSENT = "consent-1"


class WatchedEngine(CosineEngine):
    """The real engine, counting how often a frame reached it."""

    def __init__(self, engine: YunetSfaceEngine) -> None:
        self._engine = engine
        self.looks = 0

    @property
    def card(self) -> EngineCard:
        return self._engine.card

    def find(self, frame: Frame) -> tuple[FoundFace, ...]:
        self.looks += 1
        return self._engine.find(frame)

    def embed(self, frame: Frame, face: FoundFace) -> Embedding:
        return self._engine.embed(frame, face)

    def clear(self) -> None:
        self._engine.clear()


class Gate:
    """One gate's face service with everything a test moves."""

    def __init__(
        self,
        engine: YunetSfaceEngine,
        camera: ShownCamera,
        clock: BootClock,
        connection: sqlite3.Connection,
        *,
        gate_secret: bytes | None = None,
        shares: dict[str, bytes] | None = None,
    ) -> None:
        self.engine = WatchedEngine(engine)
        self.camera, self.clock, self.connection = camera, clock, connection
        self.gate_secret = gate_secret or secrets.token_bytes(32)
        self.shares = dict(shares or {name: secrets.token_bytes(32) for name in ("anna", "bo", "chen")})
        self.service = self.started_service()

    def started_service(self) -> FaceService:
        """A service as after a start of the controller: no lease, the blobs of the file."""
        service = FaceService(
            engine_loader=lambda: self.engine,
            blobs=SqliteFaceBlobs(self.connection),
            gate_secret=self.gate_secret,
            site_id="site-1",
            gate_id="gate-1",
            camera=self.camera,
            boot_seconds=self.clock,
            make_liveness=self.new_check,
        )
        service.start_loading()
        assert service.wait_until_ready(10)
        return service

    def lend(self, *person_ids: str, seconds: float = 3600.0, consent_id: str = CONSENT) -> None:
        self.service.set_leases(
            {
                person_id: Lease(consent_id, bytearray(self.shares[person_id]), self.clock() + seconds)
                for person_id in person_ids
            }
        )

    def request(self, seconds: float = 20.0) -> CameraCapability:
        return CameraCapability(lifetime_seconds=seconds, boot_seconds=self.clock)

    def new_check(self) -> PersonCheck:
        self.check = PersonCheck()
        return self.check

    def show(self, portrait: str) -> None:
        """Play a person who does what the newest session asks; each look takes its time."""
        self.camera.show(self.looks_at(living(portrait, seed=int(self.clock()))))

    def looks_at(self, actor: Actor) -> Iterator[Frame]:
        while True:
            self.clock.seconds += 1 / FRAMES_A_SECOND
            actor.hears(self.check.now.prompt.value, self.clock())
            yield actor.frame(self.clock())

    def enrol(self, person_id: str, portrait: str) -> None:
        self.show(portrait)
        assert self.service.enrol(person_id, CONSENT, self.request()).ok

    def reason(self, *candidates: str) -> FaceReason:
        for thread in threading.enumerate():
            if thread.name == "face-clean-up":
                thread.join(30)  # on a busy machine it takes longer than the next session waits
        return self.service.recognise(candidates, self.request()).reason


@pytest.fixture
def gate(engine: YunetSfaceEngine, camera: ShownCamera, clock: BootClock, tmp_path: Path) -> Iterator[Gate]:
    path = tmp_path / "faces.sqlite3"
    with closing(sqlite3.connect(path, check_same_thread=False)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        yield Gate(engine, camera, clock, connection)


@dataclass
class Enrolled:
    """What a gate keeps of an enrolment, and the time at which it ended."""

    gate_secret: bytes
    shares: dict[str, bytes]
    rows: str
    at_seconds: float


_annas: list[Enrolled] = []
"""Of the first test that needed it: an enrolment is the same for all, and takes a second."""


@pytest.fixture
def annas_gate(
    engine: YunetSfaceEngine, camera: ShownCamera, clock: BootClock, tmp_path: Path
) -> Iterator[Gate]:
    """Anna enrolled with one portrait; a later one of her is before the camera."""
    with closing(sqlite3.connect(tmp_path / "faces.sqlite3", check_same_thread=False)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        if _annas:
            enrolled = _annas[0]
            connection.executescript(enrolled.rows)
            clock.seconds = enrolled.at_seconds
            gate = Gate(
                engine, camera, clock, connection, gate_secret=enrolled.gate_secret, shares=enrolled.shares
            )
            gate.lend("anna")
        else:
            gate = Gate(engine, camera, clock, connection)
            gate.lend("anna")
            gate.enrol("anna", "person_a_1")
            rows = "\n".join(connection.iterdump())
            _annas.append(Enrolled(gate.gate_secret, gate.shares, rows, clock.seconds))
        gate.clock.seconds += 100
        gate.show("person_a_2")
        yield gate
