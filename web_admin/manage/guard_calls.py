"""Acts of staff in visitors' calls on the page of now: answer, say a sentence, open, send away, end."""

from collections.abc import Callable

from flask import Blueprint, Response, abort, flash, jsonify, request
from flask_babel import gettext as _

from web_admin.accounts.permissions import allowed
from web_admin.action.base import Action
from web_admin.calls.media import may_give_side, read_side, turn_of
from web_admin.calls.models import HomeCall
from web_admin.core.database import current_menjin, request_session
from web_admin.core.refusal import ActionRefused
from web_admin.gates.guard_calls import answer, give_side, hang_up, media_for, open_lane, reply, send_away
from web_admin.manage.opening import OpenForm
from web_admin.web.context import actor_id, current_action, get_or_404, submit, typed
from web_admin.web.forms import AgainForm, OnceForm
from web_admin.web.page import Page, to
from web_admin.web.site import request_now

bp = Blueprint("guard_calls", __name__, url_prefix="/manage/calls")


def _did(
    call_id: str,
    form: OnceForm,
    do: Callable[[Action], object],
    saved: str = "",
    then: Callable[[object], Page] | None = None,
) -> Page:
    """Do one act in a call once; what was refused is said on the page of now, in one sentence."""
    get_or_404(request_session(), HomeCall, call_id)
    answered = submit(form, do, saved=saved, back=to("now.show"), then=then)
    if answered is not None:
        return answered
    for problems in form.errors.values():
        for problem in problems:
            flash(str(problem), "danger")
    return to("now.show")


@bp.post("/<call_id>/answer")
@allowed("acknowledge_alarm")
def take(call_id: str) -> Page:
    """Answer a call, which stops ringing everywhere else; the page that follows has its sound."""
    taken_from = request.form.get("taken_from", "")

    def speaks(_call: object) -> Page:
        call = get_or_404(request_session(), HomeCall, call_id)
        return to("now.show", answered=turn_of(call.answered_at))

    return _did(call_id, AgainForm(), lambda act: answer(act, call_id, taken_from), then=speaks)


@bp.post("/<call_id>/reply")
@allowed("acknowledge_alarm")
def say(call_id: str) -> Page:
    """Let the gate show and read a sentence."""
    said = _("The gate shows your sentence.")
    return _did(call_id, AgainForm(), lambda act: reply(act, call_id, request.form.get("reply", "")), said)


@bp.post("/<call_id>/open")
@allowed("open_once")
def open_once(call_id: str) -> Page:
    """Order the lane of a call to open once."""
    form = OpenForm()
    said = _("Ordered. The call ends here once the gate has opened.")
    return _did(call_id, form, lambda act: open_lane(act, call_id, typed(form.reason)), said)


@bp.post("/<call_id>/away")
@allowed("acknowledge_alarm")
def send_off(call_id: str) -> Page:
    """End a call with the sentence that no one can open now."""
    return _did(call_id, AgainForm(), lambda act: send_away(act, call_id))


@bp.post("/<call_id>/end")
@allowed("acknowledge_alarm")
def end(call_id: str) -> Page:
    """End a call without opening."""
    return _did(call_id, AgainForm(), lambda act: hang_up(act, call_id))


@bp.get("/<call_id>/media")
@allowed("acknowledge_alarm")
def gate_side(call_id: str) -> tuple[Response, int]:
    """Answer the gate's side of the sound, as soon as there is one, to who answered the call; else 409."""
    call = get_or_404(request_session(), HomeCall, call_id)
    media = media_for(current_menjin().config, call, actor_id(), request_now())
    return jsonify(media), 409 if media is None else 200


@bp.post("/<call_id>/media")
@allowed("acknowledge_alarm")
def own_side(call_id: str) -> tuple[str, int]:
    """Take the side of the page that answered; answer 429 to one that begins without end."""
    get_or_404(request_session(), HomeCall, call_id)
    try:
        side = read_side(request.form.get("side", ""))
    except ValueError:
        abort(400)
    act = current_action()
    if not may_give_side(call_id, act.actor_id, act.now):
        return "", 429
    try:
        give_side(act, call_id, side, request.form.get("turn", ""))
    except ActionRefused:
        act.session.rollback()
        return "", 409
    return "", 204
