"""Page of one call: who calls, answer, say a sentence, open, send away; and how it ended."""

from collections.abc import Callable
from datetime import timedelta

from flask import abort, render_template, request
from flask_babel import gettext
from flask_babel import lazy_gettext as _l

from gate_controller.contract.calls import CallEnd, QuickReply
from web_admin.accounts.sessions import digest_of_this_session
from web_admin.action.base import Action
from web_admin.calls.live import (
    OVER,
    RINGING,
    CallShown,
    answer,
    hang_up,
    open_gate,
    reply,
    send_away,
    state_for,
)
from web_admin.calls.media import gate_media, turn_of
from web_admin.calls.models import UNHEARD, HomeCall
from web_admin.calls.open_pages import waits_for_calls
from web_admin.compound.models import Person
from web_admin.core.database import current_menjin
from web_admin.core.refusal import ActionRefused
from web_admin.events.own_passages import Passage, passages_of
from web_admin.events.reason_texts import for_resident, what_to_do
from web_admin.resident.blueprint import bp, signed_in, site_of
from web_admin.web.page import Page, to
from web_admin.web.resident_session import resident_required
from web_admin.web.send_once import done_before

BY_CALL = "call"
LATEST = 10
"""The passages of who answered among which the gate's own word about this call is found."""
CLOCKS_APART = timedelta(seconds=30)
SENTENCES: dict[QuickReply, object] = {
    "coming": _l("I am coming."),
    "wait": _l("Please wait a moment."),
    "leave_at_door": _l("Please leave it at our front door."),
    "leave_with_guard": _l("Please leave it with the guard."),
    "not_now": _l("Not now, sorry."),
}


def _shown(call_id: str) -> tuple[Person, Action, CallShown]:
    person, act = signed_in()
    shown = state_for(act.session, call_id, person.person_id, act.now)
    if shown is None:
        abort(404)
    return person, act, shown


def _page(call_id: str, refused: str = "") -> str:
    person, act, shown = _shown(call_id)
    kept_shut = _kept_shut(person, act, shown)
    return render_template(
        "resident/call.html",
        person=person,
        site=site_of(person),
        call=shown,
        state=_state(shown),
        kept_shut=kept_shut,
        for_resident=for_resident,
        what_to_do=what_to_do,
        sentences=SENTENCES,
        media=gate_media(current_menjin().config, act.session, call_id, person.person_id, act.now),
        turn=turn_of(shown.answered_at),
        refused=refused,
        goes_on=_goes_on(shown, kept_shut) and waits_for_calls(act.session, person),
        tab="my_home",
    )


def _state(shown: CallShown) -> str:
    """Return which of its faces the page shows."""
    if shown.stage == OVER and shown.end == UNHEARD:
        return "lost"
    if shown.stage == OVER:
        return "missed" if _was_missed(shown) else "over"
    if shown.stage == RINGING:
        return "rings"
    if shown.by_telephone:
        return "telephone"
    return "mine" if shown.is_mine else "others"


def _goes_on(shown: CallShown, kept_shut: Passage | None) -> bool:
    """Return whether there may be more to say of it: also why a gate stayed shut, which comes later."""
    return shown.stage != OVER or (shown.is_mine and shown.end == CallEnd.REFUSED and kept_shut is None)


def _was_missed(shown: CallShown) -> bool:
    return shown.answered_by is None and shown.end not in (CallEnd.OPENED, CallEnd.NO_CALLS)


def _kept_shut(person: Person, act: Action, shown: CallShown) -> Passage | None:
    """Return why the gate did not open, as soon as its journal has come."""
    if shown.end != CallEnd.REFUSED or not shown.is_mine:
        return None
    found = passages_of(act.session, person.person_id, LATEST)
    since = shown.started_at - CLOCKS_APART
    return next((one for one in found if one.method == BY_CALL and not one.opened and one.at >= since), None)


@bp.get("/call/<call_id>")
@resident_required
def call(call_id: str) -> str:
    """Show a call of the own home as it is now."""
    return _page(call_id)


@bp.get("/call/<call_id>/state")
@resident_required
def call_state(call_id: str) -> dict[str, object]:
    """Answer in a sentence how a call is, for the phone's notification; it names no one and no gate."""
    _person, _act, shown = _shown(call_id)
    texts = {
        "rings": gettext("Someone is calling you from a gate. Tap to answer."),
        "telephone": gettext(
            "A telephone of your home has picked up. If no one presses a key there, it rings here again."
        ),
        "mine": gettext("You answered the call from the gate."),
        "others": gettext("Someone in your home answered the call from the gate."),
        "lost": gettext(
            "Someone called you from a gate, which then lost its connection. Tap to see which one."
        ),
        "missed": gettext("You missed a call from a gate. Tap to see which one."),
        "over": gettext("The call from the gate is over."),
    }
    state = _state(shown)
    return {"rings": state == "rings", "text": texts[state]}


def _did(call_id: str, do: Callable[[Action], HomeCall], *, answers: bool = False) -> Page:
    """Do one act in a call once, and show it as it is then; an answer leads on with its mark."""
    _person, act = signed_in()
    if done_before(act, category="info"):
        return to("resident.call", call_id=call_id)
    try:
        done = do(act)
    except ActionRefused as refused:
        message = str(refused.message)
        act.session.rollback()
        return _page(call_id, message), 409
    if answers:
        return to("resident.call", call_id=call_id, answered=turn_of(done.answered_at))
    return to("resident.call", call_id=call_id)


@bp.post("/call/<call_id>/answer")
@resident_required
def answer_call(call_id: str) -> Page:
    """Take the call, which stops ringing everywhere else."""
    return _did(call_id, lambda act: answer(act, call_id, digest_of_this_session()), answers=True)


@bp.post("/call/<call_id>/reply")
@resident_required
def reply_to_call(call_id: str) -> Page:
    """Let the gate show and read a sentence."""
    return _did(call_id, lambda act: reply(act, call_id, request.form.get("reply", "")))


@bp.post("/call/<call_id>/open")
@resident_required
def open_by_call(call_id: str) -> Page:
    """Ask the gate to open once, by this person's own right."""
    return _did(call_id, lambda act: open_gate(act, call_id))


@bp.post("/call/<call_id>/away")
@resident_required
def send_caller_away(call_id: str) -> Page:
    """End the call with the sentence that no one comes."""
    return _did(call_id, lambda act: send_away(act, call_id))


@bp.post("/call/<call_id>/end")
@resident_required
def end_call_here(call_id: str) -> Page:
    """End the call without opening."""
    return _did(call_id, lambda act: hang_up(act, call_id))
