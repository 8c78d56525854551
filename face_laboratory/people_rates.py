"""Error rates in which every person weighs the same, with limits by resampling people. Pure.

FMR is the mean over pairs of an enrolled person and another one of the share of the other's probes that
is accepted; FNMR the mean over people of the share of their own probes that is not; FPIR(N) the mean over
people of how often at least one of N others' templates, drawn without replacement, accepts a probe.

Limits at 95 % come from drawing people with replacement, with all their pictures, as one who is enrolled
and as a stranger at once (a person drawn twice is no stranger to themselves). Pairs are not independent:
limits by pairs are too narrow. Where no person erred, resampling sees nothing: Wilson's limit then, out of
as many people, or of as many pairs as share no person.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from face_laboratory.error_rates import PAIRS_FOR_A_RATE, Share
from face_laboratory.people_scores import PeopleScores, Weights

FALSE_MATCH_RATES = (1e-2, 1e-3, 1e-4, 1e-5)
ENROLLED = (1, 10, 100, 1000, 5000)
RESAMPLINGS = 1000
LOWER_PERCENT, UPPER_PERCENT = 2.5, 97.5
EXACT = 1e-12
"""Sums of shares come so near to none or all."""

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Rate:
    """A share of 0..1 with its 95 % limits by person; all None where there is nothing to tell."""

    rate: float | None
    limits: tuple[float, float] | None
    people: int
    """How many people it rests on."""


@dataclass(frozen=True, slots=True)
class PeoplePoint:
    """The loosest threshold that keeps a false match rate, and what is missed there."""

    false_match_rate: float
    min_face_similarity: float | None
    cautious_similarity: float | None
    """The threshold that keeps the rate in 97.5 % of the resamplings: the one to choose."""
    missed: Rate


@dataclass(frozen=True, slots=True)
class GroupOfPeople:
    """One group's errors at the fixed threshold, its people compared among themselves."""

    group: str
    false_matches: Rate
    false_non_matches: Rate


@dataclass(frozen=True, slots=True)
class PeopleRates:
    """All figures of one engine and one number of looks."""

    min_face_similarity: float
    false_matches: Rate
    false_non_matches: Rate
    at: tuple[PeoplePoint, ...]
    identification: tuple[tuple[int, Rate], ...]
    groups: tuple[GroupOfPeople, ...]


def people_rates(
    scores: PeopleScores,
    min_face_similarity: float,
    groups: tuple[str | None, ...] = (),
    resamplings: int = RESAMPLINGS,
    seed: int = 0,
    at: tuple[float, ...] = FALSE_MATCH_RATES,
) -> PeopleRates:
    """Return every rate at a fixed threshold, and the thresholds of some false match rates, highest first."""
    counter = _Counter(scores, min_face_similarity, groups, at)
    estimate = counter.figures(np.ones(scores.people))
    chance = np.random.default_rng(seed)
    even = np.full(scores.people, 1 / scores.people)
    counts = (chance.multinomial(scores.people, even).astype(np.float64) for _ in range(resamplings))
    drawn = [counter.figures(weight) for weight in counts]
    return counter.rates(estimate, np.array(drawn).reshape(resamplings, len(estimate)))


