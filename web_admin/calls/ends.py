"""End what a person has of calls when they move out."""

from sqlalchemy import delete, exists, select, update
from sqlalchemy.orm import Session

from web_admin.calls.models import CallNumber, HomeCallPerson, HomeCallWishes
from web_admin.compound.age_bands import ADULT
from web_admin.compound.models import Person


def end_calls_of(session: Session, person_id: str) -> None:
    """Forget a person's numbers and wishes of calls; a home without adults takes no calls.

    The calls that they answered end with the gate's next word (`reports.py`).
    """
    session.execute(delete(HomeCallPerson).where(HomeCallPerson.person_id == person_id))
    session.execute(delete(CallNumber).where(CallNumber.person_id == person_id))
    by_them = HomeCallWishes.courier_by == person_id
    session.execute(update(HomeCallWishes).where(by_them).values(courier="ask", courier_by=None))
    person = session.get_one(Person, person_id)
    if person.home_id is not None and not _has_other_adults(session, person):
        session.execute(delete(HomeCallWishes).where(HomeCallWishes.home_id == person.home_id))


def _has_other_adults(session: Session, person: Person) -> bool:
    other = exists().where(
        Person.home_id == person.home_id,
        Person.person_id != person.person_id,
        Person.kind == "resident",
        Person.age_band == ADULT,
        Person.ended_at.is_(None),
    )
    return bool(session.scalar(select(other)))
