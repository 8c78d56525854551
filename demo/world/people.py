"""Actors before the demo's cameras: living people of the test portraits, and presentation attacks."""

import functools
from dataclasses import dataclass

from gate_controller.face.engines.engine import FaceEngine
from gate_controller.face.engines.engines import DEFAULT_ENGINE, load_engine
from hardware.interfaces import Frame
from hardware.simulated.face_clips import ATTACKS, Actor, LivingPerson
from hardware.simulated.pictures import camera_frame
from hardware.simulated.turning_head import Points

SLOWLY = 45.0
"""Degrees a second, as the screen asks; a busy machine sees only five frames in one."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How a person looks into the camera, and how large its frames are."""

    turn_degrees: float | None = None
    """How far the head turns when asked; None draws it from the seed, within what people do."""
    degrees_a_second: float = SLOWLY
    frame_size: tuple[int, int] = (640, 480)
    """Width and height in pixels."""


USUAL = Manner()


def living(portrait: Frame, *, seed: int, manner: Manner = USUAL) -> LivingPerson:
    """Return the person of a portrait, who does what the screen asks in their manner."""
    return LivingPerson(
        *_fitted(portrait, manner.frame_size),
        seed=seed,
        turn_degrees=manner.turn_degrees,
        degrees_a_second=manner.degrees_a_second,
    )


def attack(species: str, portrait: Frame, own: Frame, *, seed: int) -> Actor:
    """Return an attack with a person's portrait; `own` is the attacker's. KeyError for an unknown one."""
    return ATTACKS[species](*_fitted(portrait), living(own, seed=seed), seed)


def _fitted(portrait: Frame, frame_size: tuple[int, int] = USUAL.frame_size) -> tuple[Frame, Points]:
    width, height = frame_size
    frame = camera_frame(portrait, width=width, height=height)
    return frame, _engine().find(frame)[0].landmarks


@functools.cache
def _engine() -> FaceEngine:
    return load_engine(DEFAULT_ENGINE)
