"""Tell how far a new compound is on its way to the first passage: six steps, each with its page."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from gate_controller.contract.records import CredentialKind
from web_admin.compound.models import CredentialRow, Gate, Person
from web_admin.events.queries import OPENING
from web_admin.gates.sheet_status import lane_statuses
from web_admin.journal.models import GateEvent

Key = Literal["sign_in", "gate", "sheet", "pairing", "family", "card"]


@dataclass(frozen=True, slots=True)
class Step:
    """One step: whether it is done, and the page that does it (endpoint and its arguments)."""

    key: Key
    is_done: bool
    endpoint: str
    arguments: dict[str, str] = field(default_factory=dict)


def first_steps(
    session: Session, site_id: str, gates: Sequence[Gate], *, has_second_factor: bool
) -> list[Step]:
    """Return the six steps in their order; empty once someone has come in through a gate of the site."""
    if _has_opened(session, gates):
        return []
    return [
        Step("sign_in", has_second_factor, "own.show"),
        _gate_step(gates),
        _sheet_step(session, site_id, gates),
        _pairing_step(gates),
        Step("family", _lives_someone(session, site_id), "moving.family"),
        _card_step(session, site_id),
    ]


def _has_opened(session: Session, gates: Sequence[Gate]) -> bool:
    ids = [gate.gate_id for gate in gates]
    opened = exists().where(GateEvent.reason.in_(OPENING), GateEvent.gate_id.in_(ids))
    return bool(session.scalar(select(opened)))


def _gate_step(gates: Sequence[Gate]) -> Step:
    bare = next((gate for gate in gates if not gate.lanes), None)
    if bare is not None:
        return Step("gate", False, "gates.new_lane", {"gate_id": bare.gate_id})
    return Step("gate", bool(gates), "gates.new_gate")


def _sheet_step(session: Session, site_id: str, gates: Sequence[Gate]) -> Step:
    lanes = [lane for gate in gates for lane in gate.lanes]
    statuses = lane_statuses(session, site_id, [lane.lane_id for lane in lanes])
    missing = next((lane for lane in lanes if not statuses[lane.lane_id].is_live), None)
    if missing is not None:
        return Step("sheet", False, "sheet_parts.ask", {"lane_id": missing.lane_id})
    return Step("sheet", bool(lanes), "gates.show_list")


def _pairing_step(gates: Sequence[Gate]) -> Step:
    unpaired = next((gate for gate in gates if gate.state != "paired"), None)
    if unpaired is not None:
        return Step("pairing", False, "gates.show", {"gate_id": unpaired.gate_id})
    return Step("pairing", bool(gates), "gates.show_list")


def _lives_someone(session: Session, site_id: str) -> bool:
    lives = exists().where(Person.site_id == site_id, Person.home_id.is_not(None))
    return bool(session.scalar(select(lives)))


def _card_step(session: Session, site_id: str) -> Step:
    of_site = select(Person.person_id).where(Person.site_id == site_id, Person.ended_at.is_(None))
    has_card = exists().where(CredentialRow.kind == CredentialKind.CARD, CredentialRow.person_id.in_(of_site))
    if session.scalar(select(has_card)):
        return Step("card", True, "people.show_list")
    person_id = session.scalar(of_site.where(Person.home_id.is_not(None)).limit(1))
    if person_id is None:
        return Step("card", False, "moving.family")
    return Step("card", False, "cards.give", {"person_id": person_id})
