"""A gate that keeps faces, and faces for it."""

import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gate_controller.assembly.assemble import boot_seconds
from gate_controller.contract.policy import PolicySnapshot, compile_policy
from gate_controller.contract.records import FaceRecord
from gate_controller.face.engines.yunet_sface import YUNET_SFACE_CARD
from gate_controller.face.matching.face_service import FaceService
from gate_controller.face.matching.template_store import (
    SqliteFaceBlobs,
    TemplatePlace,
    open_face_file,
    seal_template,
)
from gate_controller.face.sessions import FaceDesk
from gate_controller.face_control.kept_faces import Lease
from gate_controller.site_file.face import FaceSection
from tests.promises.screen_visitor import TERMINAL
from tests.support.compounds.people import card, lane, person, pin, records
from tests.support.faces.marked import AlwaysLive, MarkedCamera, MarkedEngine, face_vector
from tests.support.gates.bench import CARD_KEY, LANE, PIN_KEY, BenchGate, bench_gate
from tests.support.gates.site_keys import encoded

NOW = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)

SHARE = bytes(range(32))


def id_of(number: int) -> str:
    return f"{number:016x}"


def sealed(number: int, gate_secret: bytes):
    return seal_template(
        face_vector(number),
        place=TemplatePlace("site-1", "north", gate_secret),
        person_id=id_of(number),
        consent_id=f"consent-{number}",
        engine=YUNET_SFACE_CARD.template_kind,
        share=SHARE,
    )


@dataclass
class Faces:
    """A gate's face desk, with as many faces as the test puts there."""

    service: FaceService
    blobs: SqliteFaceBlobs
    worker: ThreadPoolExecutor

    def keep(self, count: int, *, lent: int | None = None) -> None:
        for number in range(count):
            self.blobs.save(sealed(number, b"f" * 32))
        held = range(count if lent is None else lent)
        self.service.set_leases(
            {id_of(n): Lease(f"consent-{n}", bytearray(SHARE), 1000.0 + 3600) for n in held}
        )

    def desk(self, section: FaceSection | None = None) -> FaceDesk:
        return FaceDesk(
            self.service,
            {LANE: self.service._camera},
            {LANE: self.worker},
            lambda: 1000.0,
            print,
            section or FaceSection(enabled=True),
        )


@pytest.fixture
def faces(tmp_path: Path) -> Iterator[Faces]:
    with (
        closing(sqlite3.connect(tmp_path / "faces.sqlite3", check_same_thread=False)) as connection,
        ThreadPoolExecutor(1) as worker,
    ):
        blobs = SqliteFaceBlobs(connection)
        service = FaceService(
            engine_loader=MarkedEngine,
            blobs=blobs,
            gate_secret=b"f" * 32,
            site_id="site-1",
            gate_id="north",
            camera=MarkedCamera(),
            boot_seconds=lambda: 1000.0,
            make_liveness=AlwaysLive,
        )
        service.start_loading()
        assert service.wait_until_ready(20)
        yield Faces(service, blobs, worker)


def snapshot(count: int, change: Callable[[int], dict[str, object]] = lambda _number: {}) -> PolicySnapshot:
    people = [person(id_of(number), **change(number)) for number in range(count)]
    roster = [FaceRecord(id_of(number), f"consent-{number}", "yunet-sface") for number in range(count)]
    return compile_policy(encoded(records(*people, *roster)), epoch=1, version=1, issued_at=NOW)


def face_gate(root: Path, face: str) -> BenchGate:
    """Lay out a gate with the face of one person in it; the pictures before its camera come later."""
    (root / "pictures").mkdir(exist_ok=True)
    return bench_gate(root, more=TERMINAL.format(root=root) + f"\n[face]\nenabled = true\n{face}\n")


def give_one_face(bench: BenchGate) -> None:
    roster = FaceRecord(id_of(161), "consent-161", "yunet-sface")
    bench.give_policy(records(person(id_of(161)), card(7, CARD_KEY), pin("482915", PIN_KEY), lane(), roster))
    with closing(open_face_file(bench.root / "data" / "faces.sqlite3", NOW)) as connection:
        SqliteFaceBlobs(connection).save(sealed(161, b"f" * 32))


def lend(bench: BenchGate) -> None:
    assert bench.gate is not None
    assert bench.gate.face is not None
    assert bench.gate.face.wait_until_ready(30), bench.gate.face.load_error
    lease = Lease("consent-161", bytearray(SHARE), boot_seconds() + 3600)
    bench.gate.face.set_leases({id_of(161): lease})
