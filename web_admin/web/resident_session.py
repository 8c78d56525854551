"""Sign residents in and find the person who is signed in."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from flask import abort, current_app, redirect, request, session, url_for
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from flask_security import login_user, logout_user

from web_admin.accounts.models import User
from web_admin.accounts.permissions import RESIDENT, RESIDENT_ROLE, declare
from web_admin.accounts.residents import resident_account
from web_admin.action.base import Action, new_action
from web_admin.compound.models import Person
from web_admin.compound.queries import person_by_id
from web_admin.core.database import DatabaseSession, current_menjin, request_session
from web_admin.core.refusal import ActionRefused
from web_admin.web.desk_session import AT_THE_DESK, current_visit, visit_was_left_open
from web_admin.web.page import to
from web_admin.web.sign_in_tries import sign_in_worked

SIGNED_IN_AT = "signed_in_at"
"""The session's word for when its resident last showed a password, passkey or invitation."""

View = TypeVar("View", bound=Callable[..., Any])


def sign_in_resident(database: DatabaseSession, person: Person, *, by: str = "password") -> User:
    """Sign the person in and remember them on this phone; raise ActionRefused when they moved out."""
    if person.ended_at is not None:
        raise ActionRefused(None, _l("This account has ended. Ask the property office."))
    user = resident_account(database, person)
    login_user(user, remember=True, authn_via=[by])
    session[SIGNED_IN_AT] = current_menjin().clock().isoformat()
    if user.username is not None:
        sign_in_worked(user.username)
    return user


def current_person(session: DatabaseSession) -> Person:
    """Return the resident who is signed in, or served at the desk; answer 403 to staff and the moved out."""
    visit = current_visit()
    person_id = visit.person_id if visit is not None else getattr(current_user, "person_id", None)
    person = person_by_id(session, person_id)
    if person is None or person.ended_at is not None:
        logout_user()
        abort(403)
    return person


def act_of(person: Person) -> Action:
    """Return an action of this person from their own phone, now."""
    return new_action(current_menjin(), request_session(), person.site_id, person.person_id, "phone")


def resident_required(view: View) -> View:
    """Admit residents only; send strangers to the residents' sign-in, answer 403 to staff.

    Staff who serve a person at the desk come in as far as `AT_THE_DESK` says.
    """

    @wraps(view)
    def guarded(*args: object, **kwargs: object) -> Any:
        if not current_user.is_authenticated:
            known = "resident.sign_in" in current_app.view_functions
            return redirect(url_for("resident.sign_in" if known else "pages.front"))
        if [role.name for role in current_user.roles] != [RESIDENT_ROLE]:
            if visit_was_left_open():
                return to("desk.show", over=1)
            if current_visit() is None or (request.endpoint or "").rpartition(".")[2] not in AT_THE_DESK:
                abort(403)
        return view(*args, **kwargs)

    return cast(View, declare(guarded, RESIDENT))
