"""Pages of weekly hours, public holidays and make-up working days."""

from collections.abc import Callable, Sequence
from datetime import date

from flask import Blueprint, abort
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response
from wtforms import DateField, Form, FormField, SelectField, StringField, TimeField
from wtforms.validators import InputRequired, Length, Optional

from gate_controller.contract.calendars import DAY_KINDS, MINUTES_A_DAY, Span
from web_admin.accounts.permissions import allowed
from web_admin.action.base import Action
from web_admin.compound.models import CalendarDay, Hours
from web_admin.core.database import request_session
from web_admin.core.refusal import ActionRefused
from web_admin.core.texts import DAYS
from web_admin.gates.hours import save_hours, set_calendar_day
from web_admin.gates.hours_in_use import change_day, remove_hours, set_days
from web_admin.gates.queries import calendar_day
from web_admin.web.context import form_page, get_or_404, press, submit, typed
from web_admin.web.fields import CheckList, options
from web_admin.web.forms import AgainForm, OnceForm
from web_admin.web.page import Page, to
from web_admin.web.silent_gates import say_saved
from web_admin.web.site import current_site

bp = Blueprint("hours", __name__, url_prefix="/manage/hours")

SPANS = 4


class SpanForm(Form):
    """Days, and from when to when on them; an end before the start runs past midnight."""

    days = CheckList(_l("On these days"), choices=options(DAYS))
    start = TimeField(_l("From"), validators=[Optional()])
    end = TimeField(_l("Until"), validators=[Optional()])


class HoursForm(OnceForm):
    """Named hours of up to four spans."""

    name = StringField(_l("Name"), validators=[InputRequired(_l("Type a name.")), Length(max=60)])
    span1 = FormField(SpanForm)
    span2 = FormField(SpanForm)
    span3 = FormField(SpanForm)
    span4 = FormField(SpanForm)

    def parts(self) -> list["FormField[SpanForm]"]:
        """Return the span fields in order."""
        return [self[f"span{number}"] for number in range(1, SPANS + 1)]


class DayForm(OnceForm):
    """A date that counts as another kind of day."""

    day = DateField(_l("Date"), validators=[InputRequired(_l("Choose a date."))])
    kind = SelectField(_l("Treated as"), choices=options(DAYS), default="holiday")
    name = StringField(
        _l("Name"),
        description=_l("For example: National Day, or worked in exchange."),
        validators=[Length(max=60)],
    )


class NewDaysForm(DayForm):
    """A special date, or several in a row."""

    last_day = DateField(
        _l("Last day"),
        description=_l("Only for several days in a row, such as a holiday week."),
        validators=[Optional()],
    )


def _spans(form: HoursForm) -> Sequence[Span]:
    spans = []
    for part in form.parts():
        days, start, end = part.form.days.data, part.form.start.data, part.form.end.data
        if not days and start is None and end is None:
            continue
        if not days or start is None or end is None:
            raise ActionRefused(part.name, _l("Choose days, a start and an end, or leave this row empty."))
        end_minute = end.hour * 60 + end.minute
        spans.append(Span(tuple(days), start.hour * 60 + start.minute, end_minute or MINUTES_A_DAY))
    if not spans:
        raise ActionRefused("span1", _l("Fill in at least one row."))
    return spans


def _fill(form: HoursForm, hours: Hours) -> None:
    form.name.data = hours.name
    for part, span in zip(form.parts(), hours.spans, strict=False):
        part.form.days.data = list(span["days"])
        part.form.start.raw_data = [_clock(span["from_minute"])]
        part.form.end.raw_data = [_clock(span["until_minute"])]


def _clock(minute: int) -> str:
    return f"{minute // 60 % 24:02d}:{minute % 60:02d}"


@bp.route("/new", methods=["GET", "POST"])
@allowed("edit_gates")
def new() -> Page:
    return _edit(HoursForm(), None)


@bp.route("/<hours_id>", methods=["GET", "POST"])
@allowed("edit_gates")
def edit(hours_id: str) -> Page:
    """Change weekly hours; a change that leaves face alone somewhere is refused."""
    hours = get_or_404(request_session(), Hours, hours_id)
    form = HoursForm()
    if not form.is_submitted():
        _fill(form, hours)
    return _edit(form, hours)


def _edit(form: HoursForm, hours: Hours | None) -> Page:
    hours_id = hours.hours_id if hours is not None else None
    answer = submit(
        form,
        lambda act: save_hours(act, hours_id, typed(form.name), _spans(form)),
        saved=lambda _hours: say_saved(_("Saved.")),
        back=to("gates.show_list"),
    )
    button = AgainForm(formdata=None)
    return answer or form_page("manage/hours.html", form, hours=hours, day_kinds=DAY_KINDS, button=button)


@bp.post("/<hours_id>/remove")
@allowed("edit_gates")
def remove(hours_id: str) -> Page:
    """Take weekly hours away that nothing uses; taking them away twice changes nothing."""
    get_or_404(request_session(), Hours, hours_id)
    return _take_away(lambda act: remove_hours(act, hours_id), to("hours.edit", hours_id=hours_id))


def _take_away(action: Callable[[Action], None], refused: Response) -> Page:
    return press(
        action,
        saved=lambda _done: say_saved(_("Removed.")),
        back=to("gates.show_list"),
        refused=refused,
    )


@bp.route("/days/new", methods=["GET", "POST"])
@allowed("edit_gates")
def new_day() -> Page:
    """Make a date, or several in a row, count as another kind of day."""
    form = NewDaysForm()
    answer = submit(
        form,
        lambda act: _set_days(act, form),
        saved=lambda _count: say_saved(_("Saved.")),
        back=to("gates.show_list"),
    )
    return answer or form_page("manage/calendar_day.html", form, row=None)


def _set_days(act: Action, form: NewDaysForm) -> int:
    first = date.fromisoformat(str(form.day.data))
    return set_days(act, first, form.last_day.data or first, form.kind.data, typed(form.name))


def _day_or_404(text: str) -> CalendarDay:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        abort(404)
    row = calendar_day(request_session(), current_site().site_id, day)
    return row if row is not None else abort(404)


@bp.route("/days/<day>", methods=["GET", "POST"])
@allowed("edit_gates")
def edit_day(day: str) -> Page:
    """Correct a special date."""
    row = _day_or_404(day)
    form, old = DayForm(obj=row), row.day
    answer = submit(
        form,
        lambda act: change_day(
            act, old, date.fromisoformat(str(form.day.data)), form.kind.data, typed(form.name)
        ),
        saved=lambda _done: say_saved(_("Saved.")),
        back=to("gates.show_list"),
    )
    return answer or form_page("manage/calendar_day.html", form, row=row, button=AgainForm(formdata=None))


@bp.post("/days/<day>/remove")
@allowed("edit_gates")
def remove_day(day: str) -> Page:
    """Make a special date an ordinary day again."""
    row = _day_or_404(day)
    return _take_away(lambda act: set_calendar_day(act, row.day, None), to("gates.show_list"))
