"""The box that verifies a new phone: "I am at a gate", then the card or PIN there."""


from werkzeug.wrappers import Response

from web_admin.people.phone_verification import request_verification
from web_admin.resident.blueprint import bp, signed_in, to
from web_admin.web.resident_session import resident_required


@bp.post("/at-gate")
@resident_required
def say_at_gate() -> Response:
    """Begin the minutes in which a card or PIN at a gate verifies this phone."""
    person, act = signed_in()
    request_verification(act, person.person_id)
    return to("resident.ways_in")
