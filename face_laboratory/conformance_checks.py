"""Promises of the interface of a face engine, as far as they can be seen from outside.

Each check returns what it saw, and raises BrokenPromise for a promise that is not kept.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np

from face_laboratory.people_list import PeopleList
from face_laboratory.still_pictures import read_picture
from gate_controller.face.engines.engine import Embedding, FaceEngine, FoundFace, similarity, wipe
from hardware.interfaces import Frame

SAME_NUMBERS = 1e-4
"""Largest difference of two similarities that are to be the same."""
FRAME_SHAPES = ((480, 640, 3), (1080, 1920, 3), (37, 53, 3))
CHANCE_OF_A_WRONG_FINDING = 1e-3
THREADS = 3
PICTURES_AT_ONCE = 2
SHIFT_PIXELS = 2


class BrokenPromise(Exception):
    """A promise of the interface is not kept; the message says which value was seen."""


@dataclass(frozen=True, slots=True)
class SamplePicture:
    """One picture with its largest face and the numbers of it."""

    name: str
    person: int
    frame: Frame
    face: FoundFace
    numbers: Embedding


def _require(condition: bool, said: str) -> None:
    if not condition:
        raise BrokenPromise(said)


def nothing_in_black(engine: FaceEngine) -> str:
    """Require that black frames of several sizes show no face."""
    for shape in FRAME_SHAPES:
        found = engine.find(np.zeros(shape, dtype=np.uint8))
        _require(len(found) == 0, f"{len(found)} faces in a black frame of {shape[1]} × {shape[0]} pixels")
    return f"none in {len(FRAME_SHAPES)} black frames of different sizes"


def look(engine: FaceEngine, people: PeopleList, seen: list[SamplePicture]) -> str:
    """Find and embed the face of every picture, into `seen`; require a face as the interface describes it."""
    for path, person in zip(people.pictures, people.person_of, strict=True):
        frame = read_picture(path)
        frame.setflags(write=False)
        faces = engine.find(frame)
        _require(len(faces) > 0, f"no face in {path.name}")
        areas = [face.box[2] * face.box[3] for face in faces]
        _require(areas == sorted(areas, reverse=True), f"{path.name}: the largest face is not first")
        _check_face(path.name, faces[0], frame)
        seen.append(SamplePicture(path.name, person, frame, faces[0], engine.embed(frame, faces[0])))
    _require(len(set(people.person_of)) >= 2, "the list names one person; give two at least")
    _require(len(people.person_of) > len(set(people.person_of)), "give two pictures of one person at least")
    return f"{len(seen)} pictures of {len(set(people.person_of))} people"


def _check_face(name: str, face: FoundFace, frame: Frame) -> None:
    height, width = frame.shape[:2]
    points, quality = face.landmarks, face.quality
    _require(points.shape == (5, 2), f"{name}: landmarks of shape {points.shape}, not 5 × 2")
    _require(bool(np.isfinite(points).all()), f"{name}: a landmark is no number")
    centre = (face.box[0] + face.box[2] / 2, face.box[1] + face.box[3] / 2)
    inside = 0 <= centre[0] < width and 0 <= centre[1] < height
    _require(
        inside, f"{name}: the face's centre {centre} is outside the picture, so no pixels of it are meant"
    )
    right_eye, left_eye, _nose, right_mouth, left_mouth = points
    in_order = right_eye[0] < left_eye[0] and right_mouth[0] < left_mouth[0]
    _require(
        bool(in_order), f"{name}: left and right are the person's own; the right eye is left in the picture"
    )
    below = min(right_mouth[1], left_mouth[1]) > max(right_eye[1], left_eye[1])
    _require(bool(below), f"{name}: the mouth is not below the eyes")
    _require(0 <= quality.confidence <= 1, f"{name}: confidence {quality.confidence}, not 0 to 1")
    _require(0 <= quality.brightness <= 255, f"{name}: brightness {quality.brightness}, not 0 to 255")
    _require(quality.sharpness >= 0, f"{name}: sharpness {quality.sharpness} is below 0")
    tall = 0.5 * face.box[3] <= quality.face_height_pixels <= 2 * face.box[3]
    _require(
        tall,
        f"{name}: a face height of {quality.face_height_pixels:.0f} pixels in a box of {face.box[3]:.0f}",
    )
    _require(abs(quality.turn) < 2, f"{name}: turned by {quality.turn} eye distances")


def frames_unchanged(engine: FaceEngine, seen: Sequence[SamplePicture]) -> str:
    """Require that a frame is only read."""
    frame = seen[0].frame.copy()
    engine.embed(frame, engine.find(frame)[0])
    _require(bool((frame == seen[0].frame).all()), "find or embed wrote into the frame, which is not theirs")
    return "frames that cannot be written to are taken"


def embeddings(engine: FaceEngine, seen: Sequence[SamplePicture]) -> str:
    """Require numbers as the card says, each embedding of its own memory and the same each time."""
    size = engine.card.embedding_size
    for one in seen:
        numbers = one.numbers
        _require(numbers.dtype == np.float32, f"{one.name}: numbers of type {numbers.dtype}, not float32")
        _require(
            numbers.shape == (size,), f"{one.name}: shape {numbers.shape}, not ({size},) as the card says"
        )
        _require(
            bool(np.isfinite(numbers).all() and numbers.any()), f"{one.name}: zeros, or not all are numbers"
        )
        _require(numbers.flags.writeable, f"{one.name}: the numbers cannot be overwritten")
    again = engine.embed(seen[0].frame, seen[0].face)
    _require(
        not np.shares_memory(again, seen[0].numbers), "two embeddings share memory; wiping one wipes both"
    )
    wipe(again)
    third = engine.embed(seen[0].frame, seen[0].face)
    _require(_same(engine, third, seen[0].numbers), "a wiped embedding changed the next of the same face")
    return f"{size} numbers, float32, each its own memory, the same each time"


def _same(engine: FaceEngine, one: Embedding, other: Embedding) -> bool:
    return abs(similarity(engine, one, other) - similarity(engine, other, other)) <= SAME_NUMBERS


def same_both_ways(engine: FaceEngine, seen: Sequence[SamplePicture]) -> str:
    """Require similarities of at most 1, symmetric, highest with oneself."""
    rows = np.array([one.numbers for one in seen], dtype=np.float32)
    for place, one in enumerate(seen):
        alike = engine.similarities(rows, one.numbers)
        _require(alike.shape == (len(seen),), f"shape {alike.shape} for {len(seen)} faces")
        _require(alike.dtype == np.float32, f"similarities of type {alike.dtype}, not float32")
        _require(
            float(alike.max()) <= 1 + SAME_NUMBERS, f"a similarity of {float(alike.max())}; 1 is the most"
        )
        most = float(alike.max()) - SAME_NUMBERS
        _require(float(alike[place]) >= most, f"{one.name} is more alike to another picture than to itself")
        for other, value in zip(seen, alike, strict=True):
            back = similarity(engine, one.numbers, other.numbers)
            _require(
                abs(back - float(value)) <= SAME_NUMBERS,
                f"{one.name} and {other.name} are not alike both ways",
            )
    return "at most 1, the same both ways, highest with oneself"


def templates(engine: FaceEngine, seen: Sequence[SamplePicture]) -> str:
    """Require that a template is alike to its faces, whatever their order, and changes none."""
    before = [one.numbers.copy() for one in seen]
    alone = engine.template([seen[0].numbers])
    _require(_same(engine, alone, seen[0].numbers), "a template of one face is not alike to that face")
    _require(not np.shares_memory(alone, seen[0].numbers), "a template shares memory with its face")
    for one, other in combinations(seen, 2):
        if one.person != other.person:
            continue
        both, turned = (
            engine.template(pair) for pair in ([one.numbers, other.numbers], [other.numbers, one.numbers])
        )
        _require(_same(engine, both, turned), "a template depends on the order of its faces")
        apart = similarity(engine, one.numbers, other.numbers)
        nearer = min(similarity(engine, both, one.numbers), similarity(engine, both, other.numbers))
        _require(nearer >= apart, f"the template of {one.name} and {other.name} is less alike to one of them")
    unchanged = all(bool((one.numbers == was).all()) for one, was in zip(seen, before, strict=True))
    _require(unchanged, "making a template changed a face")
    return "of one, of two, in any order"


def one_moment(engine: FaceEngine, seen: Sequence[SamplePicture]) -> str:
    """Require the card's least similarity of frames that are seconds apart."""
    lowest = 1.0
    for one in seen:
        moved = np.roll(one.frame, (SHIFT_PIXELS, SHIFT_PIXELS), axis=(0, 1))
        faces = engine.find(moved)
        _require(len(faces) > 0, f"{one.name}: no face once it is moved by {SHIFT_PIXELS} pixels")
        lowest = min(lowest, similarity(engine, engine.embed(moved, faces[0]), one.numbers))
    least = engine.card.min_same_session_similarity
    _require(
        lowest >= least,
        f"a face moved by {SHIFT_PIXELS} pixels is alike by {lowest:.3f}, the card says {least}",
    )
    return f"moved by {SHIFT_PIXELS} pixels still alike by {lowest:.3f} at least"


