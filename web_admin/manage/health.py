"""Page of health with remedies."""

from importlib.metadata import PackageNotFoundError, version

from flask import Blueprint, render_template

from web_admin.accounts.permissions import allowed
from web_admin.calls.monthly_tests import homes_reached
from web_admin.core.database import current_menjin, request_session
from web_admin.operations.call_health import call_findings
from web_admin.operations.health import alarms_finding, server_findings, worst
from web_admin.operations.health_facts import gates_health, server_facts
from web_admin.web.every_page import alarms_of_page
from web_admin.web.gate_sets import LONG_LIST
from web_admin.web.site import current_site, request_now

bp = Blueprint("health", __name__)


@bp.get("/manage/health")
@allowed("see_health")
def show() -> str:
    """Show server and gates, the ones that need action first."""
    session, site, now = request_session(), current_site(), request_now()
    findings = server_findings(server_facts(session, current_menjin().config, site, now), now)
    findings += call_findings(homes_reached(session, site.site_id))
    gates = gates_health(session, site, now)
    waiting = alarms_of_page()
    if waiting is not None and waiting.count:
        findings.insert(0, alarms_finding(waiting.count))
    levels = [*(finding.level for finding in findings), *(one.level for one in gates)]
    well = [one for one in gates if one.level == "good"] if len(gates) > LONG_LIST else []
    return render_template(
        "manage/health.html",
        findings=findings,
        gates=[one for one in gates if one not in well],
        well=well,
        level=worst(levels),
        to_look_at=sum(level in ("bad", "look") for level in levels),
        version=_version(),
    )


def _version() -> str:
    try:
        return version("menjin")
    except PackageNotFoundError:
        return "—"
