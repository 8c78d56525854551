"""Read the people who live and help in a home, as its members see them."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from web_admin.action.base import Action
from web_admin.compound.age_bands import ADULT, CHILD
from web_admin.compound.models import UNASSIGNED, Hours, Person
from web_admin.credentials.child_agreements import agreement_for, may_act_for
from web_admin.credentials.models import ChildAgreement
from web_admin.people.members import who_have_come
from web_admin.people.models import HomeAddition


@dataclass(frozen=True, slots=True)
class AtHome:
    """A person of the home as its page shows them; `hours` are a helper's own."""

    person: Person
    addition: HomeAddition | None
    has_come: bool
    hours: Hours | None
    until: datetime | None

    @property
    def is_invited(self) -> bool:
        grown = self.person.kind == "resident" and self.person.age_band != CHILD
        return grown and self.addition is not None and not self.has_come


def people_at_home(act: Action, home_id: str) -> list[AtHome]:
    """Return who lives or helps in a home, by when they came."""
    rows = act.session.execute(
        select(Person, HomeAddition, Hours)
        .outerjoin(HomeAddition, HomeAddition.person_id == Person.person_id)
        .outerjoin(Hours, Hours.hours_id == HomeAddition.hours_id)
        .where(Person.home_id == home_id, Person.ended_at.is_(None), Person.kind != UNASSIGNED)
        .order_by(Person.created_at, Person.person_id)
        .options(selectinload(Person.grants))
    ).all()
    ids = [person.person_id for person, _addition, _hours in rows]
    came = who_have_come(act, ids)
    return [
        AtHome(person, addition, person.person_id in came, _bound(person, hours), _end(person))
        for person, addition, hours in rows
    ]


def _bound(person: Person, hours: Hours | None) -> Hours | None:
    """Return a helper's own hours while a grant is bound to them."""
    bound = hours is not None and any(grant.hours_id == hours.hours_id for grant in person.grants)
    return hours if bound else None


def _end(person: Person) -> datetime | None:
    """Return the last instant of a helper, the second before their grants end."""
    ends = [grant.valid_until for grant in person.grants if grant.valid_until is not None]
    return max(ends) - timedelta(seconds=1) if ends else None


# -- whom an adult looks after ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LookedAfter:
    """A person of the home with what the signed-in adult may do for them."""

    at_home: AtHome
    is_guardian: bool
    agreement: ChildAgreement | None

    @property
    def person(self) -> Person:
        return self.at_home.person

    @property
    def is_helper(self) -> bool:
        return self.person.kind == "helper"

    @property
    def may_have_pin(self) -> bool:
        """Return whether a PIN can be given: to helpers, and to minors where nothing is left to agree to."""
        agreed = self.person.age_band != CHILD or self.agreement is not None
        return self.is_helper or (self.is_guardian and agreed)


def looked_after(act: Action, adult: Person, person_id: str) -> LookedAfter | None:
    """Return a helper, a child or an invited person of an adult's home, None for anyone else."""
    people = people_at_home(act, adult.home_id or "")
    found = next((one for one in people if one.person.person_id == person_id), None)
    if found is None or adult.kind != "resident" or adult.age_band != ADULT:
        return None
    guardian = may_act_for(act, adult, found.person)
    if not (found.person.kind == "helper" or guardian or found.is_invited):
        return None
    return LookedAfter(found, guardian, agreement_for(act, found.person))
