"""Pages of the desk: a resident begins with card or PIN, proves to be there, and uses their own pages."""

from flask import Blueprint, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from werkzeug.wrappers import Response
from wtforms import PasswordField, StringField
from wtforms.validators import InputRequired, Length

from web_admin.accounts.permissions import allowed, role_names
from web_admin.action.base import Action
from web_admin.compound.queries import person_by_id
from web_admin.core.database import request_session, undo_request_session
from web_admin.core.refusal import ActionRefused
from web_admin.desk.actions import begin_with_card, begin_with_pin, prove_by_card, prove_by_gate, prove_by_pin
from web_admin.desk.limits import TooMany
from web_admin.desk.models import DeskVisitRow
from web_admin.desk.visits import VERIFICATION_MINUTES, check_digits, end_visits, visit_to_prove
from web_admin.web.context import current_action, show_refusal, typed
from web_admin.web.desk_reader import ReaderForm, desk_form, read_tap
from web_admin.web.desk_session import SERVE, current_visit, leave_visit, start_visit, waiting_visit
from web_admin.web.forms import AgainForm, OnceForm
from web_admin.web.page import Page, to
from web_admin.web.send_once import done_before
from web_admin.web.site import request_now

bp = Blueprint("desk", __name__, url_prefix="/manage/desk")


class TapForm(OnceForm):
    """A card held to the desk reader, which types its number and Enter."""

    number = StringField(
        _l("Card"),
        description=_l("The resident holds their own card to the desk reader."),
        validators=[InputRequired(_l("Hold the card to the reader.")), Length(max=40)],
        render_kw={"autocomplete": "off", "autofocus": True, "data-tap": True},
    )


class OwnPinForm(OnceForm):
    """A PIN, typed by the resident whose card was shown."""

    pin = PasswordField(
        _l("PIN"),
        description=_l("The resident types it here, on this keyboard."),
        validators=[InputRequired(_l("Type the PIN.")), Length(max=12)],
        render_kw={"autocomplete": "off", "inputmode": "numeric"},
    )


class PinForm(OwnPinForm):
    """A home's number and a PIN, typed by the resident."""

    home = StringField(
        _l("Home number"),
        validators=[InputRequired(_l("Type the home's number.")), Length(max=20)],
        render_kw={"autocomplete": "off", "inputmode": "text"},
    )


@bp.get("")
@allowed(SERVE)
def show() -> str:
    """Show whom this browser serves, how the person proves to be there, or how a visit begins."""
    return _page()


def _page(tap: TapForm | None = None, pin: OwnPinForm | None = None, button: AgainForm | None = None) -> str:
    visit, waiting = current_visit(), waiting_visit()
    tap, pin = tap or TapForm(formdata=None, prefix=""), pin or PinForm(formdata=None)
    return render_template(
        "manage/desk.html",
        visit=visit,
        waiting=waiting,
        over=request.args.get("over") == "1",
        look_again=request.args.get("again") == "1",
        person=person_by_id(request_session(), visit.person_id) if visit is not None else None,
        digits=check_digits(waiting) if waiting is not None else "",
        until=waiting.opened_at + VERIFICATION_MINUTES if waiting is not None else request_now(),
        tap=tap,
        pin=pin,
        button=button or AgainForm(formdata=None),
        reader=ReaderForm(formdata=None, form=desk_form()),
    )


@bp.post("/card")
@allowed(SERVE)
def by_card() -> Page:
    """Begin a visit with a card; every number gets the same answer."""
    form = TapForm()
    if not form.validate_on_submit():
        return _page(tap=form), 422
    act = current_action("desk")
    try:
        number = read_tap(typed(form.number))
        visit = begin_with_card(act, current_user.id, _role(), number)
    except ActionRefused as refusal:
        show_refusal(form, refusal)
        return _refused_but_kept(_page(tap=form), refusal)
    return _begun(act, form, visit)


