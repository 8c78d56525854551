"""Take face off the lanes of a gate whose program has no code for it."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from gate_controller.contract.records import Method
from web_admin.action.base import Action, begin, new_action, publish, record_many
from web_admin.compound.models import Gate, Lane
from web_admin.core.database import Menjin
from web_admin.gates.actions import fit_shares, saved_facts
from web_admin.journal.ledger import NewEntry


def drop_face_without_code(menjin: Menjin, now: datetime) -> int:
    """Take face off each lane of a gate that reported to have no code for it; return how many lanes.

    Not in the gate's own question: that holds the gate's row, for which a publication waits.
    """
    with menjin.database.session() as session:
        site_ids = sorted({lane.gate.site_id for lane in _offering(session)})
    dropped = 0
    for site_id in site_ids:
        with menjin.database.session() as session:
            dropped += _drop_faces(new_action(menjin, session, site_id, "housekeeping", "system", now=now))
    return dropped


def _drop_faces(act: Action) -> int:
    """Take face off such lanes of a site; what these gates have of faces goes in the same publication."""
    begin(act)
    lanes = [lane for lane in _offering(act.session) if lane.gate.site_id == act.site_id]
    for lane in lanes:
        lane.methods = [method for method in lane.methods if method != Method.FACE]
        lane.method_hours = {
            method: hours_id for method, hours_id in lane.method_hours.items() if method != Method.FACE
        }
    gates = {lane.gate_id: lane.gate for lane in lanes}
    for gate in gates.values():
        fit_shares(act, gate)
    record_many(act, [NewEntry("lane_saved", saved_facts(lane)) for lane in lanes])
    publish(act, None, tuple(gates))
    return len(lanes)


def _offering(session: Session) -> list[Lane]:
    """Return the lanes that offer face at gates without code for it."""
    lanes = session.scalars(select(Lane).join(Gate).where(Gate.without_face).order_by(Lane.lane_id))
    return [lane for lane in lanes if Method.FACE in lane.methods]
