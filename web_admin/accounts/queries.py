"""Read accounts of staff."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from web_admin.accounts.models import User


def staff_account_id(
    session: Session, *, email: str | None = None, account_id: int | None = None, session_key: str = ""
) -> int | None:
    """Return the id of an account found by its e-mail, its id or what its sessions name it by.

    None where there is none, or where it is a resident's.
    """
    if email is not None:
        wanted = func.lower(User.email) == email
    elif account_id is not None:
        wanted = User.id == account_id
    else:
        wanted = User.fs_uniquifier == session_key
    return session.scalar(select(User.id).where(wanted, User.person_id.is_(None)))


def account_of_email(session: Session, email: str) -> User | None:
    """Return the account that signs in with an e-mail address in small letters."""
    return session.scalar(select(User).where(User.email == email))
