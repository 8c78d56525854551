"""The state of an account. Pure."""

from web_admin.accounts.models import StaffProfile, User


def standing_of(account: User, profile: StaffProfile | None) -> str:
    """Return the state of an account: open, invited or closed."""
    if account.active:
        return "open"
    return "closed" if profile is not None and profile.closed_at is not None else "invited"
