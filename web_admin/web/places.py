"""The site's gates and lanes as pages name them."""

from collections.abc import Iterable, Sequence

from sqlalchemy import select
from sqlalchemy.orm import selectinload
from sqlalchemy.orm.attributes import set_committed_value

from web_admin.compound.models import Gate, Lane
from web_admin.core.database import request_session
from web_admin.web.context import current_site


def site_gates() -> Sequence[Gate]:
    """Return the site's gates with their lanes in the order of their numbers, retired ones left out."""
    gates = request_session().scalars(
        select(Gate)
        .where(Gate.site_id == current_site().site_id, Gate.state != "retired")
        .order_by(Gate.number)
        .options(selectinload(Gate.lanes))
    ).all()
    for gate in gates:
        for lane in gate.lanes:
            # A session forgets gates that nobody holds, and then asks for each again when a lane is.
            set_committed_value(lane, "gate", gate)
    return gates


def site_lanes() -> list[Lane]:
    """Return all lanes of the site, gate by gate."""
    return [lane for gate in site_gates() for lane in gate.lanes]


def gate_names(gates: Iterable[Gate]) -> dict[str, str]:
    """Return what the gates are called, by id."""
    return {gate.gate_id: gate.name for gate in gates}


def lane_names(gates: Iterable[Gate]) -> dict[str, str]:
    """Return what the gates' lanes are called, by id."""
    return {lane.lane_id: lane.name for gate in gates for lane in gate.lanes}
