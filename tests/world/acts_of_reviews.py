"""Acts of the office in an access review of the cards: keep one, suspend one, ask about one, close it."""

from collections.abc import Callable

from tests.support.compounds.access_reviews import URL, cards_were_used_last, close_now
from tests.world.cell import DONE
from tests.world.plan import Step
from tests.world.world import World
from web_admin.access_review.actions import ask, begin_round, keep, mark_of, suspend
from web_admin.access_review.models import ReviewRow
from web_admin.access_review.queries import all_rows, open_round
from web_admin.access_review.suspending import Stop
from web_admin.action.base import Action

REASONS = ("returned", "lost", "unpaid", "", "damaged")
"""Of the list, and none."""


def _on_a_card(world: World, step: Step, doing: Callable[[Action, ReviewRow], object]) -> str:
    """Do something about a card that the review lists; begin a review where none runs."""

    def do(act: Action) -> None:
        if open_round(act.session, act.site_id) is None:
            cards_were_used_last(act.session, act)
            begin_round(act, URL)
        running = open_round(act.session, act.site_id)
        assert running is not None
        rows = [row for row in all_rows(act.session, running.round_id) if row.kind == "card"]
        left = [row for row in rows if row.decision is None]
        if left:
            doing(act, left[step.first % len(left)])

    return world.cell.do(do)


def keep_in_review(world: World, step: Step) -> str:
    """Confirm that a card stays."""
    return _on_a_card(world, step, lambda act, row: keep(act, row.row_id, mark_of(row)))


def suspend_in_review(world: World, step: Step) -> str:
    """Suspend a card, for a reason of the list or for none."""
    reason = REASONS[step.second % len(REASONS)]
    came = _on_a_card(world, step, lambda act, row: suspend(act, row.row_id, mark_of(row), Stop(reason)))
    return f"{reason} {came}"


def ask_in_review(world: World, step: Step) -> str:
    """Ask about a card, and at times close the review before anyone has answered."""
    came = _on_a_card(world, step, lambda act, row: ask(act, row.row_id, mark_of(row), URL))
    if came == DONE and step.second % 3 == 0:
        return f"{came}, closed {world.cell.do(close_now)}"
    return came
