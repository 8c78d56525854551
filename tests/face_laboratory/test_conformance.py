"""What the conformance check finds: every promise of the interface, broken once.

The engine is the tests' own, which reads from marked pictures who is on them; the default engine has to
keep every promise too.
"""

import os
import socket
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from face_laboratory.conformance import check_loaded
from face_laboratory.people_list import PeopleList, read_people
from gate_controller.face.engines.engine import CurvePoint, Embedding, EngineCard, FaceQuality, FoundFace
from gate_controller.face.engines.yunet_sface import YUNET_SFACE_CARD, YunetSfaceEngine
from hardware.interfaces import Frame
from tests.support.faces.fixtures import portrait_path, require_portraits
from tests.support.faces.marked import MarkedEngine, face_vector, marked_frames

GOOD = FaceQuality(confidence=0.9, face_height_pixels=9, brightness=90, sharpness=90, turn=0)


def listed(folder: Path, rows: Sequence[str]) -> PeopleList:
    path = folder / "people.csv"
    path.write_text("\n".join(["person,path", *rows]), encoding="utf-8")
    return read_people(path)


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> PeopleList:
    """Two marked pictures each of three people."""
    folder, rows = tmp_path_factory.mktemp("people"), []
    for person in range(3):
        for at, frame in enumerate(marked_frames(person, 2)):
            name = f"{person}_{at}.png"
            cv2.imwrite(str(folder / name), frame)
            rows.append(f"{person},{name}")
    return listed(folder, rows)


def card(**changed: object) -> EngineCard:
    return replace(YUNET_SFACE_CARD, **changed)  # type: ignore[arg-type]


class Right(MarkedEngine):
    """Keeps every promise."""

    def find(self, frame: Frame) -> tuple[FoundFace, ...]:
        return super().find(frame) if frame.any() else ()

    def embed(self, frame: Frame, face: FoundFace) -> Embedding:
        """Two pictures of one person differ a little."""
        return super().template([super().embed(frame, face), 0.2 * face_vector(50 + int(frame[-1, 0, 0]))])


class SeesFacesInTheDark(Right):
    def find(self, frame: Frame) -> tuple[FoundFace, ...]:
        return super().find(frame) or (FoundFace((0, 0, 9, 9), np.zeros((5, 2), np.float32), GOOD),)


class MirrorsItsPoints(Right):
    def find(self, frame: Frame) -> tuple[FoundFace, ...]:
        return tuple(replace(one, landmarks=one.landmarks[[1, 0, 2, 4, 3]]) for one in super().find(frame))


class DrawsOnTheFrame(Right):
    def embed(self, frame: Frame, face: FoundFace) -> Embedding:
        numbers = super().embed(frame, face)
        if frame.flags.writeable:
            frame[0, 0] = 7
        return numbers


class KeepsItsNumbers(Right):
    kept: Embedding | None = None

    def embed(self, frame: Frame, face: FoundFace) -> Embedding:
        self.kept = super().embed(frame, face) if self.kept is None else self.kept
        return self.kept


class IsOfOtherType(Right):
    def embed(self, frame: Frame, face: FoundFace) -> Embedding:
        return super().embed(frame, face).astype(np.float64)  # type: ignore[return-value]


class GivesDistances(Right):
    def similarities(self, faces: Embedding, face: Embedding) -> Embedding:
        return np.asarray((1 - faces @ face) / 2, dtype=np.float32)


class TakesTheFirst(Right):
    def template(self, faces: Sequence[Embedding]) -> Embedding:
        return faces[0].copy()


class WritesAPicture(Right):
    def embed(self, frame: Frame, face: FoundFace) -> Embedding:
        with Path(os.devnull).open("wb") as file:
            file.write(bytes(8))
        return super().embed(frame, face)


class CallsHome(Right):
    def clear(self) -> None:
        with socket.socket(socket.AF_UNIX) as line:
            line.connect_ex("/dev/null")


class IsChangedByClear(Right):
    cleared = False

    def clear(self) -> None:
        self.cleared = True

    def embed(self, frame: Frame, face: FoundFace) -> Embedding:
        numbers = super().embed(frame, face)
        return numbers[::-1].copy() if self.cleared else numbers


class FlattersItself(Right):
    @property
    def card(self) -> EngineCard:
        return card(curve=(CurvePoint(1e-6, 0.001, 0.0),))


class PromisesTooMuch(Right):
    @property
    def card(self) -> EngineCard:
        return card(min_same_session_similarity=1.01)


@pytest.mark.parametrize(
    ("wrong", "check", "said"),
    [
        (SeesFacesInTheDark, "frames without a face", "1 faces in a black frame of 640 × 480"),
        (MirrorsItsPoints, "faces of the pictures", "left and right are the person's own"),
        (DrawsOnTheFrame, "frames are left unchanged", "wrote into the frame"),
        (KeepsItsNumbers, "embeddings", "share memory"),
        (IsOfOtherType, "embeddings", "float64, not float32"),
        (GivesDistances, "similarities", "more alike to another picture than to itself"),
        (TakesTheFirst, "templates", "depends on the order"),
        (WritesAPicture, "nothing leaves memory", "wrote /dev/null"),
        (CallsHome, "nothing leaves memory", "socket.connect /dev/null"),
        (IsChangedByClear, "after clear", "has other numbers"),
        (FlattersItself, "the card against the pictures", "pairs of strangers pass 0.0010"),
        (PromisesTooMuch, "frames of one moment", "the card says 1.01"),
    ],
)
def test_a_broken_promise_is_found_and_named(
    people: PeopleList, wrong: type[Right], check: str, said: str
) -> None:
    found = {one.check: one for one in check_loaded(wrong(), people)}
    assert not found[check].ok
    assert said in found[check].detail


def test_an_engine_that_keeps_every_promise_passes(people: PeopleList) -> None:
    findings = list(check_loaded(Right(), people))
    assert [one for one in findings if not one.ok] == []
    assert len(findings) == 11


@pytest.mark.wide
def test_the_default_engine_keeps_every_promise(engine: YunetSfaceEngine, tmp_path: Path) -> None:
    require_portraits()
    pictures = {"person_a_1": "a", "person_a_2": "a", "impostor_1": "c"}
    rows = [f"{person},{portrait_path(name)}" for name, person in pictures.items()]
    assert [one for one in check_loaded(engine, listed(tmp_path, rows)) if not one.ok] == []
