"""Read the people and cards of a compound in three queries, to compare a sheet with them."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select

from gate_controller.contract.credential_kinds import has_ended_by_time
from gate_controller.contract.records import CredentialKind
from web_admin.action.base import Action
from web_admin.compound.models import UNASSIGNED, CredentialRow, Home, Person


@dataclass(frozen=True, slots=True)
class PersonThere:
    """Someone who has not moved out; `cards` is how many they hold."""

    person_id: str
    home: str | None
    name: str
    kind: str
    cards: int


@dataclass(frozen=True, slots=True)
class Holder:
    """Holder of a card; unassigned when only the home is known."""

    person_id: str
    home: str | None
    is_unassigned: bool


@dataclass(frozen=True, slots=True)
class ExistingRecords:
    """Homes by their digits without dashes, live cards by their look-up, people by home and name."""

    homes: dict[str, str]
    cards: Mapping[bytes, Holder]
    people: Mapping[tuple[str | None, str], list[PersonThere]]
    names_holders: bool


def who_is_there(act: Action, *, names_holders: bool) -> ExistingRecords:
    """Read homes, live cards and people; a card whose time is over is free."""
    session = act.session
    numbers = session.scalars(select(Home.number).where(Home.site_id == act.site_id))
    rows = session.execute(
        select(CredentialRow.lookup, CredentialRow.valid_until, Person.person_id, Person.kind, Home.number)
        .join(Person, Person.person_id == CredentialRow.person_id)
        .outerjoin(Home, Home.home_id == Person.home_id)
        .where(
            Person.site_id == act.site_id,
            CredentialRow.kind == CredentialKind.CARD,
            CredentialRow.state != "ended",
        )
    )
    cards = {
        row.lookup: Holder(row.person_id, row.number, row.kind == UNASSIGNED)
        for row in rows
        if row.lookup is not None and not has_ended_by_time(row, act.now)
    }
    counts = Counter(holder.person_id for holder in cards.values())
    living = session.execute(
        select(Home.number, Person.display_name, Person.person_id, Person.kind)
        .select_from(Person)
        .outerjoin(Home, Home.home_id == Person.home_id)
        .where(Person.site_id == act.site_id, Person.ended_at.is_(None))
        .order_by(Home.number, Person.display_name, Person.person_id)
    )
    people: dict[tuple[str | None, str], list[PersonThere]] = defaultdict(list)
    for home, name, person_id, kind in living:
        people[home, name].append(PersonThere(person_id, home, name, kind, counts[person_id]))
    return ExistingRecords(
        {number.replace("-", ""): number for number in numbers}, cards, dict(people), names_holders
    )
