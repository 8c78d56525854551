"""Choose thresholds on one half of the people, and report on the other half what they do.

A threshold that is chosen and reported on the same people looks better than it is. Which half a person
belongs to comes from a digest of their id in the list, so it is the same in each run and for each
engine, and no one chooses it. Pure but for the engine's own comparison.
"""

from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256

import numpy as np

from face_laboratory.error_rates import PAIRS_FOR_A_RATE
from face_laboratory.evaluation import EmbeddedPictures
from face_laboratory.people_evaluation import compare_as_a_gate
from face_laboratory.people_list import PeopleList
from face_laboratory.people_rates import RESAMPLINGS, Rate, people_rates
from gate_controller.face.engines.engine import FaceEngine, wipe
from gate_controller.face.engines.error_budget import judged_by

SPLIT = b"menjin halves\0"
"""Another word gives another split; thresholds of two splits are not compared."""
RATES = (1e-3, 1e-4, 1e-5)
"""False match rates for which thresholds are chosen; the last is promised where a home is searched."""


class Half(StrEnum):
    """The use of one person of a list."""

    CHOOSES = "chooses"
    REPORTS = "reports"


@dataclass(frozen=True, slots=True)
class ChosenThreshold:
    """A threshold of one half, and its errors on the other."""

    false_match_rate: float
    """The rate to keep."""
    min_face_similarity: float | None
    """The threshold that kept it in 97.5 % of resamplings; None with too few people in that half."""
    false_matches: Rate
    missed: Rate
    """Both at that threshold, on the reporting half."""
    holds: bool | None
    """True if the reporting half keeps the rate as well; None with too few people there to tell."""


@dataclass(frozen=True, slots=True)
class HalvesOfLooks:
    """The result for templates of so many looks."""

    looks: int
    choosing_people: int
    reporting_people: int
    at: tuple[ChosenThreshold, ...]
    now: ChosenThreshold
    """The threshold that gates use for so many looks, reported on everyone."""


def half_of(person: str) -> Half:
    """Return the half of a person by their id, as it is written in the list."""
    odd = sha256(SPLIT + person.encode()).digest()[0] % 2
    return Half.REPORTS if odd else Half.CHOOSES


def measure_halves(
    engine: FaceEngine,
    listed: PeopleList,
    embedded: EmbeddedPictures,
    most_looks: int,
    resamplings: int = RESAMPLINGS,
) -> tuple[HalvesOfLooks, ...]:
    """Return for 1 to `most_looks` looks the thresholds of one half and their errors on the other."""
    return tuple(
        _of_looks(engine, listed, embedded, looks, resamplings) for looks in range(1, most_looks + 1)
    )


def _of_looks(
    engine: FaceEngine, listed: PeopleList, embedded: EmbeddedPictures, looks: int, resamplings: int
) -> HalvesOfLooks:
    chooses, reports = (_part(listed, embedded, half) for half in Half)
    try:
        thresholds = _cautious(engine, chooses, looks, resamplings)
        chosen = tuple(
            _reported(engine, reports, looks, rate, threshold, resamplings)
            for rate, threshold in zip(RATES, thresholds, strict=True)
        )
    finally:
        wipe(chooses[1].vectors, reports[1].vectors)
    point = judged_by(engine.card, looks)
    now = _reported(
        engine, (listed, embedded), looks, point.false_match_rate, point.min_face_similarity, resamplings
    )
    return HalvesOfLooks(looks, len(chooses[0].people), len(reports[0].people), chosen, now)


def _cautious(
    engine: FaceEngine, chooses: tuple[PeopleList, EmbeddedPictures], looks: int, resamplings: int
) -> list[float | None]:
    """Return for each rate the threshold that keeps it in 97.5 % of the resamplings of one half."""
    if not chooses[0].people:
        return [None] * len(RATES)
    scores = compare_as_a_gate(engine, *chooses, looks, keep_from=1.0)
    points = people_rates(scores, 1.0, resamplings=resamplings, at=RATES).at
    return [point.cautious_similarity for point in points]


def _reported(
    engine: FaceEngine,
    reports: tuple[PeopleList, EmbeddedPictures],
    looks: int,
    rate: float,
    threshold: float | None,
    resamplings: int,
) -> ChosenThreshold:
    if threshold is None or not reports[0].people:
        nothing = Rate(None, None, len(reports[0].people))
        return ChosenThreshold(rate, threshold, nothing, nothing, None)
    scores = compare_as_a_gate(engine, *reports, looks, keep_from=threshold)
    found = people_rates(scores, threshold, resamplings=resamplings, at=())
    enrolled, probing = len(scores.enrolled), len(np.unique(scores.probe_person))
    enough = enrolled * probing >= PAIRS_FOR_A_RATE / rate - 1e-9
    accepted = found.false_matches.rate
    holds = accepted <= rate if enough and accepted is not None else None
    return ChosenThreshold(rate, threshold, found.false_matches, found.false_non_matches, holds)


def _part(listed: PeopleList, embedded: EmbeddedPictures, half: Half) -> tuple[PeopleList, EmbeddedPictures]:
    """Return the people of one half with copies of their rows."""
    kept = [place for place, person in enumerate(listed.people) if half_of(person) is half]
    new_place = {place: new for new, place in enumerate(kept)}
    rows = [row for row, person in enumerate(listed.person_of) if person in new_place]
    people = PeopleList(
        tuple(listed.pictures[row] for row in rows),
        tuple(new_place[listed.person_of[row]] for row in rows),
        tuple(listed.groups[place] for place in kept),
        tuple(listed.people[place] for place in kept),
    )
    part = EmbeddedPictures(
        embedded.vectors[rows], embedded.usable[rows], embedded.enrols[rows], embedded.acquires[rows]
    )
    return people, part
