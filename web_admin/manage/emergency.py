"""Pages of emergency access: codes for ambulance and fire brigade, their uses, and replacement."""

from flask import Blueprint, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import SelectField, StringField
from wtforms.validators import InputRequired, Length

from gate_controller.contract.records import EMERGENCY_HOME_NUMBER, Method
from web_admin.accounts.permissions import allowed
from web_admin.compound.models import Lane
from web_admin.core.database import request_session
from web_admin.credentials.emergency_codes import MAX_LABEL_CHARS, end_emergency_code, make_emergency_code
from web_admin.credentials.models import EmergencyCode
from web_admin.credentials.queries import ended_emergency_codes, live_emergency_codes
from web_admin.web.context import form_page, get_or_404, press, submit, typed
from web_admin.web.fields import CheckList, lane_options, options
from web_admin.web.for_good import ForGood
from web_admin.web.forms import AgainForm, OnceForm
from web_admin.web.page import Page, to
from web_admin.web.places import lane_names, site_lanes
from web_admin.web.silent_gates import say_saved
from web_admin.web.site import current_site

bp = Blueprint("emergency", __name__, url_prefix="/manage/emergency")

HOLDS = (
    ("0", _l("Opens once")),
    ("15", _l("Holds it open for 15 minutes")),
    ("30", _l("Holds it open for 30 minutes")),
    ("60", _l("Holds it open for one hour")),
    ("240", _l("Holds it open for four hours")),
)
LISTED_ENDED = 20


class CodeForm(OnceForm):
    label = StringField(
        _l("Who is it for?"),
        description=_l(
            "The service, such as “Ambulance 120” or “Fire brigade”. One code for each, so that "
            "you see who came."
        ),
        validators=[InputRequired(_l("Say who it is for.")), Length(max=MAX_LABEL_CHARS)],
    )
    lanes = CheckList(_l("Opens"), description=_l("Lanes with a keypad, also in lockdown and out of use."))
    hold_minutes = SelectField(_l("What it does"), choices=options(HOLDS), default="0")


def _with_keypad() -> list[Lane]:
    return [lane for lane in site_lanes() if Method.PIN in lane.methods]


@bp.get("/")
@allowed("manage_emergency_codes")
def show_list() -> str:
    """List the codes with their lanes and last use; never a code itself."""
    session, site_id = request_session(), current_site().site_id
    return render_template(
        "manage/emergency.html",
        live=live_emergency_codes(session, site_id),
        ended=ended_emergency_codes(session, site_id, LISTED_ENDED),
        lane_names=lane_names(),
        home_number=EMERGENCY_HOME_NUMBER,
        any_keypad=bool(_with_keypad()),
        button=AgainForm(formdata=None),
    )


@bp.route("/new", methods=["GET", "POST"])
@allowed("manage_emergency_codes")
def new() -> Page:
    """Make a code and show it this one time; one that takes another's place ends it."""
    replaced = _replaced()
    lanes = _with_keypad()
    form = CodeForm()
    form.lanes.choices = lane_options(lanes)
    if not form.is_submitted():
        form.lanes.data = [lane.lane_id for lane in lanes if lane.direction == "in"]
        if replaced is not None:
            form.label.data, form.lanes.data = replaced.label, replaced.lanes
            form.hold_minutes.data = str(replaced.hold_minutes)
    answer = submit(
        form,
        lambda act: make_emergency_code(
            act,
            label=typed(form.label),
            lanes=form.lanes.data or [],
            hold_minutes=int(form.hold_minutes.data),
            replaces=replaced.credential_id if replaced is not None else None,
        ),
        back=to("emergency.show_list"),
        for_good=lambda _act: None if replaced is None else ForGood([_opens_nothing(replaced)]),
        then=lambda digits: render_template(
            "manage/emergency_once.html",
            digits=digits,
            label=typed(form.label),
            lanes=[lane for lane in lanes if lane.lane_id in (form.lanes.data or [])],
            hold_minutes=int(form.hold_minutes.data),
            home_number=EMERGENCY_HOME_NUMBER,
            replaced=replaced,
        ),
    )
    return answer or form_page("manage/emergency_new.html", form, replaced=replaced)


def _replaced() -> EmergencyCode | None:
    """Return the live code that a new one takes the place of, as the address names it."""
    credential_id = request.args.get("instead_of", "")
    if not credential_id:
        return None
    code = get_or_404(request_session(), EmergencyCode, credential_id)
    return code if code.state != "ended" else None


@bp.post("/<credential_id>/end")
@allowed("manage_emergency_codes")
def end(credential_id: str) -> Page:
    """End a code, after what follows was read; for a day that can be undone."""
    code = get_or_404(request_session(), EmergencyCode, credential_id)
    return press(
        lambda act: end_emergency_code(act, credential_id),
        for_good=lambda _act: ForGood([_opens_nothing(code)], is_undone_for_a_day=True),
        saved=lambda _done: say_saved(_("The code has ended.")),
        back=to("emergency.show_list"),
    )


def _opens_nothing(code: EmergencyCode) -> str:
    return str(_("The code of “%(name)s” opens nothing any more. They need another one.", name=code.label))
