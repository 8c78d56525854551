"""Pages of signing in and out: invitation, name and password."""

from collections.abc import Mapping
from math import ceil

from flask import flash, render_template, request, session
from flask_babel import gettext
from flask_login import current_user
from flask_security import logout_user
from werkzeug.wrappers import Response

from gate_controller.contract.records import CredentialKind
from web_admin.accounts.open_sessions import open_sessions
from web_admin.accounts.passkeys import passkeys_of, remove_other_passkeys
from web_admin.accounts.permissions import public
from web_admin.accounts.residents import (
    choose_password,
    end_resident_session,
    end_resident_sessions,
    resident_with_password,
    revoke_new_sign_ins,
)
from web_admin.accounts.sessions import digest_of_this_session, mark_of_this_session
from web_admin.action.base import Action
from web_admin.calls.numbers import distrust_telephones
from web_admin.compound.models import Person, Site
from web_admin.compound.queries import person_by_id, the_site
from web_admin.core.database import current_menjin, request_session
from web_admin.core.refusal import ActionRefused
from web_admin.credentials.actions import end_credential
from web_admin.credentials.queries import credential_of, phones_of
from web_admin.messages.push_phones import bind_phones, loosen_phones
from web_admin.messages.subscriptions import notify
from web_admin.people.actions import choose_own_language
from web_admin.people.invitations import accept_invitation
from web_admin.resident.ask_first import asks_first
from web_admin.resident.blueprint import bp, signed_in, site_of
from web_admin.resident.confirmation import OF_THIS_PHONE, confirm_page, must_confirm, passkey_place
from web_admin.web.desk_session import current_visit
from web_admin.web.language import page_language
from web_admin.web.page import Page, to
from web_admin.web.resident_session import (
    act_of,
    current_person,
    resident_required,
    sign_in_resident,
)
from web_admin.web.sign_in_tries import claim_try, failed_unasked, is_run, log_run


def _site() -> Site | None:
    return the_site(request_session())


@bp.get("/welcome")
@bp.get("/welcome/<code>")
@public
def welcome(code: str = "") -> str:
    """Show the welcome page; a link preview must not use the invitation, so wait for the button."""
    return render_template("resident/welcome.html", site=_site(), code=code, person=None)


@bp.post("/welcome")
@public
def accept() -> Response:
    """Use the invitation up and sign its person in."""
    code = request.form.get("code", "")
    try:
        person = accept_invitation(request_session(), current_menjin().sealer, code, current_menjin().clock())
        language = page_language()  # of the page that was read, not of the account that opens
        sign_in_resident(request_session(), person)
        choose_own_language(act_of(person), person.person_id, language)
        notify(request_session(), person.person_id, "signed_in", current_menjin().clock())
    except ActionRefused as refused:
        message = str(refused.message)
        request_session().rollback()
        # The code itself is never made to wait (`accounts/throttle.py`); what fails counts for the address.
        wait = failed_unasked()
        if getattr(current_user, "person_id", None) is not None:
            known = gettext("You are signed in on this phone already; you do not need the invitation again.")
            flash(known, "done")
            return to("resident.my_code")
        if wait:
            message = gettext("Too many wrong codes came from this network. A right code works all the same.")
        page = render_template("resident/welcome.html", site=_site(), code=code, error=message, person=None)
        return answer_to_wrong(page, wait)
    return to("resident.password")


def answer_to_wrong(page: str, wait_seconds: int) -> Response:
    """Return a page that says what is wrong: as 422, or as 429 when that came too often."""
    if not wait_seconds:
        return Response(page, 422, mimetype="text/html")
    return Response(page, 429, {"Retry-After": str(wait_seconds)}, mimetype="text/html")


def _wait_text(seconds: int) -> str:
    minutes = ceil(seconds / 60)
    text: str = gettext(
        "Too many tries. Name and password wait for %(minutes)s min. A passkey or an invitation works at"
        " once, and so do your ways in at the gates.",
        minutes=minutes,
    )
    return text


@bp.get("/password")
@resident_required
def password() -> str:
    """Offer a passkey, and a name and password with which the page can be opened on another phone too."""
    person, act = signed_in()
    if must_confirm(person, act.now):
        return confirm_page(person, then="resident.password")
    return _password_page(person, {}, {})


def _password_page(person: Person, errors: Mapping[str, str], form: Mapping[str, str]) -> str:
    return render_template(
        "resident/password.html",
        person=person,
        site=site_of(person),
        errors=errors,
        form=form,
        passkeys=passkeys_of(request_session(), person.person_id),
        passkeys_work=passkey_place() is not None,
        this_phone=session.get(OF_THIS_PHONE),
        this_session=mark_of_this_session(),
        sessions=open_sessions(request_session(), current_user.id, current_menjin().clock()),
    )


