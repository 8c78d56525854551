"""The status of an account. Pure."""

from web_admin.accounts.models import StaffProfile, User


def account_status(account: User, profile: StaffProfile | None) -> str:
    """Return the status of an account: open, invited or closed."""
    if account.active:
        return "open"
    return "closed" if profile is not None and profile.closed_at is not None else "invited"
