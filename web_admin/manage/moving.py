"""Pages to move a family in or out, and to add staff with hours and an end."""

from flask import Blueprint, render_template, request, url_for
from flask_babel import force_locale, ngettext
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, DateTimeLocalField, FieldList, Form, FormField, SelectField, StringField
from wtforms.validators import InputRequired, Length, Optional

from web_admin.accounts.permissions import allowed
from web_admin.action.base import Action
from web_admin.compound.models import Home, Person
from web_admin.core.database import current_menjin, request_session
from web_admin.core.refusal import ActionRefused
from web_admin.core.texts import LANGUAGES
from web_admin.people.actions import GrantSpec
from web_admin.people.additions import named_hours
from web_admin.people.invitations import INVITATION_HOURS
from web_admin.people.listings import people_of_home
from web_admin.people.moving import (
    Member,
    MovedIn,
    add_staff,
    move_in,
    move_out_home,
    what_ends,
)
from web_admin.people.texts import AGE_BANDS, KINDS_OF_PERSON
from web_admin.people.usual_lanes import UsualLanes
from web_admin.web.back_to_first_hour import after
from web_admin.web.context import form_page, from_local, get_or_404, submit, typed
from web_admin.web.desk_reader import read_tap
from web_admin.web.fields import CheckList, hours_options, lane_options, options
from web_admin.web.forms import OnceForm
from web_admin.web.gate_sets import LONG_LIST
from web_admin.web.looked_for import sealed_text
from web_admin.web.page import Page, to
from web_admin.web.places import site_lanes
from web_admin.web.qr_picture import svg_of
from web_admin.web.silent_gates import say_saved
from web_admin.web.site import current_site, request_now

bp = Blueprint("moving", __name__, url_prefix="/manage/people")

ROWS = 4
MAX_ROWS = 12


class MemberForm(Form):
    """Someone of the family; ignore a row without a name and a card."""

    name = StringField(_l("Name or nickname"), validators=[Length(max=60)], render_kw={"autocomplete": "off"})
    kind = SelectField(
        _l("Kind"),
        choices=options((kind, KINDS_OF_PERSON[kind]) for kind in ("resident", "helper")),
        default="resident",
    )
    age_band = SelectField(_l("Age"), choices=options(AGE_BANDS), default="adult")
    card = StringField(_l("Card"), validators=[Length(max=40)], render_kw={"autocomplete": "off"})
    is_invited = BooleanField(_l("Invitation to the phone page"))


class FamilyForm(OnceForm):
    """A home and everyone who moves in."""

    number = StringField(
        _l("Home number"),
        description=_l("Like 3-1203. A home that is not there yet is added."),
        validators=[InputRequired(_l("Type the home's number.")), Length(max=20)],
        render_kw={"autocomplete": "off", "autofocus": True},
    )
    joins = BooleanField(_l("They join people who live there"))
    language = SelectField(
        _l("Language they read"),
        choices=options(LANGUAGES),
        default=lambda: current_site().language,
        description=_l("Of their invitation, pages and messages. Each can change it on the phone page."),
    )
    members = FieldList(FormField(MemberForm), min_entries=ROWS, max_entries=MAX_ROWS)


class LeaveForm(OnceForm):
    """A confirmation that cannot be given by a slip."""

    sure = BooleanField(
        _l("I have checked the home and the names."), validators=[InputRequired(_l("Please confirm."))]
    )


class StaffForm(OnceForm):
    """Someone who works here."""

    name = StringField(
        _l("Name or nickname"),
        description=_l("The name the office uses. It is never sent to a gate."),
        validators=[InputRequired(_l("Type a name.")), Length(max=60)],
    )
    lanes = CheckList(_l("May pass"))
    hours_id = SelectField(_l("Hours"))
    valid_until = DateTimeLocalField(
        _l("Until"), description=_l("The end of the contract; empty for no end."), validators=[Optional()]
    )
    card = StringField(
        _l("Card"),
        description=_l("Hold the card at the desk reader, or type what is printed on it. May stay empty."),
        validators=[Length(max=40)],
        render_kw={"autocomplete": "off"},
    )


