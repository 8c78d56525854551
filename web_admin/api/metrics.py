"""API of numbers: for a monitor that watches gates and server."""

from flask import Response
from prometheus_client import CONTENT_TYPE_LATEST

from web_admin.api.access import api_action, blueprint, needs_scope
from web_admin.core.database import current_menjin
from web_admin.operations.metrics import metrics_text
from web_admin.web.site import current_site

bp = blueprint("metrics", "Numbers about gates and server, for Prometheus; no person is in them.")


@bp.get("/metrics")
@bp.doc(
    responses={
        "200": {
            "description": "Prometheus's text format.",
            "content": {"text/plain": {"schema": {"type": "string"}}},
        }
    }
)
@needs_scope("metrics:read")
def read_metrics() -> Response:
    """Read the numbers of this moment."""
    act = api_action()
    text = metrics_text(act.session, current_menjin().config, current_site(), act.now)
    return Response(text, content_type=CONTENT_TYPE_LATEST)
