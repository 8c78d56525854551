"""Keep open sessions on the server: signing out ends one, and every copy of its cookie.

A cookie names the account's secret word and the session, as does the cookie by which a resident's phone is
remembered. Another word (`User.fs_uniquifier`) ends every session of an account, a missing row ends one.
"""

import secrets
from datetime import datetime, timedelta
from hashlib import sha256

from flask import Flask, g, request, session
from flask_login import user_logged_in, user_logged_out
from flask_security import Security, UserMixin
from flask_security.utils import set_request_attr
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from web_admin.accounts.models import User
from web_admin.accounts.open_sessions import mark_of
from web_admin.accounts.session_models import AccountSession
from web_admin.core.database import Database, current_menjin, put_down_request_session, request_session

LONGEST_SESSION = timedelta(hours=12)
"""Of staff, from the sign-in on."""
REMEMBERED_FOR = timedelta(days=365)
"""Of a resident's phone, from the sign-in on."""
USER_ID = "_user_id"
"""Where the login library keeps whom a session belongs to."""


def init_account_sessions(app: Flask, security: Security) -> None:
    """Accept a cookie by its row alone, and no other way of signing in."""
    security.login_manager.user_loader(load_account)
    # No bearer token, neither in an address nor in a header or body: only the interface takes keys.
    security.login_manager.request_loader(lambda _request: None)
    user_logged_in.connect(begin_session, app)
    user_logged_out.connect(end_session, app)


def load_account(user_id: str) -> UserMixin | None:
    """Return the active account whose open session a cookie names, None for any other."""
    word, _dot, session_id = str(user_id).partition(".")
    if not word or not session_id:
        return None
    menjin = current_menjin()
    account = request_session().scalar(
        select(User)
        .join(AccountSession, AccountSession.account_id == User.id)
        .where(
            User.fs_uniquifier == word,
            User.active.is_(True),
            AccountSession.session_sha256 == session_digest(session_id),
            AccountSession.ends_at > menjin.clock(),
        )
    )
    if account is None:
        return None
    g.menjin_session_id = session_id
    set_request_attr("fs_authn_via", "session")
    set_request_attr("fs_paa", session.get("fs_paa", 0))
    return account


def begin_session(_app: Flask, user: UserMixin, **_more: object) -> None:
    """Open a session for who just signed in, in the request's transaction."""
    database, now = request_session(), current_menjin().clock()
    end_session(_app)  # one that this browser had
    session_id = secrets.token_urlsafe(24)
    lasts = LONGEST_SESSION if getattr(user, "person_id", None) is None else REMEMBERED_FOR
    account_id = int(getattr(user, "id"))  # noqa: B009 - a column of accounts.User
    database.add(
        AccountSession(
            session_sha256=session_digest(session_id),
            account_id=account_id,
            begun_at=now,
            ends_at=now + lasts,
        )
    )
    g.menjin_session_id = session_id
    session[USER_ID] = f"{user.fs_uniquifier}.{session_id}"


def renew_session() -> None:
    """Give this browser's session a new id and keep its end: a copy of the old cookie signs in no more."""
    session_id = secrets.token_urlsafe(24)
    here = AccountSession.session_sha256 == session_digest(g.menjin_session_id)
    request_session().execute(
        update(AccountSession).where(here).values(session_sha256=session_digest(session_id))
    )
    g.menjin_session_id = session_id
    word, _dot, _old = str(session[USER_ID]).partition(".")
    session[USER_ID] = f"{word}.{session_id}"


def end_session(_app: Flask, **_more: object) -> None:
    """Close this browser's session, in the request's transaction."""
    session_id = g.pop("menjin_session_id", None)
    if session_id is None:
        return
    ended = delete(AccountSession).where(AccountSession.session_sha256 == session_digest(session_id))
    if request.method not in ("GET", "HEAD"):
        request_session().execute(ended)
        return
    # A request that only asks has a transaction that cannot write.
    put_down_request_session()
    with current_menjin().database.session() as database:
        database.execute(ended)


def mark_of_this_session() -> str:
    """Return what a page calls this browser's own session by; empty without one."""
    digest = digest_of_this_session()
    return mark_of(digest) if digest is not None else ""


def digest_of_this_session() -> bytes | None:
    """Return the digest under which this browser's own session is kept, None without one."""
    session_id = g.get("menjin_session_id")
    return session_digest(session_id) if session_id else None


def session_digest(session_id: str) -> bytes:
    return sha256(session_id.encode()).digest()


def is_open(database: Session, session_id: str, now: datetime) -> bool:
    """Return whether a session has neither been closed nor run out."""
    row = database.get(AccountSession, session_digest(session_id))
    return row is not None and row.ends_at > now


def forget_old_sessions(database: Database, now: datetime) -> int:
    """Delete sessions that have run out; return how many."""
    with database.session() as session_:
        found = session_.execute(delete(AccountSession).where(AccountSession.ends_at <= now))
    return int(getattr(found, "rowcount"))  # noqa: B009 - of a statement that changes rows
