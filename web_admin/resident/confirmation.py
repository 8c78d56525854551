"""Decide whether residents confirm who they are before they change their sign-in, and ask; no routes."""

from datetime import datetime

from flask import render_template, session
from flask_babel import lazy_gettext as _l

from web_admin.accounts.passkeys import Place, passkeys_of, place_of
from web_admin.accounts.residents import resident_account
from web_admin.accounts.rules import is_confirmed
from web_admin.compound.models import Person
from web_admin.core.database import current_menjin, request_session
from web_admin.resident.blueprint import site_of
from web_admin.web.resident_session import SIGNED_IN_AT

CONFIRMING = "confirming"
"""The session's word that its resident is asked to confirm: a passkey then leads back to the change."""
OF_THIS_PHONE = "passkey_of_this_phone"
"""The session's word for the passkey that was made or used here: for a lost phone it alone stays."""
FIRST_CONFIRM = _l("First confirm that it is you; then change how you sign in.")


def must_confirm(person: Person, now: datetime) -> bool:
    """Return whether this person has to confirm who they are before they change how they sign in."""
    signed_in_at = session.get(SIGNED_IN_AT)
    if isinstance(signed_in_at, str) and is_confirmed(datetime.fromisoformat(signed_in_at), now):
        return False
    account = resident_account(request_session(), person)
    return account.password is not None or bool(passkeys_of(request_session(), person.person_id))


def confirm_page(person: Person, error: str | None = None) -> str:
    """Return the page on which a resident types the password or uses the passkey."""
    session[CONFIRMING] = True
    return render_template(
        "resident/confirm.html", person=person, site=site_of(person), error=error,
        has_password=resident_account(request_session(), person).password is not None,
        passkeys_work=passkey_place() is not None
        and bool(passkeys_of(request_session(), person.person_id)),
    )


def passkey_place() -> Place | None:
    """Return where this server's passkeys work, None where no browser would take one."""
    return place_of(current_menjin().config.public_url)
