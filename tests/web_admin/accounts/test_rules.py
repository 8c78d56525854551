"""The state of an account: open, invited or closed."""

from datetime import UTC, datetime

import pytest

from web_admin.accounts.models import StaffProfile, User
from web_admin.accounts.rules import account_status

CLOSED = StaffProfile(closed_at=datetime(2026, 5, 4, tzinfo=UTC))


@pytest.mark.parametrize(("active", "profile", "status"), [
    (True, None, "open"),
    (True, CLOSED, "open"),
    (False, CLOSED, "closed"),
    (False, StaffProfile(closed_at=None), "invited"),
    (False, None, "invited"),
])
def test_an_account_is_closed_only_when_its_profile_says_so(
    active: bool, profile: StaffProfile | None, status: str
) -> None:
    assert account_status(User(active=active), profile) == status
