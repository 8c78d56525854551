"""Pages of staff and roles: accounts, permissions, invitations, and the quarterly review."""

from flask import Blueprint, abort, flash, render_template, request, url_for
from flask_babel import force_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response
from wtforms import RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length

from web_admin.accounts.models import User
from web_admin.accounts.names import shown_names
from web_admin.accounts.permissions import ACTIONS_BY_ROLE, STAFF_ROLES, allowed
from web_admin.accounts.queries import open_link_ends_at, staff_account, staff_profiles
from web_admin.accounts.rules import account_status
from web_admin.accounts.staff import (
    INVITATION_LIVES,
    MAX_NOTE_CHARS,
    MAX_SHOWN_NAME_CHARS,
    close_account,
    invite_again,
    invite_staff,
    last_review,
    linked_accounts,
    profile_of,
    record_review,
    review_due_at,
    role_of,
    set_role,
    staff_accounts,
    staff_id,
)
from web_admin.accounts.texts import ACTION_WORDS, ROLE_SENTENCES, ROLES
from web_admin.action.base import Action
from web_admin.core.database import current_menjin, request_session
from web_admin.core.parameters import number_of
from web_admin.core.texts import LANGUAGES
from web_admin.messages.outbox import mail_is_set_up, put_message
from web_admin.messages.push_phones import Owner, phones_of, remove_every_phone
from web_admin.messages.queries import stuck_mail_to
from web_admin.messages.texts import trouble_text
from web_admin.web.closing import HANDED_OVER_FIRST, KINDS, names_of_made, settle_made
from web_admin.web.context import actor_id, current_action, form_page, press, submit, typed
from web_admin.web.fields import options
from web_admin.web.for_good import ForGood
from web_admin.web.forms import AgainForm, OnceForm
from web_admin.web.page import Page, to
from web_admin.web.site import current_site, request_now

bp = Blueprint("staff", __name__, url_prefix="/manage/staff")


class InviteForm(OnceForm):
    email = StringField(
        _l("E-mail address"),
        description=_l("They sign in with it. Residents never see it."),
        validators=[InputRequired(_l("Type an e-mail address.")), Length(max=200)],
        render_kw={"inputmode": "email", "autocomplete": "off"},
    )
    shown_name = StringField(
        _l("Name that residents read"),
        description=_l(
            "Such as “Guard at the north gate”. Residents see it beside each look at their records."
        ),
        validators=[InputRequired(_l("Type a name.")), Length(max=MAX_SHOWN_NAME_CHARS)],
    )
    role = RadioField(
        _l("Role"),
        choices=options((role, ROLES[role]) for role in reversed(STAFF_ROLES)),
        validators=[InputRequired(_l("Choose one."))],
    )
    language = SelectField(_l("Language"), choices=options(LANGUAGES))


class RoleForm(OnceForm):
    role = RadioField(
        _l("Role"),
        choices=options((role, ROLES[role]) for role in reversed(STAFF_ROLES)),
        validators=[InputRequired(_l("Choose one."))],
    )


class ReviewForm(OnceForm):
    note = TextAreaField(
        _l("Note (may stay empty)"), validators=[Length(max=MAX_NOTE_CHARS)], render_kw={"rows": 2}
    )


def _account(account_id: str) -> User:
    number = number_of(account_id)
    account = staff_account(request_session(), number) if number is not None else None
    if account is None:
        abort(404)
    return account


@bp.get("/")
@allowed("see_staff")
def show_list() -> str:
    """List the accounts with role and last use, and when the rights were last reviewed."""
    return _list_page(ReviewForm(formdata=None))


def _list_page(review_form: ReviewForm) -> str:
    session, site = request_session(), current_site()
    accounts = staff_accounts(session)
    profiles = staff_profiles(session)
    status = {account.id: account_status(account, profiles.get(account.id)) for account in accounts}
    review = last_review(session, site.site_id)
    due_at = review_due_at(review, site.created_at)
    return render_template(
        "manage/staff.html",
        accounts=[account for account in accounts if status[account.id] != "closed"],
        closed=[account for account in accounts if status[account.id] == "closed"],
        profiles=profiles,
        status=status,
        role_of=role_of,
        review=review,
        reviewer=shown_names(session, [review.reviewer_id]) if review is not None else {},
        due_at=due_at,
        is_due=due_at <= request_now(),
        form=review_form,
    )


