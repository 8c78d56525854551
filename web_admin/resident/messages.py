"""Pages of the own messages: an address, proved by a code, the phones, and a switch for each kind."""

from collections.abc import Mapping
from typing import Any

from flask import abort, flash, render_template, request, url_for
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from web_admin.accounts.permissions import public
from web_admin.action.base import Action, new_action
from web_admin.compound.queries import the_site
from web_admin.core.database import current_menjin, request_session
from web_admin.core.limit_counts import CountedTries, current_counts
from web_admin.core.limits import MESSAGE_CODES
from web_admin.core.refusal import ActionRefused
from web_admin.messages.push_phones import Owner, kinds_on_phones, listed, phones_of, public_key
from web_admin.messages.queries import subscription_of
from web_admin.messages.subscription_actions import (
    address_to_take_back,
    choose_messages,
    name_address,
    prove_address,
    stop_messages,
    take_address_back,
    was_restored,
)
from web_admin.messages.subscriptions import channels_of
from web_admin.resident.blueprint import bp, signed_in, site_of
from web_admin.resident.confirmation import must_confirm, to_confirm
from web_admin.web.page import to
from web_admin.web.resident_session import resident_required
from web_admin.web.site import request_now

LABELS = {
    "visitor_came": _l("My visitor has come in"),
    "card_stopped": _l("My card was suspended or ended"),
    "signed_in": _l("A new sign-in to my page"),
    "looked_at": _l("My passages were viewed or my card was looked up"),
    "reader_lost": _l("The readers at one of my gates are out of order"),
    "access_review": _l("The office asks if I still need something"),
}


def _page(errors: Mapping[str, str], form: Mapping[str, str]) -> str:
    person, act = signed_in()
    subscription = subscription_of(act.session, person.person_id)
    phones = phones_of(act.session, Owner(person_id=person.person_id))
    return render_template(
        "resident/messages.html",
        person=person,
        site=site_of(person),
        errors=errors,
        form=form,
        subscription=subscription,
        restored=subscription is not None and was_restored(act, subscription),
        labels=LABELS,
        phones=listed(phones),
        phone_kinds=kinds_on_phones(phones),
        push_key=public_key(act.sealer, act.site_id),
        channels=channels_of(act.session, act.site_id),
        first_confirm=must_confirm(person, act.now),
        tab="help_page",
    )


def address_back(text: str) -> str:
    """Return the public address of the page that takes a change of the address back."""
    return current_menjin().config.public_url.rstrip("/") + url_for("resident.messages_back", text=text)


def _by_link() -> Action:
    """Return an action of a person who is known by a link that was sent to their address alone."""
    site = the_site(request_session())
    if site is None:
        abort(404)
    return new_action(current_menjin(), request_session(), site.site_id, "link", "phone")


def _back_page(**shown: Any) -> str:
    return render_template(
        "resident/messages_back.html", person=None, site=the_site(request_session()), **shown
    )


@bp.get("/messages")
@resident_required
def messages() -> str:
    """Show the address and the switches; all are off at first."""
    return _page({}, {})


def may_send_code(person_id: str) -> bool:
    """Count one code for this person; return whether it may still be sent."""
    # Not by network address, which a whole building may share.
    return not current_counts().take(CountedTries(MESSAGE_CODES, (person_id,)), request_now())


@bp.post("/messages/address")
@resident_required
def name_messages_address() -> Response | tuple[str, int]:
    """Send a code to an address, for who has just confirmed that it is them."""
    person, act = signed_in()
    if must_confirm(person, act.now):
        return to_confirm("resident.messages")
    if not may_send_code(person.person_id):
        message = gettext("Ten codes were sent. Wait an hour, then try again.")
        return _page({"address": message}, request.form), 429
    try:
        name_address(act, person.person_id, request.form.get("address", ""), address_back)
    except ActionRefused as refused:
        message = str(refused.message)
        request_session().rollback()
        return _page({refused.field or "address": message}, request.form), 422
    return to("resident.messages")


@bp.post("/messages/code")
@resident_required
def prove_messages_address() -> Response | str | tuple[str, int]:
    """Take the code that was sent."""
    person, act = signed_in()
    try:
        proved = prove_address(act, person.person_id, request.form.get("code", ""))
    except ActionRefused as refused:
        message = str(refused.message)
        request_session().rollback()
        return _page({"code": message}, request.form), 422
    if not proved:
        # Not an error's status: the wrong try has to be counted, and a failed request is undone.
        return _page({"code": gettext("This is not the code that was sent.")}, request.form)
    flash(gettext("The address is verified. Switch on the messages you want."), "done")
    return to("resident.messages")


@bp.post("/messages/kinds")
@resident_required
def choose_my_messages() -> Response:
    person, act = signed_in()
    kinds, confirmed = request.form.getlist("kinds"), not must_confirm(person, act.now)
    choose_messages(act, person.person_id, kinds, address_back, confirmed=confirmed)
    flash(gettext("Saved. You get these messages and no others."), "done")
    return to("resident.messages")


@bp.post("/messages/stop")
@resident_required
def stop_my_messages() -> Response:
    """Stop everything and forget the address."""
    person, act = signed_in()
    stop_messages(act, person.person_id, address_back, confirmed=not must_confirm(person, act.now))
    flash(gettext("No more messages are sent. Your address was deleted."), "done")
    return to("resident.messages")


@bp.get("/messages/back/<text>")
@public
def messages_back(text: str) -> str | tuple[str, int]:
    """Show what a link takes back; a preview of the link must not do it, so wait for the button."""
    try:
        old = address_to_take_back(_by_link(), text)
    except ActionRefused as refused:
        return _back_page(error=str(refused.message)), 422
    return _back_page(old=old, text=text)


@bp.post("/messages/back")
@public
def take_messages_back() -> str | tuple[str, int]:
    """Send messages to the old address again."""
    try:
        old = take_address_back(_by_link(), request.form.get("text", ""))
    except ActionRefused as refused:
        message = str(refused.message)
        request_session().rollback()
        return _back_page(error=message), 422
    return _back_page(old=old, done=True)
