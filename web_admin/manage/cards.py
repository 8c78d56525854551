"""Pages of cards: find a holder, issue, suspend, end."""

from collections.abc import Callable
from functools import partial

from flask import Blueprint, flash, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import DateTimeLocalField, SelectField, StringField
from wtforms.validators import InputRequired, Length, Optional

from gate_controller.contract.records import CredentialKind
from web_admin.accounts.permissions import allowed, role_names
from web_admin.action.base import Action
from web_admin.action.suspension_reasons import OF_CREDENTIALS, SuspensionReason
from web_admin.action.suspensions import why_it_stays
from web_admin.compound.models import CredentialRow, Person
from web_admin.core.database import current_menjin, request_session
from web_admin.core.refusal import ActionRefused
from web_admin.core.sealing import card_lookup
from web_admin.credentials.actions import end_credential, resume_credential, suspend_credential
from web_admin.credentials.cards import issue_card
from web_admin.credentials.child_agreements import agree_by_card, lacks_agreement
from web_admin.credentials.look_ups import HANDED_IN, LOOK_REASONS, Look, checked_look, record_look
from web_admin.credentials.queries import holders_of_card
from web_admin.credentials.texts import METHODS
from web_admin.face.ways_in import Aftermath
from web_admin.web.agreement_text import agreement_text
from web_admin.web.back_to_first_hour import back_to
from web_admin.web.context import (
    Preview,
    current_action,
    form_page,
    from_local,
    get_or_404,
    press,
    show_refusal,
    submit,
    typed,
)
from web_admin.web.desk_reader import ReaderForm, desk_form, read_tap
from web_admin.web.fields import options, own_words_field
from web_admin.web.for_good import ForGood
from web_admin.web.forms import AgainForm, OnceForm
from web_admin.web.language import page_language
from web_admin.web.page import Page, to
from web_admin.web.silent_gates import say_saved

bp = Blueprint("cards", __name__, url_prefix="/manage/cards")


class CardForm(OnceForm):
    number = StringField(
        _l("Card number"),
        description=_l(
            "Hold the card at the desk reader, or type what is printed on it: "
            "0007123456, 108,45678 or 0x6CB26E."
        ),
        validators=[InputRequired(_l("Type or read the card's number.")), Length(max=40)],
        render_kw={"autocomplete": "off", "inputmode": "text", "autofocus": True},
    )
    label = StringField(
        _l("Label"), description=_l("For example “blue fob”. May stay empty."), validators=[Length(max=40)]
    )
    valid_until = DateTimeLocalField(_l("Valid until"), validators=[Optional()])
    guardian_card = StringField(
        _l("The guardian's own card"),
        description=_l(
            "An adult of the child's home holds their card to the desk reader: "
            "by that they agree, and who and when is recorded."
        ),
        validators=[Length(max=40)],
        render_kw={"autocomplete": "off"},
    )


class FindForm(OnceForm):
    """A card to look up."""

    number = StringField(
        _l("Card number"),
        description=_l("Hold the card at the desk reader, or type what is printed on it."),
        validators=[InputRequired(_l("Type or read the card's number.")), Length(max=40)],
        render_kw={"autocomplete": "off", "autofocus": True},
    )
    why = SelectField(_l("Why do you look?"), default=HANDED_IN, choices=options(LOOK_REASONS))
    in_own_words = own_words_field()


@bp.route("/", methods=["GET", "POST"])
@allowed("see_card_holder")
def find() -> Page:
    """Show whose card this is; the holder sees who looked and why."""
    form = FindForm()
    found: list[tuple[CredentialRow, Person]] = []
    asked = False
    if form.validate_on_submit():
        try:
            number = read_tap(typed(form.number))
            look = checked_look(Look(role_names()[0], typed(form.why), typed(form.in_own_words)))
        except ActionRefused as refusal:
            show_refusal(form, refusal)
        else:
            asked = True
            found = _holders(number, look)
    page = render_template(
        "manage/cards.html",
        form=form,
        found=found,
        asked=asked,
        button=AgainForm(formdata=None),
        reader=ReaderForm(formdata=None, form=desk_form()),
        why_it_stays=partial(why_it_stays, current_action()),
    )
    return (page, 422) if form.errors else page


def _holders(number: int, look: Look) -> list[tuple[CredentialRow, Person]]:
    act = current_action()
    rows = holders_of_card(act.session, act.site_id, card_lookup(current_menjin().sealer, number))
    for row, person in rows:
        record_look(act, person.person_id, row.credential_id, look)
    return rows


