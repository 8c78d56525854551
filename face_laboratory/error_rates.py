"""Error rates of a face engine over labelled pairs. Pure: scores in, figures out.

FMR is the share of pairs of different people that are accepted, FNMR that of pairs of one person that
are not (ISO/IEC 19795-1). Limits are Wilson's at 95 % (E. B. Wilson, "Probable Inference, the Law of
Succession, and Statistical Inference", JASA 22, 1927).
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Z_95 = 1.959964
PAIRS_FOR_A_RATE = 3.0
"""Rule of three: with fewer than 3/FMR pairs of different people, none accepted says nothing about FMR."""

Scores = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Share:
    count: int
    of: int

    @property
    def rate(self) -> float | None:
        """Return the share, None out of nothing."""
        return self.count / self.of if self.of else None

    @property
    def limits(self) -> tuple[float, float] | None:
        """Return Wilson's 95 % limits, None out of nothing."""
        if not self.of:
            return None
        share, total, z = self.count / self.of, self.of, Z_95
        middle = (share + z * z / (2 * total)) / (1 + z * z / total)
        reach = z / (1 + z * z / total) * math.sqrt(share * (1 - share) / total + z * z / (4 * total**2))
        low = middle - reach if self.count else 0.0
        high = middle + reach if self.count < self.of else 1.0
        return max(0.0, low), min(1.0, high)


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """The lowest threshold that keeps a false match rate; None where there are too few pairs."""

    false_match_rate: float
    min_face_similarity: float | None
    missed: Share | None


def operating_point(genuine: Scores, impostor: Scores, false_match_rate: float) -> OperatingPoint:
    """Return the loosest threshold at which at most that share of impostor pairs is accepted."""
    if len(impostor) < PAIRS_FOR_A_RATE / false_match_rate - 1e-9 or not len(genuine):
        return OperatingPoint(false_match_rate, None, None)
    allowed = math.floor(false_match_rate * len(impostor) + 1e-9)
    best_refused = np.partition(impostor, len(impostor) - 1 - allowed)[len(impostor) - 1 - allowed]
    threshold = np.nextafter(best_refused, np.float32(np.inf), dtype=np.float32)
    return OperatingPoint(false_match_rate, float(threshold), missed(genuine, float(threshold)))


def accepted(scores: Scores, min_face_similarity: float) -> Share:
    """Return how many of these pairs count as one person."""
    return Share(int(np.count_nonzero(scores >= np.float32(min_face_similarity))), len(scores))


def missed(scores: Scores, min_face_similarity: float) -> Share:
    """Return how many of these pairs do not count as one person."""
    taken = accepted(scores, min_face_similarity)
    return Share(taken.of - taken.count, taken.of)


def false_positive_identification_rate(false_match_rate: float, enrolled: int) -> float:
    """Return how often a stranger is taken for one of so many, each compared once and independently.

    FPIR = 1 − (1 − FMR)^N (ISO/IEC 19795-1, without binning).
    """
    return 1 - (1 - false_match_rate) ** enrolled


def roc(genuine: Scores, impostor: Scores, points: int = 200) -> tuple[list[float], list[float]]:
    """Return false match rates and false non-match rates over `points` thresholds, loosest first."""
    low = float(min(genuine.min(), impostor.min()))
    high = float(max(genuine.max(), impostor.max()))
    thresholds = np.linspace(low, high, points)
    strangers, own = np.sort(impostor), np.sort(genuine)
    accepted_strangers = len(strangers) - np.searchsorted(strangers, thresholds, side="left")
    missed_own = np.searchsorted(own, thresholds, side="left")
    return (accepted_strangers / len(strangers)).tolist(), (missed_own / len(own)).tolist()
