"""Ask residents to confirm who they are before they change their sign-in, unless they just signed in.

A phone left unlocked, or a copied cookie, then sets no password, first one or not, adds no passkey and
names no other address for messages (OWASP ASVS 5.0 V6.2.3 and V7.5.1).
"""

from flask import flash, request, session
from flask_babel import gettext
from werkzeug.wrappers import Response

from web_admin.accounts.residents import resident_account, resident_with_password
from web_admin.core.database import request_session
from web_admin.resident.blueprint import bp, signed_in
from web_admin.resident.confirmation import CONFIRMING, confirm_page, confirmed_page, must_confirm
from web_admin.web.page import to
from web_admin.web.resident_session import SIGNED_IN_AT, resident_required
from web_admin.web.sign_in_tries import claim_try, sign_in_worked


@bp.get("/password/confirm")
@resident_required
def confirm_first() -> Response | str:
    """Show how to confirm, or lead on a resident who has."""
    person, act = signed_in()
    if request.args.get("then") == "messages":
        session[CONFIRMING] = "resident.messages"
    return confirm_page(person) if must_confirm(person, act.now) else to(confirmed_page())


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
    flash(gettext("Thank you. Now you can change how you sign in."), "done")
    return to(confirmed_page())
