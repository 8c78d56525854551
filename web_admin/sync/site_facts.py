"""Route by which a paired gate asks for what the office knows of it."""

from datetime import datetime

from flask import Blueprint, Response
from werkzeug.exceptions import HTTPException

from gate_controller.contract.messages import Refusal
from gate_controller.contract.site_facts import SITE_PATH, SiteFacts, SiteQuestion
from web_admin.compound.models import Gate
from web_admin.core.database import DatabaseSession, Menjin
from web_admin.gates.site_facts import facts_of_gate
from web_admin.sync.requests import SyncRefused, answer, json_of, signed_call

SMALL_BODY = 4 * 1024

bp = Blueprint("sync_site", __name__)


@bp.errorhandler(SyncRefused)
def _refuse(refused: SyncRefused) -> Response:
    return answer(refused.status, refused.refusal)


@bp.errorhandler(HTTPException)
def _refuse_http(error: HTTPException) -> Response:
    return answer(error.code or 500, Refusal(error="http_error", detail=error.name))


@bp.post(SITE_PATH)
def site() -> Response:
    """Answer with the gate's lanes and their sheets."""
    return signed_call(SMALL_BODY, json_of(SiteQuestion), _answer)


def _answer(
    menjin: Menjin, session: DatabaseSession, gate: Gate, question: SiteQuestion, now: datetime
) -> SiteFacts:
    del menjin, question, now
    return facts_of_gate(session, gate)