@bp.post("/review")
@allowed("review_access")
def review() -> Page:
    """Write down that every account and its role was looked at."""
    form = ReviewForm()
    answer = submit(
        form,
        lambda act: record_review(act, typed(form.note)),
        saved=_("Recorded. The next review is due in three months."),
        back=to("staff.show_list"),
    )
    return answer or (_list_page(form), 422)


@bp.get("/roles")
@allowed("own_account")
def roles() -> str:
    """Show which role may do what, from the table that every page obeys."""
    return render_template(
        "manage/roles.html", groups=ACTION_WORDS, sentences=ROLE_SENTENCES, by_role=ACTIONS_BY_ROLE
    )


# -- invitations -----------------------------------------------------------------------------------


@bp.route("/new", methods=["GET", "POST"])
@allowed("manage_staff")
def new() -> Page:
    """Invite an account: its owner chooses their own password and sets up their own authenticator."""
    form = InviteForm()
    if not form.is_submitted():
        form.language.data = current_site().language
    by_mail = _sends_mail()
    answer = submit(
        form,
        lambda act: _invite(act, form, by_mail=by_mail),
        back=to("staff.show_list"),
        then=lambda made: _handed_over(*made, by_mail=by_mail),
    )
    return answer or form_page("manage/staff_invite.html", form, has_mail=by_mail)


def _invite(act: Action, form: InviteForm, *, by_mail: bool) -> tuple[User, str]:
    language = str(form.language.data)
    account, code = invite_staff(
        act,
        email=typed(form.email),
        role=typed(form.role),
        shown_name=typed(form.shown_name),
        language=language,
    )
    if by_mail:
        _mail_link(act, account, code, language)
    return account, code


def _sends_mail() -> bool:
    """Return whether links go to the new member's own address: then the office does not see them."""
    return mail_is_set_up(request_session(), current_site().site_id)


def _link(code: str) -> str:
    return f"{current_menjin().config.public_url}{url_for('own.join', code=code)}"


def _mail_link(act: Action, account: User, code: str, language: str) -> None:
    site = current_site()
    with force_locale(language):
        subject = _("Your account for the gates of %(site)s", site=site.name)
        text = _(
            "Open this address within %(days)s days, choose a password and set up your authenticator:\n\n"
            "%(link)s\n\nIt works once. If you did not expect this, leave it.",
            days=INVITATION_LIVES.days,
            link=_link(code),
        )
    put_message(
        act.session,
        site.site_id,
        channel="mail",
        target=str(account.email),
        kind="staff_invitation",
        body={"subject": subject, "text": text},
        now=act.now,
    )


def _handed_over(account: User, code: str, *, by_mail: bool) -> Page:
    if by_mail:
        flash(_("The link is on its way to %(email)s.", email=account.email), "success")
        return _back(account)
    return render_template(
        "manage/staff_link.html",
        account=account,
        code=code,
        link=_link(code),
        days=INVITATION_LIVES.days,
    )


def _back(account: User) -> Response:
    return to("staff.show", account_id=account.id)


# -- one account -----------------------------------------------------------------------------------


@bp.get("/<account_id>")
@allowed("see_staff")
def show(account_id: str) -> str:
    """Show one account with what can be done to it."""
    return _account_page(_account(account_id))


