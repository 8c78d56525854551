"""API of gates and lanes: what they are called, and their short names, which stay."""

from web_admin.api.access import acting, api_action, blueprint, found_or_404, needs_scope
from web_admin.api.schemas import GateListOut, GateOut, GatesQuery, LaneOut, NewName
from web_admin.compound.models import Gate, Lane
from web_admin.compound.queries import all_gates, gates_of_site
from web_admin.gates.names import rename_gate, rename_lane

bp = blueprint("gates", "Gates and lanes by name.")

NO_GATE = "There is no such gate."
NO_LANE = "There is no such lane."


@bp.get("/gates")
@needs_scope("gates:read")
@bp.arguments(GatesQuery, location="query")
@bp.response(200, GateListOut)
def list_gates(query: dict[str, bool]) -> dict[str, object]:
    """List gates and their lanes in the order of their numbers, those out of use only where asked for."""
    act = api_action()
    read = all_gates if query["with_out_of_use"] else gates_of_site
    return {"gates": [_shown(gate) for gate in read(act.session, act.site_id)]}


@bp.patch("/gates/<gate_id>")
@needs_scope("gates:write")
@bp.arguments(NewName)
@bp.response(200, GateOut)
@bp.alt_response(404, description=NO_GATE)
@bp.alt_response(409, description="The Idempotency-Key was used.")
def name_gate(body: dict[str, str], gate_id: str) -> dict[str, object]:
    """Give a gate another name; lanes whose names begin with the old one follow."""
    found_or_404(Gate, gate_id)
    with acting() as act:
        return _shown(rename_gate(act, gate_id, body["name"]))


@bp.patch("/lanes/<lane_id>")
@needs_scope("gates:write")
@bp.arguments(NewName)
@bp.response(200, LaneOut)
@bp.alt_response(404, description=NO_LANE)
@bp.alt_response(409, description="The Idempotency-Key was used.")
def name_lane(body: dict[str, str], lane_id: str) -> Lane:
    """Give a lane another name, which its gate's own screen shows as well."""
    found_or_404(Lane, lane_id)
    with acting() as act:
        return rename_lane(act, lane_id, body["name"])


def _shown(gate: Gate) -> dict[str, object]:
    return {
        "gate_id": gate.gate_id,
        "number": gate.number,
        "name": gate.name,
        "out_of_use": gate.state == "retired",
        "lanes": gate.lanes,
    }
