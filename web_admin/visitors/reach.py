"""Find the gates for which a person may invite visitors, and those that read their passes and codes."""

from collections.abc import Container, Iterable, Sequence
from datetime import datetime

from flask_babel import lazy_gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session, defer, selectinload

from gate_controller.contract.records import Method
from web_admin.compound.models import Gate, GrantRow, Person
from web_admin.core.refusal import ActionRefused

UNREAD_HERE = (Gate.lane_states, Gate.device_states, Gate.knows, Gate.published_knows)
"""Lists in the rows of gates that take as long to read as all the rest, and say nothing of who may pass."""


def gates_open_to(
    session: Session, person: Person, now: datetime, until: datetime | None = None
) -> list[Gate]:
    """Return the gates for which a person may invite someone from now until then, by number."""
    gates = select(Gate).where(Gate.site_id == person.site_id, Gate.state != "retired").order_by(Gate.number)
    needed = (selectinload(Gate.lanes), *map(defer, UNREAD_HERE))
    return [
        gate
        for gate in session.scalars(gates.options(*needed))
        if grants_at(person, {lane.lane_id for lane in gate.lanes}, now, until or now)
    ]


def gates_for_a_code(session: Session, person: Person, now: datetime) -> list[Gate]:
    """Return the gates with a keypad that a person may pass: where their visitor's code can be typed."""
    return gates_with(gates_open_to(session, person, now), person, Method.PIN)


def gates_for_a_pass(
    session: Session, person: Person, now: datetime, until: datetime | None = None
) -> list[Gate]:
    """Return the gates that a person may pass from now until then and that read a visitor's pass there."""
    return gates_with(gates_open_to(session, person, now, until), person, Method.QR)


def gates_with(gates: Iterable[Gate], person: Person, method: Method) -> list[Gate]:
    """Return those of these gates that have a lane of this person with a reader of this method."""
    own = _lanes_of(person)
    return [gate for gate in gates if _own_lanes(gate, own, method)]


def reads_passes(gate: Gate) -> bool:
    """Return whether a lane of this gate has a reader of QR codes."""
    return any(Method.QR in lane.methods for lane in gate.lanes)


def with_a_controller(gates: Sequence[Gate]) -> list[Gate]:
    """Return those of these gates that were paired; all while none was, as before the first one."""
    return [gate for gate in gates if gate.state == "paired"] or list(gates)


def lanes_for_a_code(session: Session, person: Person, gate_number: int | None, now: datetime) -> list[str]:
    """Return the lanes of one gate at which a visitor's code of this person can be typed.

    Without a number it is the person's only such gate; raises ActionRefused where there are several.
    """
    gates = gates_for_a_code(session, person, now)
    if gate_number is None and len(gates) == 1:
        return _own_lanes(gates[0], _lanes_of(person), Method.PIN)
    chosen = [gate for gate in gates if gate.number == gate_number]
    if not chosen:
        raise ActionRefused("gate_number", _("Choose the gate at which the code is to be typed."))
    return _own_lanes(chosen[0], _lanes_of(person), Method.PIN)


def _lanes_of(person: Person) -> set[str]:
    """Return the lanes that a person may pass at some hour."""
    return {lane_id for grant in person.grants for lane_id in grant.lanes}


def _own_lanes(gate: Gate, own: Container[str], method: Method) -> list[str]:
    """Return the lanes of a gate that read this method and are among these."""
    return [lane.lane_id for lane in gate.lanes if method in lane.methods and lane.lane_id in own]


def grants_at(person: Person, lane_ids: set[str], start: datetime, end: datetime) -> list[GrantRow]:
    """Return the grants that cover one of the lanes for the whole window.

    Weekly hours are not asked here: the gate asks them at each visit.
    """
    return [
        grant
        for grant in person.grants
        if not lane_ids.isdisjoint(grant.lanes)
        and (grant.valid_from is None or grant.valid_from <= start)
        and (grant.valid_until is None or end <= grant.valid_until)
    ]