def _account_page(
    account: User, role_form: RoleForm | None = None, start_form: AgainForm | None = None
) -> str:
    session = request_session()
    profile = profile_of(session, account.id)
    link_ends_at = open_link_ends_at(session, account.id)
    linked = linked_accounts(current_action(), staff_id(account.id)) - {staff_id(account.id)}
    return render_template(
        "manage/staff_account.html",
        account=account,
        profile=profile,
        status=account_status(account, profile),
        role=role_of(account),
        link_ends_at=link_ends_at,
        stuck_mail=link_ends_at
        and stuck_mail_to(
            session, current_site().site_id, account.email or "", link_ends_at - INVITATION_LIVES
        ),
        trouble_text=trouble_text,
        linked=sorted(shown_names(session, linked).values()),
        is_own=staff_id(account.id) == actor_id(),
        role_form=role_form or RoleForm(formdata=None, data={"role": role_of(account)}),
        start_form=start_form or AgainForm(formdata=None),
        has_mail=_sends_mail(),
        button=AgainForm(formdata=None),
        made=names_of_made(current_action(), account.id),
        kinds=KINDS,
        handed_over_first=HANDED_OVER_FIRST,
    )


@bp.post("/<account_id>/role")
@allowed("manage_staff")
def change_role(account_id: str) -> Page:
    account = _account(account_id)
    form = RoleForm()
    answer = submit(
        form,
        lambda act: set_role(act, account.id, typed(form.role)),
        saved=_("The new role holds from their next page on."),
        back=_back(account),
    )
    return answer or (_account_page(account, role_form=form), 422)


@bp.post("/<account_id>/again")
@allowed("manage_staff")
def new_start(account_id: str) -> Page:
    """Take password and authenticator away, after that was read, and make a link for a new start."""
    account = _account(account_id)
    form = AgainForm()
    by_mail = _sends_mail()
    answer = submit(
        form,
        lambda act: _begin_again(act, account, by_mail=by_mail),
        back=_back(account),
        for_good=lambda act: _end_of_sign_in(act, account),
        then=lambda code: _handed_over(account, code, by_mail=by_mail),
    )
    return answer or (_account_page(account, start_form=form), 422)


def _end_of_sign_in(act: Action, account: User) -> ForGood:
    lines = [
        _("Password and authenticator of %(email)s end at once.", email=account.email),
        _("They are signed out everywhere, and sign in again by the new link alone."),
    ]
    if phones_of(act.session, Owner(account_id=account.id)):
        lines.append(_("Alarms come to none of their phones until they switch that on again."))
    return ForGood(lines)


def _begin_again(act: Action, account: User, *, by_mail: bool) -> str:
    profile = profile_of(act.session, account.id)
    language = (profile.language if profile is not None else None) or current_site().language
    code = invite_again(act, account.id)
    remove_every_phone(act.session, Owner(account_id=account.id))
    if by_mail:
        _mail_link(act, account, code, language)
    return code


@bp.post("/<account_id>/close")
@allowed("manage_staff")
def close(account_id: str) -> Page:
    """Close an account and end what it made, or hand it over, also where it was closed before.

    What follows is read first, and for a day a closed account can be had back with what it made.
    """
    account = _account(account_id)
    is_closed = account_status(account, profile_of(request_session(), account.id)) == "closed"
    return press(
        lambda act: _close(act, account.id, is_closed=is_closed),
        for_good=lambda act: _end_of_account(act, account, is_closed=is_closed),
        saved=_("Saved.") if is_closed else _("Closed. They are signed out everywhere."),
        back=_back(account),
    )


def _end_of_account(act: Action, account: User, *, is_closed: bool) -> ForGood:
    handed_over, lines = request.form.getlist("hand_over"), []
    if not is_closed:
        lines.append(_("%(email)s is signed out and cannot sign in any more.", email=account.email))
    for kind, names in names_of_made(act, account.id).items():
        named = {"kind": KINDS[kind], "names": _(", ").join(names)}
        if kind in handed_over:
            lines.append(_("%(kind)s go on and are yours: %(names)s", **named))
        else:
            lines.append(_("%(kind)s end: %(names)s", **named))
    return ForGood(lines, is_undone_for_a_day=not is_closed)


def _close(act: Action, account_id: int, *, is_closed: bool) -> None:
    if not is_closed:
        close_account(act, account_id)
    settle_made(act, account_id, request.form.getlist("hand_over"))
