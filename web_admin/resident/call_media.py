"""Requests by which the page of who answered a call meets the gate's page: sound both ways, and a picture."""

from pathlib import Path

from flask import Response, abort, jsonify, request

from gate_controller.contract import call_media
from web_admin.accounts.permissions import public
from web_admin.calls.media import answer_media, gate_media, may_give_side, read_side
from web_admin.core.database import current_menjin
from web_admin.core.refusal import ActionRefused
from web_admin.resident.blueprint import bp, signed_in
from web_admin.web.resident_session import resident_required

MODULE = Path(call_media.__file__).with_suffix(".js")


@bp.get("/call_media.js")
@public
def call_media_module() -> Response:
    """Serve the script that the gate's page and the resident's page share."""
    return Response(MODULE.read_text(), mimetype="text/javascript")


@bp.get("/call/<call_id>/media")
@resident_required
def gate_side_of_call(call_id: str) -> tuple[Response, int]:
    """Answer the gate's side of the sound, as soon as there is one, to who answered the call; else 409."""
    person, act = signed_in()
    config = current_menjin().config
    media = gate_media(config, act.session, call_id, person.person_id, act.now)
    return jsonify(media), 409 if media is None else 200


@bp.post("/call/<call_id>/media")
@resident_required
def own_side_of_call(call_id: str) -> tuple[str, int]:
    """Take the side of the page that answered; answer 429 to one that begins without end."""
    _person, act = signed_in()
    try:
        side = read_side(request.form.get("side", ""))
    except ValueError:
        abort(400)
    if not may_give_side(call_id, act.actor_id, act.now):
        return "", 429
    try:
        answer_media(act, call_id, side, request.form.get("turn", ""))
    except ActionRefused:
        act.session.rollback()
        return "", 409
    return "", 204
