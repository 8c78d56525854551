"""Evaluate an engine on pictures of known people: enrol on some looks, probe with the rest.

The first pictures of a person, as listed, that an enrolment would take are the looks; all others are probes.
Who has too few for a template and a probe is a stranger only: all their pictures are probes.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from face_laboratory.error_rates import Share
from face_laboratory.evaluation import EmbeddedPictures
from face_laboratory.people_list import PeopleList
from face_laboratory.people_rates import (
    FALSE_MATCH_RATES,
    RESAMPLINGS,
    PeopleRates,
    people_rates,
)
from face_laboratory.people_scores import (
    PeopleScores,
    Probes,
    Templates,
    compare_people,
)
from gate_controller.face.engines.engine import FaceEngine, likenesses, wipe
from gate_controller.face.engines.error_budget import (
    BESIDE_ANOTHER_WAY,
    LARGEST_HOME,
    false_match_rate_allowed,
    judged_by,
)
from gate_controller.face_control.reasons import FaceReason


@dataclass(frozen=True, slots=True)
class PeopleEvaluation:
    """Results of one engine; scores are kept for the drawing."""

    engine: str
    looks: int
    people: int
    strangers_only: int
    """People with too few pictures for a template and a probe."""
    unreadable: tuple[str, ...]
    failed_to_enrol: Share
    """Of the people with enough pictures, those of whom no template could be made."""
    not_enrolled_for: Mapping[FaceReason, int]
    """Of all pictures, those that an enrolment would not take."""
    failed_to_acquire: float | None
    """Share of a person's probes that a gate would not use, every person weighing the same."""
    threshold_is_of_these_looks: bool
    budgets: Mapping[int, float]
    """By how many templates are searched, the false match rate that a gate may have then."""
    rates: PeopleRates
    scores: PeopleScores = field(repr=False)


def evaluate_people(
    engine: FaceEngine,
    listed: PeopleList,
    embedded: EmbeddedPictures,
    looks: int,
    resamplings: int = RESAMPLINGS,
) -> PeopleEvaluation:
    """Enrol everyone on their first `looks` good pictures and compare all others with all templates."""
    looks_of = _looks_of(listed, embedded, looks)
    taken = _taken(looks_of, looks)
    probes = _probes(listed, taken)
    threshold = judged_by(engine.card, looks).min_face_similarity
    scores = compare_as_a_gate(engine, listed, embedded, looks, threshold)
    budgets = {
        searched: false_match_rate_allowed(engine.card, searched)
        for searched in (BESIDE_ANOTHER_WAY, LARGEST_HOME)
    }
    at = tuple(sorted({*FALSE_MATCH_RATES, *budgets.values()}, reverse=True))
    return PeopleEvaluation(
        engine=engine.card.name,
        looks=looks,
        people=len(listed.groups),
        strangers_only=len(listed.groups) - len(looks_of),
        unreadable=tuple(embedded.unreadable),
        failed_to_enrol=Share(len(looks_of) - len(taken), len(looks_of)),
        not_enrolled_for=dict(embedded.not_enrolled_for.most_common()),
        failed_to_acquire=_not_acquired(listed, probes, embedded),
        threshold_is_of_these_looks=bool(engine.card.curve_for(looks)),
        budgets=budgets,
        rates=people_rates(scores, threshold, listed.groups, resamplings, at=at),
        scores=scores,
    )


def compare_as_a_gate(
    engine: FaceEngine, listed: PeopleList, embedded: EmbeddedPictures, looks: int, keep_from: float
) -> PeopleScores:
    """Compare everyone's probes with the looks of all who were enrolled, by the mean of similarities."""
    taken = _taken(_looks_of(listed, embedded, looks), looks)
    acquired = [place for place in _probes(listed, taken) if embedded.acquires[place]]
    faces = np.zeros((len(taken), looks, embedded.vectors.shape[1]), dtype=np.float32)
    for row, places in enumerate(taken.values()):
        faces[row] = embedded.vectors[places]
    templates = Templates(faces, np.array(list(taken), dtype=np.intp))
    person_of = np.array([listed.person_of[place] for place in acquired], dtype=np.intp)
    compared = Probes(embedded.vectors[acquired], person_of)
    compare = partial(likenesses, engine)
    scores = compare_people(len(listed.groups), templates, compared, compare, keep_from)
    wipe(templates.faces, compared.faces)
    return scores


def _looks_of(listed: PeopleList, embedded: EmbeddedPictures, looks: int) -> dict[int, list[int]]:
    """Return for who has enough pictures the first that an enrolment would take."""
    pictures_of: dict[int, list[int]] = defaultdict(list)
    for place, person in enumerate(listed.person_of):
        pictures_of[person].append(place)
    return {
        person: [place for place in places if embedded.enrols[place]][:looks]
        for person, places in pictures_of.items()
        if len(places) > looks
    }


def _taken(looks_of: Mapping[int, list[int]], looks: int) -> dict[int, list[int]]:
    return {person: places for person, places in looks_of.items() if len(places) == looks}


def _probes(listed: PeopleList, taken: Mapping[int, list[int]]) -> list[int]:
    used = {place for places in taken.values() for place in places}
    return [place for place in range(len(listed.pictures)) if place not in used]


def _not_acquired(listed: PeopleList, probes: list[int], embedded: EmbeddedPictures) -> float | None:
    tried: Counter[int] = Counter(listed.person_of[place] for place in probes)
    failed: Counter[int] = Counter(listed.person_of[p] for p in probes if not embedded.acquires[p])
    return float(np.mean([failed[person] / tried[person] for person in tried])) if tried else None
