"""Weekly postures on a lane's page: set one for named hours, see who set it, remove it."""

from flask import Blueprint
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import RadioField, SelectField
from wtforms.validators import InputRequired

from web_admin.accounts.permissions import allowed
from web_admin.compound.gate_names import full_name
from web_admin.compound.models import Gate, Lane
from web_admin.core.database import request_session
from web_admin.gates.schedules import (
    remove_schedule,
    set_schedule,
)
from web_admin.manage.lane_schedules import RemoveForm
from web_admin.people.additions import named_hours
from web_admin.web.context import form_page, get_or_404, press, submit
from web_admin.web.fields import options
from web_admin.web.forms import OnceForm
from web_admin.web.page import Page, to
from web_admin.web.silent_gates import say_saved
from web_admin.web.site import current_site

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
    answer = submit(
        form,
        lambda act: set_schedule(act, lane_id, form.hours_id.data, form.posture.data),
        saved=lambda _done: say_saved(_("Saved.")),
        back=to("now.show_lane", lane_id=lane_id),
    )
    return answer or form_page("manage/schedule_new.html", form, lane=lane, has_hours=bool(rows))


@bp.post("/<hours_id>/remove")
@allowed("edit_gates")
def remove(lane_id: str, hours_id: str) -> Page:
    """Take a schedule away; taking it away twice changes nothing."""
    lane = _lane(lane_id)
    return press(
        lambda act: remove_schedule(act, lane_id, hours_id),
        saved=_("Removed. %(lane)s is as usual at these hours.", lane=full_name(lane)),
        back=to("now.show_lane", lane_id=lane_id),
        form=RemoveForm(),
    )
