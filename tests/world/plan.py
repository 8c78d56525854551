"""Plans of histories: what happens when, made from a seed before anything happens.

A step is plain data. What it is about is a number that is taken modulo what there is, so that a plan
stays a plan when steps are cut out of it. Each history has its own weather (swarm testing: Groce et al.,
ISSTA 2012): some acts and faults are left out and others come often, for a history in which everything
happens seldom gets far in one direction.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from tests.world.chance import Dice

GAPS = (0.3, 1.6, 1.6, 2.1, 2.1, 3.5, 7.0, 20.0)
LONG_GAPS = (600.0, 4_000.0, 40_000.0, 260_000.0)
DICE = 1_000_000
LENGTH = 60


@dataclass(frozen=True)
class Step:
    """One step: seconds after the one before, who or what acts, what, and the dice for everything else."""

    after_seconds: float
    what: str
    first: int
    second: int
    dice: int

    def __str__(self) -> str:
        return f"+{self.after_seconds:g}s {self.what} {self.first} {self.second} dice {self.dice}"


@dataclass(frozen=True)
class Kind:
    """One kind of step and how often it comes; what is `always` there is left out of no history."""

    what: str
    weight: int
    always: bool = False


@dataclass(frozen=True)
class Plan:
    """A history before it happens."""

    seed: int
    fault_of_ten: int
    steps: tuple[Step, ...]


def plan_of(seed: int, kinds: Sequence[Kind], length: int = LENGTH) -> Plan:
    """Return the history that a seed stands for."""
    dice = Dice(f"plan {seed}")
    weights = [kind.weight * (1 if kind.always else dice.choice((0, 1, 1, 3))) for kind in kinds]
    long_of_hundred = dice.choice((0, 2, 6))
    steps = []
    for _number in range(length):
        gap = dice.choice(LONG_GAPS if dice.randrange(100) < long_of_hundred else GAPS)
        kind = dice.choices(kinds, weights)[0]
        steps.append(Step(gap, kind.what, dice.randrange(DICE), dice.randrange(DICE), dice.randrange(DICE)))
    return Plan(seed, dice.choice((0, 1, 3)), tuple(steps))
