"""Pages of 58 mm slips for the own visitors, printed at the desk."""

import hmac

from flask import abort, request, url_for

from gate_controller.contract.pins import VISITOR_CODE_DIGITS, argon2_tag
from web_admin.action.base import Action
from web_admin.compound.models import CredentialRow, Person
from web_admin.compound.queries import names_of_gates_with
from web_admin.core.sealing import open_pin_tag
from web_admin.credentials.queries import visitor_codes_of
from web_admin.resident.blueprint import bp, signed_in
from web_admin.resident.own_visitors import own_pass
from web_admin.visitors.pass_states import pass_state
from web_admin.web.gate_sets import NamesInPasses
from web_admin.web.resident_session import resident_required
from web_admin.web.slips import code_slip, pass_slip


@bp.get("/visitors/<pass_id>/slip")
@resident_required
def visitor_pass_slip(pass_id: str) -> str:
    """Show one's own pass as a slip."""
    person, act = signed_in()
    row = own_pass(person, pass_id)
    if pass_state(row, act.now) not in ("live", "not_yet"):
        abort(404)
    gates = NamesInPasses(row.site_id).of(row.gate_numbers)
    return pass_slip(row, gates, url_for("resident.visitor_pass_page", pass_id=pass_id))


@bp.post("/visitors/code/slip")
@resident_required
def visitor_code_slip() -> str:
    """Show a code that was just made as a slip; its digits are shown nowhere else."""
    person, act = signed_in()
    digits = request.form.get("digits", "")
    code = _own_code(person, act, digits)
    if code is None or code.valid_until is None or person.home is None:
        abort(404)
    gates = names_of_gates_with(act.session, code.lanes or [])
    return code_slip(digits, person.home.number, gates, code.valid_until, url_for("resident.visitors"))


def _own_code(person: Person, act: Action, digits: str) -> CredentialRow | None:
    """Return the person's live code with these digits."""
    if person.home is None or not (digits.isdecimal() and len(digits) == VISITOR_CODE_DIGITS):
        return None
    tag = argon2_tag(digits, person.home.pin_salt)
    rows = visitor_codes_of(act.session, person.person_id, ends_after=act.now)
    tags = [(row, open_pin_tag(act.sealer, row.secret_sealed or b"")) for row in rows]
    return next((row for row, known in tags if hmac.compare_digest(known, tag)), None)
