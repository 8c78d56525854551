"""Route by which a paired gate asks for what the office knows of it."""

from datetime import datetime

from flask import Response

from gate_controller.contract.site_facts import SITE_PATH, SiteFacts, SiteQuestion
from web_admin.compound.models import Gate
from web_admin.core.database import DatabaseSession, Menjin
from web_admin.gates.site_facts import facts_of_gate
from web_admin.sync.requests import gates_blueprint, json_of, signed_call

SMALL_BODY = 4 * 1024

bp = gates_blueprint("sync_site")


@bp.post(SITE_PATH)
def site() -> Response:
    """Answer with the gate's lanes and their sheets."""
    return signed_call(SMALL_BODY, json_of(SiteQuestion), _answer)


def _answer(
    menjin: Menjin, session: DatabaseSession, gate: Gate, question: SiteQuestion, now: datetime
) -> SiteFacts:
    del menjin, question, now
    return facts_of_gate(session, gate)
