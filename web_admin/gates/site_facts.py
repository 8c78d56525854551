"""Say what the office knows of a gate, for its site file."""

from sqlalchemy.orm import Session

from gate_controller.contract.languages import Language
from gate_controller.contract.site_facts import OfficeLane, SiteFacts
from web_admin.compound.models import Gate, Site
from web_admin.gates.sheet_status import sheet_rows, stored_sheet


def facts_of_gate(session: Session, gate: Gate) -> SiteFacts:
    """Return a gate's lanes with their live sheets, and what is the same at all gates of its site."""
    site, rows = session.get_one(Site, gate.site_id), sheet_rows(session, gate.site_id)
    return SiteFacts(
        language=Language(site.language),
        card_bits=24 if site.card_bits == 24 else 32,
        lanes=tuple(
            OfficeLane(
                lane_id=lane.lane_id,
                name=lane.name[:120],
                sheet=stored_sheet(rows[lane.lane_id].live) if lane.lane_id in rows else None,
            )
            for lane in gate.lanes
        ),
    )
