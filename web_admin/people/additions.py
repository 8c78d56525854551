"""Read the people whom homes added: who answers for them, who waits, hours of helpers in words."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from web_admin.compound.models import Hours, Person
from web_admin.core import texts as core_texts
from web_admin.core.texts import DAYS
from web_admin.people.models import HomeAddition

HELPER_HOURS = "helper-"
"""Prefix of the ids of hours that belong to one helper and are in no list of the site's hours."""


@dataclass(frozen=True, slots=True)
class AddedBy:
    """The member who added a person to a home, when, and whether the office still has to agree."""

    member: Person
    added_at: datetime
    waits: bool


def added_by(session: Session, person_id: str) -> AddedBy | None:
    """Return who added a person to their home, None for those whom the office added."""
    row = session.get(HomeAddition, person_id)
    if row is None:
        return None
    return AddedBy(session.get_one(Person, row.added_by), row.added_at, row.state == "waiting")


def waiting_people(session: Session, site_id: str) -> list[Person]:
    """Return those who wait for the office, longest first."""
    rows = session.scalars(
        select(Person)
        .join(HomeAddition, HomeAddition.person_id == Person.person_id)
        .where(Person.site_id == site_id, Person.ended_at.is_(None), HomeAddition.state == "waiting")
        .order_by(HomeAddition.added_at)
        .options(joinedload(Person.home))
    )
    return list(rows)


def named_hours(session: Session, site_id: str, person: Person | None = None) -> list[Hours]:
    """Return the site's hours by name, and those that a person is bound to already."""
    rows = session.scalars(
        select(Hours)
        .where(Hours.site_id == site_id, Hours.hours_id.not_like(f"{HELPER_HOURS}%"))
        .order_by(Hours.name)
    )
    own = [grant.hours_id for grant in person.grants] if person is not None else []
    bound = session.scalars(
        select(Hours).where(Hours.hours_id.in_(own), Hours.hours_id.like(f"{HELPER_HOURS}%"))
    )
    return [*rows, *bound]


def hours_name(hours: Hours) -> str:
    """Return the name of hours; a helper's own are named by their days and times."""
    return hours.name or " · ".join(
        f"{', '.join(str(core_texts.word(DAYS, day)) for day in span['days'])} "
        f"{_clock(span['from_minute'])}–{_clock(span['until_minute'])}"
        for span in hours.spans
    )


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"
