"""Evaluate an engine on labelled pairs of pictures: each picture is read and embedded once."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from face_laboratory.error_rates import (
    PAIRS_FOR_A_RATE,
    OperatingPoint,
    Scores,
    Share,
    accepted,
    false_positive_identification_rate,
    missed,
    operating_point,
)
from face_laboratory.pair_list import PairList, PeopleBehind, people_behind
from face_laboratory.still_pictures import read_picture
from gate_controller.face.engines.engine import Embedding, FaceEngine, FoundFace, wipe
from gate_controller.face.engines.error_budget import judged_by
from gate_controller.face.engines.errors import UnusablePicture
from gate_controller.face.liveness.capture_checks import ENROLMENT_LIMITS, MATCHING_LIMITS, frame_problem
from gate_controller.face_control.reasons import FaceReason

FALSE_MATCH_RATES = (1e-2, 1e-3, 1e-4)
ENROLLED = (10, 100, 1000, 5000)
SUBJECT_SHARE_OF_LARGEST = 0.5
"""In a picture with several faces, of those at least half as high as the largest the most central one."""


@dataclass(frozen=True, slots=True)
class GroupRates:
    """One group's errors at the threshold at which the engine opens."""

    group: str
    false_matches: Share
    false_non_matches: Share


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Results of an engine; scores are kept for the drawing."""

    engine: str
    people: PeopleBehind
    min_face_similarity: float
    """The threshold of groups and identification: where the engine opens, or its strictest."""
    pairs: int
    unreadable: tuple[str, ...]
    enrolment_failures: Share
    """Of the pictures that could be read, those that a gate's enrolment would not use."""
    not_enrolled_for: Mapping[FaceReason, int]
    at: tuple[OperatingPoint, ...]
    false_matches: Share
    false_non_matches: Share
    groups: tuple[GroupRates, ...]
    genuine: Scores = field(repr=False)
    impostor: Scores = field(repr=False)

    def identification_rates(self) -> list[tuple[int, float | None]]:
        """Return for each number of enrolled people how often a stranger is taken for one of them.

        None where there are fewer than three times as many impostor pairs: none accepted out of so few
        says nothing about so many.
        """
        rate = self.false_matches.rate
        return [
            (
                enrolled,
                false_positive_identification_rate(rate, enrolled)
                if rate is not None and self.false_matches.of >= PAIRS_FOR_A_RATE * enrolled
                else None,
            )
            for enrolled in ENROLLED
        ]


Flags = np.ndarray[tuple[int], np.dtype[np.bool_]]
Places = np.ndarray[tuple[int], np.dtype[np.intp]]


@dataclass(slots=True)
class EmbeddedPictures:
    """One row a picture; a row of zeros where there is none to compare."""

    vectors: Embedding
    usable: Flags
    enrols: Flags
    """Pictures that an enrolment would take."""
    acquires: Flags
    """Pictures that a gate would compare."""
    unreadable: list[str] = field(default_factory=list)
    not_enrolled_for: Counter[FaceReason] = field(default_factory=Counter)
    read: int = 0


def embed_pictures(engine: FaceEngine, pictures: Sequence[Path], into: EmbeddedPictures) -> Iterator[Path]:
    """Embed one picture after the other, yielding each when it is done; what cannot be read is listed.

    A picture whose face an enrolment would refuse is counted as such, and compared all the same: it may
    well be how the person looks when they come in.
    """
    for place, path in enumerate(pictures):
        try:
            frame = read_picture(path)
        except UnusablePicture as fault:
            into.unreadable.append(str(fault))
            yield path
            continue
        into.read += 1
        faces = engine.find(frame)
        subject = (subject_of(faces, frame.shape[1], frame.shape[0]),) if faces else ()
        problem = frame_problem(frame, subject, ENROLMENT_LIMITS)
        if problem is not None:
            into.not_enrolled_for[problem] += 1
        into.enrols[place] = problem is None
        into.acquires[place] = frame_problem(frame, subject, MATCHING_LIMITS) is None
        if subject:
            vector = engine.embed(frame, subject[0])
            into.vectors[place] = vector
            into.usable[place] = True
            wipe(vector)
        wipe(frame)
        yield path


def room_for(engine: FaceEngine, pictures: int) -> EmbeddedPictures:
    """Return room for so many pictures of an engine: 4 bytes a number."""
    vectors = np.zeros((pictures, engine.card.embedding_size), dtype=np.float32)
    usable, enrols, acquires = (np.zeros(pictures, dtype=np.bool_) for _ in range(3))
    return EmbeddedPictures(vectors, usable, enrols, acquires)


def subject_of(faces: Sequence[FoundFace], width: int, height: int) -> FoundFace:
    """Return whom a picture shows: of its large faces the one nearest to the middle."""
    tallest = max(face.box[3] for face in faces)

    def from_middle(face: FoundFace) -> float:
        left, top, face_width, face_height = face.box
        across, down = left + face_width / 2 - width / 2, top + face_height / 2 - height / 2
        return across**2 + down**2

    large = [face for face in faces if face.box[3] >= SUBJECT_SHARE_OF_LARGEST * tallest]
    return min(large, key=from_middle)


def evaluate(engine: FaceEngine, pairs: PairList, embedded: EmbeddedPictures) -> Evaluation:
    """Compare every pair whose pictures could be used."""
    usable = embedded.usable
    kept = [pair for pair in pairs.pairs if usable[pair.first] and usable[pair.second]]
    first = np.array([pair.first for pair in kept], dtype=np.intp)
    second = np.array([pair.second for pair in kept], dtype=np.intp)
    scores = _similarities(engine, embedded.vectors, first, second)
    same = np.array([pair.same for pair in kept], dtype=np.bool_)
    genuine, impostor = scores[same], scores[~same]
    threshold = judged_by(engine.card).min_face_similarity
    labels = np.array([pair.group or "" for pair in kept])
    groups = tuple(
        GroupRates(
            group,
            accepted(scores[(labels == group) & ~same], threshold),
            missed(scores[(labels == group) & same], threshold),
        )
        for group in sorted({pair.group for pair in kept if pair.group})
    )
    return Evaluation(
        engine=engine.card.name,
        people=people_behind(pairs),
        min_face_similarity=threshold,
        pairs=len(pairs.pairs),
        unreadable=tuple(embedded.unreadable),
        enrolment_failures=Share(embedded.not_enrolled_for.total(), embedded.read),
        not_enrolled_for=dict(embedded.not_enrolled_for.most_common()),
        at=tuple(operating_point(genuine, impostor, rate) for rate in FALSE_MATCH_RATES),
        false_matches=accepted(impostor, threshold),
        false_non_matches=missed(genuine, threshold),
        groups=tuple(sorted(groups, key=_worst_first)),
        genuine=genuine,
        impostor=impostor,
    )


def _worst_first(group: GroupRates) -> tuple[float, float]:
    return -(group.false_matches.rate or 0.0), -(group.false_non_matches.rate or 0.0)


def _similarities(engine: FaceEngine, vectors: Embedding, first: Places, second: Places) -> Scores:
    scores = np.empty(len(first), dtype=np.float32)
    # By the picture that several pairs share, so that the engine compares one with many at a time.
    order = np.argsort(first, kind="stable")
    starts = np.flatnonzero(np.diff(first[order], prepend=-1))
    for part in np.split(order, starts[1:]) if len(order) else []:
        scores[part] = engine.similarities(vectors[second[part]], vectors[first[part[0]]])
    return scores
