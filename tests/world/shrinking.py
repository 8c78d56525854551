"""Cut steps out of a failing plan while it still breaks the same promise."""

from collections.abc import Callable
from dataclasses import replace

from tests.world.plan import Plan
from tests.world.world import Outcome

MOST_RUNS = 60


def shrunk(outcome: Outcome, run: Callable[[Plan], Outcome], most_runs: int = MOST_RUNS) -> Outcome:
    """Return the failure of a shorter plan, found in a bounded number of runs (delta debugging).

    What follows the failing step is cut first, then halves, quarters and single steps.
    """
    best = replace(outcome, plan=replace(outcome.plan, steps=outcome.plan.steps[: outcome.steps]))
    size, runs = max(1, len(best.plan.steps) // 2), 0
    while runs < most_runs:
        start, was_shorter = 0, False
        while start < len(best.plan.steps) and runs < most_runs:
            steps = best.plan.steps[:start] + best.plan.steps[start + size :]
            tried = run(replace(best.plan, steps=steps))
            runs += 1
            if tried.broken == outcome.broken:
                best = replace(tried, plan=replace(tried.plan, steps=tried.plan.steps[: tried.steps]))
                was_shorter = True
            else:
                start += size
        if size == 1 and not was_shorter:
            break
        size = max(1, size // 2)
    return best
