"""Read homes and people as lists: by their ids, by home, by name, and how many there are."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from gate_controller.contract.records import CredentialKind
from web_admin.compound.age_bands import ADULT
from web_admin.compound.models import UNASSIGNED, CredentialRow, Home, Person


def homes_after(session: Session, site_id: str, after: str, limit: int) -> Sequence[Home]:
    """Return the homes of a site whose ids come after this one."""
    return session.scalars(
        select(Home).where(Home.site_id == site_id, Home.home_id > after).order_by(Home.home_id).limit(limit)
    ).all()


def people_after(
    session: Session, site_id: str, after: str, limit: int, *, home_id: str = "", with_ended: bool = False
) -> Sequence[Person]:
    """Return the people of a site, or of one home, whose ids come after this one."""
    wanted = select(Person).where(Person.site_id == site_id, Person.person_id > after)
    if home_id:
        wanted = wanted.where(Person.home_id == home_id)
    if not with_ended:
        wanted = wanted.where(Person.ended_at.is_(None))
    return session.scalars(wanted.order_by(Person.person_id).limit(limit)).all()


def home_count(session: Session, site_id: str) -> int:
    return session.scalar(select(func.count(Home.home_id)).where(Home.site_id == site_id)) or 0


def person_count(session: Session, site_id: str) -> int:
    """Return how many people have not moved out, cards without a holder left out."""
    return (
        session.scalar(
            select(func.count(Person.person_id)).where(
                Person.site_id == site_id, Person.ended_at.is_(None), Person.kind != UNASSIGNED
            )
        )
        or 0
    )


def home_numbers(session: Session, site_id: str) -> Sequence[tuple[str, str]]:
    """Return the id and number of each home of a site, in the order of their numbers."""
    rows = session.execute(
        select(Home.home_id, Home.number).where(Home.site_id == site_id).order_by(Home.sort_key)
    )
    return [(row.home_id, row.number) for row in rows]


# -- of one home -----------------------------------------------------------------------------------


def people_of_home(session: Session, home_id: str) -> Sequence[Person]:
    """Return who has not moved out of a home, by when they came, cards without a holder too."""
    return session.scalars(
        select(Person).where(Person.home_id == home_id, Person.ended_at.is_(None)).order_by(Person.created_at)
    ).all()


def names_in_home(session: Session, home_id: str | None) -> Sequence[tuple[str, str]]:
    """Return the id and name of each person of a home, by when they came."""
    rows = session.execute(
        select(Person.person_id, Person.display_name)
        .where(Person.home_id == home_id, Person.ended_at.is_(None), Person.kind != UNASSIGNED)
        .order_by(Person.created_at)
    )
    return [(row.person_id, row.display_name) for row in rows]


def names_of_adults(session: Session, home_id: str | None) -> Sequence[tuple[str, str]]:
    """Return the id and name of each adult of a home, helpers too, by name."""
    rows = session.execute(
        select(Person.person_id, Person.display_name)
        .where(
            Person.home_id == home_id,
            Person.home_id.is_not(None),
            Person.ended_at.is_(None),
            Person.age_band == ADULT,
            Person.kind != UNASSIGNED,
        )
        .order_by(Person.display_name)
    )
    return [(row.person_id, row.display_name) for row in rows]


def ids_of_name(session: Session, site_id: str, home_number: str, name: str) -> Sequence[str]:
    """Return the ids of the people of this very name in the home of this number, moved out or not."""
    return session.scalars(
        select(Person.person_id)
        .join(Home, Home.home_id == Person.home_id)
        .where(Person.site_id == site_id, Home.number == home_number, Person.display_name == name)
    ).all()


# -- homes without a card --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NextHome:
    """The home whose turn it is, and how many are left."""

    home: Home | None
    left: int


def next_home_without_card(session: Session, site_id: str, building: str, after: str) -> NextHome:
    """Return the first home without any card, of a building or of all, after a place in their order."""
    has_card = (
        exists()
        .where(Person.home_id == Home.home_id)
        .where(CredentialRow.person_id == Person.person_id)
        .where(CredentialRow.kind == CredentialKind.CARD, CredentialRow.state != "ended")
    )
    wanted = [Home.site_id == site_id, ~has_card]
    if building:
        wanted.append(Home.building == building)
    if after:
        wanted.append(Home.sort_key > after)
    home = session.scalars(select(Home).where(*wanted).order_by(Home.sort_key).limit(1)).first()
    return NextHome(home, session.scalar(select(func.count(Home.home_id)).where(*wanted)) or 0)