@bp.post("/pin")
@allowed(SERVE)
def by_pin() -> Page:
    """Begin a visit with home number and PIN."""
    form = PinForm()
    if not form.validate_on_submit():
        return _page(pin=form), 422
    act = current_action("desk")
    try:
        visit = begin_with_pin(act, current_user.id, _role(), typed(form.home), typed(form.pin).strip())
    except ActionRefused as refusal:
        show_refusal(form, refusal)
        return _refused_but_kept(_page(pin=form), refusal)
    if visit is None:
        form.pin.errors = [_("Home number and PIN do not fit.")]
        return _refused_but_kept(_page(pin=form))
    return _begun(act, form, visit)


@bp.post("/proof/pin")
@allowed(SERVE)
def proof_by_pin() -> Page:
    """Open the visit that a card began, by its holder's PIN."""
    form, waiting = OwnPinForm(), waiting_visit()
    if waiting is None:
        return to("desk.show", over=1)
    if not form.validate_on_submit():
        return _page(pin=form), 422
    try:
        opened = prove_by_pin(current_action("desk"), waiting, typed(form.pin).strip())
    except ActionRefused as refusal:
        show_refusal(form, refusal)
        return _refused_but_kept(_page(pin=form), refusal)
    if not opened:
        form.pin.errors = [_("Card and PIN do not fit.")]
        return _refused_but_kept(_page(pin=form))
    return _opened(waiting)


@bp.post("/proof/card")
@allowed(SERVE)
def proof_by_card() -> Page:
    """Open the visit that a PIN began, by a card of the same person."""
    form, waiting = TapForm(), waiting_visit()
    if waiting is None:
        return to("desk.show", over=1)
    if not form.validate_on_submit():
        return _page(tap=form), 422
    try:
        opened = prove_by_card(current_action("desk"), waiting, read_tap(typed(form.number)))
    except ActionRefused as refusal:
        show_refusal(form, refusal)
        return _refused_but_kept(_page(tap=form), refusal)
    if not opened:
        form.number.errors = [_("Card and PIN do not fit.")]
        return _refused_but_kept(_page(tap=form))
    return _opened(waiting)


@bp.post("/proof")
@allowed(SERVE)
def look_for_proof() -> Page:
    """Look whether a gate or the phone has proved that the person is there, and go on."""
    if current_visit() is not None:
        return to("resident.ways_in")
    waiting = waiting_visit()
    if waiting is None:
        return to("desk.show", over=1)
    form = AgainForm()
    try:
        if form.validate_on_submit() and prove_by_gate(current_action("desk"), waiting):
            return _opened(waiting)
    except ActionRefused as refusal:
        show_refusal(form, refusal)
        return _refused_but_kept(_page(button=form), refusal)
    return to("desk.show", again=1)


@bp.post("/end")
@allowed(SERVE)
def end() -> Response:
    """End the visit in this browser, and any other of this account."""
    if AgainForm().validate_on_submit():
        end_visits(current_action("desk"), current_user.id, "button")
        leave_visit()
    return to("desk.show")


def _begun(act: Action, form: OnceForm, visit: DeskVisitRow) -> Response:
    """Lead on with what was begun; a second press goes on with the visit of the first."""
    begun: DeskVisitRow | None = visit
    # Claimed last: a no, whose entry in the ledger stays, leaves the form to be sent again.
    if done_before(act, form, category="info"):
        undo_request_session()
        begun = visit_to_prove(request_session(), current_user.id, act.now)
    if begun is not None:
        start_visit(begun)
    return to("desk.show")


def _opened(visit: DeskVisitRow) -> Response:
    start_visit(visit)
    return to("resident.ways_in")


def _refused_but_kept(page: str, refusal: ActionRefused | None = None) -> Page:
    """Answer a no whose entry in the ledger stays, although an answer of an error undoes what was done."""
    request_session().commit()
    return page, 429 if isinstance(refusal, TooMany) else 422


def _role() -> str:
    return next(iter(role_names()), "")
