"""Take face off the lanes of a gate whose program has no code for it."""

from datetime import datetime

from sqlalchemy import select

from gate_controller.contract.records import Method
from web_admin.action.base import Action, begin, finish, new_action
from web_admin.compound.models import Gate, Lane
from web_admin.core.database import Menjin
from web_admin.gates.actions import fit_shares, saved_facts


def drop_face_without_code(menjin: Menjin, now: datetime) -> int:
    """Take face off each lane of a gate that reported to have no code for it; return how many lanes.

    Not in the gate's own question: that holds the gate's row, for which a publication waits.
    """
    with menjin.database.session() as session:
        lanes = session.execute(
            select(Lane.lane_id, Lane.methods, Gate.site_id).join(Gate).where(Gate.without_face)
            .order_by(Lane.lane_id)
        ).all()
        offering = [(lane_id, site_id) for lane_id, methods, site_id in lanes if Method.FACE in methods]
        for lane_id, site_id in offering:
            act = new_action(menjin, session, site_id, "housekeeping", "system", now=now)
            _drop_face(act, lane_id)
    return len(offering)


def _drop_face(act: Action, lane_id: str) -> None:
    begin(act)
    lane = act.session.get_one(Lane, lane_id)
    lane.methods = [method for method in lane.methods if method != Method.FACE]
    lane.method_hours = {
        method: hours_id for method, hours_id in lane.method_hours.items() if method != Method.FACE
    }
    fit_shares(act, lane.gate)
    finish(act, "lane_saved", saved_facts(lane), touches=())
