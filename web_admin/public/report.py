"""Pages of the public report: every issue, to read and as a signed file."""

from collections.abc import Sequence
from datetime import datetime, time

import msgspec
from flask import Response, abort, render_template

from web_admin.accounts.permissions import public
from web_admin.calls.usage import calls_in_use
from web_admin.core.database import current_menjin, request_session
from web_admin.events.usage import ways_in_use, worse_than_face
from web_admin.privacy.models import PublicReport
from web_admin.privacy.queries import public_report, public_reports
from web_admin.privacy.report import as_file, sha256_of
from web_admin.privacy.texts import REPORT_TERMS
from web_admin.web.site import current_site, request_now, site_zone


def _issue(number: int) -> PublicReport:
    report = public_report(request_session(), current_site().site_id, number)
    if report is None:
        abort(404)
    return report


@public
def newest() -> str:
    """Show everyone the newest issue, and all the others by their periods."""
    issues = public_reports(request_session(), current_site().site_id)
    return _shown(issues[0] if issues else None, issues)


@public
def one_issue(number: int) -> str:
    """Show one issue as it went out."""
    return _shown(_issue(number), public_reports(request_session(), current_site().site_id))


def _shown(issue: PublicReport | None, issues: Sequence[PublicReport]) -> str:
    until = datetime.combine(request_now().astimezone(site_zone()).date(), time(), site_zone())
    # Days that are over: a figure that moved with each passage would show when a single one was.
    ways = ways_in_use(request_session(), current_site().site_id, until)
    report = msgspec.json.decode(issue.body, type=dict[str, object]) if issue is not None else None
    return render_template(
        "public/report.html",
        report_terms=REPORT_TERMS,
        site=current_site(),
        issue=issue,
        report=report,
        ways_in_use=ways,
        worse=worse_than_face(ways),
        calls=calls_in_use(
            request_session(), current_site(), current_menjin().config.passage_days, request_now()
        ),
        issues=issues,
        sha256=sha256_of(issue) if issue is not None else "",
    )


@public
def issue_file(number: int) -> Response:
    """Return one issue as the signed file."""
    response = Response(as_file(_issue(number)), mimetype="application/json")
    response.headers["Content-Disposition"] = f'attachment; filename="report-{number}.json"'
    return response
