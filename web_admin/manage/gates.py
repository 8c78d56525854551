"""Pages of gates and lanes: each lane's methods, and pairing a controller."""

from flask import Blueprint, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, FloatField, IntegerField, RadioField, SelectField, StringField
from wtforms.validators import InputRequired, Length, NumberRange, Regexp

from gate_controller.contract.records import Method
from web_admin.accounts.permissions import allowed
from web_admin.action.base import Action
from web_admin.compound.models import Gate, Lane
from web_admin.core.database import current_menjin, request_session
from web_admin.core.refusal import ActionRefused
from web_admin.credentials.texts import METHODS
from web_admin.custody.gate_reports import clear_tampering
from web_admin.custody.queries import gate_face
from web_admin.events.quarantine import shown_quarantine
from web_admin.events.usage import gate_day
from web_admin.gates.actions import add_gate, save_lane
from web_admin.gates.models import PairAttempt
from web_admin.gates.orders import approve_pairing, make_pair_code, refuse_pairing
from web_admin.gates.queries import calendar_days, pairings_of_gate, waiting_pairings
from web_admin.gates.rules import MAX_NAME_CHARS, LaneSpec
from web_admin.gates.texts import ANTIPASSBACKS, DIRECTIONS
from web_admin.manage.gate_lists import FILTER_STATES, MAX_FILTER_CHARS, filter_of_gates, shown_gates
from web_admin.manage.gate_states import gate_states
from web_admin.people.additions import named_hours
from web_admin.policy.known_versions import known_versions
from web_admin.web.back_to_first_hour import back_to, in_first_hour, kept
from web_admin.web.context import form_page, get_or_404, press, submit, typed
from web_admin.web.face_status_texts import face_sentences
from web_admin.web.fields import CheckList, LengthOrAsStored, hours_options, options
from web_admin.web.forms import AgainForm, OnceForm
from web_admin.web.looked_for import looked_for
from web_admin.web.page import Page, to
from web_admin.web.places import site_gates
from web_admin.web.silent_gates import say_saved
from web_admin.web.site import current_site, request_now

bp = Blueprint("gates", __name__, url_prefix="/manage/gates")

FOR_PHONES = {"autocapitalize": "none", "spellcheck": "false"}
"""A phone begins each field with a capital letter."""
SLUG = Regexp(r"^[a-z0-9][a-z0-9-]*$", message=_l("Use small letters, digits and hyphens."))


def in_small_letters(text: str | None) -> str | None:
    """Return what was typed in small letters, without the blank that a phone puts after a word."""
    return text.strip().lower() if text is not None else None


class GateForm(OnceForm):
    name = StringField(_l("Name"), validators=[InputRequired(_l("Type a name.")), Length(max=MAX_NAME_CHARS)])
    gate_id = StringField(
        _l("Short name"),
        description=_l("For cables and settings files, like north. It stays for good."),
        validators=[InputRequired(_l("Type a short name.")), Length(max=30), SLUG],
        filters=[in_small_letters],
        render_kw=FOR_PHONES,
    )


class LaneForm(OnceForm):
    """A lane and the ways in that it offers, each at all hours or in some."""

    name = StringField(
        _l("Name"), validators=[InputRequired(_l("Type a name.")), LengthOrAsStored(max=MAX_NAME_CHARS)]
    )
    lane_id = StringField(
        _l("Short name"),
        description=_l("For cables and settings files, like north-in. It stays for good."),
        validators=[InputRequired(_l("Type a short name.")), Length(max=40), SLUG],
        filters=[in_small_letters],
        render_kw=FOR_PHONES,
    )
    direction = SelectField(_l("Direction"), choices=options(DIRECTIONS))
    methods = CheckList(_l("Ways in offered"), choices=options((k, METHODS[k]) for k in Method))
    pulse_seconds = FloatField(
        _l("Opens for (seconds)"),
        default=5.0,
        validators=[
            InputRequired(_l("Type the seconds.")),
            NumberRange(0.5, 60, _l("From 0.5 to 60 seconds.")),
        ],
    )
    slow_pulse_seconds = FloatField(
        _l("Opens for, slow passage (seconds)"),
        default=15.0,
        validators=[
            InputRequired(_l("Type the seconds.")),
            NumberRange(0.5, 120, _l("From 0.5 to 120 seconds.")),
        ],
    )
    interlock_with = CheckList(
        _l("Waits for other lanes"),
        description=_l(
            "This way in stays shut while the door of a ticked lane is open, as between two "
            "doors. It never holds a way out shut."
        ),
    )
    antipassback = RadioField(
        _l("Someone comes in twice without leaving"),
        choices=options(ANTIPASSBACKS),
        default="off",
        description=_l("On a way out, “report” means that leaving is counted. A way out never refuses."),
    )
    area_is_closed = BooleanField(
        _l("The area behind this gate is left through this gate alone"),
        description=_l(
            "As in a garage without stairs. Needed to refuse people who have not left where the "
            "compound has other gates; an exit button forgets who is inside."
        ),
    )
    staff_hold_minutes = IntegerField(
        _l("Staff may hold it open for (minutes)"),
        default=30,
        description=_l("A card of staff who may do this, shown twice, holds the lane open for so long."),
        validators=[
            InputRequired(_l("Type the minutes.")),
            NumberRange(1, 480, _l("From 1 to 480 minutes.")),
        ],
    )


