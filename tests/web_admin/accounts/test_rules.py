"""The state of an account: open, invited or closed; and how long a sign-in confirms a person."""

from datetime import UTC, datetime, timedelta

import pytest

from web_admin.accounts.models import StaffProfile, User
from web_admin.accounts.rules import CONFIRMED_FOR, account_status, is_confirmed

CLOSED = StaffProfile(closed_at=datetime(2026, 5, 4, tzinfo=UTC))


@pytest.mark.parametrize(
    ("active", "profile", "status"),
    [
        (True, None, "open"),
        (True, CLOSED, "open"),
        (False, CLOSED, "closed"),
        (False, StaffProfile(closed_at=None), "invited"),
        (False, None, "invited"),
    ],
)
def test_an_account_is_closed_only_when_its_profile_says_so(
    active: bool, profile: StaffProfile | None, status: str
) -> None:
    assert account_status(User(active=active), profile) == status


@pytest.mark.parametrize(
    ("ago", "is_so"),
    [
        (timedelta(0), True),
        (CONFIRMED_FOR, True),
        (CONFIRMED_FOR + timedelta(seconds=1), False),
        (-timedelta(seconds=1), False),
    ],
)
def test_a_sign_in_confirms_for_ten_minutes_and_a_later_one_does_not(ago: timedelta, *, is_so: bool) -> None:
    now = datetime(2026, 5, 4, 12, tzinfo=UTC)
    assert is_confirmed(now - ago, now) is is_so
