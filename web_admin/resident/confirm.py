"""Ask residents to confirm who they are before they change their sign-in, unless they just signed in.

A phone left unlocked, or a copied cookie, then changes no password and adds no passkey (OWASP ASVS 5.0
V6.2.3 and V7.5.1). A resident with neither has nothing to confirm by: the invitation signed them in.
"""

from datetime import datetime, timedelta

from flask import flash, render_template, request, session
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from web_admin.accounts.passkeys import passkeys_of, place_of
from web_admin.accounts.residents import resident_account, resident_with_password
from web_admin.compound.models import Person
from web_admin.core.database import current_menjin, request_session
from web_admin.resident.blueprint import bp, signed_in, site_of, to
from web_admin.web.resident_session import SIGNED_IN_AT, resident_required
from web_admin.web.sign_in_tries import claim_try, sign_in_worked

CONFIRMED_FOR = timedelta(minutes=10)
CONFIRMING = "confirming"
"""The session's word that its resident is asked to confirm: a passkey then leads back to the change."""
FIRST_CONFIRM = _l("First confirm that it is you; then change how you sign in.")


def must_confirm(person: Person, now: datetime) -> bool:
    """Return whether this person has to confirm who they are before they change how they sign in."""
    signed_in_at = session.get(SIGNED_IN_AT)
    if isinstance(signed_in_at, str) and now - CONFIRMED_FOR <= datetime.fromisoformat(signed_in_at) <= now:
        return False
    account = resident_account(request_session(), person)
    return account.password is not None or bool(passkeys_of(request_session(), person.person_id))


def confirm_page(person: Person, error: str | None = None) -> str:
    """Return the page on which a resident types the password or uses the passkey."""
    session[CONFIRMING] = True
    return render_template(
        "resident/confirm.html", person=person, site=site_of(person), error=error,
        has_password=resident_account(request_session(), person).password is not None,
        passkeys_work=place_of(current_menjin().config.public_url) is not None
        and bool(passkeys_of(request_session(), person.person_id)),
    )


@bp.post("/password/confirm")
@resident_required
def confirm() -> Response | tuple[str, int]:
    """Check the password of the resident who is signed in; wrong tries count as at the sign-in."""
    person, act = signed_in()
    name = resident_account(request_session(), person).username or ""
    if claim_try(name).wait_seconds:
        wait = gettext("Too many tries. Wait five minutes; a passkey works at once.")
        return confirm_page(person, wait), 429
    if resident_with_password(request_session(), name, request.form.get("password", "")) is not person:
        return confirm_page(person, gettext("This is not your password.")), 422
    sign_in_worked(name)
    session[SIGNED_IN_AT] = act.now.isoformat()
    session.pop(CONFIRMING, None)
    flash(gettext("Thank you. Now you can change how you sign in."), "done")
    return to("resident.password")
