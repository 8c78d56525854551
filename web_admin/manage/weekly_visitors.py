"""Pages of the office's weekly visitors: the lift service every Tuesday, the gardener on Fridays."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, time, timedelta

from flask import Blueprint, abort, render_template
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import DateField, StringField, TimeField
from wtforms.validators import InputRequired, Length

from web_admin.accounts.permissions import allowed
from web_admin.action.base import Action
from web_admin.core import texts as core_texts
from web_admin.core.database import request_session
from web_admin.manage.weekly_of_office import shown_weekly
from web_admin.visitors.models import VisitorSeriesRow
from web_admin.visitors.queries import visits_of_series
from web_admin.visitors.uses import Use, uses_of
from web_admin.visitors.weekly import DAYS, issue_series, withdraw_series
from web_admin.web.context import form_page, get_or_404, submit, typed
from web_admin.web.fields import CheckList, options
from web_admin.web.for_good import ForGood
from web_admin.web.forms import AgainForm
from web_admin.web.gate_sets import LONG_LIST, GatesForm, NamesInPasses
from web_admin.web.links import pass_link
from web_admin.web.page import Page, to
from web_admin.web.qr_picture import svg_of
from web_admin.web.silent_gates import say_saved
from web_admin.web.site import request_now, site_zone

bp = Blueprint("weekly_visitors", __name__, url_prefix="/manage/visitors/weekly")

USUAL_WEEKS = 8


class WeeklyForm(GatesForm):
    """Days of the week, hours on them, and a last day."""

    label = StringField(
        _l("Who is it for?"),
        description=_l("In your own words, such as “lift service”. It is not printed."),
        validators=[InputRequired(_l("Say who it is for.")), Length(max=60)],
    )
    days = CheckList(_l("On these days"), choices=options((day, core_texts.DAYS[day]) for day in DAYS))
    starts_at = TimeField(_l("From"), validators=[InputRequired(_l("Choose when it starts."))])
    ends_at = TimeField(_l("Until"), validators=[InputRequired(_l("Choose when it ends."))])
    last_day = DateField(
        _l("Last day"),
        description=_l("At most 92 days from today."),
        validators=[InputRequired(_l("Choose a date."))],
    )


@bp.route("/new", methods=["GET", "POST"])
@allowed("issue_passes")
def new() -> Page:
    """Begin a weekly invitation and go on to its page."""
    form = WeeklyForm()
    form.offer_gates()
    if not form.is_submitted():
        today = request_now().astimezone(site_zone()).date()
        form.starts_at.data, form.ends_at.data = time(9), time(12)
        form.last_day.data = today + timedelta(weeks=USUAL_WEEKS)
    answer = submit(
        form,
        lambda act: _begin(act, form),
        back=to("visitors.show_list"),
        then=lambda row: to("weekly_visitors.show", series_id=row.series_id),
    )
    return answer or form_page("manage/visitor_weekly_new.html", form, long_list=LONG_LIST)


def _begin(act: Action, form: WeeklyForm) -> VisitorSeriesRow:
    return issue_series(
        act,
        issuer_person_id=None,
        label=typed(form.label),
        **asdict(form.choice()),
        days=form.days.data or [],
        starts_minute=_minute(form.starts_at.data),
        ends_minute=_minute(form.ends_at.data),
        last_day=date.fromisoformat(str(form.last_day.data)),
    )


def _minute(typed_time: time | None) -> int:
    return typed_time.hour * 60 + typed_time.minute if typed_time is not None else -1


def _own(series_id: str) -> VisitorSeriesRow:
    """Return a weekly invitation of the office; residents' own are theirs alone."""
    row = get_or_404(request_session(), VisitorSeriesRow, series_id)
    if row.issuer_person_id is not None:
        abort(404)
    return row


@bp.get("/<series_id>")
@allowed("issue_passes")
def show(series_id: str) -> str:
    """Show a weekly invitation: its link to send, its next visit, where it was used."""
    row = _own(series_id)
    link = pass_link(row)
    return render_template(
        "manage/visitor_weekly.html",
        shown=shown_weekly(row),
        link=link,
        uses=_uses(series_id),
        gates=NamesInPasses(row.site_id).of(row.gate_numbers),
        picture=svg_of(link, _("QR code of the link")),
        button=AgainForm(formdata=None),
    )


def _uses(series_id: str) -> Sequence[Use]:
    session = request_session()
    visits = visits_of_series(session, [series_id])
    used = [use for uses in uses_of(session, list(visits)).values() for use in uses]
    return sorted(used, key=lambda use: use.at, reverse=True)


@bp.post("/<series_id>/withdraw")
@allowed("issue_passes")
def withdraw(series_id: str) -> Page:
    """Withdraw a weekly invitation and the passes of its visits, after what follows was read.

    Doing it again changes nothing.
    """
    row, back = _own(series_id), to("visitors.show_list")
    if row.withdrawn_at is not None:
        return back
    answer = submit(
        AgainForm(),
        lambda act: withdraw_series(act, series_id),
        saved=lambda _done: say_saved(_("Withdrawn.")),
        back=back,
        for_good=lambda _act: ForGood(
            [_("All visits of “%(label)s” end: the link opens nothing any more.", label=row.label)], 1
        ),
    )
    return answer or back
