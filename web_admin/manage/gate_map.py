"""Page of the map: gates on a drawing of the compound, their states, and the tile of the chosen one."""

from collections.abc import Sequence
from dataclasses import replace
from typing import cast

from flask import Blueprint, Response, abort, flash, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge
from wtforms import FileField, IntegerField
from wtforms.validators import InputRequired, NumberRange

from web_admin.accounts.permissions import allowed, current_may
from web_admin.compound.models import Gate
from web_admin.core.database import request_session
from web_admin.core.refusal import ActionRefused
from web_admin.events.alarm_groups import AlarmGroup
from web_admin.gates.map import Spot, place_in_rows, place_on_map
from web_admin.manage.gate_lists import (
    FILTER_STATES,
    LINES_AT_MOST,
    MAX_FILTER_CHARS,
    filter_of_gates,
    problems_first,
    shown_gates,
)
from web_admin.manage.gate_states import GateState, gate_states
from web_admin.manage.lane_schedules import LaneSchedules
from web_admin.manage.map_dots import FEW_DOTS, HEIGHT, WIDTH, Dot, dots_of
from web_admin.manage.open_alarms import open_alarm_parts
from web_admin.manage.opening import OPEN_REASONS, OpenForm
from web_admin.settings.actions import save_plan, too_large
from web_admin.settings.drawing import PLAN
from web_admin.settings.queries import has_plan, plan_of
from web_admin.web.context import get_or_404, press, show_refusal, submit
from web_admin.web.forms import AgainForm, OnceForm
from web_admin.web.live_mark import live_mark
from web_admin.web.looked_for import looked_for
from web_admin.web.page import Page, to
from web_admin.web.places import site_gates
from web_admin.web.site import current_site

bp = Blueprint("gate_map", __name__, url_prefix="/manage/map")

STEP = 20
STEPS = {"left": (-STEP, 0), "right": (STEP, 0), "up": (0, -STEP), "down": (0, STEP)}
"""How far one press of an arrow moves a gate, per mille."""
MAX_PLAN_REQUEST_BYTES = 4 * PLAN.bytes
"""So much of a request is read that a drawing somewhat too large gets the action's own sentence."""


class SpotForm(AgainForm):
    x = IntegerField(
        _l("From the left, 0 to 1000"),
        validators=[InputRequired(_l("Type a number.")), NumberRange(0, 1000, _l("From 0 to 1000."))],
        render_kw={"min": 0, "max": 1000, "inputmode": "numeric"},
    )
    y = IntegerField(
        _l("From the top, 0 to 1000"),
        validators=[InputRequired(_l("Type a number.")), NumberRange(0, 1000, _l("From 0 to 1000."))],
        render_kw={"min": 0, "max": 1000, "inputmode": "numeric"},
    )


class PlanForm(OnceForm):
    plan = FileField(
        _l("Drawing of the compound, an SVG file"),
        description=_l(
            "Shapes and colours, at most 256 kB. No photos (PNG, JPEG): this server keeps no pictures. "
            "A new drawing replaces the old one for good; keep your file."
        ),
        render_kw={
            "accept": ".svg,image/svg+xml",
            "data-max-bytes": PLAN.bytes,
            "data-too-large": too_large(PLAN),
        },
    )


@bp.get("/")
@allowed("see_now")
def show() -> str:
    """Show the gates on the map, and the chosen one or those of the chosen dot."""
    return _page()


def _page(spot_form: SpotForm | None = None, plan_form: PlanForm | None = None, gate_id: str = "") -> str:
    mark = live_mark()
    alarms = open_alarm_parts()
    gates = [gate for gate in site_gates() if gate.state != "stolen"]
    states = gate_states(gates, cast(Sequence[AlarmGroup], alarms["alarm_groups"]))
    wanted = filter_of_gates({**request.args, "q": looked_for(MAX_FILTER_CHARS)})
    chosen = next((one for one in states if one.gate.gate_id == (gate_id or wanted.gate)), None)
    wanted = replace(wanted, gate="")
    lines, left_out = problems_first(states, wanted)
    dots = dots_of(states, chosen.gate.gate_id if chosen else "")
    near = _dot_with(dots, request.args.get("dot", "")) if chosen is None else ()
    return render_template(
        "manage/gate_map.html",
        live_mark=mark,
        **alarms,
        tiles_on="map",
        shown=shown_gates(states, wanted),
        filter_states=FILTER_STATES,
        lines=lines,
        left_out=left_out,
        dots=[(dot, _address(dot), _said(dot)) for dot in dots],
        few_dots=FEW_DOTS,
        width=WIDTH,
        height=HEIGHT,
        chosen=chosen,
        near=near[:LINES_AT_MOST],
        near_left_out=max(0, len(near) - LINES_AT_MOST),
        missing=sum(gate.map_x is None for gate in gates),
        has_plan=has_plan(request_session(), current_site().site_id),
        spot_form=spot_form or _spot_form(chosen),
        plan_form=plan_form or PlanForm(formdata=None),
        button=AgainForm(formdata=None),
        open_form=lambda: OpenForm(formdata=None),
        reasons=OPEN_REASONS,
        schedules=LaneSchedules(),
    )


