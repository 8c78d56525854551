"""Actors before the demo's cameras: living people of the test portraits."""

import functools

from gate_controller.face.engines.engine import FaceEngine
from gate_controller.face.engines.engines import DEFAULT_ENGINE, load_engine
from hardware.interfaces import Frame
from hardware.simulated.face_clips import LivingPerson
from hardware.simulated.pictures import camera_frame

SLOWLY = 45.0
"""Degrees a second, as the screen asks; a busy machine sees only five frames in one."""


def living(portrait: Frame, *, seed: int) -> LivingPerson:
    """Return the person of a portrait, who does what the screen asks."""
    frame = camera_frame(portrait)
    return LivingPerson(frame, _engine().find(frame)[0].landmarks, seed=seed, degrees_a_second=SLOWLY)


@functools.cache
def _engine() -> FaceEngine:
    return load_engine(DEFAULT_ENGINE)
