"""Stairwells beside the gates of a small compound, for pages that must also serve 300 gates."""

import secrets
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.support.compounds.lane_sheets import WHOLE_SHEET
from web_admin.compound.models import Gate, Lane, Site
from web_admin.core.sealing import Sealer
from web_admin.gates.map import proposed_spots
from web_admin.gates.places import place_gates
from web_admin.gates.sheet_models import LaneSheetRow

UNITS_OF_A_BUILDING = 9
FIRST_NUMBER = 100
METHODS = ["card", "pin", "qr"]


def add_stairwells(session: Session, sealer: Sealer, site: Site, now: datetime, count: int) -> None:
    """Add so many live gates in contact, nine to a building, each with one lane in; publish nothing."""
    for index in range(count):
        building, unit = 1 + index // UNITS_OF_A_BUILDING, 1 + index % UNITS_OF_A_BUILDING
        gate_id = f"b{building}-u{unit}"
        lane_id = f"{gate_id}-in"
        session.add(
            Gate(
                gate_id=gate_id,
                site_id=site.site_id,
                number=FIRST_NUMBER + index,
                name=f"{building}栋{unit}单元",
                state="paired",
                last_seen_at=now - timedelta(seconds=2),
                lane_states=[{"lane_id": lane_id, "door": "closed", "posture": "normal"}],
                card_key_sealed=sealer.seal(secrets.token_bytes(32), purpose="gate-key"),
                pin_key_sealed=sealer.seal(secrets.token_bytes(32), purpose="gate-key"),
            )
        )
        session.flush()
        session.add(Lane(lane_id=lane_id, gate_id=gate_id, name="进", direction="in", methods=METHODS))
        session.flush()
        session.add(LaneSheetRow(lane_id=lane_id, live=msgspec.to_builtins(WHOLE_SHEET)))
    session.flush()
    place_gates(session, site.site_id, session.scalars(select(Gate).where(Gate.site_id == site.site_id)))


def differ_somewhere(session: Session, now: datetime) -> None:
    """Leave one of a hundred stairwells without contact, and force another one's door open."""
    session.get_one(Gate, "b7-u2").last_seen_at = now - timedelta(hours=2)
    forced = {"lane_id": "b9-u1-in", "door": "forced", "posture": "normal"}
    session.get_one(Gate, "b9-u1").lane_states = [forced]


def draw_map(session: Session, site: Site) -> None:
    """Put every gate on the map, in rows by building."""
    gates = session.scalars(select(Gate).where(Gate.site_id == site.site_id).order_by(Gate.number)).all()
    buildings = {gate.gate_id: gate.gate_id.partition("-u")[0] for gate in gates if "-u" in gate.gate_id}
    spots = proposed_spots({gate.gate_id: buildings.get(gate.gate_id, "") for gate in gates})
    for gate in gates:
        gate.map_x, gate.map_y = spots[gate.gate_id]
