"""Give gates and lanes another name for people: everything shows it at once, and their short names stay."""

from collections.abc import Mapping

from flask_babel import lazy_gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from web_admin.action.base import Action, begin, publish, record
from web_admin.action.lookups import gate_of, lane_of
from web_admin.compound.gate_names import name_at
from web_admin.compound.models import Gate, Lane
from web_admin.core.refusal import ActionRefused
from web_admin.gates.rules import checked_name, name_key

FREE_AGAIN = ("retired", "stolen")
"""States of gates whose names others may have."""


def names_in_use(session: Session, site_id: str, but: str = "") -> set[str]:
    """Return the keys of the names of a site's gates, except of this gate and of those out of use."""
    names = select(Gate.name).where(
        Gate.site_id == site_id, Gate.state.not_in(FREE_AGAIN), Gate.gate_id != but
    )
    return {name_key(name) for name in session.scalars(names)}


def free_name(act: Action, field: str, name: str, but: str = "") -> str:
    """Return a name that no other gate has; raise ActionRefused for one that is taken or is none."""
    checked = checked_name(field, name)
    if name_key(checked) in names_in_use(act.session, act.site_id, but):
        raise ActionRefused(field, _("Another gate is called %(name)s. Choose another name.", name=checked))
    return checked


def rename_gate(act: Action, gate_id: str, name: str, lanes: Mapping[str, str] | None = None) -> Gate:
    """Give a gate and its lanes (names by id) these names; raise ActionRefused beside what is wrong.

    A lane that begins with the gate's name, and gets no other, follows it. A gate shows the name of a lane on
    its own screen: it is sent that as part of its rules, and of its own name nothing.
    """
    begin(act)
    gate = gate_of(act, gate_id)
    was = gate.name
    new = was if name == was else free_name(act, "name", name, gate_id)
    wanted = dict(lanes or {})
    for lane in gate.lanes:
        given = wanted.get(lane.lane_id, lane.name)
        checked = checked_name(lane_field(lane.lane_id), given) if given != lane.name else given
        wanted[lane.lane_id] = name_at(lane.name, was, new) if checked == lane.name else checked
    if new != was:
        gate.name = new
        record(act, "gate_renamed", {"gate_id": gate_id}, personal={"was": was, "name": new})
    renamed = [_rename(act, lane, wanted[lane.lane_id]) for lane in gate.lanes]
    if act.publishes and any(renamed):
        publish(act, (), (gate_id,))
    return gate


def lane_field(lane_id: str) -> str:
    """Return the name of the field of a lane in the form of a gate's names."""
    return f"lane-{lane_id}"


def rename_lane(act: Action, lane_id: str, name: str) -> Lane:
    """Give a lane another name; raise ActionRefused for one that is none."""
    begin(act)
    lane = lane_of(act, lane_id)
    if _rename(act, lane, checked_name("name", name)) and act.publishes:
        publish(act, (), (lane.gate_id,))
    return lane


def _rename(act: Action, lane: Lane, name: str) -> bool:
    """Write a lane's name where it is another one; return whether it is."""
    is_new = lane.name != name
    note_new_name(act, lane, name)
    lane.name = name
    return is_new


def note_new_name(act: Action, lane: Lane, name: str) -> None:
    """Write into the ledger that a lane that was there gets another name."""
    if lane.name not in (None, name):
        record(act, "lane_renamed", {"lane_id": lane.lane_id}, personal={"was": lane.name, "name": name})
