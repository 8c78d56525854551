"""End what a person has of calls: with a move-out, and of live calls with a suspension."""

from datetime import datetime

from sqlalchemy import delete, exists, select, update
from sqlalchemy.orm import Session

from gate_controller.contract.calls import CallEnd
from web_admin.calls.models import CallNumber, HomeCall, HomeCallPerson, HomeCallWishes
from web_admin.compound.age_bands import ADULT
from web_admin.compound.models import Person


def end_calls_of(session: Session, person_id: str, now: datetime) -> None:
    """End a person's live calls and forget their numbers and wishes; without adults a home takes no calls."""
    end_live_calls_of(session, person_id, now)
    session.execute(delete(HomeCallPerson).where(HomeCallPerson.person_id == person_id))
    session.execute(delete(CallNumber).where(CallNumber.person_id == person_id))
    by_them = HomeCallWishes.courier_by == person_id
    session.execute(update(HomeCallWishes).where(by_them).values(courier="ask", courier_by=None))
    person = session.get_one(Person, person_id)
    if person.home_id is not None and not _has_other_adults(session, person):
        session.execute(delete(HomeCallWishes).where(HomeCallWishes.home_id == person.home_id))


def end_live_calls_of(session: Session, person_id: str, now: datetime) -> None:
    """End the calls that a person answered and that go on: nothing opens by them any more."""
    answered = (HomeCall.answered_by == person_id) & (HomeCall.stage == "answered")
    over = {"stage": "over", "end": CallEnd.ENDED, "ended_at": now, "leg": None}
    session.execute(update(HomeCall).where(answered).values(over))


def _has_other_adults(session: Session, person: Person) -> bool:
    other = exists().where(
        Person.home_id == person.home_id,
        Person.person_id != person.person_id,
        Person.kind == "resident",
        Person.age_band == ADULT,
        Person.ended_at.is_(None),
    )
    return bool(session.scalar(select(other)))
