"""Keep the accounts with which residents sign in."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask_babel import lazy_gettext as _l
from flask_security import hash_password
from flask_security.utils import verify_password
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from web_admin.accounts.models import Passkey, User
from web_admin.accounts.open_sessions import end_all_sessions, end_one_session
from web_admin.accounts.passwords import check_password, names_of_the_place
from web_admin.accounts.permissions import RESIDENT_ROLE
from web_admin.accounts.staff import staff_role
from web_admin.action.base import Action, begin, record
from web_admin.action.lookups import person_of
from web_admin.compound.models import Person
from web_admin.core.refusal import ActionRefused
from web_admin.journal.models import AuditEntry

PASSWORD_SET = "password_set"  # noqa: S105 - a kind of entry
NEW_FOR = timedelta(days=7)
"""How long the own page names a new way to sign in and ends it with one press."""

# -- residents -------------------------------------------------------------------------------------


def resident_account(session: Session, person: Person) -> User:
    """Return the person's account, made on first use."""
    user = session.scalar(select(User).where(User.person_id == person.person_id))
    if user is None:
        user = User(
            person_id=person.person_id,
            active=True,
            fs_uniquifier=secrets.token_hex(32),
            roles=[staff_role(session, RESIDENT_ROLE)],
        )
        session.add(user)
        session.flush()
    return user


def set_resident_password(session: Session, person: Person, name: str, password: str) -> None:
    """Set the name and password with which a resident signs in; raise ActionRefused naming the field."""
    name = name.strip()
    if not 2 <= len(name) <= 40 or "@" in name:
        raise ActionRefused("name", _l("Choose a name of 2 to 40 characters, without @."))
    check_password(password, (name, person.display_name, *names_of_the_place(session)))
    user = resident_account(session, person)
    same_name = select(User.id).where(func.lower(User.username) == name.lower(), User.id != user.id)
    if session.scalar(same_name) is not None:
        raise ActionRefused("name", _l("Someone else already uses this name. Choose another."))
    user.username = name
    user.password = hash_password(password)


def choose_password(act: Action, person_id: str, name: str, password: str) -> None:
    """Set a person's name and password, on record; raise ActionRefused naming the field."""
    begin(act)
    set_resident_password(act.session, person_of(act, person_id), name, password)
    record(act, PASSWORD_SET, {}, person_id=person_id)


@dataclass(frozen=True, slots=True)
class NewSignIn:
    """A way to sign in that was made lately: `password`, or `passkey` with its label."""

    kind: str
    label: str
    made_at: datetime


def new_sign_ins(session: Session, person_id: str, now: datetime) -> list[NewSignIn]:
    """Return the ways to sign in that live and were made in the last NEW_FOR, the newest first."""
    since = now - NEW_FOR
    passkeys = session.scalars(
        select(Passkey).where(Passkey.person_id == person_id, Passkey.created_at > since)
    )
    found = [NewSignIn("passkey", row.label, row.created_at) for row in passkeys]
    has_password = User.person_id == person_id, User.password.is_not(None)
    set_at = session.scalar(
        select(func.max(AuditEntry.at)).where(
            AuditEntry.person_id == person_id,
            AuditEntry.kind == PASSWORD_SET,
            AuditEntry.at > since,
            select(User.id).where(*has_password).exists(),
        )
    )
    if set_at is not None:
        found.append(NewSignIn("password", "", set_at))
    return sorted(found, key=lambda one: one.made_at, reverse=True)


def revoke_new_sign_ins(act: Action, person_id: str) -> None:
    """Forget the password and passkeys that were made in the last NEW_FOR; sessions are the caller's."""
    begin(act)
    person_of(act, person_id)
    if any(one.kind == "password" for one in new_sign_ins(act.session, person_id, act.now)):
        act.session.execute(update(User).where(User.person_id == person_id).values(password=None))
    act.session.execute(
        delete(Passkey).where(Passkey.person_id == person_id, Passkey.created_at > act.now - NEW_FOR)
    )
    record(act, "sign_ins_revoked", {}, person_id=person_id)


def resident_with_password(session: Session, name: str, password: str) -> Person | None:
    """Return who signs in with this name and password, None on any mistake; costs the same both ways."""
    user = session.scalar(select(User).where(func.lower(User.username) == name.strip().lower()))
    if user is None or user.password is None or user.person_id is None:
        hash_password(password)
        return None
    if not verify_password(password, user.password) or not user.active:
        return None
    person = session.get(Person, user.person_id)
    return person if person is not None and person.ended_at is None else None


def end_resident_sessions(session: Session, person_id: str) -> None:
    """Sign the person out everywhere, this browser included."""
    user = session.scalar(select(User).where(User.person_id == person_id))
    if user is not None:
        end_all_sessions(user)


def end_resident_session(act: Action, person_id: str, mark: str) -> None:
    """Sign one phone or browser of a person out; one that is over already is no refusal."""
    begin(act)
    account_id = act.session.scalar(select(User.id).where(User.person_id == person_id))
    if account_id is not None and end_one_session(act.session, account_id, mark):
        record(act, "session_ended", {}, person_id=person_id)


def end_resident_sign_in(session: Session, person_id: str) -> None:
    """Sign the person out everywhere and forget password and passkeys, as when they are invited again."""
    end_resident_sessions(session, person_id)
    session.execute(delete(Passkey).where(Passkey.person_id == person_id))
    user = session.scalar(select(User).where(User.person_id == person_id))
    if user is not None:
        user.password = None
