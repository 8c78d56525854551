"""Count guesses at the sign-in of staff: each secret counts before the library judges it.

For any answer of the library, only a successful sign-in is given back. Secrets come in forms alone: a second
way to send the same secret would be a second thing to watch.
"""

import secrets
from collections.abc import Callable, Mapping

from flask import Flask, current_app, flash, g, redirect, request, session, url_for
from flask_babel import gettext as _
from flask_login import current_user
from flask_security import tf_code_confirmed, tf_profile_changed
from flask_security.mail_util import EmailValidateException
from werkzeug.exceptions import UnsupportedMediaType
from werkzeug.wrappers import Response

from gate_controller.contract.event_kinds import EventKind
from web_admin.accounts.queries import staff_account_id
from web_admin.accounts.sessions import renew_session
from web_admin.accounts.throttle import Claim
from web_admin.alarms.actions import raise_alarm
from web_admin.compound.queries import the_site
from web_admin.core.database import current_menjin, request_session
from web_admin.core.limit_counts import CountedTries, current_counts, wait_seconds, with_one_more
from web_admin.core.limits import SIGN_IN_ADDRESS, SIGN_IN_CODES
from web_admin.web.sign_in_tries import claim_sign_in, failed_unasked, is_run, log_run, sign_in_worked

FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
PASSWORD, CODE, AGAIN, NEW_CODE = (
    "security.login",
    "security.two_factor_token_validation",
    "security.verify",
    "security.two_factor_setup_validate",
)
TAKE_SECRETS = frozenset({PASSWORD, CODE, AGAIN, NEW_CODE})
"""Every route of the library that judges a password or a code."""
CODE_STEP = "menjin_code_step"
"""The session's word for the password step that these codes belong to; the count of them is on the server."""


def init_staff_guessing(app: Flask) -> None:
    """Count and judge every try at the library's own sign-in pages."""
    app.before_request(keep_signed_in)
    app.before_request(claim_staff_try)
    app.after_request(judge_staff_try)
    for signal in (tf_code_confirmed, tf_profile_changed):
        signal.connect(_note_proof, app)


def _note_proof(_app: Flask, **_more: object) -> None:
    g.menjin_proved = True


def keep_signed_in() -> Response | None:
    """Redirect a signed-in account away from the page of the code, where the library signs it out."""
    if request.endpoint != CODE or not current_user.is_authenticated:
        return None
    return None if session.get("tf_state") == "validating_profile" else redirect(url_for("pages.front"))


def claim_staff_try() -> Response | None:
    """Count one secret before it is judged; answer 415 to anything but a form, stop who tries too often."""
    if request.method != "POST" or request.endpoint not in TAKE_SECRETS:
        return None
    if request.mimetype not in FORMS:
        failed_unasked()
        raise UnsupportedMediaType
    if request.endpoint == PASSWORD:
        session.pop("tf_user_id", None)  # what is in it afterwards was put there by a right password
        g.menjin_claim = claim_sign_in(_typed_account())
        return None
    if request.endpoint != CODE:
        g.menjin_paa = session.get("fs_paa")
        g.menjin_claim = claim_sign_in(str(getattr(current_user, "email", "")))
        return None
    if "tf_user_id" not in session and not current_user.is_authenticated:
        return None  # no password came before: the library judges nothing
    return _claim_code()


def _claim_code() -> Response | None:
    signed_in = current_user.is_authenticated  # another authenticator is being set up
    step = CountedTries(SIGN_IN_CODES, (str(session.get(CODE_STEP, "")),))
    counts, now = current_counts(), current_menjin().clock()
    if not signed_in and (CODE_STEP not in session or counts.wait(step, now)):
        return _to_the_password()
    whose = current_user.fs_uniquifier if signed_in else session["tf_user_id"]
    g.menjin_claim = claim_sign_in(f"code of {whose}")
    if not signed_in:
        with counts.locked([step]) as rows:
            if wait_seconds(SIGN_IN_CODES, rows[step], now):
                g.pop("menjin_claim")
                return _to_the_password()
            rows[step] = with_one_more(SIGN_IN_CODES, rows[step], now)
            g.menjin_code_number = sum(rows[step][1::2])
    return None


def _to_the_password() -> Response:
    for word in ("tf_user_id", "tf_state", "tf_totp_secret", "tf_primary_method", CODE_STEP):
        session.pop(word, None)
    flash(_("Too many wrong codes. Type your password again, then the next code."), "error")
    return redirect(url_for("security.login", next=request.args.get("next")))


def judge_staff_try(response: Response) -> Response:
    """Give back a right try; record and report a run of wrong ones."""
    claim: Claim | None = g.pop("menjin_claim", None)
    if claim is None or "menjin_trouble" in g:
        return response
    name = str(g.get("menjin_claimed", ""))
    if _PROVED[request.endpoint or ""]():
        sign_in_worked(name)
        if request.endpoint == PASSWORD:
            session[CODE_STEP] = secrets.token_hex(16)
        elif request.endpoint == CODE:
            session.pop(CODE_STEP, None)
        elif request.endpoint == AGAIN:
            renew_session()
    else:
        _report_run(claim)
    return response


_PROVED: Mapping[str, Callable[[], bool]] = {
    PASSWORD: lambda: "tf_user_id" in session,
    CODE: lambda: bool(g.get("menjin_proved")),
    NEW_CODE: lambda: bool(g.get("menjin_proved")),
    AGAIN: lambda: session.get("fs_paa") != g.get("menjin_paa"),
}


def _report_run(claim: Claim) -> None:
    """Log and raise an alarm when the fifth code of a step, or a whole run of an account, was wrong."""
    last_code = g.get("menjin_code_number") == SIGN_IN_CODES.most
    whole_address = claim.of_address == SIGN_IN_ADDRESS.most
    if not (last_code or whole_address or is_run(claim)):
        return
    account_id = _account_id()
    whose = f"staff-{account_id}" if account_id is not None else "no account that is known here"
    if whole_address and not is_run(claim):
        log_run(claim.of_address, "tries from one address, the last", whose)
    elif last_code:
        log_run(SIGN_IN_CODES.most, "codes after a right password", whose)
    else:
        log_run(claim.of_account, "tries", whose)
    if account_id is None and not whole_address:
        return  # unknown names: no account was at risk
    # A failed request keeps nothing, but its error is reported.
    request_session().rollback()
    menjin = current_menjin()
    with menjin.database.session() as database:
        site = the_site(database)
        if site is not None:
            kind, detail = EventKind.ALARM_SIGN_IN_GUESSING, whose if account_id is not None else ""
            raise_alarm(database, site.site_id, kind, menjin.clock(), detail=detail, once=True)


def _typed_account() -> str:
    """Return the address as the library judges it: full-width letters of a domain are plain ones."""
    typed = request.form.get("email", "").strip()
    try:
        return str(current_app.extensions["security"].mail_util.normalize(typed)).lower()
    except EmailValidateException:
        return typed.lower()


def _account_id() -> int | None:
    """Return whose account this request tried, None for one that is not of staff."""
    database = request_session()
    if request.endpoint == PASSWORD:
        return staff_account_id(database, email=_typed_account())
    if current_user.is_authenticated:
        return staff_account_id(database, account_id=current_user.id)
    return staff_account_id(database, session_key=str(session.get("tf_user_id", "")))
