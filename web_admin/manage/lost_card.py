"""Guard's pages for a lost card: a number, the right card, a slip; three steps, by keyboard alone."""

from flask import Blueprint, abort, flash, render_template, session, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response
from wtforms import HiddenField, SelectField, StringField
from wtforms.validators import InputRequired, Length

from web_admin.accounts.permissions import allowed, role_names
from web_admin.compound.models import CredentialRow
from web_admin.core.database import request_session
from web_admin.core.refusal import ActionRefused
from web_admin.credentials.look_ups import LOOK_REASONS, Look
from web_admin.desk.limits import TooMany
from web_admin.desk.lost_cards import AS_TYPED, FoundCard, find_cards, replace_for_a_night, suspend_by_number
from web_admin.visitors.models import VisitorPassRow
from web_admin.visitors.pass_states import pass_state
from web_admin.web.context import current_action, get_or_404, press, show_refusal, typed
from web_admin.web.desk_reader import ReaderForm, desk_form, read_tap
from web_admin.web.fields import options, own_words_field
from web_admin.web.forms import AgainForm, OnceForm
from web_admin.web.gate_sets import NamesInPasses
from web_admin.web.page import Page, to
from web_admin.web.places import site_gates
from web_admin.web.preview import store
from web_admin.web.rehearsal import note_effects
from web_admin.web.silent_gates import say_saved, warn_of_silence
from web_admin.web.site import request_now
from web_admin.web.slips import pass_slip

bp = Blueprint("lost_card", __name__, url_prefix="/manage/lost-card")

OWN_SLIPS, KEPT_SLIPS = "lost_card_passes", 10


class LostForm(OnceForm):
    """A home's number, or what is printed on a card that was found."""

    number = StringField(
        _l("Home number or card number"),
        description=_l("3-1203, or the number of a found card."),
        validators=[InputRequired(_l("Type the home's number, or read a card.")), Length(max=40)],
        render_kw={"autocomplete": "off", "autofocus": True, "data-tap": True},
    )
    why = SelectField(
        _l("Why do you look?"),
        default=AS_TYPED,
        choices=options([(AS_TYPED, _l("Reported lost, or handed in")), *LOOK_REASONS.items()]),
    )
    in_own_words = own_words_field()


class NumberForm(OnceForm):
    """The number of a card that is to be suspended unseen."""

    number = HiddenField(validators=[InputRequired(), Length(max=40)])


@bp.route("", methods=["GET", "POST"])
@allowed("suspend_credentials")
def find() -> Page:
    """Ask for a number; show a home's cards without names, and of a card's number nothing at all."""
    form = LostForm()
    found: list[FoundCard] | None = None
    number, status = "", 422
    if form.validate_on_submit():
        try:
            look = Look(role_names()[0], typed(form.why), typed(form.in_own_words))
            shown = find_cards(current_action(), typed(form.number), look, read_tap)
            if isinstance(shown, int):
                number = typed(form.number)
            else:
                found = shown
        except ActionRefused as refusal:
            show_refusal(form, refusal)
            status = _kept(refusal)
        if found or number:
            form.number.render_kw = {"autocomplete": "off"}  # a button has the focus now
    page = render_template(
        "manage/lost_card.html",
        form=form,
        found=found,
        number=number,
        button=AgainForm(formdata=None),
        reader=ReaderForm(formdata=None, form=desk_form()),
    )
    return (page, status) if form.errors else page


@bp.post("/number")
@allowed("suspend_credentials")
def stop_number() -> Response:
    """Suspend the card of a number; the answer is the same for every number."""
    form = NumberForm()
    if form.validate_on_submit():
        noting = note_effects(is_urgent=True)
        try:
            suspend_by_number(current_action(), read_tap(typed(form.number)))
            store(noting)
            flash(
                _(
                    "If this card worked here, it is suspended now, and its holder sees that. "
                    "Keep it for the property office."
                ),
                "success",
            )
            warn_of_silence(site_gates())
        except ActionRefused as refusal:
            _kept(refusal)
            flash(str(refusal.message), "danger")
    return to("lost_card.find")


def _kept(refusal: ActionRefused) -> int:
    """Keep the alarm of too many looks, although an answer of an error undoes what was done."""
    if not isinstance(refusal, TooMany):
        return 422
    request_session().commit()
    return 429


@bp.post("/<credential_id>")
@allowed("suspend_credentials")
def stop(credential_id: str) -> Page:
    """Suspend the card and go on to its owner's slip."""
    get_or_404(request_session(), CredentialRow, credential_id)
    return press(
        lambda act: replace_for_a_night(act, credential_id),
        back=to("lost_card.find"),
        then=_stopped,
        preview="after",
    )


def _stopped(row: VisitorPassRow | None) -> Response:
    """Say that the card is suspended; lead to the slip where there is a pass for the night."""
    if row is None:
        flash(
            _(
                "The card is suspended. No pass: no gate reads codes for this person all day long. "
                "Open for them by hand."
            ),
            "warning",
        )
        warn_of_silence(site_gates())
        return to("lost_card.find")
    say_saved(_("The card is suspended."))
    session[OWN_SLIPS] = [*session.get(OWN_SLIPS, ())[-KEPT_SLIPS + 1 :], row.pass_id]
    return to("lost_card.slip", pass_id=row.pass_id)


@bp.get("/slip/<pass_id>")
@allowed("suspend_credentials")
def slip(pass_id: str) -> str:
    """Show a pass that was made here, in this browser, as a slip; no other pass of a resident."""
    if pass_id not in session.get(OWN_SLIPS, ()):
        abort(404)
    row = get_or_404(request_session(), VisitorPassRow, pass_id)
    if pass_state(row, request_now()) != "live":
        abort(404)
    gates = NamesInPasses(row.site_id).of(row.gate_numbers)
    return pass_slip(row, gates, url_for("lost_card.find"))
