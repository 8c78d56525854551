"""Pages of one person: methods, grants, invitation, PIN, suspension, moving out."""

from functools import partial

from flask import Blueprint, flash, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response
from wtforms import BooleanField, DateTimeLocalField, SelectField, StringField
from wtforms.validators import InputRequired, Length, Optional

from gate_controller.contract.credential_kinds import OWN_KINDS
from gate_controller.contract.records import Method
from web_admin.accounts.permissions import allowed
from web_admin.action.base import Action
from web_admin.action.suspension_reasons import OF_CREDENTIALS, OF_PERSONS, RULES, Cause
from web_admin.action.suspensions import why_it_stays
from web_admin.compound.models import Person
from web_admin.compound.suspension_models import Suspension
from web_admin.core.database import current_menjin, request_session
from web_admin.core.texts import LANGUAGES
from web_admin.credentials.pins import issue_duress_pin, issue_pin
from web_admin.credentials.queries import live_credentials_of
from web_admin.manage.grant_form import GrantForm
from web_admin.people.actions import (
    GrantSpec,
    edit_person,
    move_out,
    replace_grant,
    set_grants,
    set_may_override,
)
from web_admin.people.additions import added_by, hours_name, named_hours
from web_admin.people.invitations import INVITATION_HOURS, invite
from web_admin.people.moving import what_ends
from web_admin.people.queries import phone_pages
from web_admin.people.status import ways_of
from web_admin.people.suspension_queries import suspensions_of
from web_admin.people.suspensions import resume_person, suspend_person
from web_admin.web.context import current_action, form_page, from_local, get_or_404, submit, typed
from web_admin.web.fields import hours_options, lane_options, options
from web_admin.web.for_good import ForGood
from web_admin.web.forms import AgainForm, OnceForm
from web_admin.web.page import Page, to
from web_admin.web.places import lane_names, site_lanes
from web_admin.web.qr_picture import svg_of
from web_admin.web.silent_gates import say_saved
from web_admin.web.site import request_now, site_zone

bp = Blueprint("person", __name__, url_prefix="/manage/people/<person_id>")


class SuspendForm(OnceForm):
    """Why a whole person is suspended, out of the closed list, and until when."""

    reason = SelectField(
        _l("Reason"),
        choices=options([("", _l("Choose")), *((one.value, RULES[one].word) for one in OF_PERSONS)]),
        description=_l("The person reads it. A debt is never a reason."),
        validators=[InputRequired(_l("Choose a reason."))],
    )
    reference = StringField(
        _l("Number of the order"),
        description=_l("Of a court or the police; else leave it empty."),
        validators=[Length(max=120)],
        render_kw={"autocomplete": "off"},
    )
    until = DateTimeLocalField(
        _l("Until"),
        description=_l("Within 7 days it holds at once. Later, or empty, another account confirms first."),
        validators=[Optional()],
    )


class DetailsForm(OnceForm):
    """Name, language and slow passage."""

    display_name = StringField(
        _l("Name or nickname"), validators=[InputRequired(_l("Type a name.")), Length(max=60)]
    )
    language = SelectField(_l("Language"), choices=options(LANGUAGES))
    slow_pass = BooleanField(
        _l("Slow passage"), description=_l("The gate stays open longer for this person. No reason is shown.")
    )


class MoveOutForm(OnceForm):
    """A confirmation that cannot be given by a slip."""

    sure = BooleanField(
        _l("I have checked the name and the home."), validators=[InputRequired(_l("Please confirm."))]
    )


def _person(person_id: str) -> Person:
    return get_or_404(request_session(), Person, person_id)


def _back(person_id: str) -> Response:
    return to("person.show", person_id=person_id)


@bp.get("")
@allowed("see_people")
def show(person_id: str) -> str:
    """Show a person's ways in, grants and cards; never a duress PIN."""
    return _page(_person(person_id))


