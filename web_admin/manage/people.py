"""Pages of people and homes: list with search, a home, new homes, new people."""

from collections.abc import Sequence

from flask import Blueprint, abort, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response
from wtforms import SelectField, StringField
from wtforms.validators import InputRequired, Length

from web_admin.accounts.permissions import allowed
from web_admin.action.base import record
from web_admin.calls.reach import wishes_of
from web_admin.calls.texts import TEST_RESULTS
from web_admin.compound.models import Home, Person
from web_admin.core.csv_text import csv_for_spreadsheets
from web_admin.core.database import current_menjin, request_session
from web_admin.core.texts import LANGUAGES
from web_admin.gates.queries import hours_names
from web_admin.manage.bulk_choice import bulk_parts
from web_admin.people.actions import KINDS, add_person
from web_admin.people.additions import waiting_people
from web_admin.people.homes import add_home
from web_admin.people.listings import home_count, home_numbers, person_count
from web_admin.people.queries import NO_HOME, STATES, buildings_of, find, living_in, phone_pages, wanted_of
from web_admin.people.sheet_export import rows_of_list
from web_admin.people.status import Ways, ways_of
from web_admin.people.texts import AGE_BANDS, KINDS_OF_PERSON
from web_admin.web.context import current_action, form_page, get_or_404, submit, typed
from web_admin.web.fields import CheckList, lane_options, options
from web_admin.web.forms import AgainForm, OnceForm
from web_admin.web.gate_sets import LONG_LIST
from web_admin.web.looked_for import looked_for
from web_admin.web.page import Page, to
from web_admin.web.places import site_lanes
from web_admin.web.site import current_site, request_now, site_zone

bp = Blueprint("people", __name__, url_prefix="/manage/people")


class HomeForm(OnceForm):
    number = StringField(
        _l("Home number"),
        description=_l("As people type it at the gate: building and flat, like 3-1203."),
        validators=[InputRequired(_l("Type the home's number.")), Length(max=20)],
    )


class PersonForm(OnceForm):
    display_name = StringField(
        _l("Name or nickname"),
        description=_l("The name the office uses. It is never sent to a gate."),
        validators=[InputRequired(_l("Type a name.")), Length(max=60)],
    )
    home_id = SelectField(_l("Home"), validators=[])
    kind = SelectField(_l("Kind"), choices=options((kind, KINDS_OF_PERSON[kind]) for kind in KINDS))
    age_band = SelectField(_l("Age"), choices=options(AGE_BANDS))
    language = SelectField(_l("Language"), choices=options(LANGUAGES))
    lanes = CheckList(_l("May pass"), validators=[])


def _ways_of(people: Sequence[Person]) -> dict[str, Ways]:
    passage_days = current_menjin().config.passage_days
    return ways_of(request_session(), current_site().site_id, people, passage_days, request_now())


@bp.get("/")
@allowed("see_people")
def show_list() -> str:
    """List homes with their people, or what is looked for; pages in the homes' own order."""
    session, site_id = request_session(), current_site().site_id
    wanted = wanted_of({**request.args, "q": looked_for(40)})
    found = find(session, site_id, wanted)
    return render_template(
        "manage/people.html",
        found=found,
        phones=phone_pages(session, found.everyone, request_now()),
        ways=_ways_of(found.everyone),
        wanted=wanted,
        states=STATES,
        kinds={kind: KINDS_OF_PERSON[kind] for kind in KINDS},
        buildings_shown=[(building, building) for building in buildings_of(session, site_id)],
        no_home=NO_HOME,
        hours=hours_names(session, site_id),
        waiting=waiting_people(session, site_id),
        export_form=AgainForm(formdata=None),
        home_count=home_count(session, site_id),
        person_count=person_count(session, site_id),
        **bulk_parts(wanted),
    )


@bp.post("/sheet")
@allowed("edit_people")
def export() -> Response:
    """Send the result of a search as a sheet, and record who took it."""
    form = AgainForm()
    if not form.validate_on_submit():
        abort(400)
    wanted = wanted_of(request.form)
    record(
        current_action(),
        "people_exported",
        {"building": wanted.building, "kind": wanted.kind, "state": wanted.state},
        personal={"text": wanted.text} if wanted.text else None,
    )
    rows = rows_of_list(request_session(), current_site().site_id, wanted, site_zone())
    answer = Response(csv_for_spreadsheets([[_("Home"), _("Name"), _("State")], *rows]), mimetype="text/csv")
    day = request_now().astimezone(site_zone()).date().isoformat()
    answer.headers["Content-Disposition"] = f"attachment; filename=people-{day}.csv"
    answer.headers["Cache-Control"] = "no-store"
    return answer


@bp.route("/homes/new", methods=["GET", "POST"])
@allowed("edit_people")
def new_home() -> Page:
    form = HomeForm()
    answer = submit(
        form,
        lambda act: add_home(act, typed(form.number)),
        saved=lambda home: _("Home %(number)s was added.", number=home.number),
        back=to("people.show_list"),
        then=lambda home: to("people.show_home", home_id=home.home_id),
    )
    return answer or form_page("manage/home_new.html", form)


@bp.get("/homes/<home_id>")
@allowed("see_people")
def show_home(home_id: str) -> str:
    """Show a home and who lives there."""
    home = get_or_404(request_session(), Home, home_id)
    people = living_in(request_session(), home)
    return render_template(
        "manage/home.html",
        home=home,
        people=people,
        ways=_ways_of(people),
        calls=wishes_of(request_session(), home_id),
        test_results=TEST_RESULTS,
    )


@bp.route("/new", methods=["GET", "POST"])
@allowed("edit_people")
def new_person() -> Page:
    """Add a person, with a card as their only method until they choose others."""
    form = PersonForm()
    numbers = home_numbers(request_session(), current_site().site_id)
    form.home_id.choices = options([("", _("No home")), *numbers])
    form.lanes.choices = lane_options(site_lanes())
    if not form.is_submitted():
        form.home_id.data = request.args.get("home", "")
        form.language.data = current_site().language
    answer = submit(
        form,
        lambda act: add_person(
            act,
            display_name=typed(form.display_name),
            home_id=form.home_id.data or None,
            kind=form.kind.data,
            age_band=form.age_band.data,
            language=form.language.data,
            lanes=form.lanes.data or None,
        ),
        saved=lambda person: _(
            "%(name)s was added. Give a card or send an invitation next.", name=person.display_name
        ),
        back=to("people.show_list"),
        then=lambda person: to("person.show", person_id=person.person_id),
    )
    return answer or form_page("manage/person_new.html", form, long_list=LONG_LIST)
