"""Pages of places: what each gate leads into, read from its name, and corrected for many gates at once."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask import Blueprint, abort, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from wtforms import SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than the stubs
from wtforms.validators import InputRequired, Length

from web_admin.accounts.permissions import allowed
from web_admin.action.base import Action
from web_admin.compound.models import Gate
from web_admin.compound.place_models import Place
from web_admin.compound.place_names import BUILDING, OUTER, UNIT
from web_admin.compound.queries import HomeNumber, home_numbers, places_of_site
from web_admin.compound.ways import Places
from web_admin.core.database import request_session
from web_admin.core.refusal import ActionRefused
from web_admin.gates.places import MAX_PLACE_NAME_CHARS, end_place, save_place, sort_gates, sort_homes
from web_admin.gates.texts import PLACE_KINDS, UNSORTED, place_name
from web_admin.web.context import form_page, get_or_404, press, submit, typed
from web_admin.web.fields import CheckList, options
from web_admin.web.forms import AgainForm, OnceForm
from web_admin.web.gate_sets import LONG_LIST
from web_admin.web.page import Page, to
from web_admin.web.places import site_gates
from web_admin.web.silent_gates import say_saved
from web_admin.web.site import current_site

bp = Blueprint("gate_places", __name__, url_prefix="/manage/gates/places")

NO_PLACE = ""
MAX_HOMES_CHARS = 2000


class MoveForm(AgainForm):
    """Gates, and the place to which they belong."""

    gates = CheckList(_l("Gates"), validators=[InputRequired(_l("Tick the gates that belong there."))])
    place = SelectField(_l("They belong to"))


class HomesForm(AgainForm):
    """Homes whose numbers do not say their building."""

    homes = TextAreaField(
        _l("Home numbers"),
        description=_l("One or more, with blanks or on lines of their own."),
        validators=[InputRequired(_l("Type a home's number.")), Length(max=MAX_HOMES_CHARS)],
        id="home_numbers",  # the section that has both is `homes`, the gates' field `place`
        render_kw={"rows": 2, "autocapitalize": "none", "spellcheck": "false"},
    )
    place = SelectField(_l("They are in"), id="place_of_homes")


class PlaceForm(OnceForm):
    """A place: its kind, its name, and how its homes' numbers begin."""

    kind = SelectField(_l("Kind"))
    name = StringField(
        _l("Name"), validators=[InputRequired(_l("Type a name.")), Length(max=MAX_PLACE_NAME_CHARS)]
    )
    code = StringField(
        _l("Its home numbers begin with"),
        description=_l("3 for homes like 3-1203, 3-1 for a unit with homes like 3-1-1203."),
        validators=[Length(max=20)],
        render_kw={"autocapitalize": "none", "spellcheck": "false", "autocomplete": "off"},
    )
    parent_id = SelectField(_l("Building"))


