"""Requests about what rings for one person: their phones, their telephone numbers, a test of both."""

from flask import abort, flash, render_template, request
from flask_babel import gettext
from werkzeug.wrappers import Response

from web_admin.accounts.sessions import digest_of_this_session
from web_admin.calls.numbers import (
    OwnNumber,
    add_number,
    give_test_back,
    may_test,
    numbers_of_person,
    remove_number,
    test_now,
)
from web_admin.calls.telephone_tasks import begin_proof, proof_state
from web_admin.core.database import current_menjin
from web_admin.core.refusal import ActionRefused
from web_admin.messages.push_phones import Owner, add_phone, show_calls
from web_admin.messages.subscriptions import kinds_for_phone
from web_admin.resident.blueprint import bp, signed_in, site_of
from web_admin.resident.calls_shown import page_of_calls
from web_admin.web.page import Page, to
from web_admin.web.resident_session import resident_required


@bp.post("/calls/phone")
@resident_required
def ring_this_phone() -> Response:
    """Let this browser ring, as long as it is signed in, and the person's others."""
    person, act = signed_in()
    kinds = kinds_for_phone(act.session, person.person_id)
    owner = Owner(person_id=person.person_id, session_sha256=digest_of_this_session())
    sent = (request.form.get(name, "") for name in ("endpoint", "p256dh", "auth"))
    add_phone(act, owner, *sent, kinds=kinds, named=current_menjin().config.push_services)
    show_calls(act, person.person_id, on=True)
    flash(gettext("This phone rings when someone calls you."), "done")
    return to("resident.calls")


@bp.post("/calls/phone/off")
@resident_required
def ring_no_phone() -> Response:
    """Let none of the person's browsers ring; other messages still come to them."""
    person, act = signed_in()
    show_calls(act, person.person_id, on=False)
    flash(gettext("Your phones no longer ring. A page that is open still does."), "done")
    return to("resident.calls")


@bp.post("/calls/numbers")
@resident_required
def add_call_number() -> Page:
    """Keep a number of one's own and call it for proof."""
    person, act = signed_in()
    typed = request.form.get("number", ""), request.form.get("number_label", "")
    try:
        number = add_number(act, person.person_id, *typed)
        begin_proof(act, number.number_id)
    except ActionRefused as refused:
        field, message = refused.field or "number", str(refused.message)
        act.session.rollback()
        return page_of_calls({field: message}), 422
    return to("resident.call_number", number_id=number.number_id)


@bp.get("/calls/numbers/<number_id>")
@resident_required
def call_number(number_id: str) -> str:
    """Show the digits that prove a number, and how its proof goes."""
    return _page(number_id)


def _own(number_id: str) -> OwnNumber:
    """Return a number of who is signed in; answer 404 for anyone else's."""
    person, act = signed_in()
    own = numbers_of_person(act.session, act.sealer, person.person_id)
    number = next((one for one in own if one.number_id == number_id), None)
    if number is None:
        abort(404)
    return number


def _page(number_id: str, refused: str = "") -> str:
    person, act = signed_in()
    number = _own(number_id)
    return render_template(
        "resident/call_number.html",
        person=person,
        site=site_of(person),
        number=number,
        proof=proof_state(act.session, act.sealer, number_id, act.now),
        refused=refused,
        tab="my_home",
    )


@bp.post("/calls/numbers/<number_id>/prove")
@resident_required
def prove_call_number(number_id: str) -> Page:
    """Let a number ring for proof once more."""
    _person, act = signed_in()
    _own(number_id)
    try:
        begin_proof(act, number_id)
    except ActionRefused as refused:
        message = str(refused.message)
        act.session.rollback()
        return _page(number_id, message), 422
    return to("resident.call_number", number_id=number_id)


@bp.post("/calls/numbers/<number_id>/remove")
@resident_required
def remove_call_number(number_id: str) -> Response:
    """Delete a number of one's own."""
    person, act = signed_in()
    remove_number(act, person.person_id, number_id)
    flash(gettext("The number is deleted. Gates no longer call it."), "done")
    return to("resident.calls")


@bp.post("/calls/test")
@resident_required
def test_calls() -> Page:
    """Let the person's phones and telephones ring once for a test, three times a day."""
    person, act = signed_in()
    person_id = person.person_id
    if not may_test(person_id, act.now):
        return page_of_calls({"test": gettext("You tested three times today. Try again tomorrow.")}), 422
    try:
        all_ring = test_now(act, person_id)
    except ActionRefused as refused:
        message = str(refused.message)
        act.session.rollback()
        give_test_back(person_id, act.now)
        return page_of_calls({"test": message}), 422
    said = gettext("The test begins: your phones and telephones ring within a minute.")
    only_phones = gettext("The test begins: your phones ring within a minute. No gate can telephone now.")
    flash(said if all_ring else only_phones, "done")
    return to("resident.calls")
