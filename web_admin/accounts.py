"""Sign-in accounts of staff and residents: the tables, and what other parts may do with them.

Staff sign in with e-mail, password and an authenticator code. Residents sign in with a name and
password of their own choice, after an invitation; they need no code, and no page of the staff takes
them. How Flask-Security is set up stands in `staff_sign_in.py`.
"""

import secrets
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from flask import abort, current_app, redirect, request, session, url_for
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from flask_security import RoleMixin, UserMixin, hash_password, login_user, logout_user
from flask_security.utils import verify_password
from sqlalchemy import Column, ForeignKey, String, Table, delete, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from web_admin.authenticator import seal_totp_secret
from web_admin.compound.models import Person, Site
from web_admin.core.database import current_menjin
from web_admin.core.orm import Base
from web_admin.core.refusal import ActRefused
from web_admin.desk_request import AT_THE_DESK, current_visit, visit_was_left_open
from web_admin.passkey_models import Passkey
from web_admin.passwords import check_password
from web_admin.permissions import RESIDENT, RESIDENT_ROLE, STAFF_ROLES, declare
from web_admin.sign_in_tries import sign_in_worked

SIGNED_IN_AT = "signed_in_at"
"""The session's word for when its resident last showed a password, passkey or invitation."""

View = TypeVar("View", bound=Callable[..., Any])


account_role = Table(
    "account_role",
    Base.metadata,
    Column("account_id", ForeignKey("account.id", ondelete="CASCADE"), primary_key=True),
    Column("role_id", ForeignKey("role.id"), primary_key=True),
)


class Role(Base, RoleMixin):
    """A row of the permission table, by name."""

    __tablename__ = "role"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)


class User(Base, UserMixin):
    """Someone who may sign in. A resident's account has `person_id`, a member of staff an e-mail.

    `tf_totp_secret` is encrypted by the library under `totp.key`. `last_totp_counter` is the newest
    30-second step whose code was used: no code works twice.
    """

    __tablename__ = "account"
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str | None] = mapped_column(unique=True)  # type: ignore[assignment]  # residents have none
    username: Mapped[str | None] = mapped_column(unique=True)
    password: Mapped[str | None] = mapped_column(String(255))
    active: Mapped[bool] = mapped_column(default=True)
    fs_uniquifier: Mapped[str] = mapped_column(String(64), unique=True)
    tf_primary_method: Mapped[str | None]
    tf_totp_secret: Mapped[str | None] = mapped_column(String(400))
    tf_phone_number: Mapped[str | None]
    last_totp_counter: Mapped[int | None]
    person_id: Mapped[str | None] = mapped_column(ForeignKey("person.person_id"), unique=True)
    roles: Mapped[list[Role]] = relationship(secondary=account_role, lazy="selectin")  # type: ignore[assignment]  # a list of our own roles


def staff_role(session: Session, name: str) -> Role:
    """Return a role's row, made on first use."""
    role = session.scalar(select(Role).where(Role.name == name))
    if role is None:
        role = Role(name=name)
        session.add(role)
    return role


def create_staff(
    session: Session, role: str, email: str, password: str, totp_secret: str | None = None
) -> User:
    """Add a member of staff; needs an app context.

    `totp_secret` is base32. Without it the first sign-in shows a QR code to set the authenticator up.
    Raises ActRefused on an unknown role, a short password or an e-mail that has an account.
    """
    if role not in STAFF_ROLES:
        raise ActRefused("role", _l("There is no such role."))
    check_password(password, (email, *names_of_the_place(session)))
    if session.scalar(select(User.id).where(func.lower(User.email) == email.lower())) is not None:
        raise ActRefused("email", _l("This e-mail address already has an account."))
    user = User(
        email=email.lower(),
        password=hash_password(password),
        active=True,
        fs_uniquifier=secrets.token_hex(32),
        roles=[staff_role(session, role)],
    )
    if totp_secret is not None:
        user.tf_primary_method = "authenticator"
        user.tf_totp_secret = seal_totp_secret(totp_secret)
    session.add(user)
    session.flush()
    return user


def names_of_the_place(session: Session) -> list[str]:
    """Return the compound's name: an attacker tries it first in a password."""
    return list(session.scalars(select(Site.name)))


def create_manager(session: Session, email: str, password: str, totp_secret: str | None = None) -> User:
    """Add a property manager; see `create_staff`."""
    return create_staff(session, "manager", email, password, totp_secret)


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


def sign_in_resident(database: Session, person: Person, *, by: str = "password") -> User:
    """Sign the person in and remember them on this phone; raise ActRefused when they moved out."""
    if person.ended_at is not None:
        raise ActRefused(None, _l("This account has ended. Ask the property office."))
    user = resident_account(database, person)
    login_user(user, remember=True, authn_via=[by])
    session[SIGNED_IN_AT] = current_menjin().clock().isoformat()
    if user.username is not None:
        sign_in_worked(user.username)
    return user


def set_resident_password(session: Session, person: Person, name: str, password: str) -> None:
    """Set the name and password with which a resident signs in; raise ActRefused naming the field."""
    name = name.strip()
    if not 2 <= len(name) <= 40 or "@" in name:
        raise ActRefused("name", _l("Choose a name of 2 to 40 characters, without @."))
    check_password(password, (name, person.display_name, *names_of_the_place(session)))
    user = resident_account(session, person)
    same_name = select(User.id).where(func.lower(User.username) == name.lower(), User.id != user.id)
    if session.scalar(same_name) is not None:
        raise ActRefused("name", _l("Someone else already uses this name. Choose another."))
    user.username = name
    user.password = hash_password(password)


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
        user.fs_uniquifier = secrets.token_hex(32)


def end_resident_sign_in(session: Session, person_id: str) -> None:
    """Sign the person out everywhere and forget password and passkeys, as when they are invited again."""
    end_resident_sessions(session, person_id)
    session.execute(delete(Passkey).where(Passkey.person_id == person_id))
    user = session.scalar(select(User).where(User.person_id == person_id))
    if user is not None:
        user.password = None


def current_person(session: Session) -> Person:
    """Return the resident who is signed in, or served at the desk; answer 403 to staff and the moved out."""
    visit = current_visit()
    person_id = visit.person_id if visit is not None else getattr(current_user, "person_id", None)
    person = session.get(Person, person_id) if person_id is not None else None
    if person is None or person.ended_at is not None:
        logout_user()
        abort(403)
    return person


def resident_required(view: View) -> View:
    """Let in residents only; send strangers to the residents' sign-in, answer 403 to staff.

    Staff who serve a person at the desk come in as far as `AT_THE_DESK` says.
    """

    @wraps(view)
    def guarded(*args: object, **kwargs: object) -> Any:
        if not current_user.is_authenticated:
            known = "resident.sign_in" in current_app.view_functions
            return redirect(url_for("resident.sign_in" if known else "pages.front"))
        if [role.name for role in current_user.roles] != [RESIDENT_ROLE]:
            if visit_was_left_open():
                return redirect(url_for("desk.show", over=1), 303)
            if current_visit() is None or (request.endpoint or "").rpartition(".")[2] not in AT_THE_DESK:
                abort(403)
        return view(*args, **kwargs)

    return cast(View, declare(guarded, RESIDENT))
