"""Read whether a phone is verified and what the desk asks it, for the page of ways in; no routes."""

from dataclasses import dataclass
from datetime import datetime

from web_admin.action.base import Action
from web_admin.action.phone_verification import INVITED_AGAIN, has_something_to_show
from web_admin.compound.models import Person
from web_admin.desk.visits import check_digits, visit_asked_of
from web_admin.people.phone_verification import verification_until


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


@dataclass(frozen=True, slots=True)
class DeskAsks:
    """Contents of the box: the visit, the role at the desk, and the digits that the desk shows as well."""

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
