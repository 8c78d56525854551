"""Search people by name, home, building, kind and state, with the same few queries at any size."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, Select, and_, case, exists, false, func, or_, select
from sqlalchemy.orm import Session, contains_eager, selectinload

from web_admin.compound.models import UNASSIGNED, CredentialRow, Home, Invitation, Person
from web_admin.compound.ordering import name_key, sort_key
from web_admin.core.parameters import number_of
from web_admin.people.actions import KINDS

PhonePage = Literal["opened", "invited"]
PAGE_ROWS = 40
NO_HOME = "none"

STATES: Mapping[str, LazyString] = {
    "": _l("Everyone who lives here"),
    "suspended": _l("Suspended"),
    "nothing": _l("Nothing to open with"),
    "unnamed": _l("Cards without a holder"),
    "empty": _l("Empty homes"),
    "moved_out": _l("Moved out"),
}


@dataclass(frozen=True, slots=True)
class PeopleSearch:
    """A search for people; `after` is the end of the page before."""

    text: str = ""
    building: str = ""
    kind: str = ""
    state: str = ""
    after: str = ""

    @property
    def is_all(self) -> bool:
        return not (self.text or self.building or self.kind or self.state)


@dataclass(frozen=True, slots=True)
class PeoplePage:
    """One page: homes in their order, people by home, people without one; where the next page begins."""

    homes: Sequence[Home]
    people: Mapping[str, Sequence[Person]]
    others: Sequence[Person]
    next_after: str | None
    more_others: bool

    @property
    def everyone(self) -> list[Person]:
        return [*(person for of_home in self.people.values() for person in of_home), *self.others]


def wanted_of(arguments: Mapping[str, str]) -> PeopleSearch:
    """Return the search of an address; ignore values that are not offered."""
    kind, state = arguments.get("kind", ""), arguments.get("state", "")
    return PeopleSearch(
        " ".join(arguments.get("q", "").split())[:40],
        arguments.get("building", "")[:20],
        kind if kind in KINDS else "",
        state if state in STATES else "",
        arguments.get("after", "")[:60],
    )


def buildings_of(session: Session, site_id: str) -> list[str]:
    """Return the buildings of a site in their order."""
    found = session.scalars(select(Home.building).where(Home.site_id == site_id).distinct())
    return sorted(found, key=sort_key)


def find(session: Session, site_id: str, wanted: PeopleSearch) -> PeoplePage:
    in_homes = wanted.building != NO_HOME
    homes = _homes(session, site_id, wanted) if in_homes else []
    people = _people_of(session, site_id, wanted, homes[:PAGE_ROWS])
    others = (
        []
        if wanted.building not in ("", NO_HOME) or wanted.state == "empty"
        else (_without_home(session, site_id, wanted))
    )
    next_after = homes[PAGE_ROWS - 1].sort_key if len(homes) > PAGE_ROWS else None
    if wanted.building == NO_HOME:
        start = number_of(wanted.after) or 0
        rest = others[start:]
        following = str(start + PAGE_ROWS) if len(rest) > PAGE_ROWS else None
        return PeoplePage([], {}, _whole(session, rest[:PAGE_ROWS]), following, more_others=False)
    shown = others[: 0 if wanted.after else PAGE_ROWS]
    return PeoplePage(
        homes[:PAGE_ROWS],
        people,
        _whole(session, shown),
        next_after,
        more_others=len(others) > PAGE_ROWS and not wanted.after,
    )


def whole_list(
    session: Session, site_id: str, wanted: PeopleSearch
) -> Iterator[tuple[str | None, Person | None]]:
    """Give everything that the pages of a search show: (home's number, person).

    The person is None for a home without people who fit, the number for a person without a home.
    """
    place = wanted
    while wanted.building != NO_HOME:
        homes = _homes(session, site_id, place)
        people = _people_of(session, site_id, place, homes[:PAGE_ROWS])
        for home in homes[:PAGE_ROWS]:
            found: Sequence[Person | None] = people.get(home.home_id) or [None]
            for person in found:
                yield home.number, person
        if len(homes) <= PAGE_ROWS:
            break
        place = replace(wanted, after=homes[PAGE_ROWS - 1].sort_key)
    if wanted.building not in ("", NO_HOME) or wanted.state == "empty":
        return
    others = _without_home(session, site_id, wanted)
    for start in range(0, len(others), PAGE_ROWS):
        for person in _whole(session, others[start : start + PAGE_ROWS]):
            yield None, person


def count_of(session: Session, site_id: str, wanted: PeopleSearch) -> int:
    """Return how many people all pages of a search show together."""
    found = _everyone(site_id, wanted).with_only_columns(func.count(Person.person_id))
    return session.scalar(found) or 0


def ids_of(session: Session, site_id: str, wanted: PeopleSearch, limit: int) -> list[str]:
    """Return the ids of the people whom all pages of a search show together, at most `limit`."""
    return list(session.scalars(_everyone(site_id, wanted).order_by(Person.person_id).limit(limit)))


def living_in(session: Session, home: Home) -> list[Person]:
    """Return who lives in a home with their grants, by name; cards without a holder come last."""
    living = select(Person).where(Person.home_id == home.home_id, Person.ended_at.is_(None))
    found = session.scalars(living.options(selectinload(Person.grants)))
    return sorted(found, key=lambda person: (person.kind == UNASSIGNED, name_key(person.display_name)))


def phone_pages(session: Session, people: Collection[Person], now: datetime) -> dict[str, PhonePage]:
    """Return which of these people have opened their phone page or have an open invitation to it."""
    ids = [person.person_id for person in people]
    rows = session.execute(
        select(Invitation.person_id, Invitation.used_at, Invitation.expires_at).where(
            Invitation.person_id.in_(ids)
        )
    )
    pages: dict[str, PhonePage] = {}
    for person_id, used_at, expires_at in rows:
        if used_at is not None:
            pages[person_id] = "opened"
        elif expires_at > now:
            pages.setdefault(person_id, "invited")
    return pages


def first_who_fit(session: Session, site_id: str, text: str, chosen: str, limit: int) -> Sequence[Person]:
    """Return people with their homes: the chosen one, and the first whose name or home has this text.

    Who lives in a home of exactly this number comes first.
    """
    about = Person.person_id == chosen
    if text:
        about = or_(about, name_has(text), number_has(text))
    query = select(Person).outerjoin(Home).options(contains_eager(Person.home))
    living = query.where(Person.site_id == site_id, Person.ended_at.is_(None), about)
    lives_there = func.replace(Home.number, "-", "") == text.replace("-", "")
    order = case((lives_there, 0), else_=1), Person.display_name
    return session.scalars(living.order_by(*order).limit(limit)).all()


def _homes(session: Session, site_id: str, wanted: PeopleSearch) -> list[Home]:
    query = select(Home).where(Home.site_id == site_id)
    lives_there = exists().where(Person.home_id == Home.home_id)
    if wanted.state == "empty":
        query = query.where(~lives_there.where(Person.ended_at.is_(None)))
        query = query.where(number_has(wanted.text)) if wanted.text else query
    elif wanted.text or wanted.kind or wanted.state:
        fits = lives_there.where(*_fits(wanted), name_has(wanted.text))
        if wanted.kind or wanted.state:
            in_home = and_(number_has(wanted.text), lives_there.where(*_fits(wanted)))
        else:
            in_home = number_has(wanted.text)
        query = query.where(or_(fits, in_home))
    if wanted.building:
        query = query.where(Home.building == wanted.building)
    if wanted.after:
        query = query.where(Home.sort_key > wanted.after)
    return list(session.scalars(query.order_by(Home.sort_key, Home.home_id).limit(PAGE_ROWS + 1)))


def _people_of(
    session: Session, site_id: str, wanted: PeopleSearch, homes: Sequence[Home]
) -> dict[str, list[Person]]:
    """Return the people of these homes who fit; in a home found by its number all who fit otherwise."""
    people: dict[str, list[Person]] = defaultdict(list)
    ids = [home.home_id for home in homes]
    rows = session.scalars(
        select(Person)
        .join(Home, Home.home_id == Person.home_id)
        .where(
            Person.site_id == site_id,
            Person.home_id.in_(ids),
            *_fits(wanted),
            or_(name_has(wanted.text), number_has(wanted.text)),
        )
        .options(selectinload(Person.grants))
    )
    for person in rows:
        people[str(person.home_id)].append(person)
    for of_home in people.values():
        of_home.sort(key=lambda person: (name_key(person.display_name), person.person_id))
    return people


def _without_home(session: Session, site_id: str, wanted: PeopleSearch) -> list[tuple[str, str]]:
    """Return (id, name) of everyone without a home who fits, by name: two short columns of few people."""
    rows = session.execute(
        select(Person.person_id, Person.display_name).where(
            Person.site_id == site_id, Person.home_id.is_(None), *_fits(wanted), name_has(wanted.text)
        )
    )
    found = [(person_id, name) for person_id, name in rows]
    return sorted(found, key=lambda row: (name_key(row[1]), row[0]))


def _whole(session: Session, rows: Sequence[tuple[str, str]]) -> list[Person]:
    """Return people with their grants, in the order of these rows."""
    ids = [person_id for person_id, _name in rows]
    found = session.scalars(
        select(Person).where(Person.person_id.in_(ids)).options(selectinload(Person.grants))
    )
    by_id = {person.person_id: person for person in found}
    return [by_id[person_id] for person_id in ids]


def _everyone(site_id: str, wanted: PeopleSearch) -> Select[str]:
    query = (
        select(Person.person_id)
        .outerjoin(Home, Home.home_id == Person.home_id)
        .where(Person.site_id == site_id, *_fits(wanted), or_(name_has(wanted.text), number_has(wanted.text)))
    )
    if wanted.state == "empty":
        return query.where(false())
    if wanted.building == NO_HOME:
        return query.where(Person.home_id.is_(None))
    return query.where(Home.building == wanted.building) if wanted.building else query


def _fits(wanted: PeopleSearch) -> list[ColumnElement[bool]]:
    gone = Person.ended_at.is_not(None) if wanted.state == "moved_out" else Person.ended_at.is_(None)
    fits: list[ColumnElement[bool]] = [gone]
    if wanted.kind:
        fits.append(Person.kind == wanted.kind)
    if wanted.state == "suspended":
        fits.append(Person.suspended.is_(True))
    if wanted.state == "unnamed":
        fits.append(Person.kind == UNASSIGNED)
    if wanted.state == "nothing":
        fits.append(
            ~exists().where(CredentialRow.person_id == Person.person_id, CredentialRow.state == "active")
        )
    return fits


def name_has(text: str) -> ColumnElement[bool]:
    """Return whether a name contains the text, in any case."""
    return Person.display_name.icontains(text, autoescape=True)


def number_has(text: str) -> ColumnElement[bool]:
    """Return whether a home's number contains the text, with its dashes or as on a keypad."""
    typed = func.replace(Home.number, "-", "")
    return or_(Home.number.icontains(text, autoescape=True), typed.icontains(text, autoescape=True))
