"""Take a gate out of use, and say before it what that ends and who used nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flask_babel import lazy_gettext as _
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from web_admin.action.base import Action, begin
from web_admin.action.lookups import gate_of
from web_admin.compound.models import Gate, GrantRow, Lane, Person
from web_admin.core.refusal import ActionRefused
from web_admin.credentials.models import EmergencyCode
from web_admin.custody.models import FaceShare
from web_admin.gates.orders import GATE_MARKED, mark_gate
from web_admin.journal.queries import entries_of_kinds
from web_admin.visitors.models import VisitorPassRow
from web_admin.visitors.pass_states import opens_now_or_later

LOOKED_THROUGH = 1000
"""How many marks of gates back the day of one is looked for."""


@dataclass(frozen=True, slots=True)
class WhatFollows:
    """The rows that end with a gate: its lanes, and rights and codes that reach no other gate."""

    lanes: Sequence[str]
    person_ids: Sequence[str]
    """People whose rights name lanes of this gate alone."""
    passes: int
    """Visitors' passes that open now or later and are for this gate, also for it and others."""
    passes_alone: int
    emergency_codes: int
    faces: int


def what_follows(session: Session, gate: Gate, now: datetime) -> WhatFollows:
    """Return what taking a gate out of use ends; a fixed number of queries, however many people."""
    here = {lane.lane_id for lane in gate.lanes}
    elsewhere = _lanes_in_use(session, gate.site_id) - here
    rights: dict[str, set[str]] = {}
    rows = select(GrantRow.person_id, GrantRow.lanes).join(Person, Person.person_id == GrantRow.person_id)
    for person_id, lanes in session.execute(
        rows.where(Person.site_id == gate.site_id, Person.ended_at.is_(None)).order_by(GrantRow.person_id)
    ):
        rights.setdefault(person_id, set()).update(lanes)
    codes = session.scalars(
        select(EmergencyCode.lanes).where(
            EmergencyCode.site_id == gate.site_id, EmergencyCode.state == "active"
        )
    )
    passes = session.scalars(
        select(VisitorPassRow.gate_numbers).where(
            VisitorPassRow.site_id == gate.site_id, opens_now_or_later(now)
        )
    )
    naming = [numbers for numbers in passes if gate.number in numbers]
    faces = select(func.count(func.distinct(FaceShare.person_id))).where(FaceShare.gate_id == gate.gate_id)
    return WhatFollows(
        lanes=[lane.name for lane in gate.lanes],
        person_ids=[one for one, lanes in rights.items() if lanes & here and not lanes & elsewhere],
        passes=len(naming),
        passes_alone=sum(set(numbers) == {gate.number} for numbers in naming),
        emergency_codes=sum(bool(here & set(lanes)) and not elsewhere & set(lanes) for lanes in codes),
        faces=session.scalar(faces) or 0,
    )


def _lanes_in_use(session: Session, site_id: str) -> set[str]:
    lanes = select(Lane.lane_id).join(Gate).where(Gate.site_id == site_id, Gate.state != "retired")
    return set(session.scalars(lanes))


def take_out_of_use(act: Action, gate_id: str) -> Gate:
    """Take a gate out of use: nothing shows it, its key ends and what it recorded stays.

    Rights, passes and settings stay too: they count again once a controller is paired there. Raises
    ActionRefused for a gate that is out of use, or was reported stolen and has yet to forget people.
    """
    begin(act)
    gate = gate_of(act, gate_id)
    if gate.state == "retired":
        raise ActionRefused("gate", _("%(gate)s is out of use already.", gate=gate.name))
    if gate.state == "stolen":
        raise ActionRefused(
            "gate",
            _(
                "%(gate)s was reported stolen: it has to stay here, so that it forgets all people when it "
                "calls.",
                gate=gate.name,
            ),
        )
    mark_gate(act, gate_id, "retired")
    return gate


@dataclass(frozen=True, slots=True)
class OutOfUse:
    """A gate out of use; `since` is None where the ledger does not say."""

    gate: Gate
    since: datetime | None


def gates_out_of_use(session: Session, site_id: str) -> list[OutOfUse]:
    """Return the gates that were taken out of use, the newest first."""
    since: dict[str, datetime] = {}
    for entry in entries_of_kinds(session, site_id, (GATE_MARKED,), LOOKED_THROUGH):
        if entry.facts.get("state") == "retired":
            since.setdefault(str(entry.facts.get("gate_id")), entry.at)
    retired = select(Gate).where(Gate.site_id == site_id, Gate.state == "retired").order_by(Gate.number)
    found = [OutOfUse(gate, since.get(gate.gate_id)) for gate in session.scalars(retired)]
    return sorted(found, key=lambda one: one.since.timestamp() if one.since else 0.0, reverse=True)
