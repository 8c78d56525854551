"""Public page of the rules on personal data, from live settings."""

from flask import render_template

from gate_controller.contract.records import Method
from web_admin.accounts.permissions import public
from web_admin.core.database import request_session
from web_admin.core.suppression import count_in_tens
from web_admin.custody.shares import FACE_PURPOSE
from web_admin.face.notices import NOTICE_FIELDS
from web_admin.face.queries import newest_notice
from web_admin.face.texts import NOTICE_HEADINGS
from web_admin.privacy.contact import complaint_channels, contact_of
from web_admin.privacy.queries import choices_about_faces
from web_admin.web.language import page_language
from web_admin.web.places import site_lanes
from web_admin.web.site import current_site


@public
def rules() -> str:
    """Show everyone the rules as they are in force now."""
    language = page_language()
    notice = newest_notice(request_session(), FACE_PURPOSE, language)
    lanes = site_lanes()
    counts = choices_about_faces(request_session(), current_site().site_id)
    return render_template(
        "public/privacy.html",
        site=current_site(),
        notice=notice,
        labels=NOTICE_HEADINGS,
        fields=NOTICE_FIELDS,
        lanes=lanes,
        face_lanes=[lane for lane in lanes if Method.FACE in lane.methods],
        counts={name: count_in_tens(count) for name, count in counts.items()},
        contact=contact_of(request_session(), current_site().site_id),
        channels=complaint_channels(request_session(), current_site().site_id, language),
    )
