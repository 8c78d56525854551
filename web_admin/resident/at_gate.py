"""The box that verifies a new phone: "I am at a gate", then the card or PIN there."""

from dataclasses import dataclass
from datetime import datetime

from werkzeug.wrappers import Response

from web_admin.action.base import Action
from web_admin.action.phone_verification import INVITED_AGAIN, has_something_to_show
from web_admin.compound.models import Person
from web_admin.people.phone_verification import request_verification, verification_until
from web_admin.resident.blueprint import bp, signed_in, to
from web_admin.web.resident_session import resident_required


@dataclass(frozen=True, slots=True)
class PhoneVerification:
    """Progress of a phone's verification; `until` is set while a gate is asked."""

    again: bool
    can_show: bool
    until: datetime | None


def verification_of(act: Action, person: Person) -> PhoneVerification | None:
    """Return the state of the box, None where no verification is needed."""
    if act.channel != "phone" or person.phone_unproven is None:
        return None
    return PhoneVerification(
        again=person.phone_unproven == INVITED_AGAIN,
        can_show=has_something_to_show(act.session, person.person_id, act.now),
        until=verification_until(act.session, person.person_id, act.now),
    )


@bp.post("/at-gate")
@resident_required
def say_at_gate() -> Response:
    """Begin the minutes in which a card or PIN at a gate verifies this phone."""
    person, act = signed_in()
    request_verification(act, person.person_id)
    return to("resident.ways_in")