@bp.route("/give/<person_id>", methods=["GET", "POST"])
@allowed("issue_credentials")
def give(person_id: str) -> Page:
    """Give a card to a person; a card that someone has is refused beside the number."""
    person = get_or_404(request_session(), Person, person_id)
    form = CardForm()
    asks_guardian = lacks_agreement(current_action(), person)
    if asks_guardian:  # the guardian's card comes first
        form.guardian_card.render_kw = {"autocomplete": "off", "autofocus": True}
        form.number.render_kw = {"autocomplete": "off"}
    answer = submit(
        form,
        lambda act: _give(act, person_id, form, asks_guardian=asks_guardian),
        saved=lambda _card: say_saved(_("The card is ready.")),
        back=back_to("person.show", person_id=person_id),
    )
    return answer or form_page(
        "manage/card_give.html",
        form,
        person=person,
        asks_guardian=asks_guardian,
        agreement_text=agreement_text(),
    )


def _give(act: Action, person_id: str, form: CardForm, *, asks_guardian: bool) -> CredentialRow:
    if asks_guardian:
        _agreed(act, person_id, typed(form.guardian_card))
    number = read_tap(typed(form.number))
    valid_until = from_local(form.valid_until.data)
    return issue_card(act, person_id, number, label=form.label.data or "", valid_until=valid_until)


def _agreed(act: Action, child_id: str, tapped: str) -> None:
    if not tapped.strip():
        raise ActionRefused(
            "guardian_card", _l("A guardian agrees first: their own card, held to the reader.")
        )
    try:
        number = read_tap(tapped)
    except ActionRefused as refusal:
        raise ActionRefused("guardian_card", refusal.message) from refusal
    agree_by_card(act, child_id, number, page_language(), agreement_text())


def _credential(credential_id: str) -> CredentialRow:
    credential = get_or_404(request_session(), CredentialRow, credential_id)
    get_or_404(request_session(), Person, credential.person_id)
    return credential


@bp.post("/<credential_id>/suspend")
@allowed("suspend_credentials")
def suspend(credential_id: str) -> Page:
    """Suspend a lost card until it is found or ended."""
    is_card = _credential(credential_id).kind == CredentialKind.CARD
    return _change(
        credential_id,
        "active",
        lambda act: suspend_credential(act, credential_id),
        _("The card is suspended.") if is_card else _("Suspended."),
        "after",
    )


@bp.post("/<credential_id>/resume")
@allowed("suspend_credentials")
def resume(credential_id: str) -> Page:
    return _change(
        credential_id,
        "suspended",
        lambda act: resume_credential(act, credential_id),
        _("The suspension has ended."),
    )


@bp.post("/<credential_id>/end")
@allowed("issue_credentials")
def end(credential_id: str) -> Page:
    """End a card, PIN or phone for a reason of the list: a lost one at once and for good.

    For other reasons what follows is read first, and for a day the end can be undone.
    """
    return _change(
        credential_id,
        "",
        lambda act: _end(act, credential_id),
        _ended(credential_id),
        "after" if request.form.get("reason") == SuspensionReason.LOST else "first",
        lambda _act: _follows(_credential(credential_id)),
    )


def _follows(credential: CredentialRow) -> ForGood:
    return ForGood(
        [
            _(
                "%(method)s of %(name)s opens nothing any more.",
                method=METHODS.get(credential.kind, credential.kind),
                name=credential.person.display_name,
            )
        ],
        people=1,
        is_undone_for_a_day=credential.kind != CredentialKind.QR,
    )


def _ended(credential_id: str) -> str:
    is_final = request.form.get("reason") == SuspensionReason.LOST
    if is_final or _credential(credential_id).kind == CredentialKind.QR:
        return str(_("Ended for good."))
    return str(_("Ended. You can undo it for a day, under “Scheduled changes and undo”."))


def _end(act: Action, credential_id: str) -> Aftermath:
    reason = request.form.get("reason", "")
    if reason not in OF_CREDENTIALS:
        raise ActionRefused(None, _l("Choose why it ends."))
    return end_credential(act, credential_id, reason)


def _change(
    credential_id: str,
    from_state: str,
    action: Callable[[Action], object],
    said: str,
    preview: Preview = "first",
    for_good: Callable[[Action], ForGood] | None = None,
) -> Page:
    credential = _credential(credential_id)
    back = to("person.show", person_id=credential.person_id)
    fits = credential.state == from_state or (not from_state and credential.state != "ended")
    if not fits:
        return back
    return press(action, saved=partial(_say_changed, said), back=back, preview=preview, for_good=for_good)


def _say_changed(said: str, done: object) -> None:
    say_saved(said)
    if getattr(done, "left_without_way", False):
        flash(_("This person now has no working way in. Give a new card next."), "warning")
