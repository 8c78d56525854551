"""Compare every probe with every template, and keep what error rates need of it in bounded memory.

Pure: vectors in, scores out. Of strangers only the most alike are kept one by one; all of them are
counted into steps of similarity, from which the curve is drawn.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gate_controller.face.engines.engine import Embedding, Similarities

STEPS = 2000
"""Steps of similarity from −1 to 1 into which all comparisons are counted."""
KEPT_SHARE = 0.02
"""Share of strangers' comparisons, the most alike, that is kept one by one."""

Places = NDArray[np.intp]
Weights = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Templates:
    """One row for each person who was enrolled; a row is what `similarities` takes for one person."""

    faces: Embedding
    person: Places


@dataclass(frozen=True, slots=True)
class Probes:
    """One row for each picture that is compared with the templates."""

    faces: Embedding
    person: Places


@dataclass(frozen=True, slots=True)
class Hits:
    """Strangers' comparisons, the most alike first."""

    scores: Similarities
    template_person: Places
    probe: Places


@dataclass(frozen=True, slots=True)
class PeopleScores:
    """Scores of all comparisons; people are places 0 to `people` − 1."""

    people: int
    enrolled: Places
    """Places of the people who have a template."""
    probe_person: Places
    probe_weight: Weights
    """One over the number of probes of that person: every person weighs the same."""
    hits: Hits
    own_scores: Similarities
    """Probes against their own person's template, the least alike first."""
    own_person: Places
    own_weight: Weights
    strangers_in_steps: Weights
    """Weight of strangers' comparisons in each step of similarity."""

    def strangers_at_least(self) -> Weights:
        """Return for the lower edge of each step the false match rate at that threshold."""
        total = max(float(self.strangers_in_steps.sum()), 1e-300)
        return np.cumsum(self.strangers_in_steps[::-1])[::-1] / total

    def own_below(self) -> Weights:
        """Return for the lower edge of each step the false non-match rate at that threshold."""
        total = max(float(self.own_weight.sum()), 1e-300)
        before = np.concatenate([[0.0], np.cumsum(self.own_weight)])
        places = np.searchsorted(self.own_scores, np.linspace(-1, 1, STEPS, endpoint=False), side="left")
        return np.asarray(before[places] / total)


def compare_people(
    people: int,
    templates: Templates,
    probes: Probes,
    similarities: Callable[[Embedding, Embedding], Similarities],
    keep_from: float,
) -> PeopleScores:
    """Compare all probes with all templates; strangers from a similarity of `keep_from` are always kept."""
    counted = np.bincount(probes.person, minlength=people)
    weight = 1 / counted[probes.person]
    in_steps, own = np.zeros(STEPS), np.full(len(probes.person), np.nan, dtype=np.float32)
    by_person = np.split(np.argsort(probes.person, kind="stable"), np.cumsum(counted)[:-1])
    for face, person in zip(templates.faces, templates.person, strict=True):
        scores, mine = similarities(probes.faces, face), by_person[person]
        own[mine] = scores[mine]
        steps = np.clip((scores + 1) * (STEPS / 2), 0, STEPS - 1).astype(np.int32)
        in_steps += np.bincount(steps, weights=weight, minlength=STEPS)
        np.subtract.at(in_steps, steps[mine], weight[mine])
    floor = np.float32(min(_floor(in_steps), keep_from))
    kept: list[tuple[Similarities, Places, Places]] = []
    for face, person in zip(templates.faces, templates.person, strict=True):
        scores = similarities(probes.faces, face)
        places = np.flatnonzero(scores >= floor)
        places = places[probes.person[places] != person]
        kept.append((scores[places], np.full(len(places), person), places))
    hits = _sorted(kept)
    compared = np.flatnonzero(~np.isnan(own))
    order = compared[np.argsort(own[compared], kind="stable")]
    return PeopleScores(
        people,
        templates.person,
        probes.person,
        weight,
        hits,
        own[order],
        probes.person[order],
        weight[order],
        in_steps,
    )


def _floor(in_steps: Weights) -> float:
    """Return the similarity that so many of the comparisons reach as are to be kept."""
    above = np.cumsum(in_steps[::-1])[::-1]
    enough = np.flatnonzero(above >= KEPT_SHARE * max(float(above[0]), 1e-300))
    return float(enough[-1] / (STEPS / 2) - 1) if len(enough) else -1.0


def _sorted(kept: list[tuple[Similarities, Places, Places]]) -> Hits:
    scores = np.concatenate([part[0] for part in kept]) if kept else np.zeros(0, dtype=np.float32)
    persons = np.concatenate([part[1] for part in kept]) if kept else np.zeros(0, dtype=np.intp)
    probes = np.concatenate([part[2] for part in kept]) if kept else np.zeros(0, dtype=np.intp)
    order = np.argsort(-scores, kind="stable")
    return Hits(scores[order], persons[order], probes[order])
