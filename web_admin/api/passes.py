"""API of visitors' passes and couriers' codes."""

from dataclasses import asdict
from datetime import timedelta

from gate_controller.contract.passes import PLACE_NUMBERS
from web_admin.action.base import Action
from web_admin.api.access import acting, api_action, blueprint, found_or_404, needs_scope, refuse
from web_admin.api.schemas import (
    NewPass,
    NewVisitorCode,
    PageQuery,
    PassBrief,
    PassesOut,
    PassOut,
    VisitorCodeOut,
)
from web_admin.compound.models import Person
from web_admin.compound.queries import home_by_id, lane_by_id, places_of_site
from web_admin.credentials.queries import newest_visitor_code
from web_admin.visitors.actions import issue_pass, issue_visitor_code, withdraw_pass
from web_admin.visitors.gate_sets import LISTED, WAY, GateChoice
from web_admin.visitors.models import VisitorPassRow
from web_admin.visitors.pass_states import pass_state
from web_admin.visitors.queries import passes_after
from web_admin.visitors.reach import lanes_for_a_code

bp = blueprint("passes", "Visitors.")


@bp.get("/passes")
@needs_scope("passes:read")
@bp.arguments(PageQuery, location="query")
@bp.response(200, PassesOut)
def list_passes(query: dict[str, object]) -> dict[str, object]:
    """List passes in the order of their ids, without the texts that open."""
    act, limit = api_action(), int(str(query["limit"]))
    rows = passes_after(act.session, act.site_id, str(query["after"]), limit)
    shown = [_shown(act, row) for row in rows]
    return {"passes": shown, "after": rows[-1].pass_id if len(rows) == limit else None}


@bp.post("/passes")
@needs_scope("passes:write")
@bp.arguments(NewPass)
@bp.response(201, PassOut)
@bp.alt_response(404, description="There is no such building.")
@bp.alt_response(409, description="The Idempotency-Key was used.")
def make_pass(body: dict[str, object]) -> dict[str, object]:
    """Sign a pass: 24 hours by default, a week at most, never more than its issuer may."""
    with acting() as act:
        row = issue_pass(
            act,
            issuer_person_id=body["person_id"],  # type: ignore[arg-type]  # the schema makes these types
            label=str(body["label"]),
            **asdict(_chosen(act, body)),
            valid_from=body["valid_from"],  # type: ignore[arg-type]  # likewise
            valid_until=body["valid_until"],  # type: ignore[arg-type]  # likewise
            uses=body["uses"],  # type: ignore[arg-type]  # likewise
        )
        return _shown(act, row)


@bp.get("/passes/<pass_id>")
@needs_scope("passes:read")
@bp.response(200, PassBrief)
@bp.alt_response(404, description="There is no such pass.")
def show_pass(pass_id: str) -> dict[str, object]:
    """Show one pass and its state, without the text that opens."""
    return _shown(api_action(), found_or_404(VisitorPassRow, pass_id))


@bp.post("/passes/<pass_id>/withdraw")
@needs_scope("passes:write")
@bp.response(200, PassBrief)
@bp.alt_response(404, description="There is no such pass.")
@bp.alt_response(409, description="The Idempotency-Key was used.")
def end_pass(pass_id: str) -> dict[str, object]:
    """End a pass before its time."""
    row = found_or_404(VisitorPassRow, pass_id)
    with acting() as act:
        withdraw_pass(act, pass_id)
        return _shown(act, row)


@bp.post("/visitor-codes")
@needs_scope("passes:write")
@bp.arguments(NewVisitorCode)
@bp.response(201, VisitorCodeOut)
@bp.alt_response(404, description="There is no such person.")
@bp.alt_response(409, description="The Idempotency-Key was used.")
def make_visitor_code(body: dict[str, object]) -> dict[str, object]:
    """Make eight digits for one visit to a person's home, at the keypads of one gate that they may use."""
    person = found_or_404(Person, str(body["person_id"]))
    if person.home_id is None:
        refuse(422, "This person has no home here.", errors={"json": {"person_id": ["no home"]}})
    minutes = int(str(body["minutes"]))
    gate_number = int(str(body["gate"])) if body["gate"] is not None else None
    with acting() as act:
        lanes = lanes_for_a_code(act.session, person, gate_number, act.now)
        digits = issue_visitor_code(
            act, home_id=person.home_id, issuer_person_id=person.person_id, valid_minutes=minutes, lanes=lanes
        )
        made = newest_visitor_code(act.session, person.person_id)
        return {
            "credential_id": made.credential_id,
            "home_number": home_by_id(act.session, person.home_id).number,
            "gate": lane_by_id(act.session, lanes[0]).gate.number,
            "code": digits,
            "valid_until": act.now + timedelta(minutes=minutes),
        }


def _chosen(act: Action, body: dict[str, object]) -> GateChoice:
    """Return the gates that a pass is to be for: those of the list, else the set."""
    if body["gates"]:
        return GateChoice(body["gates"], LISTED)  # type: ignore[arg-type]  # likewise
    gate_set, building = str(body["gate_set"]), body["building"]
    if building is None or gate_set != WAY or body["person_id"] is not None:
        return GateChoice((), gate_set)
    place = places_of_site(act.session, act.site_id).of_number(f"{building}-0")
    if place is None:
        refuse(404, "There is no such building.")
    return GateChoice((), gate_set, place.place_id)


def _shown(act: Action, row: VisitorPassRow) -> dict[str, object]:
    return {
        "pass_id": row.pass_id,
        "label": row.label,
        "gates": [number for number in row.gate_numbers if number < PLACE_NUMBERS.start],
        "gate_set": row.gate_set or "listed",
        "person_id": row.issuer_person_id,
        "valid_from": row.valid_from,
        "valid_until": row.valid_until,
        "uses": row.uses,
        "state": pass_state(row, act.now),
        "code": row.text,
    }
