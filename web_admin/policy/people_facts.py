"""Read the people of a site and what they hold as plain rows: at a part of what objects cost.

Nothing is changed through them: a publication that pauses a face reads that person's object.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple
from typing import cast as as_type

from sqlalchemy import Row, Select, Table, Text, cast, select
from sqlalchemy.orm import Session

from gate_controller.contract.records import CredentialKind
from web_admin.compound.models import CredentialRow, GrantRow, Home, Person
from web_admin.core.database import among
from web_admin.core.orm import read_json
from web_admin.credentials.models import TwoMethodRequest


class PersonFacts(NamedTuple):
    """Columns of a person that publishing needs."""

    person_id: str
    home_id: str | None
    kind: str
    age_band: str
    age_band_until: date | None
    methods: Sequence[str]
    face_paused_reason: str | None
    suspended: bool
    slow_pass: bool
    may_override: bool


class GrantFacts(NamedTuple):
    """Columns of a grant that publishing needs; grants that name the same lanes share one tuple."""

    person_id: str
    lanes: tuple[str, ...]
    hours_id: str | None
    valid_from: datetime | None
    valid_until: datetime | None


Bound = frozenset[tuple[str, tuple[str, ...]]]
"""Hours to which grants are bound, each with the lanes of one."""


class CredentialFacts(NamedTuple):
    """Columns of a credential that publishing needs."""

    credential_id: str
    person_id: str
    kind: str
    state: str
    secret_sealed: bytes | None
    public_key: bytes | None
    duress: bool
    in_hand: bool
    lanes: Sequence[str] | None
    valid_from: datetime | None
    valid_until: datetime | None
    printed: bool

    @property
    def works_without_server(self) -> bool:
        """Return whether its holder can show it while the server is away."""
        return self.kind != CredentialKind.QR or self.public_key is not None or self.printed


class HomeFacts(NamedTuple):
    """Columns of a home that publishing needs."""

    home_id: str
    number: str
    place_id: str | None
    pin_salt: bytes


class TwoMethodFacts(NamedTuple):
    """Between which minutes a person asked for two methods."""

    person_id: str
    from_minute: int
    until_minute: int


_homes, _people, _grants, _credentials, _requests = (
    as_type(Table, model.__table__) for model in (Home, Person, GrantRow, CredentialRow, TwoMethodRequest)
)


def live_people(session: Session, site_id: str, person_ids: Collection[str] | None) -> list[PersonFacts]:
    """Return those who did not end; None is everyone."""
    rows = _of_people(session, _select(_people, PersonFacts), site_id, person_ids)
    return list(map(PersonFacts._make, rows))


def grants_of_live(
    session: Session, site_id: str, person_ids: Collection[str] | None
) -> dict[str, list[GrantFacts]]:
    # As text: most people have the same lanes, and hundreds of them are read once.
    columns = (_grants.c[name] for name in GrantFacts._fields if name != "lanes")
    query = select(cast(_grants.c.lanes, Text), *columns).join(_people).order_by(_grants.c.grant_id)
    named: dict[str, tuple[str, ...]] = {}
    found: dict[str, list[GrantFacts]] = {}
    for text, person_id, *others in _of_people(session, query, site_id, person_ids):
        lanes = named.get(text)
        if lanes is None:
            lanes = named[text] = _lanes(text)
        found.setdefault(person_id, []).append(GrantFacts(person_id, lanes, *others))
    return found


def bound_to_hours(grants: Mapping[str, Sequence[GrantFacts]]) -> Bound:
    """Return the hours to which any of these grants is bound, each with its lanes."""
    every = (one for of_one in grants.values() for one in of_one)
    return frozenset((one.hours_id, one.lanes) for one in every if one.hours_id is not None)


def others_bound_to_hours(session: Session, site_id: str, person_ids: Collection[str] | None) -> Bound:
    """Return the same of the grants of all others; of None, which is everyone, there are none."""
    if person_ids is None:
        return frozenset()
    session.flush()
    query = select(_grants.c.hours_id, cast(_grants.c.lanes, Text)).join(_people)
    query = query.where(_grants.c.hours_id.is_not(None))
    if person_ids:
        query = query.where(~among(session, _people.c.person_id, person_ids))
    # The database leaves one of many equal ones.
    rows = _of_people(session, query.distinct(), site_id, None)
    return frozenset((hours_id, _lanes(text)) for hours_id, text in rows)


def _lanes(text: str) -> tuple[str, ...]:
    return tuple(as_type(list[str], read_json(text)))


def credentials_of_live(
    session: Session, site_id: str, person_ids: Collection[str] | None
) -> dict[str, list[CredentialFacts]]:
    """Return by person their credentials that did not end."""
    query = _select(_credentials, CredentialFacts).join(_people).where(_credentials.c.state != "ended")
    found: dict[str, list[CredentialFacts]] = {}
    for row in _of_people(session, query.order_by(_credentials.c.credential_id), site_id, person_ids):
        found.setdefault(row.person_id, []).append(CredentialFacts._make(row))
    return found


def two_method_requests(
    session: Session, site_id: str, person_ids: Collection[str] | None
) -> dict[str, TwoMethodFacts]:
    """Return by person what they asked for."""
    query = _select(_requests, TwoMethodFacts).join(_people)
    rows = _of_people(session, query, site_id, person_ids)
    return {row.person_id: TwoMethodFacts._make(row) for row in rows}


def homes_of(session: Session, site_id: str, persons: Sequence[PersonFacts] | None) -> dict[str, HomeFacts]:
    """Return the homes of these people; None is all of the site."""
    query = _select(_homes, HomeFacts).where(_homes.c.site_id == site_id)
    if persons is not None:
        of_people = {person.home_id for person in persons if person.home_id is not None}
        query = query.where(among(session, Home.home_id, of_people))
    return {row.home_id: HomeFacts._make(row) for row in session.execute(query)}


def _select(table: Table, kind: Any) -> Select[*tuple[Any, ...]]:
    return select(*(table.c[name] for name in kind._fields))


def _of_people(
    session: Session, query: Select[*tuple[Any, ...]], site_id: str, person_ids: Collection[str] | None
) -> Iterable[Row[*tuple[Any, ...]]]:
    """Return the rows of the live people of a site among these."""
    if person_ids is not None and not person_ids:
        return ()
    query = query.where(_people.c.site_id == site_id, _people.c.ended_at.is_(None))
    if person_ids is not None:
        query = query.where(among(session, _people.c.person_id, person_ids))
    return session.execute(query)
