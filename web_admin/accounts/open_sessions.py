"""List the open sessions of an account, and end all or one of them."""

import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session, object_session

from web_admin.accounts.models import User
from web_admin.accounts.session_models import AccountSession

MARK_CHARS = 32


@dataclass(frozen=True, slots=True)
class OpenSession:
    """One browser that is signed in; `mark` names it in a form and opens nothing."""

    mark: str
    begun_at: datetime
    ends_at: datetime


def mark_of(session_sha256: bytes) -> str:
    """Return what a page calls a session by."""
    return session_sha256.hex()[:MARK_CHARS]


def open_sessions(session: Session, account_id: int, now: datetime) -> list[OpenSession]:
    """Return an account's sessions that have not run out, the newest first."""
    rows = session.scalars(
        select(AccountSession)
        .where(AccountSession.account_id == account_id, AccountSession.ends_at > now)
        .order_by(AccountSession.begun_at.desc(), AccountSession.session_sha256)
    )
    return [OpenSession(mark_of(row.session_sha256), row.begun_at, row.ends_at) for row in rows]


def end_one_session(session: Session, account_id: int, mark: str) -> bool:
    """End the session of an account that has this mark; return whether there was one."""
    rows = session.scalars(select(AccountSession).where(AccountSession.account_id == account_id))
    found = next((row for row in rows if mark_of(row.session_sha256) == mark), None)
    if found is not None:
        session.delete(found)
    return found is not None


def end_all_sessions(account: User) -> None:
    """End every session of an account: its cookies name another word from now on, and none is listed."""
    account.fs_uniquifier = secrets.token_hex(32)
    session = object_session(account)
    if session is not None and account.id is not None:
        session.execute(delete(AccountSession).where(AccountSession.account_id == account.id))
