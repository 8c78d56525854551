"""Actors before the demo's cameras: living people of the test portraits, and presentation attacks."""

import functools

from gate_controller.face.engines.engine import FaceEngine
from gate_controller.face.engines.engines import DEFAULT_ENGINE, load_engine
from hardware.interfaces import Frame
from hardware.simulated.face_clips import ATTACKS, Actor, LivingPerson
from hardware.simulated.pictures import camera_frame
from hardware.simulated.turning_head import Points

SLOWLY = 45.0
"""Degrees a second, as the screen asks; a busy machine sees only five frames in one."""


def living(portrait: Frame, *, seed: int) -> LivingPerson:
    """Return the person of a portrait, who does what the screen asks."""
    return LivingPerson(*_fitted(portrait), seed=seed, degrees_a_second=SLOWLY)


def attack(species: str, portrait: Frame, own: Frame, *, seed: int) -> Actor:
    """Return an attack with a person's portrait; `own` is the attacker's. KeyError for an unknown one."""
    return ATTACKS[species](*_fitted(portrait), living(own, seed=seed), seed)


def _fitted(portrait: Frame) -> tuple[Frame, Points]:
    frame = camera_frame(portrait)
    return frame, _engine().find(frame)[0].landmarks


@functools.cache
def _engine() -> FaceEngine:
    return load_engine(DEFAULT_ENGINE)
