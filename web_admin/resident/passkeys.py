"""Pages of passkeys: make one on this phone, sign in with one, remove one; all optional."""

from flask import Response, abort, flash, request, session
from flask_babel import gettext

from web_admin.accounts.passkeys import (
    Answer,
    Place,
    Question,
    add_passkey,
    checked_passkey,
    new_question,
    options_to_make,
    options_to_sign_in,
    passkeys_of,
    remove_passkey,
)
from web_admin.accounts.permissions import public
from web_admin.compound.models import Person
from web_admin.core.database import current_menjin, request_session
from web_admin.core.refusal import ActionRefused
from web_admin.messages.subscriptions import notify
from web_admin.resident.ask_first import asks_first
from web_admin.resident.blueprint import bp, signed_in
from web_admin.resident.confirmation import (
    CONFIRMING,
    FIRST_CONFIRM,
    OF_THIS_PHONE,
    confirmed_page,
    must_confirm,
    passkey_place,
)
from web_admin.web.page import Page, to
from web_admin.web.phone_label import phone_label
from web_admin.web.request_bodies import takes_json
from web_admin.web.resident_session import resident_required, sign_in_resident
from web_admin.web.sign_in_tries import failed_unasked

TO_MAKE, TO_SIGN_IN = "passkey_to_make", "passkey_to_sign_in"

JsonAnswer = dict[str, str]


def _place() -> Place:
    place = passkey_place()
    if place is None:
        abort(404)
    return place


def _asked(name: str) -> Question | None:
    """Return and clear the open challenge of this browser."""
    text = session.pop(name, None)
    return Question.from_text(text) if isinstance(text, str) else None


def _sent() -> Answer:
    sent = request.get_json(silent=True)
    return sent if isinstance(sent, dict) else {}


@bp.post("/passkeys/options")
@resident_required
@takes_json
def make_passkey() -> Response | tuple[JsonAnswer, int]:
    person, act = signed_in()
    if must_confirm(person, act.now):
        return {"error": str(FIRST_CONFIRM)}, 403
    question = new_question(act.now)
    options = options_to_make(act, person, _place(), question)
    session[TO_MAKE] = question.as_text()
    return Response(options, mimetype="application/json")


@bp.post("/passkeys")
@resident_required
@takes_json
def keep_passkey() -> JsonAnswer | tuple[JsonAnswer, int]:
    """Keep the public key of the passkey that this phone made."""
    person, act = signed_in()
    if must_confirm(person, act.now):
        return {"error": str(FIRST_CONFIRM)}, 403
    try:
        passkey = add_passkey(act, person.person_id, _place(), _asked(TO_MAKE), _sent(), phone_label())
    except ActionRefused as refused:
        return {"error": str(refused.message)}, 422
    session[OF_THIS_PHONE] = passkey.passkey_id
    flash(gettext("Saved. This phone signs you in with its own lock."), "done")
    return {"next": to("resident.password").location}


@bp.post("/passkeys/<passkey_id>/remove")
@resident_required
def drop_passkey(passkey_id: str) -> Page:
    person, act = signed_in()
    if must_confirm(person, act.now):
        return to("resident.password")
    if passkey_id not in {one.passkey_id for one in passkeys_of(act.session, person.person_id)}:
        abort(404)
    asked = asks_first(
        gettext("Remove this passkey?"),
        gettext("It can no longer be used to sign in. You can make a new one on that phone."),
        gettext("Remove it"),
        to("resident.password").location,
    )
    if asked is not None:
        return asked
    try:
        remove_passkey(act, person.person_id, passkey_id)
    except ActionRefused:
        abort(404)
    flash(gettext("That passkey can no longer be used to sign in."), "done")
    return to("resident.password")


@bp.post("/sign-in/passkey/options")
@public
@takes_json
def ask_for_passkey() -> Response:
    """Ask a browser for any passkey of this compound that it has."""
    question = new_question(current_menjin().clock())
    session[TO_SIGN_IN] = question.as_text()
    return Response(options_to_sign_in(_place(), question), mimetype="application/json")


@bp.post("/sign-in/passkey")
@public
@takes_json
def sign_in_by_passkey() -> JsonAnswer | tuple[JsonAnswer, int]:
    database, now = request_session(), current_menjin().clock()
    try:
        passkey = checked_passkey(database, _place(), _asked(TO_SIGN_IN), _sent(), now)
        sign_in_resident(database, database.get_one(Person, passkey.person_id), by="webauthn")
    except ActionRefused as refused:
        # A right passkey is never made to wait; see `accounts/throttle.py`.
        database.rollback()
        return {"error": str(refused.message)}, 429 if failed_unasked() else 422
    notify(database, passkey.person_id, "signed_in", now)
    session[OF_THIS_PHONE] = passkey.passkey_id
    next_page = confirmed_page() if session.get(CONFIRMING) else "resident.my_code"
    return {"next": to(next_page).location}
