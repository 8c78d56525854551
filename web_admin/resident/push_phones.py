"""Requests by which a resident switches push messages on and off in a browser."""

from flask import flash, request
from flask_babel import gettext
from werkzeug.wrappers import Response

from web_admin.accounts.sessions import digest_of_this_session
from web_admin.core.database import current_menjin
from web_admin.messages.push_phones import Owner, add_phone, choose_push_messages, remove_phone
from web_admin.messages.subscriptions import FIRST_PUSH_TEXT, kinds_for_phone, push_text
from web_admin.resident.blueprint import bp, signed_in
from web_admin.web.page import to
from web_admin.web.resident_session import resident_required


@bp.post("/messages/phone")
@resident_required
def add_push_phone() -> Response:
    """Send messages to this browser, as long as it is signed in."""
    person, act = signed_in()
    kinds = kinds_for_phone(act.session, person.person_id)
    owner = Owner(person_id=person.person_id, session_sha256=digest_of_this_session())
    sent = (request.form.get(name, "") for name in ("endpoint", "p256dh", "auth"))
    phone = add_phone(act, owner, *sent, kinds=kinds, named=current_menjin().config.push_services)
    if phone is not None:
        push_text(act.session, phone, FIRST_PUSH_TEXT, act.now)
    flash(
        gettext("Messages come to this phone.")
        if kinds
        else gettext("Messages come to this phone. Choose below which ones."),
        "done",
    )
    return to("resident.messages", _anchor="phones")


@bp.post("/messages/phone/kinds")
@resident_required
def choose_push_kinds() -> Response:
    """Keep which messages the phones show."""
    person, act = signed_in()
    choose_push_messages(act, person.person_id, request.form.getlist("kinds"))
    flash(gettext("Saved. Your phones show these messages and no others."), "done")
    return to("resident.messages", _anchor="phones")


@bp.post("/messages/phone/remove")
@resident_required
def remove_push_phone() -> Response:
    """Send nothing more to one browser."""
    person, act = signed_in()
    remove_phone(act, Owner(person_id=person.person_id), request.form.get("phone", ""))
    flash(gettext("Removed. No more messages come to that phone."), "done")
    return to("resident.messages", _anchor="phones")
