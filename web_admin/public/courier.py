"""Page of a gate's sign: a courier types the home's number, and has a pass where the home said so before."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import wraps

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask_babel import force_locale, gettext
from werkzeug.wrappers import Response

from gate_controller.contract.client_places import place_of_address
from gate_controller.contract.languages import LANGUAGES
from gate_controller.contract.records import typed_number
from web_admin.accounts.permissions import public
from web_admin.action.base import new_action
from web_admin.calls.sign_links import gate_of_sign
from web_admin.compound.models import Gate
from web_admin.core.database import current_menjin, request_session
from web_admin.core.limit_counts import CountedTries, current_counts
from web_admin.core.limits import COURIERS_OF_ADDRESS, COURIERS_OF_SIGN
from web_admin.visitors.courier_passes import pass_for_courier
from web_admin.visitors.links import link_text
from web_admin.web.forms import OnceForm
from web_admin.web.problems import Problem
from web_admin.web.send_once import made_once, once_token
from web_admin.web.site import current_site, request_now

bp = Blueprint("courier", __name__, url_prefix="/c")

MAX_TYPED = 20
View = Callable[[str], Response | str]


def _in_language(view: View) -> View:
    """Show the page in the language that was asked for, else the browser's."""

    @wraps(view)
    def answered(text: str) -> Response | str:
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
    return _page(text, _gate_or_404(text))


@bp.post("/<text>")
@public
@_in_language
def ask(text: str) -> Response | str:
    """Lead to a pass for one opening, or say how the home is asked at the gate."""
    gate, typed = _gate_or_404(text), request.form.get("home", "").strip()[:MAX_TYPED]
    digits = typed_number(typed)
    if not OnceForm().validate_on_submit() or not digits:
        return _page(text, gate, typed, error=gettext("Type the number of the home, such as 3-1203."))
    if not _may_ask(gate):
        return _page(text, gate, typed, is_asked_at_gate=True)
    menjin = current_menjin()
    # A transaction of its own: SQLite does not let a reader become a writer once a gate has written between.
    with menjin.database.session() as session:
        act = new_action(menjin, session, gate.site_id, "courier-page", "system")

        def link_of_pass() -> str:
            row = pass_for_courier(act, session.get_one(Gate, gate.gate_id), digits)
            return link_text(menjin.sealer, "pass", row.pass_id) if row is not None else ""

        # A second tap leads to the pass of the first.
        link = made_once(act, gate.gate_id, link_of_pass)
    if not link:
        return _page(text, gate, typed, is_asked_at_gate=True)
    return redirect(url_for("visitor_pass.show", text=link, language=request.args.get("language")))


def _may_ask(gate: Gate) -> bool:
    """Count a number that was typed; False: too many from this address, or at this sign."""
    address = place_of_address(request.remote_addr or "")
    tries = CountedTries(COURIERS_OF_ADDRESS, (address,)), CountedTries(COURIERS_OF_SIGN, (gate.gate_id,))
    return not current_counts().take_all(tries, request_now())


def _gate_or_404(text: str) -> Gate:
    gate = gate_of_sign(request_session(), current_menjin().sealer, current_site().site_id, text)
    if gate is None:
        abort(404)
    return gate


def _page(text: str, gate: Gate, typed: str = "", *, error: str = "", is_asked_at_gate: bool = False) -> str:
    return render_template(
        "resident/courier.html",
        text=text,
        gate=gate,
        typed=typed,
        problems=[Problem(error, "home-problem")] if error else [],
        is_asked_at_gate=is_asked_at_gate,
        max_typed=MAX_TYPED,
        once=once_token(),
    )
