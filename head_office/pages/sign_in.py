"""Pages to sign in and out, and to change the language."""

from flask import Blueprint, current_app, g, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from gate_controller.contract.languages import LANGUAGES
from head_office import accounts

bp = Blueprint("sign_in", __name__)
LANGUAGE_SECONDS = 366 * 86400


def cookie_name(is_https: bool) -> str:
    """Return the name of the session's cookie: with TLS one that no other host can set."""
    return "__Host-menjin_head_office" if is_https else "menjin_head_office"


@bp.get("/sign-in")
def show() -> Response:
    """Ask for name, password and code; lead on who is signed in."""
    if g.who is not None:
        return redirect(_place(request.args.get("next", "")), 303)
    return make_response(render_template("sign_in.html", next=_place(request.args.get("next", ""))))


@bp.post("/sign-in")
def send() -> Response:
    office = current_app.extensions["head_office"]
    form, where = request.form, _place(request.form.get("next", ""))
    name = form.get("name", "").strip()
    password, code, place = form.get("password", ""), form.get("code", ""), request.remote_addr or ""
    tried = accounts.sign_in(office.storage, name, password, code, place, office.clock())
    if not tried.token:
        said, status = _("Name, password or code is wrong. A code counts once: wait for the next."), 422
        if tried.wait_seconds:
            said, status = _("Too many tries. Wait five minutes, then try again."), 429
        answer = make_response(render_template("sign_in.html", next=where, name=name, wrong=said), status)
        if tried.wait_seconds:
            answer.headers["Retry-After"] = str(tried.wait_seconds)
        return answer
    led_on = redirect(where, 303)
    seconds = int(accounts.LONGEST.total_seconds())
    led_on.set_cookie(
        cookie_name(office.is_https),
        tried.token,
        max_age=seconds,
        secure=office.is_https,
        httponly=True,
        samesite="Lax",
        path="/",
    )
    return led_on


@bp.post("/sign-out")
def sign_out() -> Response:
    """End this session here and in the browser."""
    office = current_app.extensions["head_office"]
    name = cookie_name(office.is_https)
    accounts.sign_out(office.storage, request.cookies.get(name, ""))
    answer = redirect(url_for("sign_in.show"), 303)
    answer.delete_cookie(name, secure=office.is_https, httponly=True, samesite="Lax", path="/")
    return answer


@bp.post("/language")
def switch_language() -> Response:
    answer = redirect(_place(request.form.get("next", "")), 303)
    chosen = request.form.get("language", "")
    if chosen in LANGUAGES:
        is_https = current_app.extensions["head_office"].is_https
        answer.set_cookie(
            "menjin_head_office_language",
            chosen,
            max_age=LANGUAGE_SECONDS,
            secure=is_https,
            httponly=True,
            samesite="Lax",
        )
    return answer


def _place(text: str) -> str:
    """Return a place of this site, the first page for anything else."""
    inside = text.startswith("/") and not text.startswith(("//", "/\\")) and text.isprintable()
    return text if inside and "\\" not in text else "/"
