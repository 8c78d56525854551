"""Page of a gate's sign: a courier types the home's number, and has a code that calls it at the gate.

The page reads nothing of any home, so it tells nothing about one: what the home chose is decided once the
code is at the gate's reader.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import wraps

from flask import Blueprint, abort, render_template, request
from flask_babel import force_locale, gettext

from gate_controller.contract.languages import LANGUAGES
from gate_controller.contract.passes import make_courier_code
from gate_controller.contract.records import typed_number
from web_admin.accounts.permissions import public
from web_admin.calls.sign_links import gate_of_sign
from web_admin.core.database import current_menjin, request_session
from web_admin.web.problems import Problem
from web_admin.web.qr_picture import svg_of
from web_admin.web.site import current_site

bp = Blueprint("courier", __name__, url_prefix="/c")

MAX_TYPED = 20
View = Callable[[str], str]


def _in_language(view: View) -> View:
    """Show the page in the language that was asked for, else the browser's."""

    @wraps(view)
    def answered(text: str) -> str:
        wanted = request.args.get("language")
        chosen: AbstractContextManager[None] = force_locale(wanted) if wanted in LANGUAGES else nullcontext()
        with chosen:
            return view(text)

    return answered


@bp.get("/<text>")
@public
@_in_language
def show(text: str) -> str:
    """Show the field for the home's number."""
    return _page(text)


@bp.post("/<text>")
@public
@_in_language
def ask(text: str) -> str:
    """Show the code that calls the home, or any other number, at the gate."""
    typed = request.form.get("home", "").strip()[:MAX_TYPED]
    digits = typed_number(typed)
    if not digits or not digits.isascii():
        return _page(text, typed, error=gettext("Type the number of the home, such as 3-1203."))
    return _page(text, typed, code=make_courier_code(digits))


def _page(text: str, typed: str = "", *, error: str = "", code: str = "") -> str:
    gate = gate_of_sign(request_session(), current_menjin().sealer, current_site().site_id, text)
    if gate is None:
        abort(404)
    return render_template(
        "resident/courier.html",
        text=text,
        gate=gate,
        typed=typed,
        problems=[Problem(error, "home-problem")] if error else [],
        picture=svg_of(code, gettext("Code for couriers")) if code else None,
        max_typed=MAX_TYPED,
    )