def _spot_form(chosen: GateState | None) -> SpotForm:
    spot = None if chosen is None or chosen.gate.map_x is None else (chosen.gate.map_x, chosen.gate.map_y)
    x, y = spot or (500, 500)
    return SpotForm(formdata=None, data={"x": x, "y": y})


def _dot_with(dots: Sequence[Dot], gate_id: str) -> Sequence[GateState]:
    """Return the gates of the dot in which a gate is."""
    return next((dot.states for dot in dots if gate_id in (one.gate.gate_id for one in dot.states)), ())


def _address(dot: Dot) -> str:
    first = dot.states[0].gate.gate_id
    if len(dot.states) == 1:
        return url_for("gate_map.show", gate=first, _anchor="panel")
    return url_for("gate_map.show", dot=first, _anchor="panel")


def _said(dot: Dot) -> str:
    """Return the words of a dot: its gate or how many gates, and the most urgent state there."""
    first = dot.states[0]
    state = first.marks[0].text if first.marks else _("Normal")
    if len(dot.states) == 1:
        return f"{first.gate.name} · {state}"
    buildings = list(dict.fromkeys(one.building or one.gate.name for one in dot.states))
    names = _(", ").join(buildings[:3]) + ("…" if len(buildings) > 3 else "")
    count = ngettext("%(num)d gate", "%(num)d gates", len(dot.states))
    return f"{names} · {count} · {state}"


@bp.post("/gates/<gate_id>")
@allowed("edit_gates")
def place(gate_id: str) -> Page:
    """Put a gate where the numbers say, one step beside with an arrow, or off the map."""
    get_or_404(request_session(), Gate, gate_id)
    form = SpotForm()
    answer = submit(
        form,
        lambda act: place_on_map(act, gate_id, _moved(form, request.form.get("move", ""))),
        saved=_("Saved."),
        back=to("gate_map.show", gate=gate_id),
    )
    return answer or (_page(spot_form=form, gate_id=gate_id), 422)


def _moved(form: SpotForm, move: str) -> Spot | None:
    if move == "off":
        return None
    across, down = STEPS.get(move, (0, 0))
    x, y = int(form.x.data or 0) + across, int(form.y.data or 0) + down
    return min(1000, max(0, x)), min(1000, max(0, y))


@bp.post("/rows")
@allowed("edit_gates")
def propose() -> Page:
    """Put the gates that are on no map yet in rows by building."""
    gates = [gate for gate in site_gates() if gate.state != "stolen"]
    buildings = {state.gate.gate_id: state.building for state in gate_states(gates, ())}
    return press(
        lambda act: place_in_rows(act, buildings),
        saved=lambda count: flash(
            ngettext("%(num)d gate is now on the map.", "%(num)d gates are now on the map.", count), "success"
        ),
        back=to("gate_map.show"),
    )


# -- the drawing -----------------------------------------------------------------------------------


@bp.get("/plan.svg")
@allowed("see_now")
def plan() -> Response:
    """Give the drawing under the map."""
    text = plan_of(request_session(), current_site().site_id)
    if text is None:
        abort(404)
    return Response(text, mimetype="image/svg+xml", headers={"Cache-Control": "private, no-cache"})


@bp.post("/plan")
@allowed("edit_gates")
def upload_plan() -> Page:
    """Put a drawing under the map; gates stay where they are."""
    form = PlanForm()
    content = form.plan.data.read() if form.plan.data else b""
    if form.is_submitted() and not content:
        show_refusal(form, ActionRefused("plan", _l("Choose a file.")))
        return _page(plan_form=form), 422
    answer = submit(form, lambda act: save_plan(act, content), saved=_("Saved."), back=to("gate_map.show"))
    return answer or (_page(plan_form=form), 422)


@bp.post("/plan/remove")
@allowed("edit_gates")
def remove_plan() -> Page:
    """Take the drawing away, after the page said that the file is needed to put it back."""
    return press(lambda act: save_plan(act, b""), saved=_("Removed."), back=to("gate_map.show"))


@bp.url_value_preprocessor
def bound_plans(endpoint: str | None, _values: dict[str, object] | None) -> None:
    """Limit the body to the size of a drawing, before anything reads the form."""
    if endpoint == "gate_map.upload_plan":
        request.max_content_length = MAX_PLAN_REQUEST_BYTES


@bp.errorhandler(RequestEntityTooLarge)
def plan_too_large(error: HTTPException) -> Page | HTTPException:
    """Show beside the field that a drawing is too large."""
    if request.endpoint != "gate_map.upload_plan" or not current_may("edit_gates"):
        return error
    form = PlanForm(formdata=None)
    show_refusal(form, ActionRefused("plan", too_large(PLAN)))
    return _page(plan_form=form), 413
