"""Read accounts of staff and the keys of other systems."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from web_admin.accounts.models import ApiKey, StaffInvitation, StaffProfile, User
from web_admin.accounts.staff import staff_id


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


def account_by_id(session: Session, account_id: int) -> User:
    """Return an account that exists."""
    return session.get_one(User, account_id)


def staff_account(session: Session, account_id: int) -> User | None:
    """Return an account of staff, None where there is none or it is a resident's."""
    account = session.get(User, account_id)
    return account if account is not None and account.person_id is None else None


def staff_emails(session: Session) -> dict[str, str]:
    """Return the e-mail address of every account of staff by the id under which journals name it."""
    rows = session.execute(select(User.id, User.email).where(User.person_id.is_(None)))
    return {staff_id(number): email for number, email in rows if email}


def staff_profiles(session: Session) -> dict[int, StaffProfile]:
    return {profile.account_id: profile for profile in session.scalars(select(StaffProfile))}


def open_link_ends_at(session: Session, account_id: int) -> datetime | None:
    """Return when the link ends with which an account may begin, None where none was made or it was used."""
    return session.scalar(
        select(StaffInvitation.expires_at).where(
            StaffInvitation.account_id == account_id, StaffInvitation.used_at.is_(None)
        )
    )


def live_keys_by(session: Session, site_id: str, author_id: str, now: datetime) -> Sequence[ApiKey]:
    """Return the keys for other systems that an account made and that still work, or wait after a restore."""
    return session.scalars(
        select(ApiKey)
        .where(
            ApiKey.site_id == site_id,
            ApiKey.author_id == author_id,
            ApiKey.ended_at.is_(None),
            ApiKey.valid_until > now,
        )
        .order_by(ApiKey.name, ApiKey.key_id)
    ).all()


def api_keys_of(session: Session, site_id: str) -> Sequence[ApiKey]:
    """Return a site's keys for other systems, ended ones too, newest first."""
    return session.scalars(
        select(ApiKey).where(ApiKey.site_id == site_id).order_by(ApiKey.created_at.desc())
    ).all()
