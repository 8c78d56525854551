"""A labelled set of the size that engines are judged on: 13,000 pictures, 130,000 pairs, bounded memory.

The engine here only numbers people, since the nets would take a quarter of an hour: what is looked at is
that each picture is embedded once, that memory holds one row a picture and no picture, and that the figures
are those that were put in.
"""

import csv
import tracemalloc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pytest

from face_laboratory.evaluation import embed_pictures, evaluate, room_for
from face_laboratory.pair_list import read_pairs
from gate_controller.face.engines.engine import CosineEngine, Embedding, EngineCard, FaceQuality, FoundFace
from gate_controller.face.engines.yunet_sface import YUNET_SFACE_CARD
from hardware.interfaces import Frame

PICTURES, PAIRS, PEOPLE = 13_000, 130_000, 6_500
FALSE_MATCHES, MISSES = 13, 65
TRACED_PICTURES = 500
PEAK_MB = 140
"""The vectors take 7 MB, the list of pairs some 40; one decoded picture at a time is nothing beside them.

The folder of a test that runs beside others has a longer name, and each path is kept: some MB."""

GOOD = FaceQuality(0.99, 400.0, 128.0, 500.0, 0.0)


class Numbering(CosineEngine):
    """Reads a person's number off a picture's first pixels, and counts how often it was asked."""

    card: EngineCard = YUNET_SFACE_CARD

    def __init__(self) -> None:
        self.found: list[int] = []

    def find(self, frame: Frame) -> tuple[FoundFace, ...]:
        self.found.append(_number(frame))
        return (FoundFace((4.0, 4.0, 8.0, 8.0), np.zeros((5, 2), dtype=np.float32), GOOD),)

    def embed(self, frame: Frame, face: FoundFace) -> Embedding:
        del face
        drawn = np.random.default_rng(_number(frame) % PEOPLE).normal(size=self.card.embedding_size)
        return np.asarray(drawn / np.linalg.norm(drawn), dtype=np.float32)

    def clear(self) -> None:
        """Hold nothing."""


@contextmanager
def traced() -> Iterator[list[float]]:
    """Fill the list with the most MB of Python's and numpy's memory held at once in the block."""
    peak: list[float] = []
    tracemalloc.start()
    try:
        yield peak
        peak.append(tracemalloc.get_traced_memory()[1] / 2**20)
    finally:
        tracemalloc.stop()


def _number(frame: Frame) -> int:
    return int(frame[0, 0, 0]) + 256 * int(frame[0, 0, 1])


def _pictures(folder: Path) -> list[Path]:
    blank = np.full((16, 16, 3), 90, dtype=np.uint8)
    paths = []
    for number in range(PICTURES):
        blank[0, 0, :2] = number % 256, number // 256
        path = folder / f"{number}.png"
        path.write_bytes(cv2.imencode(".png", blank)[1].tobytes())
        paths.append(path)
    return paths


def _listed(paths: Sequence[Path], into: Path) -> None:
    """Write pairs of whom so many are labelled wrongly: those are the errors that must come out."""
    chance = np.random.default_rng(20260304)
    written: set[tuple[int, int]] = set()
    wrong = {True: FALSE_MATCHES, False: MISSES}
    with into.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["a", "b", "same"])
        while len(written) < PAIRS:
            one = int(chance.integers(PICTURES))
            other = int(chance.integers(PICTURES)) if len(written) % 40 else (one + PEOPLE) % PICTURES
            if one == other or (one, other) in written or (other, one) in written:
                continue
            same_person = one % PEOPLE == other % PEOPLE
            written.add((one, other))
            mislabelled = wrong[same_person] > 0
            wrong[same_person] -= mislabelled
            rows.writerow([paths[one], paths[other], int(same_person != mislabelled)])


@pytest.mark.slow
def test_a_set_of_thirteen_thousand_pictures_is_judged_in_bounded_memory_and_each_is_embedded_once(
    tmp_path: Path,
) -> None:
    paths = _pictures(tmp_path)
    listed = tmp_path / "pairs.csv"
    _listed(paths, listed)
    engine = Numbering()
    with traced() as peak:
        pairs = read_pairs(listed)
        embedded = room_for(engine, len(pairs.pictures))
        progress = embed_pictures(engine, pairs.pictures, embedded)
        for _path in islice(progress, TRACED_PICTURES):
            pass
    assert peak[0] < PEAK_MB
    for _path in progress:  # tracing makes it four times slower, and each picture is like the one before
        pass
    with traced() as peak:
        done = evaluate(engine, pairs, embedded)
    assert peak[0] < PEAK_MB
    assert len(pairs.pairs) == PAIRS
    assert len(engine.found) == len(set(engine.found)) == len(pairs.pictures)
    counts = [done.false_matches.count, done.false_non_matches.count]
    assert counts == [FALSE_MATCHES, MISSES]
    assert all(point.min_face_similarity is not None for point in done.at)
    assert done.identification_rates()[-1][1] is not None
