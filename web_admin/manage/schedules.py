"""Weekly postures on a lane's page: set one for named hours, see who set it, remove it."""

from flask import Blueprint, flash, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response
from wtforms import RadioField, SelectField
from wtforms.validators import InputRequired

from web_admin.accounts.permissions import allowed
from web_admin.action.base import Action
from web_admin.compound.models import Gate, Lane
from web_admin.core.database import request_session
from web_admin.gates.schedules import (
    remove_schedule,
    set_schedule,
)
from web_admin.manage.lane_schedules import RemoveForm
from web_admin.people.additions import named_hours
from web_admin.web.context import current_site, do, get_or_404
from web_admin.web.fields import options
from web_admin.web.forms import OnceForm
from web_admin.web.page import Page
from web_admin.web.silent_gates import say_saved

bp = Blueprint("schedules", __name__, url_prefix="/manage/lanes/<lane_id>/schedules")


class ScheduleForm(OnceForm):
    """A posture at named hours."""

    hours_id = SelectField(_l("At these hours"), validators=[InputRequired(_l("Choose hours."))])
    posture = RadioField(
        _l("Mode"),
        choices=options(
            [
                ("held_open", _l("Held open: everybody passes")),
                ("lockdown", _l("Lockdown: no one gets in")),
                ("disabled", _l("Out of use")),
            ]
        ),
        validators=[InputRequired(_l("Choose one."))],
    )


def _lane(lane_id: str) -> Lane:
    lane = get_or_404(request_session(), Lane, lane_id)
    get_or_404(request_session(), Gate, lane.gate_id)
    return lane


@bp.route("/new", methods=["GET", "POST"])
@allowed("edit_gates")
def new(lane_id: str) -> Page:
    """Choose a posture for named hours; hours that have one already get the new one."""
    lane = _lane(lane_id)
    form = ScheduleForm()
    rows = named_hours(request_session(), current_site().site_id)
    form.hours_id.choices = options((row.hours_id, row.name) for row in rows)
    if form.validate_on_submit():

        def work(act: Action) -> bool:
            set_schedule(act, lane_id, form.hours_id.data, form.posture.data)
            return True

        if do(form, work):
            say_saved(_("Saved."))
        if not form.errors:
            return redirect(url_for("now.show_lane", lane_id=lane_id), 303)
    page = render_template("manage/schedule_new.html", form=form, lane=lane, has_hours=bool(rows))
    return page if not form.is_submitted() else (page, 422)


@bp.post("/<hours_id>/remove")
@allowed("edit_gates")
def remove(lane_id: str, hours_id: str) -> Response:
    """Take a schedule away; taking it away twice changes nothing."""
    lane = _lane(lane_id)
    form = RemoveForm()

    def work(act: Action) -> bool:
        remove_schedule(act, lane_id, hours_id)
        return True

    if form.validate_on_submit() and do(form, work):
        flash(_("Removed. %(lane)s is as usual at these hours.", lane=lane.name), "success")
    for error in form.form_errors:
        flash(str(error), "danger")
    return redirect(url_for("now.show_lane", lane_id=lane_id), 303)