for _method in Method:
    setattr(LaneForm, f"hours_{_method}", SelectField(METHODS[_method]))


@bp.get("/")
@allowed("see_gates")
def show_list() -> str:
    """Show gates with their lanes, the hours and the calendar."""
    session = request_session()
    site_id = current_site().site_id
    states = gate_states(site_gates(), ())
    return render_template(
        "manage/gates.html",
        shown=shown_gates(states, filter_of_gates({**request.args, "q": looked_for(MAX_FILTER_CHARS)})),
        filter_states=FILTER_STATES,
        address_of=lambda gate: url_for("gates.show", gate_id=gate.gate_id),
        hours=named_hours(session, site_id),
        days=calendar_days(session, site_id),
        waiting=waiting_pairings(session, site_id),
    )


@bp.route("/new", methods=["GET", "POST"])
@allowed("edit_gates")
def new_gate() -> Page:
    form = GateForm()
    following = "gates.new_lane" if in_first_hour() else "gates.show"
    answer = submit(
        form,
        lambda act: add_gate(act, typed(form.gate_id), typed(form.name)),
        saved=lambda gate: _("%(name)s was added. Add its lanes, then pair its controller.", name=gate.name),
        back=to("gates.show_list"),
        then=lambda gate: to(following, gate_id=gate.gate_id, **kept()),
    )
    return answer or form_page("manage/gate_new.html", form)


@bp.get("/<gate_id>")
@allowed("see_gates")
def show(gate_id: str) -> str:
    """Show one gate: lanes, devices, controller."""
    return _gate_page(get_or_404(request_session(), Gate, gate_id))


def _gate_page(gate: Gate, code: str | None = None) -> str:
    attempts = pairings_of_gate(request_session(), gate.gate_id, ("code", "committed", "waiting"))
    # Between its two messages a controller has used the code and has no characters yet: the page waits on.
    under_way = [attempt for attempt in attempts if attempt.state != "waiting"]
    waiting = [attempt for attempt in attempts if attempt.state == "waiting"]
    open_code = next((attempt for attempt in under_way if attempt.expires_at > request_now()), None)
    return render_template(
        "manage/gate.html",
        gate=gate,
        code=code,
        kept=kept(),
        waiting=waiting,
        open_code=open_code,
        pairing="waiting" if waiting else "code" if open_code else gate.state,
        button=AgainForm(formdata=None),
        face=gate_face(request_session(), gate.gate_id),
        face_sentences=face_sentences,
        day=gate_day(request_session(), gate, request_now()),
        lane_names={lane.lane_id: lane.name for lane in gate.lanes},
        quarantine=shown_quarantine(request_session(), gate.gate_id),
        hears_bell=_hears_bell(gate),
        knows=known_versions(request_session(), [gate], request_now()).get(gate.gate_id),
    )


def _hears_bell(gate: Gate) -> bool | None:
    """Return what the broker says of a gate; None without a bell, or where it is not known."""
    return current_menjin().bell.is_heard(gate.site_id, gate.gate_id) if gate.state == "paired" else None


@bp.post("/<gate_id>/tampering-cleared")
@allowed("clear_tampering")
def tampering_cleared(gate_id: str) -> Page:
    """Clear the gate's tamper mark after an inspection; it receives leases again."""
    gate = get_or_404(request_session(), Gate, gate_id)
    return press(
        lambda act: clear_tampering(act, gate_id, request.form.get("tamper_id", "")),
        saved=lambda _done: say_saved(_("The tamper alarm is cleared."), [gate]),
        back=to("gates.show", gate_id=gate_id),
    )


# -- lanes -----------------------------------------------------------------------------------------


