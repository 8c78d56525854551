"""A face beside a card is compared with its owner's alone: a lower threshold, and nothing by it alone."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest

from gate_controller.assembly.assemble import boot_seconds
from gate_controller.contract.records import FaceRecord, TwoMethods
from gate_controller.face.engines.capability import CameraCapability
from gate_controller.face.engines.engine import Embedding, FaceEngine, FoundFace
from gate_controller.face.engines.error_budget import BESIDE_ANOTHER_WAY, MAX_FALSE_ACCEPTS, fitness
from gate_controller.face.engines.errors import EngineUnfit
from gate_controller.face.engines.face_recognition_engine import FACE_RECOGNITION_CARD
from gate_controller.face.engines.yunet_sface import YUNET_SFACE_CARD
from gate_controller.face.matching.face_service import FaceService
from gate_controller.face.matching.template_store import (
    SqliteFaceBlobs,
    TemplatePlace,
    open_face_file,
    seal_template,
)
from gate_controller.face.part import engine_loader
from gate_controller.face_control.kept_faces import Lease
from gate_controller.face_control.reasons import FaceReason
from gate_controller.face_control.results import FaceResult
from gate_controller.site_file.face import FaceSection
from hardware.interfaces import Frame
from hardware.simulated.pictures import camera_frame, live_like_frames
from tests.promises.screen_visitor import TERMINAL, ScreenVisitor, at_the_screen
from tests.support.compounds.people import card, lane, person, pin, records
from tests.support.faces.fixtures import portraits
from tests.support.faces.marked import AlwaysLive, MarkedCamera, MarkedEngine, face_vector, marked_frames
from tests.support.gates.bench import CARD_KEY, PIN_KEY, BenchGate, bench_gate

ME, MY_NUMBER = "00000000000000a1", 161
OTHER, OTHERS_NUMBER = "00000000000000a2", 162
SHARE = bytes(range(32))
AT_HOME = fitness(YUNET_SFACE_CARD).point
BESIDE = fitness(YUNET_SFACE_CARD, BESIDE_ANOTHER_WAY).point
BETWEEN = 0.47
"""Too little for the search of a home, enough beside a card."""


class LooksDifferentToday(MarkedEngine):
    """Describes who is before the camera so that they are alike to their template by `alike`."""

    def __init__(self, alike: float = BETWEEN) -> None:
        self.alike = alike

    def embed(self, frame: Frame, face: FoundFace) -> Embedding:
        same = super().embed(frame, face)
        aside = face_vector(999) - float(face_vector(999) @ same) * same
        aside /= np.linalg.norm(aside)
        mixed = self.alike * same + np.sqrt(1 - self.alike**2) * aside
        return np.asarray(mixed, dtype=np.float32)


def sealed(engine: FaceEngine, template: Embedding, person_id: str, consent_id: str):
    return seal_template(
        template,
        place=TemplatePlace("site-1", "north", b"f" * 32),
        person_id=person_id,
        consent_id=consent_id,
        engine=engine.card.template_kind,
        share=SHARE,
    )


@pytest.fixture
def service(tmp_path: Path) -> Iterator[FaceService]:
    with service_of(tmp_path, LooksDifferentToday()) as made:
        yield made


@contextmanager
def service_of(tmp_path: Path, engine: FaceEngine, looks: int = 1) -> Iterator[FaceService]:
    """Yield two people's faces in one gate, and a camera before which a test puts one of them."""
    with closing(sqlite3.connect(tmp_path / "faces.sqlite3", check_same_thread=False)) as connection:
        blobs = SqliteFaceBlobs(connection)
        for person_id, number in ((ME, MY_NUMBER), (OTHER, OTHERS_NUMBER)):
            for _ in range(looks):
                blobs.save(sealed(engine, face_vector(number), person_id, f"consent-{number}"))
        made = FaceService(
            engine_loader=lambda: engine,
            blobs=blobs,
            gate_secret=b"f" * 32,
            site_id="site-1",
            gate_id="north",
            camera=MarkedCamera(),
            boot_seconds=lambda: 1000.0,
            make_liveness=AlwaysLive,
        )
        made.start_loading()
        assert made.wait_until_ready(20)
        made.set_leases(
            {
                person_id: Lease(f"consent-{number}", bytearray(SHARE), 1000.0 + 3600)
                for person_id, number in ((ME, MY_NUMBER), (OTHER, OTHERS_NUMBER))
            }
        )
        yield made


def asked() -> CameraCapability:
    return CameraCapability(lifetime_seconds=10, boot_seconds=lambda: 1000.0)


