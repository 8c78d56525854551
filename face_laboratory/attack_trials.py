"""Measure how many presentation attacks a gate would accept: IAPMR-like shares by kind, worst first.

Each item goes once through an enrolment's whole check, the turn of the head drawn at random and the
passive models where they are added. "Accepted" means: a template would have been made of it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from face_laboratory.attack_items import Item, frames_of
from face_laboratory.error_rates import Share
from gate_controller.face.engines.engine import FaceEngine, wipe
from gate_controller.face.engines.errors import UnusablePicture
from gate_controller.face.liveness.liveness import LivenessCheck, PersonCheck
from gate_controller.face.matching.enrolment import EnrolmentOutcome, EnrolmentSession


@dataclass(slots=True)
class AttackTrials:
    """Results of the items so far."""

    accepted: dict[str, int] = field(default_factory=dict)
    tried: dict[str, int] = field(default_factory=dict)
    unreadable: list[str] = field(default_factory=list)

    def shares(self) -> dict[str, Share]:
        """Return the share accepted by kind, the worst first."""
        shares = {species: Share(self.accepted[species], n) for species, n in self.tried.items()}
        return dict(sorted(shares.items(), key=lambda pair: (-(pair[1].rate or 0.0), pair[0])))


def try_attacks(
    engine: FaceEngine,
    items: Sequence[Item],
    done: Callable[[Item], None],
    make_check: Callable[[], LivenessCheck] = PersonCheck,
) -> AttackTrials:
    """Try each item once; call `done` after each. List what cannot be read."""
    trials = AttackTrials()
    for number, item in enumerate(items):
        try:
            accepted = _accepted(engine, item, number, make_check())
        except UnusablePicture as fault:
            trials.unreadable.append(str(fault))
        else:
            trials.tried[item.species] = trials.tried.get(item.species, 0) + 1
            trials.accepted[item.species] = trials.accepted.get(item.species, 0) + accepted
        done(item)
    return trials


def _accepted(engine: FaceEngine, item: Item, seed: int, check: LivenessCheck) -> bool:
    session = EnrolmentSession(engine, liveness=check)
    try:
        for frame, at_seconds in frames_of(item, seed):
            step = session.offer(frame, at_seconds)
            wipe(frame)
            if step.template is not None:
                wipe(step.template)
            if step.outcome is not EnrolmentOutcome.NEED_MORE:
                return step.outcome is EnrolmentOutcome.DONE
        return False
    finally:
        session.close()
