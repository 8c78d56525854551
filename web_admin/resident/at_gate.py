"""Take "I am at a gate": the card or PIN that is shown there verifies a phone, or confirms its resident."""

from flask import session
from werkzeug.wrappers import Response

from web_admin.people.phone_verification import request_verification
from web_admin.resident.blueprint import bp, signed_in
from web_admin.resident.confirmation import ASKED_AT_GATE
from web_admin.web.page import to
from web_admin.web.resident_session import resident_required


@bp.post("/at-gate")
@resident_required
def say_at_gate() -> Response:
    """Begin the minutes in which a card or PIN at a gate says who holds this phone."""
    person, act = signed_in()
    verifies = person.phone_unproven is not None
    request_verification(act, person.person_id)
    session[ASKED_AT_GATE] = act.now.isoformat()
    return to("resident.my_code" if verifies else "resident.confirm_first")
