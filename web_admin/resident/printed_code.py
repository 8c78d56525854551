"""Pages of a code on paper for a person without a phone: made and printed at the desk, ended anywhere."""

from flask import abort, flash, render_template
from flask_babel import force_locale, gettext
from markupsafe import Markup
from werkzeug.wrappers import Response

from gate_controller.contract.records import CredentialKind, Method
from web_admin.compound.models import CredentialRow, Person
from web_admin.credentials.actions import choose_methods, end_credential
from web_admin.credentials.phones import issue_printed_code, printed_code
from web_admin.resident.ask_first import asks_first
from web_admin.resident.blueprint import bp, signed_in, site_of
from web_admin.resident.own_ways import own_credential
from web_admin.web.page import Page, to
from web_admin.web.qr_picture import svg_for_paper
from web_admin.web.resident_session import resident_required
from web_admin.web.send_once import made_once

CARD_CODE_MM = 42


def _own_printed(person: Person, credential_id: str) -> CredentialRow:
    row = own_credential(person, credential_id, CredentialKind.QR)
    if not row.printed or row.state == "ended":
        abort(404)
    return row


@bp.post("/printed-code")
@resident_required
def new_printed_code() -> Response:
    """Make a code on paper, switch the QR code on, and go on to print it."""
    person, act = signed_in()

    def make() -> str:
        row = issue_printed_code(act, person.person_id)
        if Method.QR not in person.methods:
            choose_methods(act, person.person_id, {Method(name) for name in person.methods} | {Method.QR})
        return row.credential_id

    made = made_once(act, person.person_id, make)
    return to("resident.printed_code_page", credential_id=made) if made else to("resident.ways_in")


@bp.get("/printed-code/<credential_id>")
@resident_required
def printed_code_page(credential_id: str) -> str:
    """Show the card to print and cut out, in the person's language; at the desk, where the printer is."""
    person, act = signed_in()
    row = _own_printed(person, credential_id)
    if act.channel != "desk":
        abort(404)
    with force_locale(person.language):
        picture = svg_for_paper(printed_code(act, row), gettext("Your code"), CARD_CODE_MM)
        card = render_template(
            "resident/printed_card.html",
            site=site_of(person),
            row=row,
            picture=picture,
            card_language=person.language,
        )
    return render_template("resident/printed_code.html", card=Markup(card))  # noqa: S704 - a template's


@bp.post("/printed-code/<credential_id>/end")
@resident_required
def end_printed_code(credential_id: str) -> Page:
    person, act = signed_in()
    printed = _own_printed(person, credential_id)
    asked = asks_first(
        gettext("End this code on paper?"),
        gettext("The printed code opens nothing any more. Throw the paper away."),
        gettext("End it"),
        to("resident.ways_in").location,
    )
    if asked is not None:
        return asked
    end_credential(act, printed.credential_id, "ended by its owner")
    flash(gettext("The printed code opens nothing any more."), "done")
    return to("resident.ways_in")