def test_both_thresholds_keep_the_same_budget_and_the_lower_one_misses_fewer() -> None:
    assert AT_HOME is not None
    assert BESIDE is not None
    assert (AT_HOME.min_face_similarity, BESIDE.min_face_similarity) == (0.506, 0.426284)
    assert (AT_HOME.missed_by_person, BESIDE.missed_by_person) == (0.070279, 0.02093)
    worst = YUNET_SFACE_CARD.worst_group_factor
    assert 10 * AT_HOME.false_match_rate * worst <= MAX_FALSE_ACCEPTS
    assert BESIDE.false_match_rate * worst <= MAX_FALSE_ACCEPTS


def test_whom_a_search_of_the_home_misses_is_recognised_beside_their_card(service: FaceService) -> None:
    service._camera.show(MY_NUMBER)  # type: ignore[attr-defined]  # the test's own camera
    searched = service.recognise([ME, OTHER], asked())
    assert (searched.ok, searched.reason, searched.only_beside) == (False, FaceReason.NOT_RECOGNISED, False)
    service._camera.show(MY_NUMBER)  # type: ignore[attr-defined]
    compared = service.compare(ME, asked())
    assert (compared.ok, compared.person_id, compared.only_beside) == (True, ME, True)
    assert compared.similarity == pytest.approx(BETWEEN, abs=1e-3)


@pytest.mark.parametrize(
    ("looks", "searched", "beside"),
    [(1, 0.506, 0.426284), (2, 0.481255, 0.401333), (3, 0.476081, 0.393597), (4, 0.506, 0.426284)],
)
def test_a_face_opens_from_the_threshold_that_was_measured_for_so_many_looks(
    tmp_path: Path, looks: int, searched: float, beside: float
) -> None:
    """Four looks were not measured: one look's threshold counts for them."""
    engine = LooksDifferentToday()

    def opens(service: FaceService, alike: float, look: Callable[[], FaceResult]) -> bool:
        engine.alike = alike
        service._camera.show(MY_NUMBER)  # type: ignore[attr-defined]
        return look().ok

    with service_of(tmp_path, engine, looks) as service:
        search, compare = (
            partial(opens, service, look=look)
            for look in (
                lambda: service.recognise([ME, OTHER], asked()),
                lambda: service.compare(ME, asked()),
            )
        )
        assert (search(searched - 1e-4), search(searched + 1e-4)) == (False, True)
        assert (compare(beside - 1e-4), compare(beside + 1e-4)) == (False, True)


def test_beside_a_card_no_other_face_opens(service: FaceService) -> None:
    service._camera.show(OTHERS_NUMBER)  # type: ignore[attr-defined]
    compared = service.compare(ME, asked())
    assert (compared.ok, compared.person_id, compared.reason) == (False, None, FaceReason.NOT_RECOGNISED)


# -- a whole gate --------------------------------------------------------------------------------------


@contextmanager
def gate_of(
    root: Path, section: str, engine: FaceEngine, template: Embedding, **person_is: object
) -> Iterator[BenchGate]:
    """Lay out a gate with one person, who has a card, a PIN and a face."""
    (root / "pictures").mkdir(exist_ok=True)
    more = TERMINAL.format(root=root) + f"\n[face]\nenabled = true\n{section}\n"
    with bench_gate(root, more=more) as made:
        roster = FaceRecord(ME, "consent-161", "yunet-sface")
        made.give_policy(
            records(person(ME, **person_is), card(7, CARD_KEY), pin("482915", PIN_KEY), lane(), roster)
        )
        with closing(open_face_file(root / "data" / "faces.sqlite3", datetime.now(UTC))) as connection:
            SqliteFaceBlobs(connection).save(sealed(engine, template, ME, "consent-161"))
        yield made


@contextmanager
def screen_of(made: BenchGate) -> Iterator[ScreenVisitor]:
    """Start the gate, lend it the share, and take its person for a living one."""
    face = made.start().face
    assert face is not None
    assert face.wait_until_ready(60), face.load_error
    face._make_liveness = AlwaysLive
    face.set_leases({ME: Lease("consent-161", bytearray(SHARE), boot_seconds() + 3600)})
    with at_the_screen(made) as visitor:
        visitor.wait_for(screen="idle")
        yield visitor


@pytest.fixture
def marked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., AbstractContextManager[BenchGate]]:
    """Return a gate before whose camera its person is, little alike to their template."""
    monkeypatch.setattr("gate_controller.face.part.engine_loader", lambda _section: LooksDifferentToday)
    (tmp_path / "pictures").mkdir()
    for at, frame in enumerate(marked_frames(MY_NUMBER, 3)):
        cv2.imwrite(str(tmp_path / "pictures" / f"{at}.png"), frame)
    return partial(gate_of, tmp_path, engine=LooksDifferentToday(), template=face_vector(MY_NUMBER))


