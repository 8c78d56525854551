"""End what a person has of calls when they move out, and what a restore cannot know to be so still."""

from datetime import datetime

from sqlalchemy import delete, exists, or_, select, update
from sqlalchemy.orm import Session

from web_admin.calls.models import (
    UNHEARD,
    CallNumber,
    HomeCall,
    HomeCallPerson,
    HomeCallWishes,
    TelephoneTask,
)
from web_admin.calls.telephone_tasks import DONE, end_task
from web_admin.compound.age_bands import ADULT
from web_admin.compound.models import Person


def distrust_telephones_of(session: Session, person_id: str, now: datetime) -> None:
    """Let a person's telephones be proved again, and their home be asked about couriers.

    A phone that was stolen may ring as one of the numbers, or have added one that is the thief's.
    """
    session.execute(update(CallNumber).where(CallNumber.person_id == person_id).values(proved_at=None))
    open_tasks = TelephoneTask.person_id == person_id, TelephoneTask.state != DONE
    for task in session.scalars(select(TelephoneTask).where(*open_tasks)):
        end_task(task, "late", now)
    _ask_about_couriers_of(session, person_id)


def end_calls_of(session: Session, person_id: str) -> None:
    """Forget a person's numbers and wishes of calls; a home without adults takes no calls and keeps none.

    The calls that they answered end with the gate's next word (`reports.py`).
    """
    session.execute(delete(HomeCallPerson).where(HomeCallPerson.person_id == person_id))
    session.execute(delete(CallNumber).where(CallNumber.person_id == person_id))
    _ask_about_couriers_of(session, person_id)
    person = session.get_one(Person, person_id)
    if person.home_id is not None and not _has_other_adults(session, person):
        session.execute(delete(HomeCallWishes).where(HomeCallWishes.home_id == person.home_id))
        # The home's next people read a list of calls too, and these were not theirs.
        over = HomeCall.home_id == person.home_id, HomeCall.stage == "over"
        session.execute(delete(HomeCall).where(*over))


def forget_past_calls(session: Session, person_id: str, now: datetime) -> None:
    """Take a person's name from the calls that are over, also where their gate never said so."""
    over = or_(HomeCall.stage == "over", HomeCall.ends_at <= now)
    answered, ordered = HomeCall.answered_by == person_id, HomeCall.order_person_id == person_id
    for call in session.scalars(select(HomeCall).where(over, answered, HomeCall.end.is_(None))):
        call.end = None if call.shown_end == UNHEARD else "ended"  # without a name it reads as missed
    session.execute(update(HomeCall).where(over, answered).values(stage="over", answered_by=None))
    session.execute(update(HomeCall).where(over, ordered).values(order_person_id=None))


def forget_call_proofs(session: Session, site_id: str) -> None:
    """Let every telephone be proved again after a restore, and every home be asked about couriers.

    No gate knows which of them was removed after the backup, and a telephone opens.
    """
    people = select(Person.person_id).where(Person.site_id == site_id)
    session.execute(update(CallNumber).where(CallNumber.person_id.in_(people)).values(proved_at=None))
    wishes = update(HomeCallWishes).where(HomeCallWishes.site_id == site_id)
    session.execute(wishes.values(courier="ask", courier_by=None))


def _ask_about_couriers_of(session: Session, person_id: str) -> None:
    by_them = HomeCallWishes.courier_by == person_id
    session.execute(update(HomeCallWishes).where(by_them).values(courier="ask", courier_by=None))


def _has_other_adults(session: Session, person: Person) -> bool:
    other = exists().where(
        Person.home_id == person.home_id,
        Person.person_id != person.person_id,
        Person.kind == "resident",
        Person.age_band == ADULT,
        Person.ended_at.is_(None),
    )
    return bool(session.scalar(select(other)))
