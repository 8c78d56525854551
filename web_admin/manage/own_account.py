"""Pages of the own staff account: name shown to residents, language, password; and joining by a link."""

from flask import Blueprint, flash, render_template, request, session
from flask_babel import LazyString
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from flask_security import login_user, logout_user
from werkzeug.wrappers import Response
from wtforms import PasswordField, SelectField, StringField
from wtforms.validators import InputRequired, Length

from web_admin.access_review.queries import asked_of_account
from web_admin.accounts.models import User
from web_admin.accounts.open_sessions import open_sessions
from web_admin.accounts.permissions import allowed, public
from web_admin.accounts.queries import account_by_id
from web_admin.accounts.sessions import mark_of_this_session
from web_admin.accounts.staff import (
    MAX_SHOWN_NAME_CHARS,
    change_own_password,
    end_own_session,
    profile_of,
    role_of,
    set_own_profile,
    sign_out_everywhere,
)
from web_admin.accounts.staff import join as join_staff
from web_admin.action.base import Action, new_action
from web_admin.core.database import current_menjin, request_session
from web_admin.core.refusal import ActionRefused
from web_admin.core.texts import LANGUAGES
from web_admin.messages.push_phones import Owner, listed, phones_of, public_key, remove_every_phone
from web_admin.web.context import actor_id, current_action, show_refusal, submit, typed
from web_admin.web.fields import options
from web_admin.web.forms import AgainForm, OnceForm
from web_admin.web.page import Page, to
from web_admin.web.sign_in_tries import claim_sign_in, failed_unasked, sign_in_worked
from web_admin.web.site import current_site, request_now

bp = Blueprint("own", __name__)

MAX_PASSWORD_CHARS = 200


class ProfileForm(OnceForm):
    """Name that residents read, and the language of one's pages."""

    shown_name = StringField(
        _l("Name that residents read"),
        description=_l(
            "Residents see it beside each look at their records, with the reason. No family name "
            "is needed: “Guard at the north gate” is enough."
        ),
        validators=[InputRequired(_l("Type a name.")), Length(max=MAX_SHOWN_NAME_CHARS)],
    )
    language = SelectField(_l("Language"), choices=options(LANGUAGES))


def _password_field(
    label: LazyString, autocomplete: str, description: LazyString | None = None
) -> PasswordField:
    return PasswordField(
        label,
        description=description or "",
        validators=[InputRequired(_l("Type your password.")), Length(max=MAX_PASSWORD_CHARS)],
        render_kw={"autocomplete": autocomplete},
    )


ADVICE = _l("At least 10 characters. Three unrelated words are good and easy to remember.")


class PasswordForm(OnceForm):
    current = _password_field(_l("Password until now"), "current-password")
    password = _password_field(_l("New password"), "new-password", ADVICE)


class SessionsForm(OnceForm):
    """The password, before another browser is signed out."""

    own_password = _password_field(
        _l("Your password"), "current-password", _l("It is asked for before another browser is signed out.")
    )


class JoinForm(OnceForm):
    """A one-time code and a password of one's own."""

    code = StringField(
        _l("Code"),
        validators=[InputRequired(_l("Type the code from your invitation.")), Length(max=40)],
        render_kw={"autocomplete": "one-time-code", "autocapitalize": "characters", "spellcheck": "false"},
    )
    password = _password_field(_l("Your new password"), "new-password", ADVICE)


def _own() -> User:
    return account_by_id(request_session(), current_user.id)


@bp.get("/manage/account")
@allowed("own_account")
def show() -> str:
    return _page()


def _page(
    profile_form: ProfileForm | None = None,
    password_form: PasswordForm | None = None,
    sessions_form: SessionsForm | None = None,
) -> str:
    account = _own()
    profile = profile_of(request_session(), account.id)
    known = {
        "shown_name": profile.shown_name if profile is not None else "",
        "language": (profile.language if profile is not None else None) or current_site().language,
    }
    return render_template(
        "manage/own_account.html",
        is_asked=bool(asked_of_account(request_session(), current_site().site_id, actor_id())),
        account=account,
        role=role_of(account),
        profile_form=profile_form or ProfileForm(formdata=None, data=known),
        password_form=password_form or PasswordForm(formdata=None),
        sessions_form=sessions_form or SessionsForm(formdata=None),
        sessions=open_sessions(request_session(), account.id, request_now()),
        this_session=mark_of_this_session(),
        button=AgainForm(formdata=None),
        phones=listed(phones_of(request_session(), Owner(account_id=account.id))),
        push_key=public_key(current_menjin().sealer, current_site().site_id),
    )