def _lane_form(gate: Gate, lane: Lane | None) -> LaneForm:
    form = LaneForm(data={"name": lane.name} if lane is not None else None)
    others = [other for other in gate.lanes if other is not lane]
    form.interlock_with.choices = options((other.lane_id, other.name) for other in others)
    rows = named_hours(request_session(), current_site().site_id)
    choices = hours_options((row.hours_id, row.name) for row in rows)
    for method in Method:
        form[f"hours_{method}"].choices = choices
    if gate.without_face:
        form.methods.choices = options((k, METHODS[k]) for k in Method if k is not Method.FACE)
    return form


def _spec(form: LaneForm, lane: Lane | None) -> LaneSpec:
    methods = tuple(method for method in Method if method in (form.methods.data or ()))
    chosen = {method: str(form[f"hours_{method}"].data) for method in methods}
    return LaneSpec(
        lane_id=lane.lane_id if lane is not None else typed(form.lane_id),
        name=typed(form.name),
        direction=form.direction.data,
        methods=methods,
        method_hours={method: hours_id for method, hours_id in chosen.items() if hours_id},
        pulse_seconds=form.pulse_seconds.data or 0.0,
        slow_pulse_seconds=form.slow_pulse_seconds.data or 0.0,
        posture=lane.posture if lane is not None else "normal",
        posture_hours=dict(lane.posture_hours) if lane is not None else {},
        interlock_with=tuple(form.interlock_with.data or ()),
        antipassback=form.antipassback.data,
        staff_hold_minutes=form.staff_hold_minutes.data or 0,
        area_is_closed=bool(form.area_is_closed.data),
    )


@bp.route("/<gate_id>/lanes/new", methods=["GET", "POST"])
@allowed("edit_gates")
def new_lane(gate_id: str) -> Page:
    gate = get_or_404(request_session(), Gate, gate_id)
    form = _lane_form(gate, None)
    if not form.is_submitted():
        form.methods.data = [method for method in Method if method is not Method.FACE]
    return _edit_lane(gate, form, None)


@bp.route("/<gate_id>/lanes/<lane_id>", methods=["GET", "POST"])
@allowed("edit_gates")
def edit_lane(gate_id: str, lane_id: str) -> Page:
    """Change a lane; one that would leave face as the only way is refused beside the ways in."""
    lane = get_or_404(request_session(), Lane, lane_id)
    gate = get_or_404(request_session(), Gate, gate_id)
    form = _lane_form(gate, lane)
    if not form.is_submitted():
        form.process(obj=lane)
        for method, hours_id in lane.method_hours.items():
            form[f"hours_{method}"].data = hours_id
    del form.lane_id  # it stays for good, so the page has no such field, and a required one would fail
    return _edit_lane(gate, form, lane)


def _edit_lane(gate: Gate, form: LaneForm, lane: Lane | None) -> Page:
    answer = submit(
        form,
        lambda act: _save_lane(act, gate.gate_id, _spec(form, lane)),
        saved=lambda _lane: say_saved(_("Saved.")),
        back=back_to("gates.show", gate_id=gate.gate_id),
    )
    offered = tuple(method for method in Method if method is not Method.FACE or not gate.without_face)
    return answer or form_page("manage/lane_edit.html", form, gate=gate, lane=lane, methods=offered)


def _save_lane(act: Action, gate_id: str, spec: LaneSpec) -> Lane:
    try:
        return save_lane(act, gate_id, spec)
    except ActionRefused as refusal:
        if refusal.field in ("method_hours", None):
            raise ActionRefused("methods", refusal.message) from refusal
        raise


# -- pairing ---------------------------------------------------------------------------------------


@bp.post("/<gate_id>/pair")
@allowed("pair_gates")
def pair(gate_id: str) -> Page:
    """Make a code for the installer and show it this one time."""
    gate = get_or_404(request_session(), Gate, gate_id)
    return press(
        lambda act: make_pair_code(act, gate_id),
        back=to("gates.show", gate_id=gate_id, **kept()),
        then=lambda code: _gate_page(gate, code=code),
    )


@bp.post("/pairings/<pair_id>")
@allowed("pair_gates")
def answer_pairing(pair_id: str) -> Page:
    """Approve a controller whose characters are the same on both screens, or turn it away."""
    attempt = get_or_404(request_session(), PairAttempt, pair_id)
    yes = request.form.get("answer") == "approve"
    gate_page = to("gates.show", gate_id=attempt.gate_id, **kept())
    decision = approve_pairing if yes else refuse_pairing
    return press(
        lambda act: decision(act, pair_id),
        saved=_("Paired. The gate is downloading its policy.") if yes else _("Pairing rejected."),
        back=back_to("gates.show", gate_id=attempt.gate_id) if yes else gate_page,
        refused=gate_page,
    )