@bp.post("/sessions/<mark>/end")
@resident_required
def end_session(mark: str) -> Response:
    """Sign one other phone or browser out; the resident has confirmed who they are."""
    person, act = signed_in()
    if must_confirm(person, act.now):
        return to("resident.password")
    end_resident_session(act, person.person_id, mark)
    flash(gettext("That phone or computer is signed out."), "done")
    return to("resident.password")


@bp.post("/password")
@resident_required
def save_password() -> tuple[str, int] | Response:
    person, act = signed_in()
    if must_confirm(person, act.now):
        return to("resident.password")
    try:
        choose_password(act, person.person_id, request.form.get("name", ""), request.form.get("password", ""))
    except ActionRefused as refused:
        message = str(refused.message)
        request_session().rollback()
        person, _act = signed_in()
        return _password_page(person, {refused.field or "password": message}, request.form), 422
    # A changed password may be meant to lock another person out.
    _sign_out_elsewhere(person.person_id)
    flash(gettext("Saved. Use this name and password on any phone."), "done")
    return to("resident.my_code")


@bp.get("/sign-in")
@public
def sign_in() -> str | Response:
    """Show the residents' sign-in, or the page itself to who is signed in."""
    person = person_by_id(request_session(), getattr(current_user, "person_id", None))
    if person is not None:
        return to("resident.my_code")
    return _sign_in_page({}, None)


def _sign_in_page(form: Mapping[str, str], error: str | None) -> str:
    return render_template(
        "resident/sign_in.html",
        site=_site(),
        person=None,
        form=form,
        error=error,
        passkeys_work=passkey_place() is not None,
    )


@bp.post("/sign-in")
@public
def check_sign_in() -> Response:
    """Sign in with name and password; one sentence for every mistake."""
    name = request.form.get("name", "")
    claim = claim_try(name)
    if claim.wait_seconds:
        page = _sign_in_page(request.form, _wait_text(claim.wait_seconds))
        return answer_to_wrong(page, claim.wait_seconds)
    person = resident_with_password(request_session(), name, request.form.get("password", ""))
    if person is None:
        if is_run(claim):
            log_run(claim.of_account, "tries", "one name of residents")
        message = gettext("Name or password is wrong. The PIN for the gate is another one.")
        return answer_to_wrong(_sign_in_page(request.form, message), 0)
    sign_in_resident(request_session(), person)
    notify(request_session(), person.person_id, "signed_in", current_menjin().clock())
    return to("resident.my_code")


@bp.post("/sign-out")
@resident_required
def sign_out() -> Response:
    """Sign out here, and end the key of this phone when it says which one is its own."""
    person, act = signed_in()
    credential_id = request.form.get("credential_id", "")
    row = credential_of(act.session, person.person_id, credential_id, CredentialKind.QR)
    if row is not None and row.public_key is not None:
        end_credential(act, row.credential_id, "signed out")
    logout_user()
    return to("resident.sign_in")


def _sign_out_elsewhere(person_id: str) -> None:
    here = digest_of_this_session()
    kept = loosen_phones(request_session(), here) if here is not None else ()
    end_resident_sessions(request_session(), person_id)
    if current_visit() is not None:
        return  # this browser is the office's, and stays so
    person = current_person(request_session())
    request_session().flush()
    logout_user()
    sign_in_resident(request_session(), person)
    request_session().flush()
    bind_phones(request_session(), kept, digest_of_this_session())


def _sign_out_others(act: Action, person_id: str) -> None:
    """Sign out what another person may have; telephones and codes of theirs may be among these, and open."""
    for credential_id in [row.credential_id for row in phones_of(act.session, person_id)]:
        end_credential(act, credential_id, "stopped by its owner")
    distrust_telephones(act, person_id)
    _sign_out_elsewhere(person_id)


@bp.post("/sign-in/revoke")
@resident_required
def revoke_sign_ins() -> Response:
    """End the new ways to sign in, which the resident did not make, and every session but this one."""
    person, act = signed_in()
    revoke_new_sign_ins(act, person.person_id)
    _sign_out_others(act, person.person_id)
    flash(gettext("Ended. Every other phone and computer is signed out."), "done")
    return to("resident.my_code")


@bp.post("/sign-out-everywhere")
@resident_required
def sign_out_everywhere() -> Page:
    """End every other session, passkey and every phone's key of this person: for a lost phone."""
    person, act = signed_in()
    asked = asks_first(
        gettext("Sign out all other phones?"),
        gettext(
            "Their codes and passkeys end. Each of them signs in again from the start. Gates call your "
            "telephone numbers only after you prove them again."
        ),
        gettext("Sign them out"),
        to("resident.help_page").location,
    )
    if asked is not None:
        return asked
    remove_other_passkeys(act, person.person_id, session.get(OF_THIS_PHONE))
    _sign_out_others(act, person.person_id)
    flash(gettext("Every other phone is signed out, and no old code opens anything."), "done")
    return to("resident.my_code")
