"""Rates of made-up people, counted by hand."""

import math

import numpy as np

PEOPLE, SIZE = 2000, 24


def above(cosine: float, size: int) -> float:
    """Return how often two random directions in `size` dimensions are at least so alike."""
    steps = np.linspace(cosine, 1.0, 200_001)
    density = (1 - steps**2) ** ((size - 3) / 2)
    log_whole = math.lgamma(size / 2) - math.lgamma((size - 1) / 2) - 0.5 * math.log(math.pi)
    return float(np.trapezoid(density, steps) * math.exp(log_whole))


def missed_by(person_share: float, looks: int, threshold: float) -> float:
    """Return the known share of tries that are missed by a person of so large a share."""
    own, rest = person_share**2, 1 - person_share**2
    length = math.sqrt(looks**2 * own + looks * rest)
    return 1 - above((threshold * length - looks * own) / (rest * math.sqrt(looks)), SIZE - 1)