def card_holds(engine: FaceEngine, seen: Sequence[SamplePicture]) -> str:
    """Refuse figures that the pictures contradict; few pictures contradict little."""
    pairs = [
        (similarity(engine, one.numbers, other.numbers), one.person == other.person)
        for one, other in combinations(seen, 2)
    ]
    strangers = [alike for alike, same in pairs if not same]
    own = [alike for alike, same in pairs if same]
    _require(
        float(np.median(own)) > float(np.median(strangers)),
        "two pictures of one person are no more alike than of two",
    )
    for point in engine.card.curve:
        wrong = sum(alike >= point.min_face_similarity for alike in strangers)
        rate = min(1.0, point.false_match_rate * engine.card.worst_group_factor)
        _require(
            _chance_of(int(wrong), len(strangers), rate) >= CHANCE_OF_A_WRONG_FINDING,
            f"{wrong} of {len(strangers)} pairs of strangers pass {point.min_face_similarity:.4f}; "
            f"by the card it is a share of {rate:g} in the worst group",
        )
    return f"{len(strangers)} pairs of strangers and {len(own)} of one person do not contradict it"


def _chance_of(count: int, of: int, rate: float) -> float:
    """Return the chance of at least `count` out of `of` at a rate, 0..1."""
    below, term = 0.0, (1 - rate) ** of
    for done in range(count):
        below += term
        term *= (of - done) / (done + 1) * rate / (1 - rate) if rate < 1 else 0.0
    return max(0.0, 1 - below)


