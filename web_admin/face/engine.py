"""The default face engine as the server publishes it: its name and measured error rates.

The server imports no part of the engine; a test holds these figures to the engine's own card.
"""

from collections.abc import Sequence
from dataclasses import dataclass

FACE_ENGINE = "yunet-sface-int8bq-2"
NAME_IN_SITE_FILES = "yunet-sface"
MEASURED_ON = "LFW deep-funneled, all pairs: 242,257 genuine, 87.3 million impostor"
WORST_GROUP_FACTOR = 5.7
"""False match rate of the worst measured group, as a multiple of the average."""
ALONE_AT_MOST = 17
"""Up to so many faces in one gate may be searched without a home number."""


@dataclass(frozen=True, slots=True)
class MeasuredThreshold:
    """One threshold: strangers taken for someone, and owners not recognised, as shares of tries.

    Owners weigh the same, however many pictures each has.
    """

    min_face_similarity: float
    false_match_rate: float
    missed_by_person: float
    misses_are_at_it: bool = True
    """True if the misses were counted at this very threshold; at a lower one they are too few."""
    missed_of_looks: tuple[tuple[int, float], ...] = ()
    """Number of looks and misses with so many."""


MEASURED: Sequence[MeasuredThreshold] = (
    MeasuredThreshold(0.437, 1e-4, 0.030, misses_are_at_it=False),
    MeasuredThreshold(0.506, 1e-5, 0.083, missed_of_looks=((3, 0.045),)),
)
"""Beside another way of the same person, and in a search."""
IN_A_SEARCH = MEASURED[-1]


def percent(share: float) -> str:
    """Return a share as it is written before a percent sign."""
    return f"{share * 100:.1f}"