@bp.post("/manage/account")
@allowed("own_account")
def save() -> Page:
    """Save one's shown name and language."""
    form = ProfileForm()
    answer = submit(
        form,
        lambda act: set_own_profile(act, _own(), typed(form.shown_name), str(form.language.data)),
        saved=lambda _done: _saved_in(str(form.language.data)),
        back=to("own.show"),
    )
    return answer or (_page(profile_form=form), 422)


def _saved_in(language: str) -> str:
    session["language"] = language
    return str(_("Saved."))


@bp.post("/manage/account/password")
@allowed("own_account")
def change_password() -> Page:
    """Set another password; every other session ends, and alarms come to no phone any more."""
    form = PasswordForm()
    if form.validate_on_submit():
        claim_sign_in(_name())
    answer = submit(
        form,
        lambda act: _change_password(act, form),
        saved=lambda had_phones: _signed_in_again(had_phones=had_phones),
        back=to("own.show"),
    )
    return answer or (_page(password_form=form), 422)


def _change_password(act: Action, form: PasswordForm) -> bool:
    """Change the password and send no more alarms to any phone; return whether they came to one."""
    change_own_password(act, _own(), typed(form.current), typed(form.password))
    owner = Owner(account_id=current_user.id)
    had_phones = bool(phones_of(act.session, owner))
    remove_every_phone(act.session, owner)
    return had_phones


def _name() -> str:
    return str(current_user.email)


def _signed_in_again(*, had_phones: bool) -> str:
    sign_in_worked(_name())
    login_user(_own(), authn_via=["password"])
    if had_phones:
        flash(_("Alarms come to none of your phones now. Switch them on again below."), "info")
    return str(_("Your password is changed. All other browsers are signed out."))


@bp.post("/manage/account/sessions")
@allowed("own_account")
def end_session() -> Page:
    """Sign one other browser out, after the password."""
    form = SessionsForm()
    if form.validate_on_submit():
        claim_sign_in(_name())
    answer = submit(
        form,
        lambda act: end_own_session(act, _own(), typed(form.own_password), request.form.get("session", "")),
        saved=lambda _done: _signed_out_there(),
        back=to("own.show"),
    )
    return answer or (_page(sessions_form=form), 422)


def _signed_out_there() -> str:
    sign_in_worked(_name())
    return str(_("That browser is signed out."))


@bp.post("/manage/account/sign-out")
@allowed("own_account")
def sign_out() -> Response:
    """Sign out everywhere, here too."""
    form = AgainForm()
    if form.validate_on_submit():
        act = current_action()
        sign_out_everywhere(act, _own())
        remove_every_phone(act.session, Owner(account_id=current_user.id))
        logout_user()
        flash(_("You are signed out everywhere."), "success")
        return to("security.login")
    return to("own.show")


@bp.route("/staff/join", methods=["GET", "POST"])
@public
def join() -> Page:
    """Set the password of an invited account; a preview of the link does not use it up."""
    form = JoinForm()
    if not form.is_submitted():
        form.code.data = request.args.get("code", "")[:40]
    if form.validate_on_submit() and _joined(form):
        flash(_("Your password is set. Sign in with it; then set up your authenticator."), "success")
        return to("security.login")
    if not form.is_submitted():
        return render_template("security/join.html", form=form)
    request_session().rollback()
    wait = failed_unasked()  # a right code is never made to wait
    return render_template("security/join.html", form=form), 429 if wait else 422


def _joined(form: JoinForm) -> bool:
    site_id = current_site().site_id
    act = new_action(current_menjin(), request_session(), site_id, "invited", "system", now=request_now())
    try:
        with act.session.begin_nested():
            join_staff(act, typed(form.code), typed(form.password))
    except ActionRefused as refusal:
        show_refusal(form, refusal)
        return False
    return True
