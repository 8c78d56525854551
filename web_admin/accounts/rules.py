"""How an account stands. Pure."""

from web_admin.accounts.models import StaffProfile, User


def standing_of(account: User, profile: StaffProfile | None) -> str:
    """Return how an account stands: open, invited or closed."""
    if account.active:
        return "open"
    return "closed" if profile is not None and profile.closed_at is not None else "invited"