@bp.route("/move-in", methods=["GET", "POST"])
@allowed("edit_people")
def family() -> Page:
    """Move a family in: home, people, a card and an invitation for each, all or nothing."""
    form = FamilyForm()
    if not form.is_submitted():
        form.number.data = request.args.get("home", "")[:20]
        for row in form.members:
            row.form.is_invited.data = True
    if "more" in request.form:
        for _row in range(min(2, MAX_ROWS - len(form.members))):
            form.members.append_entry({"is_invited": True})
        return render_template("manage/move_in.html", form=form)
    answer = submit(
        form,
        lambda act: _move_in(act, form),
        back=to("people.show_list", find=sealed_text(typed(form.number).strip())),
        then=_invitations,
    )
    return answer or form_page("manage/move_in.html", form)


def _move_in(act: Action, form: FamilyForm) -> MovedIn:
    members = []
    for row in form.members:
        fields = row.form
        name, card = typed(fields.name).strip(), typed(fields.card).strip()
        if name or card:
            number = _tapped(f"{row.name}-card", card) if card else None
            members.append(
                Member(
                    row.name,
                    name,
                    fields.kind.data,
                    fields.age_band.data,
                    number,
                    bool(fields.is_invited.data),
                )
            )
    return move_in(act, typed(form.number), members, joins=bool(form.joins.data), language=form.language.data)


def _tapped(field: str, text: str) -> int:
    try:
        return read_tap(text)
    except ActionRefused as refused:
        raise ActionRefused(field, refused.message) from refused


def _invitations(moved: MovedIn) -> str:
    say_saved(_("Moved in."))
    welcome = current_menjin().config.public_url.rstrip("/")
    slips = []
    for person, code in moved.people:
        if code:
            link = welcome + url_for("resident.welcome", code=code)
            with force_locale(person.language):
                how = _("Scan it with a phone, or open this address:")
                picture = svg_of(link, _("QR code of the invitation"))
            slips.append((person, code, link, picture, how))
    return render_template(
        "manage/moved_in.html",
        moved=moved,
        hours=INVITATION_HOURS,
        slips=slips,
        done=after(url_for("people.show_home", home_id=moved.home.home_id)),
    )


@bp.route("/homes/<home_id>/move-out", methods=["GET", "POST"])
@allowed("edit_people")
def leave(home_id: str) -> Page:
    """End everything of everyone in a home, after a look at what that is."""
    session = request_session()
    home = get_or_404(session, Home, home_id)
    form = LeaveForm()
    answer = submit(
        form,
        lambda act: move_out_home(act, home_id),
        saved=lambda count: ngettext(
            "%(num)d person has moved out. Everything they could open with has ended.",
            "%(num)d people have moved out. Everything they could open with has ended.",
            count,
        ),
        back=to("people.show_home", home_id=home_id),
        preview="named",
    )
    if answer is not None:
        return answer
    people = people_of_home(session, home_id)
    ends = what_ends(session, home.site_id, [person.person_id for person in people], request_now())
    return form_page("manage/home_move_out.html", form, home=home, people=people, ends=ends)


@bp.route("/staff/new", methods=["GET", "POST"])
@allowed("edit_people")
def staff() -> Page:
    """Add a guard, a cleaner or a gardener with hours, an end and a card."""
    form = StaffForm()
    site_hours = named_hours(request_session(), current_site().site_id)
    form.hours_id.choices = hours_options((row.hours_id, row.name) for row in site_hours)
    form.lanes.choices = lane_options(site_lanes())
    answer = submit(
        form,
        lambda act: _add_staff(act, form),
        saved=lambda person: _("%(name)s was added.", name=person.display_name),
        back=to("people.show_list", kind="staff"),
        then=lambda person: to("person.show", person_id=person.person_id),
    )
    return answer or form_page("manage/staff_new.html", form, long_list=LONG_LIST)


def _add_staff(act: Action, form: StaffForm) -> Person:
    card = typed(form.card).strip()
    number = _tapped("card", card) if card else None
    lanes = tuple(form.lanes.data or UsualLanes(act).of_person("staff", None))
    grant = GrantSpec(lanes, form.hours_id.data or None, None, from_local(form.valid_until.data))
    try:
        return add_staff(act, typed(form.name), grant, number)
    except ActionRefused as refused:
        field = {"number": "card", "display_name": "name"}.get(refused.field or "", refused.field)
        raise ActionRefused(field, refused.message) from refused
