"""The desk: a resident opens it with their own card or PIN, and their own pages work in this browser."""

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from werkzeug.wrappers import Response
from wtforms import PasswordField, StringField
from wtforms.validators import InputRequired, Length

from web_admin.acts import ActRefused
from web_admin.database import request_session
from web_admin.desk_models import DeskVisitRow
from web_admin.desk_opening import open_by_card, open_by_pin
from web_admin.desk_reader import ReaderForm, desk_form, read_tap
from web_admin.desk_request import SERVE, current_visit, leave_visit, start_visit
from web_admin.desk_visits import end_visits
from web_admin.form_once import OnceForm
from web_admin.limit_counts import Of, current_counts
from web_admin.limits import DESK_CARDS, DESK_PIN, DESK_PIN_A_DAY, Limit
from web_admin.models import Person
from web_admin.page_context import current_act, request_now, show_refusal, typed
from web_admin.permissions import allowed, role_names
from web_admin.person_pages import AgainForm

bp = Blueprint("desk", __name__, url_prefix="/manage/desk")

PIN_TRIES = (DESK_PIN, DESK_PIN_A_DAY)
"""Of one home at the desk, by one account: nobody locks a household out of anything else."""
CARD_TRIES = (DESK_CARDS,)
"""Cards that open nothing, shown by one account; a queue of residents is not slowed."""

Page = str | Response | tuple[str, int]


class TapForm(OnceForm):
    """A card held to the desk reader, which types its number and Enter."""

    number = StringField(
        _l("Card"),
        description=_l("The resident holds their own card to the desk reader."),
        validators=[InputRequired(_l("Hold the card to the reader.")), Length(max=40)],
        render_kw={"autocomplete": "off", "autofocus": True},
    )


class PinForm(OnceForm):
    """A home's number and a PIN, typed by the resident."""

    home = StringField(
        _l("Home number"), validators=[InputRequired(_l("Type the home's number.")), Length(max=20)],
        render_kw={"autocomplete": "off", "inputmode": "text"},
    )
    pin = PasswordField(
        _l("PIN"), description=_l("The resident types it here, on this keyboard."),
        validators=[InputRequired(_l("Type the PIN.")), Length(max=12)],
        render_kw={"autocomplete": "off", "inputmode": "numeric"},
    )


@bp.get("")
@allowed(SERVE)
def show() -> str:
    """Show whom this browser serves, or how a visit is opened."""
    return _page()


def _page(tap: TapForm | None = None, pin: PinForm | None = None) -> str:
    visit = current_visit()
    return render_template(
        "office/desk.html", visit=visit, over=request.args.get("over") == "1",
        person=request_session().get(Person, visit.person_id) if visit is not None else None,
        tap=tap or TapForm(formdata=None, prefix=""), pin=pin or PinForm(formdata=None),
        button=AgainForm(formdata=None), reader=ReaderForm(formdata=None, form=desk_form()),
    )


@bp.post("/card")
@allowed(SERVE)
def by_card() -> Page:
    """Open a visit with a card."""
    form = TapForm()
    if not form.validate_on_submit():
        return _page(tap=form), 422
    if not _count(CARD_TRIES, "card"):
        form.number.errors = [_("Too many cards that open nothing. Wait ten minutes, or use the PIN.")]
        return _page(tap=form), 429
    try:
        number = read_tap(typed(form.number))
        visit = open_by_card(current_act("desk"), current_user.id, _role(), number)
    except ActRefused as refusal:
        show_refusal(form, refusal)
        return _page(tap=form), 422
    if visit is None:
        form.number.errors = [_("This card opens no visit: it is not known here, or does not work now.")]
        return _refused_but_kept(_page(tap=form))
    request_session().commit()
    for of in _counted(CARD_TRIES, "card"):
        current_counts().give_back(of, request_now())
    return _opened(visit)


@bp.post("/pin")
@allowed(SERVE)
def by_pin() -> Page:
    """Open a visit with home number and PIN."""
    form = PinForm()
    if not form.validate_on_submit():
        return _page(pin=form), 422
    home = typed(form.home).replace("-", "").strip()
    if not _count(PIN_TRIES, "pin", home):
        form.pin.errors = [
            _("Too many tries for this home here. Wait ten minutes, or use a card. Gates work as usual.")
        ]
        return _page(pin=form), 429
    try:
        visit = open_by_pin(
            current_act("desk"), current_user.id, _role(), typed(form.home), typed(form.pin).strip()
        )
    except ActRefused as refusal:
        show_refusal(form, refusal)
        return _page(pin=form), 422
    if visit is None:
        form.pin.errors = [_("Home number and PIN do not fit.")]
        return _refused_but_kept(_page(pin=form))
    return _opened(visit)


@bp.post("/end")
@allowed(SERVE)
def end() -> Response:
    """End the visit in this browser, and any other of this account."""
    if AgainForm().validate_on_submit():
        end_visits(current_act("desk"), current_user.id, "button")
        leave_visit()
    return redirect(url_for("desk.show"), 303)


def _opened(visit: DeskVisitRow) -> Response:
    start_visit(visit)
    return redirect(url_for("resident.ways_in"), 303)


def _refused_but_kept(page: str) -> Page:
    """Answer a no whose entry in the ledger stays, although an answer of an error undoes what was done."""
    request_session().commit()
    return page, 422


def _role() -> str:
    return next(iter(role_names()), "")


def _count(limits: tuple[Limit, ...], *what: str) -> bool:
    """Count one try against each limit before it is judged; tell whether it may be."""
    return not current_counts().take_all(_counted(limits, *what), request_now())


def _counted(limits: tuple[Limit, ...], *what: str) -> list[Of]:
    return [Of(limit, (str(current_user.id), *what)) for limit in limits]