def _page(person: Person, **forms: OnceForm) -> str:
    session = request_session()
    credentials = [row for row in person.credentials if row.kind in OWN_KINDS and not row.duress]
    return render_template(
        "manage/person.html",
        person=person,
        credentials=sorted(credentials, key=lambda row: (row.state == "ended", row.kind, row.created_at)),
        methods=tuple(Method),
        ways=ways_of(session, person.site_id, [person], current_menjin().config.passage_days, request_now())[
            person.person_id
        ],
        phone=phone_pages(session, [person], request_now()).get(person.person_id),
        added=added_by(session, person.person_id),
        why_it_stays=partial(why_it_stays, current_action()),
        invitation_hours=INVITATION_HOURS,
        end_reasons=OF_CREDENTIALS,
        suspensions=suspensions_of(session, person.person_id),
        **_names_of_grants(person),
        **{"button": AgainForm(formdata=None), "suspend_form": SuspendForm(formdata=None)} | forms,
    )


@bp.route("/edit", methods=["GET", "POST"])
@allowed("edit_people")
def edit(person_id: str) -> Page:
    """Change name, language and slow passage."""
    person = _person(person_id)
    form = DetailsForm(obj=person)
    answer = submit(
        form,
        lambda act: edit_person(
            act,
            person_id,
            display_name=typed(form.display_name),
            language=form.language.data,
            slow_pass=bool(form.slow_pass.data),
        ),
        saved=_("Saved."),
        back=_back(person_id),
    )
    return answer or form_page("manage/person_edit.html", form, person=person)


@bp.route("/grants", methods=["GET", "POST"])
@allowed("edit_people")
def grants(person_id: str) -> Page:
    """Set where and when a person may pass: of several grants the one that the address names."""
    person = _person(person_id)
    by_id = {grant.grant_id: grant for grant in person.grants}
    asked_for = request.args.get("grant")
    if (asked_for or len(by_id) > 1) and asked_for not in by_id:
        if request.method == "POST":
            flash(_("These hours were changed meanwhile. Look at them once more."), "danger")
        return render_template("manage/grants_of.html", person=person, **_names_of_grants(person))
    grant = by_id.get(asked_for or "") or next(iter(person.grants), None)
    form = GrantForm()
    form.hours_id.choices = hours_options(
        (row.hours_id, hours_name(row)) for row in named_hours(request_session(), person.site_id, person)
    )
    form.lanes.choices = lane_options(site_lanes())
    if not form.is_submitted() and grant is not None:
        zone = site_zone()
        form.lanes.data = sorted(grant.lanes)
        form.hours_id.data = grant.hours_id or ""
        form.valid_from.data = grant.valid_from.astimezone(zone) if grant.valid_from else None
        form.valid_until.data = grant.valid_until.astimezone(zone) if grant.valid_until else None
    replaced = grant.grant_id if grant is not None and len(by_id) > 1 else None
    answer = submit(
        form,
        lambda act: _set_hours(act, person_id, replaced, form.spec()),
        saved=lambda _done: say_saved(_("Saved.")),
        back=_back(person_id),
    )
    return answer or form_page("manage/grants.html", form, person=person)


def _set_hours(act: Action, person_id: str, replaced: str | None, spec: GrantSpec) -> None:
    """Put a grant in the place of one of several, or of all that there is."""
    if replaced is not None:
        replace_grant(act, person_id, replaced, spec)
    else:
        set_grants(act, person_id, [spec] if spec.lanes else [])


def _names_of_grants(person: Person) -> dict[str, dict[str, str]]:
    hours = named_hours(request_session(), person.site_id, person)
    return {
        "lanes": lane_names(),
        "hours": {row.hours_id: hours_name(row) for row in hours},
    }


@bp.post("/invite")
@allowed("edit_people")
def send_invitation(person_id: str) -> Page:
    """Make an invitation and show its code this one time."""
    person, form = _person(person_id), AgainForm()
    answer = submit(
        form,
        lambda act: invite(act, person_id),
        back=_back(person_id),
        for_good=lambda act: _end_of_invitation(act, person),
        then=lambda code: _invitation(person, code),
    )
    return answer or (_page(person, button=form), 422)


