"""Add the workbench to the compound as a gate: site file, registration at the server, pairing, start."""

import sys
from datetime import UTC, datetime

from demo.bench.workbench import WORKBENCH, WorkbenchMetal, write_site_file
from demo.rig.gate_ends import GateEnds
from demo.stage import Stage
from demo.world.compound import seed_lane
from demo.world.site_files import GATES
from web_admin.action.base import one_publication
from web_admin.gates.actions import add_gate
from web_admin.people.actions import GrantSpec, set_grants

WITHOUT_KERNEL = [sys.executable, "-m", "demo.rig.without_kernel", "run"]
MAY_PASS = ("resident", "neighbour", "guard")


def lay_out_workbench(stage: Stage) -> GateEnds:
    """Make its devices, cable and site file; start nothing and register nothing."""
    folder = stage.folder / WORKBENCH.gate_id
    metal = WorkbenchMetal(WORKBENCH, folder, stage.trace.take)
    return stage.ends_of(
        metal, folder, lambda server_url, _port: write_site_file(metal, folder, server_url), WITHOUT_KERNEL
    )


def set_up_workbench(stage: Stage) -> None:
    """Make it the compound's fourth gate, with three people who may pass; raise StartRefused."""
    ends = lay_out_workbench(stage)
    lanes = [lane.lane_id for plan in (*GATES, WORKBENCH) for lane in plan.lanes]
    with stage.office.act() as act, one_publication(act) as each:
        add_gate(each, WORKBENCH.gate_id, WORKBENCH.name)
        for lane in WORKBENCH.lanes:
            seed_lane(each, WORKBENCH.gate_id, lane)
        for role in MAY_PASS:
            set_grants(each, stage.member(role).person_id, [GrantSpec(tuple(lanes))])
    stage.pair(ends, readers=True)
    ends.process.start()
    stage.wait_ready(ends, datetime.fromtimestamp(0, UTC))
    # Last, so that no page shows half of it.
    stage.gates[WORKBENCH.gate_id] = ends