def threads(engine: FaceEngine, seen: Sequence[SamplePicture]) -> str:
    """Require the same faces from several threads at once."""
    troubles: list[str] = []

    def work() -> None:
        try:
            for one in seen[:PICTURES_AT_ONCE]:
                if not _same(engine, engine.embed(one.frame, engine.find(one.frame)[0]), one.numbers):
                    troubles.append(f"{one.name} has other numbers")
        except Exception as fault:  # noqa: BLE001 - a thread's end: the finding reports it
            troubles.append(f"raised {type(fault).__name__}: {fault}")

    workers = [threading.Thread(target=work) for _ in range(THREADS)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    _require(not troubles, f"{THREADS} threads at once: {troubles[:1]}")
    return f"{THREADS} at once see the same"


def after_clear(engine: FaceEngine, seen: Sequence[SamplePicture]) -> str:
    """Require that clearing changes no later face."""
    engine.clear()
    for one, other in pairwise([seen[0], seen[-1], seen[0]]):
        _require(
            _same(engine, engine.embed(one.frame, one.face), one.numbers), f"{one.name} has other numbers"
        )
        engine.clear()
        _require(
            _same(engine, engine.embed(other.frame, other.face), other.numbers),
            f"{other.name} has other numbers",
        )
    return "the same faces as before"
