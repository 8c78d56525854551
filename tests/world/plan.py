"""Plans of histories: what happens when, made from a seed before anything happens.

A step is plain data. What it is about is a number that is taken modulo what there is, so that a plan
stays a plan when steps are cut out of it. Each history has its own weather (swarm testing: Groce et al.,
ISSTA 2012): some acts and faults are left out and others come often, for a history in which everything
happens seldom gets far in one direction. And one step of four is a recent one that comes again, at the same
place or beside it: the same card, gate or person, since much that goes wrong needs two steps about one thing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tests.world.chance import Dice

GAPS = (0.3, 1.6, 1.6, 2.1, 2.1, 3.5, 7.0, 20.0, 75.0)
LONG_GAPS = (600.0, 4_000.0, 40_000.0, 260_000.0)
DICE = 1_000_000
LENGTH = 60
STEPS_BACK = (1, 1, 2, 8)
"""How many steps back one may be that comes again."""


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
    """One kind of step and how often it comes; what is `always` there is left out of no history.

    What is `of_a_crowd` comes more often where many people pass.
    """

    what: str
    weight: int
    always: bool = False
    of_a_crowd: bool = False


@dataclass(frozen=True)
class Plan:
    """A history before it happens."""

    seed: int
    fault_of_ten: int
    steps: tuple[Step, ...]


def plan_of(seed: int, kinds: Sequence[Kind], length: int = LENGTH) -> Plan:
    """Return the history that a seed stands for."""
    dice = Dice(f"plan {seed}")
    crowd = dice.choice((1, 1, 3))
    weights = [
        kind.weight * (1 if kind.always else dice.choice((0, 1, 1, 3))) * (crowd if kind.of_a_crowd else 1)
        for kind in kinds
    ]
    long_of_hundred = dice.choice((0, 2, 6))
    steps: list[Step] = []
    for _number in range(length):
        gap = dice.choice(LONG_GAPS if dice.randrange(100) < long_of_hundred else GAPS)
        kind = dice.choices(kinds, weights)[0]
        step = Step(gap, kind.what, dice.randrange(DICE), dice.randrange(DICE), dice.randrange(DICE))
        if steps and dice.randrange(4) == 0:
            before = steps[-min(len(steps), dice.choice(STEPS_BACK))]
            step = replace(before, after_seconds=gap, dice=dice.choice((before.dice, step.dice)))
        steps.append(step)
    return Plan(seed, dice.choice((0, 1, 3)), tuple(steps))
