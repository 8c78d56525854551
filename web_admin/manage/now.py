"""Page of now: gates, doors, alarms and the last passages without names; opening, postures, lockdown."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import cast

from flask import Blueprint, flash, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from werkzeug.wrappers import Response
from wtforms import DateTimeLocalField, RadioField
from wtforms.validators import InputRequired, Optional

from gate_controller.contract.records import Method
from web_admin.accounts.permissions import allowed, current_may
from web_admin.action.base import Action
from web_admin.action.lookups import lane_of
from web_admin.compound.gate_names import full_name
from web_admin.compound.models import Gate, Lane
from web_admin.compound.policy_models import OrderRow
from web_admin.core.database import request_session
from web_admin.core.refusal import ActionRefused
from web_admin.events.alarm_groups import AlarmGroup
from web_admin.events.queries import last_passages
from web_admin.events.usage import ways_in_use, worse_than_face
from web_admin.gates.orders import clear_override, lockdown_site, order_open, set_override, unlock_site
from web_admin.gates.silence import is_silent
from web_admin.journal.models import GateEvent
from web_admin.later.acts import count_held
from web_admin.manage.gate_lists import FILTER_STATES, MAX_FILTER_CHARS, filter_of_gates, shown_gates
from web_admin.manage.gate_states import gate_states
from web_admin.manage.lane_modes import HOLD_HOURS, MODES
from web_admin.manage.lane_schedules import LaneSchedules, RemoveForm
from web_admin.manage.lane_states import LaneHolds, door_of, live_override, shown_posture
from web_admin.manage.open_alarms import open_alarm_parts
from web_admin.manage.opening import OPEN_REASONS, OPENED_FROM, OpenForm
from web_admin.manage.shown_calls import guard_call_parts
from web_admin.operations.first_hour import Step, first_steps
from web_admin.restore.reviews import open_reviews
from web_admin.web.context import current_action, form_page, from_local, get_or_404, local_text, submit, typed
from web_admin.web.fields import options, reason_field
from web_admin.web.forms import OnceForm
from web_admin.web.later import begins, has_its_time, was_planned
from web_admin.web.live_mark import live_mark
from web_admin.web.looked_for import looked_for
from web_admin.web.page import Page, to
from web_admin.web.places import site_gates
from web_admin.web.silent_gates import warn_of_silence
from web_admin.web.site import current_site, request_now

bp = Blueprint("now", __name__, url_prefix="/manage")

LAST_PASSAGES = 12

LOCKDOWN_REASONS = (_l("Threat or fight"), _l("Forced entry"), _l("Drill"))
"""Why everything is locked when there is no time to type."""


class LastingForm(OnceForm):
    """Automatic end: after hours that are counted from the press, or at a time that was typed.

    No form carries an end that the server worked out: a page may have been open for long.
    """

    hours = RadioField(
        _l("For how long"),
        choices=options((str(count), text) for count, text in HOLD_HOURS.items()),
        default="1",
    )
    until = DateTimeLocalField(
        _l("Or until"), description=_l("Leave it empty for the hours above."), validators=[Optional()]
    )

    def ends_at(self, begins_at: datetime) -> datetime:
        """Return the end that was typed, else that of the hours, from the begin."""
        return from_local(self.until.data) or begins_at + timedelta(hours=int(self.hours.data))


class PostureForm(LastingForm):
    """Another posture for a lane, with reason and end."""

    posture = RadioField(
        _l("Mode"),
        choices=options(MODES),
        validators=[InputRequired(_l("Choose one."))],
    )
    reason = reason_field("posture-reason")


class MoveForm(OnceForm):
    """Hold a lane open while a home moves, for hours that are counted from now."""

    hours = RadioField(
        _l("For how long"),
        choices=options((str(count), text) for count, text in HOLD_HOURS.items()),
        default="2",
        validators=[InputRequired(_l("Choose one."))],
    )
    reason = reason_field()


class LockdownForm(LastingForm):
    reason = reason_field()


@bp.get("/")
@allowed("see_now")
def show() -> str:
    """Show how everything is, without names."""
    mark = live_mark()
    gates, alarms = site_gates(), open_alarm_parts()
    states = gate_states(gates, cast(Sequence[AlarmGroup], alarms["alarm_groups"]))
    ways = ways_in_use(request_session(), current_site().site_id, request_now(), with_later=False)
    passages = last_passages(request_session(), [gate.gate_id for gate in gates], LAST_PASSAGES)
    return render_template(
        "manage/now.html",
        live_mark=mark,
        methods=tuple(Method),
        tiles_on="now",
        **guard_call_parts(),
        **alarms,
        shown=shown_gates(
            states,
            filter_of_gates({**request.args, "q": looked_for(MAX_FILTER_CHARS)}),
            opens_outer=True,
        ),
        filter_states=FILTER_STATES,
        address_of=lambda gate: url_for("now.show", gate=gate.gate_id),
        gates=gates,
        passages=passages,
        ways_in_use=ways,
        worse=worse_than_face(ways),
        steps=_first_steps(gates, passages),
        open_form=lambda: OpenForm(formdata=None),
        reasons=OPEN_REASONS,
        schedules=LaneSchedules(),
        undecided=current_may("decide_restored")
        and bool(open_reviews(request_session(), current_site().site_id)),
        held_acts=count_held(request_session(), current_site().site_id) if current_may("edit_gates") else 0,
    )


def _first_steps(gates: Sequence[Gate], passages: Sequence[GateEvent]) -> Sequence[Step]:
    """Return the steps to the first passage for who does them all; none once there was one."""
    if any(event.facts.get("opens") for event in passages):
        return []
    if not (current_may("edit_people") and current_may("edit_gates")):
        return []
    return first_steps(
        request_session(),
        current_site().site_id,
        gates,
        has_second_factor=bool(current_user.tf_totp_secret),
    )


@bp.get("/lanes/<lane_id>")
@allowed("see_now")
def show_lane(lane_id: str) -> str:
    """Show one lane with what can be done to it."""
    return _lane_page(_lane(lane_id))


def _lane(lane_id: str) -> Lane:
    lane = get_or_404(request_session(), Lane, lane_id)
    get_or_404(request_session(), Gate, lane.gate_id)
    return lane


def _lane_page(lane: Lane, open_form: OpenForm | None = None, posture_form: PostureForm | None = None) -> str:
    return render_template(
        "manage/lane_now.html",
        lane=lane,
        door=door_of(lane),
        held_at_gate=LaneHolds([lane]).of,
        overridden=live_override(lane),
        silent=is_silent(lane.gate, request_now()),
        schedules=LaneSchedules(),
        shown_posture=shown_posture,
        remove_form=RemoveForm(formdata=None),
        open_form=open_form or OpenForm(formdata=None),
        posture_form=posture_form or PostureForm(formdata=None),
    )


@bp.post("/lanes/<lane_id>/open")
@allowed("open_once")
def open_once(lane_id: str) -> Page:
    """Order the lane to open once."""
    lane = _lane(lane_id)
    form = OpenForm()
    page = OPENED_FROM.get(request.form.get("back", ""))
    found = {"gate": lane.gate_id} if request.form.get("found") else {}
    answer = submit(
        form,
        lambda act: order_open(act, lane_id, typed(form.reason)),
        saved=lambda order: _say_ordered(lane, order),
        back=to(page, **found) if page else to("now.show_lane", lane_id=lane_id),
    )
    return answer or (_lane_page(lane, open_form=form), 422)


def _say_ordered(lane: Lane, order: OrderRow) -> None:
    if is_silent(lane.gate, request_now()):
        flash(
            _(
                "Ordered, but this gate has no contact: the order ends in %(count)s seconds and will "
                "hardly arrive. Open %(lane)s on the spot.",
                count=order.valid_seconds,
                lane=full_name(lane),
            ),
            "warning",
        )
    else:
        flash(_("Ordered: %(lane)s opens once.", lane=full_name(lane)), "success")


@bp.post("/lanes/<lane_id>/posture")
@allowed("set_posture")
def set_posture(lane_id: str) -> Page:
    """Put the lane into another posture until an end."""
    lane = _lane(lane_id)
    form = PostureForm()
    waits = has_its_time() and form.posture.data != "lockdown"
    answer = submit(
        form,
        lambda act: _put(
            act,
            lane_id,
            form.posture.data,
            typed(form.reason),
            form.ends_at(begins() if waits else request_now()),
        ),
        saved=lambda _done: _say(_("Done. It ends automatically at the time you chose."), [lane.gate]),
        back=to("now.show_lane", lane_id=lane_id),
        preview="first" if form.posture.data == "disabled" or waits else "after",
    )
    return answer or (_lane_page(lane, posture_form=form), 422)


def _say(done: str, gates: Iterable[Gate], category: str = "success") -> None:
    flash(done, category)
    warn_of_silence(gates)


@bp.route("/lanes/<lane_id>/hold-open", methods=["GET", "POST"])
@allowed("set_posture")
def hold_open(lane_id: str) -> Page:
    """Hold the lane open for a move, until a set end."""
    lane = _lane(lane_id)
    form = MoveForm(data={"hours": "2", "reason": _("Moving day")})
    answer = submit(
        form,
        lambda act: _hold_open(act, lane_id, form),
        saved=lambda until: _say(
            _("Held open. It closes automatically at %(time)s.", time=local_text(until)[-5:]), [lane.gate]
        ),
        back=to("now.show_lane", lane_id=lane_id),
        preview="first" if has_its_time() else "after",
    )
    return answer or form_page("manage/hold_open.html", form, lane=lane)


def _hold_open(act: Action, lane_id: str, form: MoveForm) -> datetime:
    """Hold the lane open; return until when."""
    until = begins() + timedelta(hours=int(form.hours.data))
    _put(act, lane_id, "held_open", typed(form.reason), until)
    return until


def _put(act: Action, lane_id: str, posture: str, reason: str, until: datetime) -> None:
    """Put a lane into a mode; a planned one ends no lockdown and no other mode that staff chose since."""
    if was_planned() and live_override(lane_of(act, lane_id)):
        raise ActionRefused(None, _l("Staff have put this lane into another mode meanwhile."))
    set_override(act, lane_id, posture, reason, until)


@bp.post("/lanes/<lane_id>/clear")
@allowed("set_posture")
def clear_posture(lane_id: str) -> Response:
    """Give the lane its usual posture back."""
    lane = _lane(lane_id)
    if lane.override_posture is not None:
        clear_override(current_action(), lane_id)
        _say(_("%(lane)s is back to normal.", lane=full_name(lane)), [lane.gate])
    return to("now.show_lane", lane_id=lane_id)


@bp.route("/lockdown", methods=["GET", "POST"])
@allowed("set_posture")
def lockdown() -> Page:
    """Lock all lanes in, with reason and end; the ways out stay open. One press locks for an hour."""
    form = LockdownForm()
    answer = submit(
        form,
        lambda act: lockdown_site(act, typed(form.reason), form.ends_at(request_now())),
        saved=lambda _lanes: _say(_("Lockdown. The ways out stay open."), site_gates(), "warning"),
        back=to("now.show"),
        preview="after",
    )
    return answer or form_page("manage/lockdown.html", form, reasons=LOCKDOWN_REASONS)


@bp.post("/lockdown/end")
@allowed("set_posture")
def end_lockdown() -> Response:
    """End the lockdown of every lane."""
    unlock_site(current_action())
    _say(_("The lockdown has ended."), site_gates())
    return to("now.show")
