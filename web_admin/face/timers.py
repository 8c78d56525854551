"""End faces by time alone: age bands, the last other method, the assessment's review, looks of two years."""

from datetime import datetime

from sqlalchemy import select

from web_admin.action.base import Action, new_action, publish
from web_admin.compound.models import Gate, Lane, Site
from web_admin.compound.policy_models import PolicyRecordRow
from web_admin.core.database import Menjin
from web_admin.face.ages import settle_ages
from web_admin.face.assessment_status import assessment_status
from web_admin.face.looks import drop_old_looks
from web_admin.face.lost_methods import pause_faces_given_under_duress
from web_admin.face.ways_in import settle_all_faces


def settle_by_time(menjin: Menjin, now: datetime) -> int:
    """Move age bands, pause faces whose other ways ended, and let lanes follow; return how much changed."""
    changed = 0
    with menjin.database.session() as session:
        for site_id in session.scalars(select(Site.site_id)).all():
            act = new_action(menjin, session, site_id, "housekeeping", "system", now=now)
            here = settle_ages(act) + settle_all_faces(session, site_id, now) + _lanes_behind(act)
            here += pause_faces_given_under_duress(act) + drop_old_looks(act)
            if here:
                publish(act)
            changed += here
    return changed


def _lanes_behind(act: Action) -> int:
    """Count lanes whose published face setting differs from the assessment."""
    assessed = assessment_status(act.session, act.site_id, act.now).lanes
    rows = act.session.execute(
        select(Lane, PolicyRecordRow.value)
        .join(Gate, Gate.gate_id == Lane.gate_id)
        .join(
            PolicyRecordRow,
            (PolicyRecordRow.gate_id == Lane.gate_id) & (PolicyRecordRow.key == "lane:" + Lane.lane_id),
        )
        .where(Gate.site_id == act.site_id, PolicyRecordRow.value.is_not(None))
    )
    published = [(lane, b'"face"' in (value or b"")) for lane, value in rows]
    return sum(offered and lane.lane_id not in assessed for lane, offered in published)
