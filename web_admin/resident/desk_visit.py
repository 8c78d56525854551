"""The box on a person's own phone while the desk asks whether they are there."""

from dataclasses import dataclass

from flask import flash
from flask_babel import gettext
from werkzeug.wrappers import Response

from web_admin.action.base import Action
from web_admin.compound.models import Person
from web_admin.desk.actions import answer_by_phone
from web_admin.desk.visits import check_digits, visit_asked_of
from web_admin.resident.blueprint import bp, signed_in, to
from web_admin.web.resident_session import resident_required


@dataclass(frozen=True, slots=True)
class DeskAsks:
    """What the box says: of which visit, whose hands, and the digits that the desk shows as well."""

    visit_id: str
    role: str
    digits: str
    may_say_yes: bool


def desk_asks(act: Action, person: Person) -> DeskAsks | None:
    """Return the desk's open question to this person, None without one or when the person is served there."""
    visit = visit_asked_of(act.session, person.person_id, act.now) if act.channel == "phone" else None
    if visit is None:
        return None
    return DeskAsks(visit.visit_id, visit.role, check_digits(visit), person.phone_unproven is None)


@bp.post("/desk/<visit_id>/<any(yes, no):answer>")
@resident_required
def answer_desk(visit_id: str, answer: str) -> Response:
    """Record the answer that the person is at the desk, or is not."""
    _person, act = signed_in()
    answer_by_phone(act, visit_id, is_there=answer == "yes")
    flash(
        gettext("The desk goes on now. Your records list what is done there.") if answer == "yes"
        else gettext("Refused. Nothing was shown, and the property manager is notified. Suspend your card "
                     "below if it is gone."),
        "done",
    )
    return to("resident.ways_in")
