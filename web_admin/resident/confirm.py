"""Ask residents to confirm who they are before they change their sign-in, unless they just signed in.

A phone left unlocked, or a copied cookie, then changes no password and adds no passkey (OWASP ASVS 5.0
V6.2.3 and V7.5.1). A resident with neither has nothing to confirm by: the invitation signed them in.
"""


from flask import flash, request, session
from flask_babel import gettext
from werkzeug.wrappers import Response

from web_admin.accounts.residents import resident_account, resident_with_password
from web_admin.core.database import request_session
from web_admin.resident.blueprint import bp, signed_in, to
from web_admin.resident.confirmation import CONFIRMING, confirm_page
from web_admin.web.resident_session import SIGNED_IN_AT, resident_required
from web_admin.web.sign_in_tries import claim_try, sign_in_worked


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
