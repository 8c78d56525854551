"""Detect camera faults from the camera's own pictures. Pure: times are arguments.

    frame ── glance ──> Glance (numbers, no picture) ── looked ──> Sight
                                                          │
    sees ── dark for 2 s ──────────────> dark             │ any of them ── good pictures for 1 s ──> sees
         ── covered for 6 s ───────────> covered          │ opened: what was seen before the gap
         ── the same picture for 5 s ──> frozen           │         counts for nothing, the trouble stays
         ── no picture for 2.5 s ──────> lost             │

A sensor has noise, so that no two pictures of a living camera are alike; a clock burnt into a frozen
picture changes a few tiles only. Dark is asked first: a covered lens at night is dark.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from hardware.interfaces import Frame

DARK_MEAN = 20.0
"""Mean grey of 255 below which a picture may be dark; a face is refused as too dark below 24."""
DARK_BRIGHTEST = 45.0
"""The brightest 0.5 % stay below this: a phone's screen, a lamp or a lit window make a picture not dark."""
COVERED_EDGE_FLOOR = 5.0
COVERED_EDGE_SHARE = 0.03
"""Covered: of the steps between neighbours in an 80-wide picture, all but the strongest 0.5 % stay below
floor + share × mean grey. A hand, a sticker, a cap with a glow, extreme defocus, a dazzled lens."""
FROZEN_CHANGED_SHARE = 0.05
"""At most this share of the tiles changed: the running clock in a frozen picture is no life."""

DARK_SECONDS = 2.0
COVERED_SECONDS = 6.0
"""Longer than a person holds a telephone flat against the lens."""
FROZEN_SECONDS = 5.0
"""Longer than a network camera goes between two whole pictures (one to four seconds)."""
FROZEN_FRAMES = 10
LOST_SECONDS = 2.5
CLEAR_SECONDS = 1.0
STEADY_FRAMES = 3

TILES_ACROSS, TILES_DOWN = 16, 12
_SAMPLED_HEIGHT = 240
_SMALL_WIDTH, _SMALL_HEIGHT = 80, 60
_WEIGHTS: NDArray[np.uint64] = np.random.default_rng(20).integers(
    1, 2**63, size=(_SAMPLED_HEIGHT * 2, _SAMPLED_HEIGHT * 4), dtype=np.uint64
)


class Trouble(StrEnum):
    """Cause for which a camera does not see."""

    DARK = "dark"
    COVERED = "covered"
    FROZEN = "frozen"
    LOST = "lost"


WORDS = {
    Trouble.DARK: "the picture is too dark: is the lamp on?",
    Trouble.COVERED: "the picture shows nothing: is the lens covered, dirty, dazzled or out of focus?",
    Trouble.FROZEN: "the picture does not change: unplug the camera, wait ten seconds, plug it in again",
    Trouble.LOST: "no picture comes: check the camera's cable, power and address",
}
"""For the installer, in plain words."""


@dataclass(frozen=True, slots=True)
class Glance:
    """Numbers about one frame, from which no picture can be made."""

    mean: float
    brightest: float
    edges: float
    tiles: bytes
    """A sum of its own for each tile; equal pictures have equal sums."""


@dataclass(frozen=True, slots=True)
class Sight:
    """How a camera has seen up to now; times are seconds of one clock that never goes back."""

    trouble: Trouble | None = None
    verdict: Trouble | None = None
    verdict_since: float = 0.0
    verdict_frames: int = 0
    tiles: bytes = b""
    tiles_since: float = 0.0
    tiles_frames: int = 0
    frame_at: float = 0.0


def glance(frame: Frame) -> Glance:
    """Measure a frame, height × width × 3 of any size; about 0.5 ms at 640 × 480."""
    import cv2  # noqa: PLC0415 - a gate without a camera has no OpenCV

    green = frame[:, :, 1]
    small = cv2.resize(green, (_SMALL_WIDTH, _SMALL_HEIGHT), interpolation=cv2.INTER_AREA)
    grey = small.astype(np.int16)
    steps = np.maximum(np.abs(np.diff(grey, axis=1))[:-1], np.abs(np.diff(grey, axis=0))[:, :-1])
    return Glance(
        mean=float(small.mean()),
        brightest=float(np.percentile(small, 99.5)),
        edges=float(np.percentile(steps, 99.5)),
        tiles=_tile_sums(green),
    )


