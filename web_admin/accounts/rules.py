"""The status of an account, and how long a sign-in confirms a person. Pure."""

from datetime import datetime, timedelta

from web_admin.accounts.models import StaffProfile, User

CONFIRMED_FOR = timedelta(minutes=10)
"""How long a sign-in, or its confirmation, lets a resident change how they sign in."""


def account_status(account: User, profile: StaffProfile | None) -> str:
    """Return the status of an account: open, invited or closed."""
    if account.active:
        return "open"
    return "closed" if profile is not None and profile.closed_at is not None else "invited"


def is_confirmed(signed_in_at: datetime, now: datetime) -> bool:
    """Return whether a sign-in is so recent that it confirms who changes the sign-in."""
    return now - CONFIRMED_FOR <= signed_in_at <= now
