"""Names of the site's gates and lanes."""

from collections.abc import Iterable, Sequence

from web_admin.compound.models import Gate, Lane
from web_admin.compound.queries import gates_of_site
from web_admin.core.database import request_session
from web_admin.web.site import current_site


def site_gates() -> Sequence[Gate]:
    """Return the site's gates with their lanes in the order of their numbers, retired ones left out."""
    return gates_of_site(request_session(), current_site().site_id)


def site_lanes() -> list[Lane]:
    """Return all lanes of the site, gate by gate."""
    return [lane for gate in site_gates() for lane in gate.lanes]


def gate_names(gates: Iterable[Gate]) -> dict[str, str]:
    """Return what the gates are called, by id."""
    return {gate.gate_id: gate.name for gate in gates}


def lane_names(gates: Iterable[Gate]) -> dict[str, str]:
    """Return what the gates' lanes are called, by id."""
    return {lane.lane_id: lane.name for gate in gates for lane in gate.lanes}
