"""Pages for many cards in a row, replacing a lost card, naming a holder, and setting up the desk reader."""

from flask import Blueprint, flash, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response
from wtforms import SelectField, StringField
from wtforms.validators import InputRequired, Length

from web_admin.accounts.permissions import allowed
from web_admin.compound.models import CredentialRow, Home, Person
from web_admin.core.database import request_session
from web_admin.people.listings import names_in_home, next_home_without_card
from web_admin.people.queries import buildings_of
from web_admin.people.unassigned_cards import give_home_card, give_to_person, replace_card
from web_admin.web.context import form_page, get_or_404, submit, typed
from web_admin.web.desk_reader import ReaderForm, declare_desk_form, read_tap
from web_admin.web.fields import options
from web_admin.web.forms import OnceForm
from web_admin.web.page import Page, to
from web_admin.web.site import current_site

bp = Blueprint("card_batch", __name__, url_prefix="/manage/cards")

READER_PAGES = frozenset({"cards.find", "desk.show", "lost_card.find"})
"""Where a reader is declared: wherever one is used."""


class TapForm(OnceForm):
    number = StringField(
        _l("Card number"),
        description=_l("Tap the card at the desk reader. Its Enter gives the card and goes on."),
        validators=[InputRequired(_l("Type or read the card's number.")), Length(max=40)],
        render_kw={"autocomplete": "off", "autofocus": True},
    )


class HolderForm(OnceForm):
    """Member of the home who holds a card."""

    person_id = SelectField(_l("Holder"))


@bp.post("/reader")
@allowed("serve_at_desk")
def reader() -> Response:
    """Remember how this desk's reader types, and go back to the page where that was said."""
    form = ReaderForm()
    if form.validate_on_submit():
        declare_desk_form(form.form.data)
        flash(_("Remembered for this browser."), "success")
    back = request.form.get("back")
    return to(back if back in READER_PAGES else "desk.show")


@bp.route("/batch", methods=["GET", "POST"])
@allowed("issue_credentials")
def batch() -> Page:
    """Give a fresh card to one home after another, those without any card first to last."""
    session, site_id = request_session(), current_site().site_id
    building, after = request.values.get("building", "")[:20], request.values.get("after", "")[:60]
    form = TapForm()
    if form.validate_on_submit():
        home = get_or_404(session, Home, request.form.get("home_id", ""))
        answer = submit(
            form,
            lambda act: give_home_card(act, home.home_id, read_tap(typed(form.number))),
            saved=_("Home %(number)s has its card.", number=home.number),
            back=to("card_batch.batch", building=building or None, after=after or None),
        )
        if answer is not None:
            return answer
    turn = next_home_without_card(session, site_id, building, after)
    return form_page(
        "manage/card_batch.html",
        form,
        turn=turn,
        building=building,
        after=after,
        buildings=buildings_of(session, site_id),
    )


@bp.route("/<credential_id>/replace", methods=["GET", "POST"])
@allowed("issue_credentials")
def put_in_place(credential_id: str) -> Page:
    """Give another card in place of a lost or broken one."""
    old = _card(credential_id)
    form = TapForm()
    answer = submit(
        form,
        lambda act: replace_card(act, credential_id, read_tap(typed(form.number))),
        saved=_("Replaced. The old card opens nothing any more."),
        back=to("person.show", person_id=old.person_id),
    )
    return answer or form_page("manage/card_replace.html", form, card=old, person=old.person)


@bp.route("/<credential_id>/holder", methods=["GET", "POST"])
@allowed("issue_credentials")
def name_holder(credential_id: str) -> Page:
    """Give a home's unassigned card to the person who turns out to hold it; it goes on opening."""
    card = _card(credential_id)
    people = names_in_home(request_session(), card.person.home_id)
    form = HolderForm()
    form.person_id.choices = options(people)
    holder_id = form.person_id.data or card.person_id
    answer = submit(
        form,
        lambda act: give_to_person(act, credential_id, holder_id),
        saved=_("The card is this person's now. It kept working."),
        back=to("person.show", person_id=holder_id),
        preview="named",
    )
    return answer or form_page("manage/card_holder.html", form, card=card, home=card.person.home)


def _card(credential_id: str) -> CredentialRow:
    card = get_or_404(request_session(), CredentialRow, credential_id)
    get_or_404(request_session(), Person, card.person_id)
    return card
