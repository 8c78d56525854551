"""Keep a helper's grants within those of the member who answers for them, after every change."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from gate_controller.contract.credential_kinds import has_ended_by_time
from web_admin.action.base import new_id
from web_admin.compound.age_bands import ADULT
from web_admin.compound.models import GrantRow, Person
from web_admin.people.models import HomeAddition


def covering(person: Person, lane_id: str, end: datetime | None, now: datetime) -> list[GrantRow]:
    """Return the grants with which a person may pass a lane now and until an end."""
    return [
        grant
        for grant in person.grants
        if lane_id in grant.lanes
        and (grant.valid_from is None or grant.valid_from <= now)
        and (grant.valid_until is None or (end is not None and end <= grant.valid_until))
    ]


def adults_of(session: Session, home_id: str) -> list[Person]:
    """Return the adults who live in a home, by when they came."""
    rows = session.scalars(
        select(Person)
        .where(
            Person.home_id == home_id,
            Person.ended_at.is_(None),
            Person.kind == "resident",
            Person.age_band == ADULT,
        )
        .order_by(Person.created_at, Person.person_id)
    )
    return list(rows)


def helpers_of(session: Session, home_id: str) -> list[Person]:
    """Return the helpers of a home whose work has not ended."""
    rows = session.scalars(
        select(Person)
        .where(Person.home_id == home_id, Person.ended_at.is_(None), Person.kind == "helper")
        .order_by(Person.created_at, Person.person_id)
    )
    return list(rows)


def helpers_under(session: Session, person_ids: Collection[str]) -> list[Person]:
    """Return the helpers whom these people answer for and whose work has not ended."""
    rows = session.scalars(
        select(Person)
        .join(HomeAddition, HomeAddition.person_id == Person.person_id)
        .where(HomeAddition.added_by.in_(person_ids), Person.ended_at.is_(None), Person.kind == "helper")
        .order_by(Person.person_id)
    )
    return list(rows)


def fit_helpers(session: Session, person: Person, now: datetime) -> list[str]:
    """Cut the grants of the helpers whom a person answers for down to the person's own; return their ids."""
    cut = []
    for helper in helpers_under(session, [person.person_id]):
        fitting = [grant for old in helper.grants if (grant := _cut(old, person, now)) is not None]
        if [_shape(grant) for grant in fitting] != [_shape(grant) for grant in helper.grants]:
            helper.grants = fitting
            cut.append(helper.person_id)
    return cut


def who_answer_for_helpers(session: Session, person_ids: Collection[str]) -> list[Person]:
    """Return which of these people answer for a helper whose work has not ended."""
    answer = (
        select(HomeAddition.added_by)
        .join(Person, Person.person_id == HomeAddition.person_id)
        .where(HomeAddition.added_by.in_(person_ids), Person.ended_at.is_(None), Person.kind == "helper")
    )
    return list(session.scalars(select(Person).where(Person.person_id.in_(answer))))


def helpers_left_alone(session: Session, person: Person, now: datetime) -> list[str]:
    """Hand a leaving person's helpers to another adult of the home; return the ids of those who must end.

    When the last adult leaves, every helper of the home ends.
    """
    if person.home_id is None or person.kind != "resident":
        return []
    others = [adult for adult in adults_of(session, person.home_id) if adult.person_id != person.person_id]
    if not others:
        return [helper.person_id for helper in helpers_of(session, person.home_id)]
    ends = []
    for helper in helpers_under(session, [person.person_id]):
        heir = next((other for other in others if _covers(other, helper, now)), None)
        if heir is None:
            ends.append(helper.person_id)
        else:
            session.get_one(HomeAddition, helper.person_id).added_by = heir.person_id
    return ends


def _covers(other: Person, helper: Person, now: datetime) -> bool:
    return all(_cut(grant, other, now) == grant for grant in helper.grants)


def _cut(grant: GrantRow, person: Person, now: datetime) -> GrantRow | None:
    """Return the part of a helper's grant inside a person's own; the same row where nothing is cut."""
    own = {
        lane_id: [mine for mine in person.grants if lane_id in mine.lanes and _fits(mine, grant, now)]
        for lane_id in grant.lanes
    }
    lanes = [lane_id for lane_id in grant.lanes if own[lane_id]]
    ends = [_latest(own[lane_id]) for lane_id in lanes]
    until = min((end for end in (*ends, grant.valid_until) if end is not None), default=None)
    if not lanes:
        return None
    if lanes == list(grant.lanes) and until == grant.valid_until:
        return grant
    return GrantRow(
        grant_id=new_id(),
        lanes=lanes,
        hours_id=grant.hours_id,
        valid_from=grant.valid_from,
        valid_until=until,
    )


def _fits(mine: GrantRow, grant: GrantRow, now: datetime) -> bool:
    return not has_ended_by_time(mine, now) and mine.hours_id in (None, grant.hours_id)


def _latest(grants: Collection[GrantRow]) -> datetime | None:
    """Return when the last of some grants ends; None when one of them does not."""
    ends = [grant.valid_until for grant in grants]
    return None if None in ends else max(end for end in ends if end is not None)


def _shape(grant: GrantRow) -> tuple[list[str], str | None, datetime | None]:
    return list(grant.lanes), grant.hours_id, grant.valid_until