def _end_of_invitation(act: Action, person: Person) -> ForGood | None:
    """Return what a new invitation ends: an open one before it, or what is signed in on a phone."""
    phone = phone_pages(act.session, [person], act.now).get(person.person_id)
    name = person.display_name
    if phone == "opened":
        lines = [
            _("The phone of %(name)s is signed out, and its code opens nothing.", name=name),
            _("So it stays until the new invitation is opened and the card or PIN is shown."),
        ]
        return ForGood(lines, people=1)
    if phone == "invited":
        return ForGood([_("The invitation that %(name)s has now ends.", name=name)], people=1)
    return None


def _invitation(person: Person, code: str) -> str:
    link = current_menjin().config.public_url.rstrip("/") + url_for("resident.welcome", code=code)
    picture = svg_of(link, _("QR code of the invitation"))
    return render_template(
        "manage/invitation.html",
        person=person,
        code=code,
        link=link,
        picture=picture,
        hours=INVITATION_HOURS,
    )


@bp.post("/pin")
@allowed("issue_credentials")
def give_pin(person_id: str) -> Page:
    """Give a new PIN, or a duress PIN, and show it this one time."""
    person, form = _person(person_id), AgainForm()
    duress = request.form.get("duress") == "1"
    issue = issue_duress_pin if duress else issue_pin
    answer = submit(
        form,
        lambda act: issue(act, person_id),
        back=_back(person_id),
        for_good=None if duress else lambda act: _end_of_pin(act, person),
        then=lambda digits: render_template(
            "manage/pin_once.html", person=person, digits=digits, duress=duress
        ),
    )
    return answer or (_page(person, button=form), 422)


def _end_of_pin(act: Action, person: Person) -> ForGood | None:
    if not live_credentials_of(act.session, person.person_id, Method.PIN):
        return None
    return ForGood(
        [_("The PIN that %(name)s has now opens nothing any more.", name=person.display_name)], people=1
    )


@bp.post("/suspend")
@allowed("suspend_people")
def suspend(person_id: str) -> Page:
    """Suspend everything of a person, or ask a second account for it."""
    person, form = _person(person_id), SuspendForm()
    answer = submit(
        form,
        lambda act: suspend_person(
            act, person_id, Cause(typed(form.reason), typed(form.reference), from_local(form.until.data))
        ),
        saved=_said_of,
        back=_back(person_id),
        preview="after",
    )
    return answer or (_page(person, suspend_form=form), 422)


def _said_of(row: Suspension) -> None:
    if row.began_at is None:
        flash(_("Another account confirms this under Suspended people. Until then nothing changes."), "info")
    else:
        say_saved(_("The person is suspended."))


@bp.post("/resume")
@allowed("suspend_credentials")
def resume(person_id: str) -> Page:
    person, form = _person(person_id), AgainForm()
    answer = submit(
        form,
        lambda act: resume_person(act, person_id),
        saved=lambda _done: say_saved(_("The suspension has ended.")),
        back=_back(person_id),
    )
    return answer or (_page(person, button=form), 422)


@bp.post("/override")
@allowed("give_override")
def override(person_id: str) -> Page:
    """Grant or revoke a staff member's right to open in lockdown and hold lanes open."""
    person, form = _person(person_id), AgainForm()
    may_override = request.form.get("may_override") == "1"
    answer = submit(
        form,
        lambda act: set_may_override(act, person_id, may_override),
        saved=lambda _done: say_saved(_("Saved.")),
        back=_back(person_id),
    )
    return answer or (_page(person, button=form), 422)


@bp.route("/move-out", methods=["GET", "POST"])
@allowed("edit_people")
def leave(person_id: str) -> Page:
    """End everything of a person who moves out, after a confirmation."""
    person, form = _person(person_id), MoveOutForm()
    answer = submit(
        form,
        lambda act: move_out(act, person_id),
        saved=lambda _done: _(
            "%(name)s has moved out. Everything they could open with has ended.", name=person.display_name
        ),
        back=_back(person_id),
        preview="named",
    )
    if answer is not None:
        return answer
    ends = what_ends(request_session(), person.site_id, [person_id], request_now())[person_id]
    return form_page("manage/move_out.html", form, person=person, ends=ends)
