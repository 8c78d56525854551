"""Public page of the policy on faces, from the settings in force: what, where, how long, how to refuse."""

from flask import Blueprint, render_template

from gate_controller.contract.messages import MAX_LEASE_HOURS
from gate_controller.contract.records import MAX_LOOKS, Method
from web_admin.accounts.permissions import public
from web_admin.core.database import current_menjin, request_session
from web_admin.core.suppression import SMALLEST_GROUP, rounded_down
from web_admin.custody.shares import FACE_PURPOSE, live_face_consents
from web_admin.face import engine
from web_admin.face.assessment_status import assessment_status
from web_admin.face.notices import NOTICE_FIELDS
from web_admin.face.queries import newest_notice, rules_of
from web_admin.face.texts import NOTICE_HEADINGS
from web_admin.journal.queries import entries_of_kinds
from web_admin.web.language import page_language
from web_admin.web.places import site_lanes
from web_admin.web.site import current_site, request_now

bp = Blueprint("biometrics", __name__)

INCIDENT_KINDS = ("face_suspended", "face_resumed")
SHOWN_INCIDENTS = 20


@bp.get("/policy/biometrics")
@public
def policy() -> str:
    """Show everyone how faces are handled here, or that none are."""
    session, site, now = request_session(), current_site(), request_now()
    status = assessment_status(session, site.site_id, now)
    lanes = site_lanes()
    face_lanes = [
        lane
        for lane in lanes
        if site.face_enabled and Method.FACE in lane.methods and lane.lane_id in status.lanes
    ]
    incidents = entries_of_kinds(session, site.site_id, INCIDENT_KINDS, SHOWN_INCIDENTS)
    people = len(live_face_consents(session, site.site_id))
    return render_template(
        "public/biometrics.html",
        site=site,
        status=status,
        lanes=lanes,
        face_lanes=face_lanes,
        figures=engine,
        notice=newest_notice(session, FACE_PURPOSE, page_language()),
        fields=NOTICE_FIELDS,
        labels=NOTICE_HEADINGS,
        people=rounded_down(people),
        config=current_menjin().config,
        lease_hours=MAX_LEASE_HOURS,
        incidents=incidents,
        smallest=SMALLEST_GROUP,
        rules=rules_of(session, site.site_id),
        most_looks=MAX_LOOKS,
    )
