"""API of who may pass: for an auditor, in counts, without persons."""

from web_admin.access.answers import how_many_may
from web_admin.access.horizon import WEEK
from web_admin.api.access import api_action, blueprint, needs_scope
from web_admin.api.access_schemas import AccessOut
from web_admin.api.dry_run import LEAST_COUNTED, limit_count
from web_admin.compound.queries import names_by_place
from web_admin.policy.sent import sent_to_gates

bp = blueprint(
    "who_may", "How many people may pass where and when, by the rules of the gates; nobody is named."
)


@bp.get("/access/lanes")
@needs_scope("access:read")
@bp.response(200, AccessOut)
def list_lanes() -> dict[str, object]:
    """Say for each lane how many people may pass it when, within the next seven days."""
    act = api_action()
    sent = sent_to_gates(act.session, act.sealer, act.site_id, act.now)
    found = how_many_may(sent, act.now, act.now + WEEK)
    names = names_by_place(act.session, act.site_id)
    return {
        "from_": act.now,
        "until": act.now + WEEK,
        "people": limit_count(found.people),
        "without_a_way_in": limit_count(found.without_a_way_in),
        "lanes": [
            {
                "lane_id": lane.lane_id,
                **names(gate.gate_id, lane.lane_id),
                "gate_id": gate.gate_id,
                "direction": lane.direction,
                "week": [
                    {"from_": begins, "until": ends, "people": people}
                    for begins, ends, people in found.by_lane.get(lane.lane_id, ())
                    if people >= LEAST_COUNTED
                ],
            }
            for part in sent.parts
            for gate in part.gates
            for lane in gate.lanes.values()
        ],
    }