def _tile_sums(green: NDArray[np.uint8]) -> bytes:
    height, width = green.shape
    step = max(1, height // _SAMPLED_HEIGHT, width // (_SAMPLED_HEIGHT * 2))
    sampled = green[::step, ::step][: _WEIGHTS.shape[0], : _WEIGHTS.shape[1]]
    down, across = sampled.shape
    mixed = sampled * _WEIGHTS[:down, :across]
    rows = np.add.reduceat(mixed, _starts(down, TILES_DOWN), axis=0)
    return np.add.reduceat(rows, _starts(across, TILES_ACROSS), axis=1).tobytes()


def _starts(length: int, parts: int) -> NDArray[np.intp]:
    return np.unique(np.arange(parts) * length // parts).astype(np.intp)


def changed_share(before: bytes, after: bytes) -> float:
    """Return which share of the tiles differs; 1 for pictures of different sizes."""
    if len(before) != len(after) or not after:
        return 1.0
    differ = np.frombuffer(before, np.uint64) != np.frombuffer(after, np.uint64)
    return float(differ.mean())


def trouble_in(seen: Glance) -> Trouble | None:
    """Return the fault that a single picture shows: dark, covered or none."""
    if seen.mean < DARK_MEAN and seen.brightest < DARK_BRIGHTEST:
        return Trouble.DARK
    if seen.edges < COVERED_EDGE_FLOOR + COVERED_EDGE_SHARE * seen.mean:
        return Trouble.COVERED
    return None


_PATIENCE = {
    None: CLEAR_SECONDS,
    Trouble.DARK: DARK_SECONDS,
    Trouble.COVERED: COVERED_SECONDS,
    Trouble.FROZEN: 0.0,
}


def opened(sight: Sight, at: float) -> Sight:
    """Begin to look again: the gap counts for nothing, a trouble stays until pictures say otherwise."""
    return Sight(trouble=sight.trouble, verdict=sight.trouble, verdict_since=at, frame_at=at)


def looked(sight: Sight, seen: Glance, at: float, *, may_repeat: bool = False) -> Sight:
    """Take one frame; `may_repeat` for a source that may show one picture for ever, such as a file."""
    same = changed_share(sight.tiles, seen.tiles) <= FROZEN_CHANGED_SHARE
    if same:
        sight = replace(sight, tiles_frames=sight.tiles_frames + 1, frame_at=at)
    else:
        sight = replace(sight, tiles=seen.tiles, tiles_since=at, tiles_frames=1, frame_at=at)
    verdict = trouble_in(seen)
    if verdict is None and same and not may_repeat:
        long_enough = at - sight.tiles_since >= FROZEN_SECONDS and sight.tiles_frames >= FROZEN_FRAMES
        if long_enough or sight.trouble is Trouble.FROZEN:
            verdict = Trouble.FROZEN
    if verdict is not sight.verdict or sight.verdict_frames == 0:
        sight = replace(sight, verdict=verdict, verdict_since=at, verdict_frames=0)
    sight = replace(sight, verdict_frames=sight.verdict_frames + 1)
    steady = sight.verdict_frames >= STEADY_FRAMES or verdict is Trouble.FROZEN
    if steady and at - sight.verdict_since >= _PATIENCE[verdict]:
        return replace(sight, trouble=verdict)
    return sight


def no_frame(sight: Sight, at: float) -> Sight:
    """Take that no frame came up to now."""
    if at - sight.frame_at < LOST_SECONDS:
        return sight
    return lost(sight, at)


def lost(sight: Sight, at: float) -> Sight:
    """Take that the camera cannot be opened or went away."""
    return Sight(trouble=Trouble.LOST, frame_at=sight.frame_at, verdict_since=at)
