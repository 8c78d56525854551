"""How well one measure distinguishes living people from each species of attack. Pure.

A species' acceptance at a threshold is the share of its items that reach it (APCER of that species,
ISO/IEC 30107-3; of living people 1 − BPCER). Species are never averaged. Every source (a person, a print, a
mask) weighs the same, and limits at 95 % come from resampling sources: ten clips of one mask are one mask.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from face_laboratory.error_rates import Share

RESAMPLINGS = 1000
LOWER_PERCENT, UPPER_PERCENT = 2.5, 97.5
EXACT = 1e-12


@dataclass(frozen=True, slots=True)
class Measure:
    """A number of a look that is higher for living people, and the threshold that gates use."""

    name: str
    says: str
    used: float
    thresholds: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Acceptance:
    """The share of a species that is taken for a living person, every source weighing the same."""

    rate: float
    low: float
    high: float
    items: int
    sources: int

    def overlaps(self, other: "Acceptance") -> bool:
        """Return whether the limits of both have a share in common."""
        return self.low <= other.high and other.low <= self.high


@dataclass(frozen=True, slots=True)
class SpeciesCurve:
    """One species by one measure: its acceptance at the used threshold, and over all thresholds."""

    species: str
    at_used: Acceptance
    curve: tuple[Acceptance, ...]
    """One for each threshold of the measure."""
    is_distinguished: bool
    """True if at the used threshold fewer are accepted than of living people, beyond chance."""


@dataclass(frozen=True, slots=True)
class Separation:
    """All species by one measure, the one accepted most first, and living people."""

    measure: Measure
    living: SpeciesCurve
    attacks: tuple[SpeciesCurve, ...]

    @property
    def at_worst_5_percent(self) -> tuple[float, float] | None:
        """Return the lowest threshold at which the worst species is accepted at most once in 20.

        And the share of living people refused there; None where no threshold does that.
        """
        for number, threshold in enumerate(self.measure.thresholds):
            if all(one.curve[number].rate <= 0.05 for one in self.attacks):
                return threshold, 1 - self.living.curve[number].rate
        return None


def acceptance(passed: Sequence[bool], sources: Sequence[str], seed: int = 0) -> Acceptance:
    """Return the share that passed, with its limits; raise ValueError for nothing."""
    if not passed:
        raise ValueError("no items: no share")
    by_source: dict[str, list[bool]] = {}
    for one, source in zip(passed, sources, strict=True):
        by_source.setdefault(source, []).append(one)
    shares = np.array([np.mean(of_source) for of_source in by_source.values()])
    rate = float(shares.mean())
    if not EXACT < rate < 1 - EXACT:
        # Resampling sees nothing then: Wilson's limits out of as many sources.
        low, high = Share(round(rate) * len(shares), len(shares)).limits or (0.0, 1.0)
    else:
        chance = np.random.default_rng(seed)
        drawn = chance.choice(shares, size=(RESAMPLINGS, len(shares))).mean(axis=1)
        resampled = [float(end) for end in np.percentile(drawn, (LOWER_PERCENT, UPPER_PERCENT))]
        wilson = Share(round(rate * len(shares)), len(shares)).limits or (0.0, 1.0)
        # Few sources draw too alike: the wider of both at each end.
        low, high = min(resampled[0], wilson[0], rate), max(resampled[1], wilson[1], rate)
    return Acceptance(rate, low, high, len(passed), len(shares))


def separate(measure: Measure, values: Sequence[tuple[str, str, float | None]], live: str) -> Separation:
    """Return how a measure distinguishes species; `values` are species, source and measured number.

    An item without a number was never acquired, so it passes no threshold.
    """
    species = sorted({name for name, _, _ in values})
    at_used: dict[str, Acceptance] = {}
    curves: dict[str, tuple[Acceptance, ...]] = {}
    for name in species:
        mine = [(source, value) for kind, source, value in values if kind == name]
        sources = [source for source, _ in mine]

        def passing(threshold: float, mine: list[tuple[str, float | None]] = mine) -> list[bool]:
            return [value is not None and value >= threshold for _, value in mine]

        at_used[name] = acceptance(passing(measure.used), sources)
        curves[name] = tuple(acceptance(passing(t), sources) for t in measure.thresholds)
    living = at_used[live]
    made = {
        name: SpeciesCurve(
            name,
            at_used[name],
            curves[name],
            at_used[name].rate < living.rate and not at_used[name].overlaps(living),
        )
        for name in species
    }
    attacks = sorted(
        (one for name, one in made.items() if name != live),
        key=lambda one: (-one.at_used.rate, -one.at_used.high, one.species),
    )
    return Separation(measure, made[live], tuple(attacks))
