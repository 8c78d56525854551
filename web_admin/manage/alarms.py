"""Pages of a shift's alarms: open ones to acknowledge, the hand-over to the next shift, and past ones."""

from flask import Blueprint, abort, flash, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from werkzeug.wrappers import Response
from wtforms import TextAreaField
from wtforms.validators import Length

from web_admin.accounts.names import shown_names
from web_admin.accounts.permissions import allowed, current_may
from web_admin.alarms import queries as alarms_queries
from web_admin.alarms import shifts
from web_admin.alarms.actions import FOR_THE_MANAGER
from web_admin.alarms.models import Alarm, HandoverRow
from web_admin.alarms.queries import SHOWN_AT_MOST, AlarmPlace
from web_admin.alarms.shifts import MAX_HANDOVER_CHARS
from web_admin.core.database import request_session
from web_admin.core.parameters import moment_of
from web_admin.events.alarm_groups import PEOPLE
from web_admin.events.alarm_weeks import alarms_by_week
from web_admin.manage.open_alarms import AlarmForm, open_alarm_parts
from web_admin.web.context import actor_id, current_action, get_or_404, submit, typed
from web_admin.web.forms import OnceForm
from web_admin.web.live_mark import live_mark
from web_admin.web.page import Page, to
from web_admin.web.site import current_site, request_now, site_zone

bp = Blueprint("alarms", __name__, url_prefix="/manage/alarms")

LAST_HANDOVERS = 3


class HandoverForm(OnceForm):
    """A word to the next shift."""

    note = TextAreaField(
        _l("What the next shift should know"),
        description=_l("May stay empty. The open alarms are included automatically."),
        validators=[Length(max=MAX_HANDOVER_CHARS, message=_l("Write it shorter, please."))],
    )


@bp.get("/")
@allowed("acknowledge_alarm")
def show_list() -> Page:
    """Show open alarms, the last hand-over, and acknowledged alarms."""
    return _page(HandoverForm(formdata=None))


def _page(form: HandoverForm) -> str:
    mark = live_mark()
    session, site_id = request_session(), current_site().site_id
    rows = alarms_queries.past_alarms(session, site_id, _place())
    past = rows[:SHOWN_AT_MOST]
    handovers = alarms_queries.last_handovers(session, site_id, LAST_HANDOVERS)
    actors = [alarm.acknowledged_by for alarm in past]
    actors += [actor for row in handovers for actor in (row.author_id, row.taken_over_by)]
    return render_template(
        "manage/alarms.html",
        **open_alarm_parts(),
        live_mark=mark,
        past=past,
        after=f"{past[-1].raised_at.isoformat()}~{past[-1].alarm_id}" if len(rows) > len(past) else None,
        handovers=handovers,
        handed=alarms_queries.alarms_of(session, handovers),
        names=shown_names(session, actors),
        form=form,
        own_id=actor_id(),
        weeks=alarms_by_week(
            request_session(),
            current_site().site_id,
            request_now(),
            site_zone(),
            with_silent=current_may("acknowledge_alarm"),
        ),
        is_first_page=_place() is None,
    )


def _place() -> AlarmPlace | None:
    at, _tilde, alarm_id = request.args.get("after", "").partition("~")
    moment = moment_of(at)
    return AlarmPlace(moment, alarm_id) if moment is not None else None


@bp.post("/<alarm_id>/acknowledge")
@allowed("acknowledge_alarm")
def acknowledge(alarm_id: str) -> Response:
    """Record that someone has seen an alarm; seeing it twice changes nothing."""
    alarm = get_or_404(request_session(), Alarm, alarm_id)
    if alarm.kind in FOR_THE_MANAGER and not current_may("manage_staff"):
        abort(403)
    form = AlarmForm()
    if form.validate_on_submit() and shifts.acknowledge(current_action(), alarm_id, typed(form.note)):
        flash(_("Acknowledged."), "success")
    return _back()


@bp.post("/acknowledge")
@allowed("acknowledge_alarm")
def acknowledge_many() -> Response:
    """Record that someone has seen several alarms; those about people and the manager's own stay."""
    form = AlarmForm()
    named = request.form.getlist("alarm_ids" if request.form.get("which") == "chosen" else "shown")
    ids = list(dict.fromkeys(one for text in named for one in text.split(",")))[:SHOWN_AT_MOST]
    if form.validate_on_submit():
        count = sum(_seen(alarm_id, typed(form.note)) for alarm_id in ids if alarm_id)
        if count:
            flash(ngettext("%(num)d alarm acknowledged.", "%(num)d alarms acknowledged.", count), "success")
        else:
            flash(_("Choose at least one alarm."), "danger")
    return _back()


def _back() -> Response:
    """Lead back to the page whose button was pressed."""
    return to("alarms.show_list" if request.form.get("back") == "alarms" else "now.show")


def _seen(alarm_id: str, note: str) -> bool:
    alarm = get_or_404(request_session(), Alarm, alarm_id)
    if alarm.kind in PEOPLE or (alarm.kind in FOR_THE_MANAGER and not current_may("manage_staff")):
        return False
    return shifts.acknowledge(current_action(), alarm_id, note)


@bp.post("/hand-over")
@allowed("acknowledge_alarm")
def hand_over() -> Page:
    """Leave a word and the list of what is open to the next shift."""
    form = HandoverForm()
    answer = submit(
        form,
        lambda act: shifts.hand_over(act, typed(form.note)),
        saved=_("Handed over. The next shift finds it on this page."),
        back=to("alarms.show_list"),
    )
    return answer or (_page(form), 422)


@bp.post("/hand-over/<handover_id>/take")
@allowed("acknowledge_alarm")
def take_over(handover_id: str) -> Response:
    """Record who took the shift over; a second press changes nothing."""
    get_or_404(request_session(), HandoverRow, handover_id)
    form = AlarmForm()
    if form.validate_on_submit() and shifts.take_over(current_action(), handover_id):
        flash(_("The shift is yours."), "success")
    return to("alarms.show_list")
