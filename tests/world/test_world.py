"""The seeded world in short: fixed seeds break no promise, a seed is one history, and planted bugs are
found."""

from collections.abc import Iterator

import pytest

from tests.world.acts import ACTS, KINDS
from tests.world.plan import plan_of
from tests.world.planted import BUGS, changed, planted
from tests.world.run import hunt
from tests.world.shrinking import shrunk
from tests.world.world import Grounds

SEEDS = range(1, 11)
STEPS = 60
BY_NAME = {bug.name: bug for bug in BUGS}
QUICK = ("exit button opens", "torn write loses", "guard as manager")
MOST_HISTORIES = 60


@pytest.fixture(scope="module")
def grounds() -> Iterator[Grounds]:
    """Furnish the compound once for all histories."""
    with Grounds() as made:
        yield made


@pytest.mark.parametrize("seed", SEEDS)
def test_a_fixed_seed_breaks_no_promise(grounds: Grounds, seed: int) -> None:
    outcome = grounds.run(plan_of(seed, KINDS, STEPS), ACTS)
    assert outcome.violations == [], f"replay it: make world SEED={seed}"
    assert outcome.steps == STEPS


def test_a_seed_is_one_history_and_another_seed_another_one(grounds: Grounds) -> None:
    first, again, other = (grounds.run(plan_of(seed, KINDS, STEPS), ACTS).digest for seed in (3, 3, 4))
    assert first == again
    assert first != other


def test_a_planted_bug_is_found_and_its_history_is_cut_short(grounds: Grounds) -> None:
    bug = BY_NAME["exit button opens"]
    outcome, _histories, _steps, _seconds = hunt(grounds, bug, 600.0, STEPS, MOST_HISTORIES)
    assert outcome is not None
    with planted(bug):
        short = shrunk(outcome, lambda plan: grounds.run(plan, ACTS), most_runs=20)
    assert short.broken == outcome.broken
    assert len(short.plan.steps) < outcome.steps
    assert grounds.run(short.plan, ACTS).violations == [], "without the bug the same steps are right"


@pytest.mark.wide
@pytest.mark.parametrize("name", QUICK)
def test_a_quick_planted_bug_is_found(grounds: Grounds, name: str) -> None:
    outcome, _histories, _steps, _seconds = hunt(grounds, BY_NAME[name], 600.0, STEPS, MOST_HISTORIES)
    assert outcome is not None


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_every_planted_bug_still_fits_the_product(bug) -> None:
    with planted(bug):
        pass


def test_a_bug_that_fits_no_more_is_reported() -> None:
    with pytest.raises(ValueError, match="0 places"):
        changed(plan_of, [("words that are not there", "")])
