"""People and attackers of the six portraits before a camera whose time the test moves."""

import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from gate_controller.face.engines.engine import FaceEngine
from gate_controller.face.engines.engines import DEFAULT_ENGINE, load_engine
from gate_controller.face.liveness.challenge import Challenge
from gate_controller.face.liveness.liveness import PersonCheck
from gate_controller.face.matching.enrolment import EnrolmentOutcome, EnrolmentSession
from gate_controller.face_control.reasons import FaceReason
from gate_controller.face_control.results import FaceStep, Prompt
from hardware.interfaces import Frame
from hardware.simulated.face_clips import ATTACKS, KNOWN_GAPS, Actor, LivingPerson
from hardware.simulated.pictures import camera_frame
from hardware.simulated.turning_head import Points
from tests.support.faces.fixtures import portraits

FRAMES_A_SECOND = 12.0


@functools.cache
def engine() -> FaceEngine:
    """Return the default engine, loaded once."""
    return load_engine(DEFAULT_ENGINE)


@functools.cache
def picture_and_points(name: str, width: int = 640, height: int = 480) -> tuple[Frame, Points]:
    """Return a portrait fitted into a camera frame and where its five landmarks are."""
    picture = camera_frame(portraits()[name], width=width, height=height)
    return picture, engine().find(picture)[0].landmarks


def living(
    name: str, *, seed: int = 0, width: int = 640, height: int = 480, degrees_a_second: float | None = None
) -> LivingPerson:
    """Return a person who does what the screen asks."""
    picture, points = picture_and_points(name, width, height)
    return LivingPerson(picture, points, seed=seed, degrees_a_second=degrees_a_second)


def attacker(
    species: str, name: str, *, me: str, seed: int = 0, width: int = 640, height: int = 480
) -> Actor:
    """Return an attack with a portrait of `name`; `me` is who holds it."""
    make = {**ATTACKS, **KNOWN_GAPS}[species]
    in_person = living(me, seed=seed + 50, width=width, height=height)
    return make(*picture_and_points(name, width, height), in_person, seed)


@dataclass
class Stage:
    """An actor before a camera: each look moves the clock by one frame, each step reaches the actor.

    Offers what a Camera has, so that a FaceService may open it.
    """

    actor: Actor
    pass_seconds: Callable[[float], None] = lambda _seconds: None
    frames_a_second: float = FRAMES_A_SECOND
    name: str = "gate-camera"
    is_open: bool = False
    seconds: float = 0.0
    prompts: list[Prompt] = field(default_factory=list)

    def open(self) -> None:
        self.is_open = True

    def close(self) -> None:
        self.is_open = False

    def newest_frame(self, _timeout_seconds: float) -> Frame:
        """Return what is there now."""
        self.seconds += 1 / self.frames_a_second
        self.pass_seconds(1 / self.frames_a_second)
        return self.actor.frame(self.seconds)

    def ask(self, prompt: Prompt) -> None:
        """Show a prompt to the actor, when it is a new one."""
        if not self.prompts or prompt is not self.prompts[-1]:
            self.prompts.append(prompt)
            self.actor.hears(prompt.value, self.seconds)

    def on_step(self, step: FaceStep) -> None:
        """Show what a session asks."""
        self.ask(step.prompt)


def draws(side: Prompt, seed: int = 0) -> Callable[[int], int]:
    """Return the randomness of a challenge that always asks for this side, at moments from the seed."""
    chance = np.random.default_rng(seed)
    return lambda below: int(side is Prompt.TURN_LEFT) if below == 2 else int(chance.integers(below))


def enrol_before(actor: Actor, side: Prompt, *, seed: int = 0, seconds: float = 9.0) -> FaceReason:
    """Try to enrol a person, asked for this side; return how it ended."""
    check = PersonCheck(make_challenge=partial(Challenge, draws(side, seed)))
    session, stage = EnrolmentSession(engine(), liveness=check), Stage(actor)
    stage.ask(check.now.prompt)
    while stage.seconds < seconds:
        step = session.offer(stage.newest_frame(0.5), stage.seconds)
        stage.ask(step.prompt)
        if step.outcome is EnrolmentOutcome.DONE:
            return FaceReason.ENROLLED
        if step.outcome is EnrolmentOutcome.REFUSED:
            return step.hint or FaceReason.NOT_LIVE
    session.close()
    return FaceReason.TIME_IS_UP
