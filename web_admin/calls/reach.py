"""Find who of a home is called, whether by right of the lane, and which telephones ring."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import TypeVarTuple

from sqlalchemy import Select, and_, case, exists, or_, select
from sqlalchemy.orm import Session

from gate_controller.contract.calls import MAX_LEGS, CallLeg
from web_admin.calls.allowed_numbers import is_allowed, settings_of
from web_admin.calls.models import UNCHOSEN, CallNumber, HomeCall, HomeCallPerson, HomeCallWishes
from web_admin.calls.rules import RING_SECONDS, Wishes, numbers_of_plan
from web_admin.compound.age_bands import ADULT
from web_admin.compound.models import GrantRow, Person
from web_admin.core.sealing import Sealer
from web_admin.messages.push_models import PushPhone

Columns = TypeVarTuple("Columns")
PUSH_KIND = "call"
"""Kind of message that a phone has among its kinds while calls are shown on it."""
CALLED_KINDS = ("resident", "helper")
NUMBER_PURPOSE = "call-number"
"""Under which a telephone's number is sealed."""
LAST = 1000
"""The place of those of whom no one chose, behind all others: more than people live in a home."""
PAGE_KNOWN_FOR = timedelta(seconds=45)
"""How long a page counts as open after it last said so."""


def called(rows: Select[*Columns]) -> Select[*Columns]:
    """Return of a statement about people those who are called: adults who live there, unless they chose.

    No one who moved out or is suspended is.
    """
    of_home = and_(HomeCallPerson.person_id == Person.person_id, HomeCallPerson.home_id == Person.home_id)
    is_unchosen = or_(HomeCallPerson.person_id.is_(None), HomeCallPerson.position == UNCHOSEN)
    by_rule = and_(is_unchosen, Person.kind == "resident", Person.age_band == ADULT)
    by_choice = and_(HomeCallPerson.is_called.is_(True), HomeCallPerson.position != UNCHOSEN)
    return (
        rows.select_from(Person)
        .outerjoin(HomeCallPerson, of_home)
        .where(
            Person.ended_at.is_(None),
            Person.suspended.is_(False),
            Person.kind.in_(CALLED_KINDS),
            or_(by_choice, by_rule),
        )
    )


def called_persons(session: Session, home_id: str) -> list[str]:
    """Return who of a home is called, in its order."""
    rows = called(select(Person.person_id)).where(Person.home_id == home_id)
    place = case((HomeCallPerson.position != UNCHOSEN, HomeCallPerson.position), else_=LAST)
    return list(session.scalars(rows.order_by(place, Person.created_at, Person.person_id)))


def is_called(session: Session, person: Person) -> bool:
    """Return whether a person is called when someone calls their home."""
    return person.home_id is not None and person.person_id in called_persons(session, person.home_id)


def may_pass(session: Session, person_ids: Collection[str], lane_id: str, now: datetime) -> bool:
    """Return whether one of these may pass a lane in these days; the gate decides about the hour."""
    grants = session.execute(
        select(GrantRow.lanes).where(
            GrantRow.person_id.in_(person_ids),
            or_(GrantRow.valid_from.is_(None), GrantRow.valid_from <= now),
            or_(GrantRow.valid_until.is_(None), GrantRow.valid_until > now),
        )
    )
    return any(lane_id in lanes for (lanes,) in grants)


def wishes_of(session: Session, home_id: str) -> HomeCallWishes | None:
    """Return a home's wishes, None where it never switched calls on."""
    return session.get(HomeCallWishes, home_id)


def as_rules(row: HomeCallWishes | None) -> Wishes:
    if row is None:
        return Wishes(takes_calls=False)
    return Wishes(row.takes_calls, row.blocked_gates, row.quiet_from, row.quiet_until, row.dnd_until)


def has_pages(session: Session, person_ids: Collection[str], now: datetime) -> bool:
    """Return whether one of these has a page open, or a phone on which calls are shown."""
    open_page = exists().where(HomeCallPerson.person_id.in_(person_ids), HomeCallPerson.page_open_until > now)
    if session.scalar(select(open_page)):
        return True
    phones = session.scalars(select(PushPhone.kinds).where(PushPhone.person_id.in_(person_ids)))
    return any(PUSH_KIND in kinds for kinds in phones)


def note_page_open(session: Session, person_id: str, now: datetime) -> bool:
    """Note that a person's page is open; return whether a row was written, at most once in half the time."""
    person = session.get(Person, person_id)
    if person is None or person.home_id is None or not is_called(session, person):
        return False
    row = session.get(HomeCallPerson, person_id)
    if row is None or row.home_id != person.home_id:
        if row is not None:
            session.delete(row)
            session.flush()
        row = HomeCallPerson(person_id=person_id, home_id=person.home_id, is_called=True, position=UNCHOSEN)
        session.add(row)
    elif row.page_open_until is not None and row.page_open_until > now + PAGE_KNOWN_FOR / 2:
        return False
    row.page_open_until = now + PAGE_KNOWN_FOR
    return True


def numbers_of(session: Session, person_ids: Sequence[str]) -> list[CallNumber]:
    """Return the proved numbers of these people in their order; none of who has yet to show who they are."""
    rows = session.scalars(
        select(CallNumber)
        .join(Person, Person.person_id == CallNumber.person_id)
        .where(
            CallNumber.person_id.in_(person_ids),
            CallNumber.proved_at.is_not(None),
            Person.phone_unproven.is_(None),
        )
        .order_by(CallNumber.position, CallNumber.created_at, CallNumber.number_id)
    ).all()
    return sorted(rows, key=lambda row: person_ids.index(row.person_id))


def every_number_of(session: Session, person_id: str) -> Sequence[CallNumber]:
    """Return a person's numbers in their order, proved or not."""
    return session.scalars(
        select(CallNumber)
        .where(CallNumber.person_id == person_id)
        .order_by(CallNumber.position, CallNumber.created_at, CallNumber.number_id)
    ).all()


def open_number(sealer: Sealer, row: CallNumber) -> str:
    """Return a telephone's number; raise SealBroken."""
    return sealer.open(row.number_sealed, purpose=NUMBER_PURPOSE).decode()


def numbers_to_call(
    session: Session, sealer: Sealer, site_id: str, person_ids: Sequence[str]
) -> list[CallNumber]:
    """Return the telephones of these people that the site's gates may call, in the home's order."""
    allowed = settings_of(session, site_id)
    rows = numbers_of(session, person_ids)
    return [row for row in rows if is_allowed(allowed, open_number(sealer, row))][:MAX_LEGS]


def legs_of(session: Session, sealer: Sealer, call: HomeCall) -> list[CallLeg]:
    """Return the telephones of a call; none once one of them is not to be called any more.

    The gate counts them by their places, so none of them can be left out alone.
    """
    persons = called_persons(session, call.home_id)
    now_called = {row.number_id: row for row in numbers_to_call(session, sealer, call.site_id, persons)}
    numbers = numbers_of_plan(call.plan)
    if not all(number_id in now_called for number_id in numbers):
        return []
    rows = [now_called[number_id] for number_id in numbers]
    return [
        CallLeg(person_id=row.person_id, number=open_number(sealer, row), ring_seconds=RING_SECONDS)
        for row in rows
    ]
