"""Read the calls that the guard has, for the page of now; no routes."""

from datetime import datetime

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from gate_controller.contract.calls import CallEnd, QuickReply
from web_admin.core.database import request_session
from web_admin.gates.guard_calls import CallAtGuard, calls_at_guard
from web_admin.web.context import actor_id
from web_admin.web.forms import AgainForm
from web_admin.web.site import current_site, request_now

SENTENCES: dict[QuickReply, LazyString] = {
    "coming": _l("I am coming."),
    "wait": _l("Please wait a moment."),
    "leave_with_guard": _l("Please leave it with the guard."),
    "not_now": _l("Not now, sorry."),
}
"""As the gate shows them."""
ENDS = {
    CallEnd.OPENED: _l("The gate has opened."),
    CallEnd.REFUSED: _l("The gate did not open. Its lane says why."),
    CallEnd.SENT_AWAY: _l("The visitor was sent away."),
    CallEnd.CANCELLED: _l("The visitor ended the call."),
    CallEnd.NO_ANSWER: _l("No one answered."),
}


def guard_call_parts() -> dict[str, object]:
    """Return the cards of calls for the page of now."""
    now = request_now()
    return {
        "guard_calls": calls_at_guard(request_session(), current_site().site_id, now),
        "call_age": lambda call: _age(call, now),
        "call_ends": ENDS,
        "call_form": lambda: AgainForm(formdata=None),
        "sentences": SENTENCES,
        "own_id": actor_id(),
    }


def _age(call: CallAtGuard, now: datetime) -> int:
    """Return for how many seconds a visitor has waited for the guard."""
    return max(0, int((now - call.came_at).total_seconds()))