class _Counter:
    """Computes all figures for one weight a person: ones for the estimate, drawn counts for the limits."""

    def __init__(
        self, scores: PeopleScores, threshold: float, groups: tuple[str | None, ...], at: tuple[float, ...]
    ) -> None:
        self._scores, self._threshold, self._at = scores, threshold, at
        self._enrolled = _flags(scores.people, scores.enrolled)
        self._probing = _flags(scores.people, scores.probe_person)
        self._own = _flags(scores.people, scores.own_person)
        self._hit_person = scores.probe_person[scores.hits.probe]
        self._hit_weight = scores.probe_weight[scores.hits.probe]
        self._accepted = int(np.searchsorted(-scores.hits.scores, -np.float32(threshold), side="right"))
        self._names = sorted({group for group in groups if group})
        self._members = [np.array([group == name for group in groups]) for name in self._names]
        self._log_factorials = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, scores.people + 1)))])
        pairs = int(self._enrolled.sum()) * int(self._probing.sum())
        self._measurable = [rate for rate in at if pairs >= PAIRS_FOR_A_RATE / rate - 1e-9]
        self._sizes = [size for size in ENROLLED if size < self._enrolled.sum()]

    def figures(self, weight: Weights) -> Weights:
        """Return FMR, FNMR, then threshold and FNMR of each rate, FPIR of each size, FMR, FNMR by group."""
        hits = self._scores.hits
        of_hits = weight[hits.template_person] * weight[self._hit_person] * self._hit_weight
        shares = np.cumsum(of_hits) / _or_nan(_pairs(weight, self._enrolled, self._probing))
        own = weight[self._scores.own_person] * self._scores.own_weight
        missed = np.concatenate([[0.0], np.cumsum(own)])
        missed /= _or_nan(float(missed[-1]))
        accepted = float(shares[self._accepted - 1]) if self._accepted else 0.0
        out = [accepted, self._missed_at(missed, self._threshold)]
        for rate in self._measurable:
            place = int(np.searchsorted(shares, rate * (1 + 1e-9), side="right"))
            refused = hits.scores[min(place, len(hits.scores) - 1)] if len(hits.scores) else np.float32(-1)
            threshold = float(np.nextafter(refused, np.float32(np.inf), dtype=np.float32))
            out += [threshold, self._missed_at(missed, threshold)]
        out += self._identification(weight)
        for member in self._members:
            inside = slice(0, self._accepted)
            both = member[hits.template_person[inside]] & member[self._hit_person[inside]]
            pairs = _pairs(weight, self._enrolled & member, self._probing & member)
            mine = member[self._scores.own_person]
            below = self._scores.own_scores < np.float32(self._threshold)
            out += [
                float(of_hits[inside][both].sum()) / _or_nan(pairs),
                float(own[mine & below].sum()) / _or_nan(float(own[mine].sum())),
            ]
        return np.array(out, dtype=np.float64)

    def rates(self, estimate: Weights, drawn: Weights) -> PeopleRates:
        place = iter(range(len(estimate)))
        enrolled, probing, own = (int(flags.sum()) for flags in (self._enrolled, self._probing, self._own))
        strangers = min(enrolled, probing)

        def rate(people: int, units: int) -> Rate:
            number = next(place)
            return _rate(float(estimate[number]), drawn[:, number], people, units)

        false_matches, missed = rate(strangers, strangers // 2), rate(own, own)
        at = []
        for target in self._at:
            if target not in self._measurable:
                at.append(PeoplePoint(target, None, None, Rate(None, None, own)))
                continue
            number = next(place)
            cautious = float(np.percentile(drawn[:, number], UPPER_PERCENT)) if len(drawn) else None
            at.append(PeoplePoint(target, float(estimate[number]), cautious, rate(own, own)))
        identification = tuple((size, rate(probing, probing)) for size in self._sizes)
        groups = []
        for name, member in zip(self._names, self._members, strict=True):
            people = min(int((flags & member).sum()) for flags in (self._enrolled, self._probing))
            mine = int((self._own & member).sum())
            groups.append(GroupOfPeople(name, rate(people, people // 2), rate(mine, mine)))
        groups.sort(key=lambda group: -(group.false_matches.rate or 0.0))
        return PeopleRates(self._threshold, false_matches, missed, tuple(at), identification, tuple(groups))

    def _missed_at(self, missed: Weights, threshold: float) -> float:
        return float(missed[np.searchsorted(self._scores.own_scores, np.float32(threshold), side="left")])

    def _identification(self, weight: Weights) -> list[float]:
        hits, probe_person = self._scores.hits, self._scores.probe_person
        inside = slice(0, self._accepted)
        probes, place = np.unique(hits.probe[inside], return_inverse=True)
        accepting: Weights = np.zeros(len(probes))
        np.add.at(accepting, place, weight[hits.template_person[inside]])
        person = probe_person[probes]
        others: Weights = float(weight[self._enrolled].sum()) - weight[person] * self._enrolled[person]
        of_probe = weight[person] * self._scores.probe_weight[probes]
        total = _or_nan(float(weight[self._probing].sum()))
        return [
            float((of_probe * self._any_of(accepting, others, size)).sum()) / total for size in self._sizes
        ]

    def _any_of(self, accepting: Weights, others: Weights, size: int) -> Weights:
        """Return how often `size` of the others, drawn without replacement, hold one who accepts."""
        known = self._log_factorials
        rest = np.maximum(others - accepting, 0).astype(np.intp)
        every = others.astype(np.intp)
        drawable = (rest >= size) & (every >= size)
        rest, every = np.where(drawable, rest, size), np.where(drawable, every, size)
        none = known[rest] - known[rest - size] - known[every] + known[every - size]
        return np.asarray(np.where(drawable, 1 - np.exp(none), (accepting > 0).astype(np.float64)))


def _flags(people: int, places: NDArray[np.intp]) -> Flags:
    flags = np.zeros(people, dtype=np.bool_)
    flags[places] = True
    return flags


def _pairs(weight: Weights, enrolled: Flags, probing: Flags) -> float:
    both = weight[enrolled & probing].astype(np.float64)
    return float(weight[enrolled].sum()) * float(weight[probing].sum()) - float((both**2).sum())


def _or_nan(number: float) -> float:
    return number if number > 0 else float("nan")


def _rate(estimate: float, drawn: Weights, people: int, units: int) -> Rate:
    if not people or np.isnan(estimate):
        return Rate(None, None, people)
    known = drawn[~np.isnan(drawn)]
    if not EXACT < estimate < 1 - EXACT:
        estimate = float(round(estimate))
        return Rate(estimate, Share(round(estimate * units), units).limits, people)
    if not len(known):
        return Rate(estimate, None, people)
    low, high = np.percentile(known, (LOWER_PERCENT, UPPER_PERCENT))
    return Rate(estimate, (float(low), float(high)), people)
