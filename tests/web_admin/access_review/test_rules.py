"""An access review lists what is due, in its order, and begins when it is due."""

from datetime import UTC, date, datetime, timedelta

import pytest

from web_admin.access_review.rules import (
    HIGH,
    RISKS,
    Found,
    Kind,
    Why,
    by_risk,
    due_at,
    latest_unused_month,
    next_month,
    with_carried,
)
from web_admin.access_review.suspending import NEEDS
from web_admin.access_review.texts import KINDS, WHYS
from web_admin.accounts.permissions import ACTIONS

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HELPER = Found(Kind.HELPER, "h", Why.HELPS, "h", "home")
CARD = Found(Kind.CARD, "c", Why.UNUSED, "p", "home")
CODE = Found(Kind.CODE, "e", Why.CODE)


def test_every_kind_and_every_why_has_words_a_risk_and_the_right_of_its_own_page() -> None:
    assert set(KINDS) == set(Kind) == set(NEEDS)
    assert set(WHYS) == set(Why) == set(RISKS)
    assert set(NEEDS.values()) <= ACTIONS


def test_the_riskiest_comes_first() -> None:
    assert [one.subject_id for one in by_risk([HELPER, CARD, CODE])] == ["e", "c", "h"]


def test_what_was_left_without_an_answer_weighs_one_more_and_comes_before_its_equals() -> None:
    left = Found(Kind.CARD, "left", Why.UNUSED, carried=1)
    assert left.risk == HIGH
    assert [one.subject_id for one in by_risk([CODE, CARD, left])] == ["left", "e", "c"]


def test_what_was_left_is_listed_once_with_what_is_known_of_it_now() -> None:
    now = Found(Kind.CARD, "c", Why.UNUSED_NO_HOLDER)
    left = [Found(Kind.CARD, "c", Why.UNUSED, carried=2), Found(Kind.HELPER, "gone", Why.HELPS)]
    rows = {one.subject_id: one for one in with_carried([now, CODE], left)}
    assert (rows["c"].why, rows["c"].carried) == (Why.UNUSED_NO_HOLDER, 3)
    assert (rows["gone"].carried, rows["e"].carried) == (1, 0)
    assert len(rows) == 3


def test_the_next_review_is_due_so_long_after_the_last_one_or_after_cards_began_to_be_watched() -> None:
    assert due_at(NOON, NOON - timedelta(days=400), 182) == NOON + timedelta(days=182)
    assert due_at(None, NOON, 182) == NOON + timedelta(days=182)
    assert due_at(None, None, 182) is None


@pytest.mark.parametrize(
    ("today", "month"),
    [
        (date(2026, 6, 1), date(2026, 2, 1)),  # used on 28 February at the latest: 93 days ago
        (date(2026, 5, 30), date(2026, 2, 1)),  # the end of February is 90 days and one ago
        (date(2026, 5, 29), date(2026, 1, 1)),
        (date(2026, 3, 31), date(2025, 11, 1)),
        (date(2026, 4, 1), date(2025, 12, 1)),
    ],
)
def test_a_card_counts_as_unused_only_where_the_last_day_of_its_month_is_90_days_ago(
    today: date, month: date
) -> None:
    assert latest_unused_month(today) == month


def test_a_card_that_was_used_within_90_days_is_in_no_month_that_counts_as_unused() -> None:
    first = date(2024, 1, 1)
    for day in (first + timedelta(days=number) for number in range(800)):
        last_day = next_month(latest_unused_month(day)) - timedelta(days=1)
        assert day - last_day > timedelta(days=90)
        following = next_month(next_month(latest_unused_month(day))) - timedelta(days=1)
        assert day - following <= timedelta(days=90)