def test_who_asked_for_two_ways_shows_the_card_and_looks_at_the_camera(marked) -> None:
    with marked(section="", two_methods=TwoMethods(0, 0)) as made:
        with screen_of(made) as visitor:
            made.card.tap(7)
            visitor.wait_for(message="second_method")
            visitor.press("method", method="face")
            made.relay.wait_for_on(1, timeout_seconds=20)
            visitor.wait_for(screen="granted", camera="closed")
        made.stop()
        assert made.decisions() == [("card", "second_method", False), ("face", "granted", True)]


def test_face_pressed_first_begins_to_look_once_the_card_says_whose(marked) -> None:
    with marked(section="only_beside = true", two_methods=TwoMethods(0, 0)) as made:
        with screen_of(made) as visitor:
            visitor.press("method", method="face")
            visitor.wait_for(screen="show_card", message="face_after_card", camera="closed")
            made.card.tap(7)
            made.relay.wait_for_on(1, timeout_seconds=20)
        made.stop()
        assert made.decisions() == [("card", "second_method", False), ("face", "granted", True)]


def test_the_card_alone_is_enough_for_who_did_not_ask_for_two(marked) -> None:
    with marked(section="only_beside = true") as made:
        with screen_of(made) as visitor:
            visitor.press("method", method="face")
            visitor.wait_for(screen="show_card", camera="closed")
            made.card.tap(7)
            visitor.wait_for(screen="face_kept")
            visitor.press("decline")
            made.relay.wait_for_on(1, timeout_seconds=20)
        made.stop()
        assert made.decisions()[-1] == ("card", "granted", True)


def test_a_face_that_is_not_recognised_leaves_the_pin_as_it_was(marked, tmp_path: Path) -> None:
    for picture in (tmp_path / "pictures").iterdir():
        picture.unlink()
    for at, frame in enumerate(marked_frames(OTHERS_NUMBER, 3)):
        cv2.imwrite(str(tmp_path / "pictures" / f"{at}.png"), frame)
    with marked(section="", two_methods=TwoMethods(0, 0)) as made:
        with screen_of(made) as visitor:
            made.card.tap(7)
            visitor.wait_for(message="second_method")
            visitor.press("method", method="face")
            visitor.wait_for(screen="refused", camera="closed")
            made.keys.type("31203#482915#")
            made.relay.wait_for_on(1, timeout_seconds=20)
        made.stop()
        assert made.decisions() == [
            ("card", "second_method", False),
            ("face", "face_no_match", False),
            ("pin", "granted", True),
        ]
        missed = [entry.personal for entry in made.entries() if entry.kind == "face_missed"]
        assert missed == [{"person_id": ME}], "another look would help"


# -- face_recognition ------------------------------------------------------------------------------------


def test_face_recognition_keeps_the_budget_of_one_and_not_of_a_home() -> None:
    home, beside = fitness(FACE_RECOGNITION_CARD), fitness(FACE_RECOGNITION_CARD, BESIDE_ANOTHER_WAY)
    assert home.point is None
    assert "Beside another way in it keeps the budget ([face] only_beside = true)" in home.sentence
    assert beside.point is not None
    assert beside.point.min_face_similarity == pytest.approx(0.6)
    assert "accepted once in 1,309, its owner is missed in 70.3% of pairs of pictures" in beside.sentence
    with pytest.raises(EngineUnfit, match="may not open"):
        engine_loader(FaceSection(enabled=True, engine="face_recognition"))()


@pytest.mark.wide
def test_face_recognition_opens_a_gate_beside_a_card(tmp_path: Path) -> None:
    """By the package's own functions: what a search of a home is refused for, it may do beside a card."""
    section = 'engine = "face_recognition"\nonly_beside = true'
    engine = engine_loader(FaceSection(enabled=True, engine="face_recognition", only_beside=True))()
    picture = camera_frame(portraits()["person_b_1"])
    template = engine.embed(picture, engine.find(picture)[0])
    (tmp_path / "pictures").mkdir()
    for at, frame in enumerate(live_like_frames(portraits()["person_b_1"], 3, seed=3)):
        cv2.imwrite(str(tmp_path / "pictures" / f"{at}.png"), frame)
    with gate_of(tmp_path, section, engine, template, two_methods=TwoMethods(0, 0)) as made:
        with screen_of(made) as visitor:
            made.card.tap(7)
            visitor.wait_for(message="second_method")
            visitor.press("method", method="face")
            made.relay.wait_for_on(1, timeout_seconds=30)
            assert made.gate is not None
            status = made.gate.controller.status().face
            assert status is not None
            assert (status.trouble, status.only_beside, status.min_face_similarity) == ("", True, None)
            assert status.min_beside_similarity == pytest.approx(0.6)
        made.stop()
        assert made.decisions() == [("card", "second_method", False), ("face", "granted", True)]
