"""`make world`: play histories of fresh seeds for some time, replay one, or look for the planted bugs."""

import argparse
import os
import sys
import time
from collections import Counter

from tests.world.acts import ACTS, KINDS
from tests.world.plan import LENGTH, plan_of
from tests.world.planted import BUGS, Bug, planted
from tests.world.shrinking import shrunk
from tests.world.situations import SITUATIONS
from tests.world.world import Grounds, Outcome

REPORT_SECONDS = 30.0
PLANTED_SECONDS = 600.0


def main() -> int:
    """Play as the arguments say; return 1 where a promise was broken or a planted bug was not found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--seed", type=int, help="replay this history alone; with --planted: the first one")
    parser.add_argument("--length", type=int, default=LENGTH, help="steps of a history")
    parser.add_argument("--planted", nargs="?", const="all", help="plant each of the bugs, or the named one")
    arguments = parser.parse_args()
    with Grounds() as grounds:
        if arguments.planted:
            return find_planted(
                grounds, arguments.planted, arguments.seconds, arguments.length, arguments.seed or 1
            )
        if arguments.seed is not None:
            outcome = grounds.run(plan_of(arguments.seed, KINDS, arguments.length), ACTS, keep_trace=True)
            print("\n".join(outcome.trace))
            print(f"digest {outcome.digest}")
            return report(grounds, outcome)
        return play(grounds, arguments.seconds, arguments.length)


def play(grounds: Grounds, seconds: float, length: int) -> int:
    """Play fresh seeds until the time is over or a promise is broken."""
    began = reported = time.monotonic()
    seed = int.from_bytes(os.urandom(4), "big")
    histories, kinds, situations = 0, Counter[str](), Counter[str]()
    while time.monotonic() - began < seconds:
        outcome = grounds.run(plan_of(seed, KINDS, length), ACTS)
        histories += 1
        kinds.update(step.what for step in outcome.plan.steps[: outcome.steps])
        situations.update(outcome.situations.keys())
        if outcome.violations:
            print(f"{histories} histories, {kinds.total()} steps, 1 violation")
            return report(grounds, outcome)
        if time.monotonic() - reported >= REPORT_SECONDS:
            reported = time.monotonic()
            said = f"{histories} histories, {kinds.total()} steps, 0 violations"
            print(f"{reported - began:4.0f} s: {said}", flush=True)
        seed += 1
    print(", ".join(f"{what} {count}" for what, count in kinds.most_common()))
    print(
        "histories in which", ", ".join(f"{one.__name__}: {situations[one.__name__]}" for one in SITUATIONS)
    )
    print(f"{histories} histories, {kinds.total()} steps, 0 violations in {time.monotonic() - began:.0f} s")
    return 0


def report(grounds: Grounds, outcome: Outcome) -> int:
    """Say what was broken, how to replay it, and the shortest steps that were found to it."""
    if not outcome.violations:
        print(f"{outcome.steps} steps, no violation")
        return 0
    for said in outcome.violations:
        print(f"  {said}")
    print(f"replay it: make world SEED={outcome.plan.seed}")
    short = shrunk(outcome, lambda plan: grounds.run(plan, ACTS, keep_trace=True))
    print(f"the same in {len(short.plan.steps)} steps:")
    for line in short.trace:
        print(f"  {line}")
    for said in short.violations:
        print(f"  {said}")
    return 1


def find_planted(grounds: Grounds, which: str, seconds: float, length: int, first_seed: int) -> int:
    """Look for each planted bug with the same seeds; print how long it took to find it."""
    found = 0
    bugs = [bug for bug in BUGS if which in ("all", bug.name)]
    for bug in bugs:
        seconds = min(seconds, PLANTED_SECONDS)
        outcome, histories, steps, took = hunt(grounds, bug, seconds, length, first_seed=first_seed)
        found += outcome is not None
        said = outcome.violations[0][:150] if outcome is not None else "not found"
        print(f"{bug.name:18} {took:6.1f} s {histories:5} histories {steps:7} steps: {said}", flush=True)
    print(f"{found} of {len(bugs)} planted bugs were found")
    return 0 if found >= len(bugs) - len(bugs) // 12 else 1


def hunt(
    grounds: Grounds,
    bug: Bug,
    seconds: float,
    length: int,
    most_histories: int = 100_000,
    first_seed: int = 1,
) -> tuple[Outcome | None, int, int, float]:
    """Play seeds from one on with a bug planted; return the first failure, histories, steps and seconds.

    A history that fails without the bug as well finds nothing.
    """
    began, steps = time.monotonic(), 0
    for histories in range(1, most_histories + 1):
        plan = plan_of(first_seed + histories - 1, KINDS, length)
        with planted(bug):
            outcome = grounds.run(plan, ACTS)
        steps += outcome.steps
        took = time.monotonic() - began
        if outcome.violations and not grounds.run(plan, ACTS).violations:
            return outcome, histories, steps, took
        if took > seconds:
            break
    return None, histories, steps, time.monotonic() - began


if __name__ == "__main__":
    sys.exit(main())