@dataclass(frozen=True, slots=True)
class Group:
    """A place, and of a building its units too; without a place the gates that have none."""

    place: Place | None
    title: str
    parts: Sequence["Part"]
    homes: int

    @property
    def count(self) -> int:
        return sum(len(part.gates) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Part:
    """Gates of a building that lead into one of its units, or into none."""

    unit: Place | None
    gates: Sequence[Gate]


@bp.get("/")
@allowed("see_gates")
def show() -> Page:
    """Show gates by place, what is not sorted first, and where homes are."""
    return _page(MoveForm(formdata=None), HomesForm(formdata=None))


@bp.post("/gates")
@allowed("edit_gates")
def move_gates() -> Page:
    """Put the ticked gates into a place."""
    form = MoveForm()
    _offer(form, HomesForm(formdata=None), _places())
    answer = submit(
        form,
        lambda act: sort_gates(act, dict.fromkeys(form.gates.data or (), form.place.data)),
        saved=_moved,
        back=to("gate_places.show"),
    )
    return answer or _page(form, HomesForm(formdata=None))


@bp.post("/homes")
@allowed("edit_people")
def move_homes() -> Page:
    """Say in which building homes are whose numbers do not say it."""
    form = HomesForm()
    _offer(MoveForm(formdata=None), form, _places())
    answer = submit(form, lambda act: _sort_homes(act, form), saved=_saved, back=to("gate_places.show"))
    return answer or _page(MoveForm(formdata=None), form)


@bp.route("/new", methods=["GET", "POST"])
@allowed("edit_gates")
def new() -> Page:
    """Add a building, a unit, a garage or shared rooms."""
    return _edit(PlaceForm(), None)


@bp.route("/<place_id>", methods=["GET", "POST"])
@allowed("edit_gates")
def edit(place_id: str) -> Page:
    """Change a place's name or how its homes' numbers begin; what is there stays there."""
    place = _places().by_id.get(place_id)
    if place is None or place.kind == OUTER:
        abort(404)
    form = PlaceForm(obj=None if request.method == "POST" else place)
    return _edit(form, place)


@bp.post("/<place_id>/end")
@allowed("edit_gates")
def end(place_id: str) -> Page:
    """End a place that nothing is in; ending it twice changes nothing."""
    back = to("gate_places.show")
    if get_or_404(request_session(), Place, place_id).ended_at is not None:
        return back
    return press(
        lambda act: end_place(act, place_id),
        saved=lambda _done: say_saved(_("Removed.")),
        back=back,
        refused=to("gate_places.edit", place_id=place_id),
    )


def _edit(form: PlaceForm, place: Place | None) -> Page:
    places = _places()
    kinds = [place.kind] if place is not None else [kind for kind in PLACE_KINDS if kind != OUTER]
    form.kind.choices = options((kind, PLACE_KINDS[kind]) for kind in kinds)
    buildings = [one for one in places.of_homes if one.kind == BUILDING]
    form.parent_id.choices = options([("", _("None")), *((one.place_id, one.name) for one in buildings)])
    # A page that does not ask sends nothing, and a list takes nothing for no choice of its own.
    if kinds == [BUILDING]:
        del form.parent_id
    elif place is not None and place.kind != UNIT:
        del form.parent_id, form.code
    answer = submit(
        form,
        lambda act: save_place(
            act,
            None if place is None else place.place_id,
            kind=form.kind.data,
            name=typed(form.name),
            code=typed(form.code) if form.code and form.kind.data in (BUILDING, UNIT) else "",
            parent_id=form.parent_id.data or "" if form.parent_id else "",
        ),
        saved=lambda _place: say_saved(_("Saved.")),
        back=to("gate_places.show"),
    )
    return answer or form_page("manage/gate_place.html", form, place=place, button=AgainForm(formdata=None))


def _sort_homes(act: Action, form: HomesForm) -> int:
    """Move the homes that were typed; raise ActionRefused for a number that no home has."""
    known = {home.number: home.home_id for home in _homes()}
    numbers = typed(form.homes).replace(",", " ").replace("，", " ").split()
    unknown = [number for number in numbers if number not in known]
    if unknown:
        raise ActionRefused("homes", _l("There is no home %(number)s.", number=unknown[0]))
    return sort_homes(act, {known[number]: form.place.data for number in numbers})


def _moved(count: int) -> str:
    said: str = ngettext("%(num)d gate was moved.", "%(num)d gates were moved.", count)
    return said


def _saved(_count: int) -> None:
    say_saved(_("Saved."))


def _places() -> Places:
    return places_of_site(request_session(), current_site().site_id)


def _homes() -> Sequence[HomeNumber]:
    return home_numbers(request_session(), current_site().site_id)


def _offer(move: MoveForm, homes: HomesForm, places: Places) -> None:
    """Give the forms the gates and places that there are."""
    move.gates.choices = options((gate.gate_id, gate.name) for gate in site_gates())
    others = [place for place in places.in_order if place.kind != OUTER]
    move.place.choices = [
        SelectChoice(OUTER, PLACE_KINDS[OUTER]),
        *(SelectChoice(place.place_id, place_name(place)) for place in others),
        SelectChoice(NO_PLACE, UNSORTED),
    ]
    homes.place.choices = [
        *(SelectChoice(place.place_id, place_name(place)) for place in places.of_homes),
        SelectChoice(OUTER, _("No building")),
        SelectChoice(NO_PLACE, _("As the number says")),
    ]


def _page(move: MoveForm, homes: HomesForm) -> Page:
    places, numbers = _places(), _homes()
    _offer(move, homes, places)
    of_home = {home.home_id: places.of_home(home) for home in numbers}
    in_place = Counter(place.place_id for place in of_home.values() if place is not None)
    gates = site_gates()
    at: dict[str, list[Gate]] = {}
    for gate in gates:
        at.setdefault(gate.place_id if gate.place_id in places.by_id else NO_PLACE, []).append(gate)
    groups = [_group(place, places, at, in_place) for place in places.in_order if place.kind != UNIT]
    if NO_PLACE in at:
        groups.insert(0, Group(None, str(UNSORTED), [Part(None, at[NO_PLACE])], 0))
    exceptions = [(home.number, of_home[home.home_id]) for home in numbers if home.place_id is not None]
    return form_page(
        "manage/gate_places.html",
        move,
        homes_form=homes,
        groups=groups,
        chosen=set(move.gates.data or ()),
        exceptions=[(number, place_name(place)) for number, place in exceptions],
        without=[home.number for home in numbers if of_home[home.home_id] is None],
        has_buildings=bool(places.of_homes),
        gate_count=len(gates),
        long_list=LONG_LIST,
    )


def _group(
    place: Place, places: Places, at: Mapping[str, Sequence[Gate]], in_place: Mapping[str, int]
) -> Group:
    units = [unit for unit in places.of_homes if unit.parent_id == place.place_id]
    parts = [
        Part(None, at.get(place.place_id, ())),
        *(Part(unit, at.get(unit.place_id, ())) for unit in units),
    ]
    homes = sum(in_place.get(one.place_id, 0) for one in (place, *units))
    return Group(place, place_name(place), parts, homes)
