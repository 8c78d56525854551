"""The default face engine as the server publishes it: its name and measured error rates.

The server imports no part of the engine; a test holds these figures to the engine's own card.
"""

from collections.abc import Sequence
from dataclasses import dataclass

FACE_ENGINE = "yunet-sface-int8bq-2"
MEASURED_ON = "LFW deep-funneled, all pairs: 242,257 genuine, 87.3 million impostor"
WORST_GROUP_FACTOR = 5.7
"""False match rate of the worst measured group, as a multiple of the average."""
ALONE_AT_MOST = 17
"""Up to so many faces in one gate may be searched without a home number."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One threshold: strangers taken for someone, and owners not recognised, as shares of tries.

    Owners weigh the same, however many pictures each has.
    """

    false_match_rate: float
    missed_by_person: float


MEASURED: Sequence[Measured] = (Measured(1e-4, 0.030), Measured(1e-5, 0.07))
