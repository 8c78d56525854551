"""Decide whether residents confirm who they are before they change their sign-in, and ask; no routes.

Password or passkey confirm a person who has one. A person with neither shows a card or PIN at a gate in the
minutes that this browser asked for; the office's invitation is a sign-in. The session alone confirms nothing.
"""

from datetime import datetime

from flask import render_template, session
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from web_admin.accounts.passkeys import Place, passkeys_of, place_of
from web_admin.accounts.residents import resident_account
from web_admin.accounts.rules import is_confirmed
from web_admin.action.phone_verification import opened_invitation
from web_admin.compound.models import Person
from web_admin.core.database import current_menjin, request_session
from web_admin.people.phone_verification import can_confirm_at_gate, verification_until
from web_admin.resident.blueprint import site_of
from web_admin.web.desk_session import current_visit
from web_admin.web.page import to
from web_admin.web.resident_session import SIGNED_IN_AT

CONFIRMING = "confirming"
"""The session's word for the page to which its resident goes on once they have confirmed who they are."""
ASKED_AT_GATE = "asked_at_gate"
"""The session's word for when this browser said that its resident is at a gate: it alone is confirmed."""
OF_THIS_PHONE = "passkey_of_this_phone"
"""The session's word for the passkey that was made or used here: for a lost phone it alone stays."""
FIRST_CONFIRM = _l("First confirm that it is you; then change how you sign in.")


def must_confirm(person: Person, now: datetime) -> bool:
    """Return whether this person has to confirm who they are before they change how they sign in."""
    if current_visit() is not None:
        return False  # they showed card or PIN at the desk minutes ago
    signed_in_at = session.get(SIGNED_IN_AT)
    if isinstance(signed_in_at, str) and is_confirmed(datetime.fromisoformat(signed_in_at), now):
        return False
    return any(_own_proofs(person)) or not _shown_at_a_gate(person, now)


def _own_proofs(person: Person) -> tuple[bool, bool]:
    """Return whether the person has a password, and whether a passkey."""
    database = request_session()
    has_password = resident_account(database, person).password is not None
    return has_password, bool(passkeys_of(database, person.person_id))


def _shown_at_a_gate(person: Person, now: datetime) -> bool:
    """Return whether card or PIN was shown just now, in the minutes that this browser asked for."""
    asked = session.get(ASKED_AT_GATE)
    opened = opened_invitation(request_session(), person.person_id) if isinstance(asked, str) else None
    return (
        opened is not None
        and opened.proof_asked_at is not None
        and opened.proved_at is not None
        and opened.proof_asked_at.isoformat() == asked
        and is_confirmed(opened.proved_at, now)
    )


def to_confirm(then: str) -> Response:
    """Return a redirect to the page that asks for a confirmation and leads on to this page of residents."""
    session[CONFIRMING] = then
    return to("resident.confirm_first")


def confirm_page(person: Person, error: str | None = None, *, then: str | None = None) -> str:
    """Return the page on which a resident types the password, uses the passkey or goes to a gate."""
    session[CONFIRMING] = then or session.get(CONFIRMING) or "resident.password"
    database, now = request_session(), current_menjin().clock()
    has_password, has_passkey = _own_proofs(person)
    by_gate = not (has_password or has_passkey)
    return render_template(
        "resident/confirm.html",
        person=person,
        site=site_of(person),
        error=error,
        has_password=has_password,
        passkeys_work=passkey_place() is not None and has_passkey,
        at_gate=by_gate and can_confirm_at_gate(database, person.person_id, now),
        gate_until=verification_until(database, person.person_id, now) if by_gate else None,
    )


def confirmed_page() -> str:
    """Return the page to which a resident goes on who has just confirmed who they are."""
    return str(session.pop(CONFIRMING, None) or "resident.password")


def passkey_place() -> Place | None:
    """Return where this server's passkeys work, None where no browser would take one."""
    return place_of(current_menjin().config.public_url)
