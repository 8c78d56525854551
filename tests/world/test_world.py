"""The seeded world in short: fixed seeds break no promise, a seed is one history, and planted bugs are
found."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.world import situations
from tests.world.acts import ACTS, KINDS
from tests.world.acts_of_thieves import PAGES_APART
from tests.world.plan import Plan, Step, plan_of
from tests.world.planted import BUGS, changed, planted
from tests.world.run import hunt
from tests.world.shrinking import shrunk
from tests.world.situations import Situation
from tests.world.world import Grounds

ROOT = Path(__file__).resolve().parents[2]
SEEDS = [1, 2, 3, *(pytest.param(seed, marks=pytest.mark.wide) for seed in (4, 5, 6))]
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
@pytest.mark.first_set
def test_a_fixed_seed_breaks_no_promise(grounds: Grounds, seed: int) -> None:
    outcome = grounds.run(plan_of(seed, KINDS, STEPS), ACTS)
    assert outcome.violations == [], f"replay it: make world SEED={seed}"
    assert outcome.steps == STEPS


@pytest.mark.wide
def test_a_seed_is_one_history_and_another_seed_another_one(grounds: Grounds) -> None:
    first, again, other = (grounds.run(plan_of(seed, KINDS, STEPS), ACTS).digest for seed in (3, 3, 4))
    assert first == again
    assert first != other


@pytest.mark.wide
def test_a_failure_is_cut_to_the_step_that_it_needs(grounds: Grounds) -> None:
    kinds = ("turn", "tick", "card", "exit button", "turn")
    plan = Plan(1, 0, tuple(Step(2.1, what, 0, 0, number) for number, what in enumerate(kinds)))
    with planted(BY_NAME["exit button opens"]):
        outcome = grounds.run(plan, ACTS)
        short = shrunk(outcome, lambda shorter: grounds.run(shorter, ACTS))
    assert [step.what for step in short.plan.steps] == ["exit button"]
    assert short.broken == outcome.broken != ""
    assert grounds.run(short.plan, ACTS).violations == [], "without the bug the same step is right"


REVIEWED = {
    "review without a reason": ("suspend in review",) * 20,
    "silence suspends": ("keep in review", "ask in review"),
}


@pytest.mark.parametrize("name", REVIEWED)
@pytest.mark.first_set
def test_a_review_that_suspends_for_no_reason_or_by_silence_is_noticed(grounds: Grounds, name: str) -> None:
    steps = tuple(Step(2.1, what, number, 0, number) for number, what in enumerate(REVIEWED[name]))
    assert grounds.run(Plan(1, 0, steps), ACTS).violations == []
    with planted(BY_NAME[name]):
        assert grounds.run(Plan(1, 0, steps), ACTS).violations != []


OCCASIONS: dict[str, tuple[Situation, tuple[tuple[str, int, int, int], ...]]] = {
    "older epoch": (
        situations.an_older_policy_is_offered,
        (("turn", 0, 0, 0), ("grant", 0, 2, 0), ("turn", 0, 0, 0), ("old answer", 0, 1, 0)),
    ),
    "no holidays": (situations.a_calendar_day_decides, (("holiday", 0, 0, 0), ("turn", 0, 0, 0))),
    "suspended card alone": (situations.a_suspension_decides, (("stop person", 2, 0, 0), ("turn", 0, 0, 0))),
    "interlock ignored": (
        situations.someone_waits_for_the_other_lane,
        (("card", 0, 2, 1), ("card", 0, 2, 0)),
    ),
    "inside again": (
        situations.someone_comes_in_again,
        (("turn", 2, 0, 0), ("card", 0, 2, 0), ("tick", 2, 0, 0), ("come back", 0, 0, 0)),
    ),
    "code of another lane": (situations.a_code_is_typed_at_another_lane, (("type code", 0, 0, 1),)),
    "lost receipt": (
        situations.a_receipt_is_lost_on_its_way,
        (("turn", 0, 0, 0), ("withdraw", 0, 1, 0), ("kill server later", 2, 0, 0), ("turn", 0, 0, 0)),
    ),
    "share at move-out": (situations.someone_with_a_face_moves_out, (("leave", 2, 0, 0),)),
}
"""By planted bug: the situation in which it shows, and the fewest steps to it."""


@pytest.mark.parametrize("name", OCCASIONS)
@pytest.mark.first_set
def test_a_bug_is_noticed_where_its_situation_is_played(grounds: Grounds, name: str) -> None:
    situation, wanted = OCCASIONS[name]
    # Within a minute it is the same passage.
    plan = Plan(1, 0, tuple(Step(75.0 if step[0] == "tick" else 2.1, *step) for step in wanted))
    outcome = grounds.run(plan, ACTS)
    assert outcome.violations == []
    assert outcome.situations[situation.__name__] > 0
    with planted(BY_NAME[name]):
        assert grounds.run(plan, ACTS).violations != []


def test_every_situation_belongs_to_a_planted_bug() -> None:
    assert {situation for situation, _steps in OCCASIONS.values()} == set(situations.SITUATIONS)


@pytest.mark.wide
def test_a_guard_is_refused_at_each_page_that_is_not_the_guards(grounds: Grounds) -> None:
    plan = Plan(1, 0, tuple(Step(2.1, "guard at pages", number, 0, 0) for number in range(PAGES_APART)))
    assert grounds.run(plan, ACTS).violations == []


@pytest.mark.parametrize("first", range(PAGES_APART))
@pytest.mark.first_set
def test_each_round_of_a_guard_at_pages_notices_a_right_of_the_managers(grounds: Grounds, first: int) -> None:
    with planted(BY_NAME["guard as manager"]):
        assert grounds.run(Plan(1, 0, (Step(2.1, "guard at pages", first, 0, 0),)), ACTS).violations != []


def test_no_lease_outlives_the_first_answer_of_a_restored_server(grounds: Grounds) -> None:
    steps = ("turn", "backup", "restore", "turn", "turn", "turn")
    plan = Plan(1, 0, tuple(Step(2.1, what, number, 0, number) for number, what in enumerate(steps)))
    outcome = grounds.run(plan, ACTS)
    assert (outcome.violations, outcome.steps) == ([], len(steps))


@pytest.mark.wide
def test_a_seed_is_the_same_history_in_every_process() -> None:
    """Sets of texts have another order in each process, and no history may depend on it."""
    digests = set()
    for hash_seed in ("1", "2"):
        replay = subprocess.run(
            [sys.executable, "-m", "tests.world.run", "--seed", "3"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
        )
        assert replay.returncode == 0, replay.stdout[-2000:] + replay.stderr[-2000:]
        digests.add(re.findall(r"^digest (\w+)$", replay.stdout, re.MULTILINE)[0])
    assert len(digests) == 1


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
