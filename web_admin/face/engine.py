"""The default face engine as the server publishes it: its name and measured error rates.

The server imports no part of the engine; a test holds these figures to the engine's own card.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

FACE_ENGINE = "yunet-sface-int8bq-2"
NAME_IN_SITE_FILES = "yunet-sface"
MEASURED_ON = "Labeled Faces in the Wild (deepfunneled), 5,749 people, 8,313 pictures"
WORST_GROUP_FACTOR = 5.7
"""False match rate of the worst measured group, as a multiple of the average."""
ALONE_AT_MOST = 17
"""Up to so many faces in one gate may be searched without a home number."""


@dataclass(frozen=True, slots=True)
class MeasuredThreshold:
    """The threshold for templates of so many scans, and the share of tries at which it misses their owner.

    Owners weigh the same, however many pictures each has.
    """

    scans: int
    min_face_similarity: float
    missed_by_person: float


BESIDE_ANOTHER_WAY = (
    MeasuredThreshold(1, 0.426284, 0.02093),
    MeasuredThreshold(2, 0.401333, 0.003666),
    MeasuredThreshold(3, 0.393597, 0.004193),
)
IN_A_SEARCH = (
    MeasuredThreshold(1, 0.506, 0.070279),
    MeasuredThreshold(2, 0.481255, 0.023705),
    MeasuredThreshold(3, 0.476081, 0.015199),
)
MEASURED: Mapping[float, Sequence[MeasuredThreshold]] = {1e-4: BESIDE_ANOTHER_WAY, 1e-5: IN_A_SEARCH}
"""By false match rate: share of tries at which strangers are taken for someone."""


def percent(share: float) -> str:
    """Return a share as it is written before a percent sign, with two digits that count."""
    return f"{share * 100:.{1 if share >= 0.01 else 2}f}"
