"""Read the things that rows are about: how they are called now, and whether they are still there."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from web_admin.access_review.rules import Kind
from web_admin.accounts.models import ApiKey, StaffProfile, User
from web_admin.accounts.staff import role_of
from web_admin.compound.models import CredentialRow, Home, Person
from web_admin.credentials.models import EmergencyCode
from web_admin.messages.models import Webhook

MANY = 500
Key = tuple[str, str]
"""Kind and id of a subject."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A row's subject as it is now; `detail` is a role, scopes, an address or a card's own word.

    `is_live` is False once it has ended, and `is_suspended` says that it opens nothing already.
    """

    name: str
    detail: str
    is_live: bool
    is_suspended: bool = False
    home: str = ""
    person_id: str | None = None


def subjects_of(session: Session, site_id: str, keys: Iterable[Key], now: datetime) -> Mapping[Key, Subject]:
    """Return what these rows are about, in a query for each kind and 500 ids; what is unknown is missing."""
    by_kind: defaultdict[str, list[str]] = defaultdict(list)
    for kind, subject_id in keys:
        by_kind[kind].append(subject_id)
    found: dict[Key, Subject] = {}
    for kind, ids in by_kind.items():
        for start in range(0, len(ids), MANY):
            part = _READERS[Kind(kind)](session, site_id, ids[start : start + MANY], now)
            found.update({(kind, subject_id): subject for subject_id, subject in part.items()})
    return found


def live_subjects(session: Session, site_id: str, keys: Iterable[Key], now: datetime) -> Collection[Key]:
    """Return those of these subjects that have not ended."""
    return {key for key, subject in subjects_of(session, site_id, keys, now).items() if subject.is_live}


Read = dict[str, Subject]


def _accounts(session: Session, _site_id: str, ids: Collection[str], _now: datetime) -> Read:
    rows = session.execute(
        select(User, StaffProfile.shown_name)
        .outerjoin(StaffProfile, StaffProfile.account_id == User.id)
        .where(User.id.in_([int(one) for one in ids]), User.person_id.is_(None))
    )
    return {
        str(account.id): Subject(name or account.email or "", role_of(account), account.active)
        for account, name in rows
    }


def _keys(session: Session, site_id: str, ids: Collection[str], now: datetime) -> Read:
    rows = session.scalars(select(ApiKey).where(ApiKey.key_id.in_(ids), ApiKey.site_id == site_id))
    return {
        row.key_id: Subject(
            row.name,
            ", ".join(row.scopes),
            row.ended_at is None and row.valid_until > now,
            row.held_at is not None,
        )
        for row in rows
    }


def _webhooks(session: Session, site_id: str, ids: Collection[str], _now: datetime) -> Read:
    rows = session.scalars(select(Webhook).where(Webhook.webhook_id.in_(ids), Webhook.site_id == site_id))
    return {
        row.webhook_id: Subject(row.name, row.url, row.ended_at is None, row.held_at is not None)
        for row in rows
    }


def _codes(session: Session, site_id: str, ids: Collection[str], _now: datetime) -> Read:
    rows = session.scalars(
        select(EmergencyCode).where(EmergencyCode.credential_id.in_(ids), EmergencyCode.site_id == site_id)
    )
    return {row.credential_id: Subject(row.label, "", row.state != "ended") for row in rows}


def _people(session: Session, site_id: str, ids: Collection[str], _now: datetime) -> Read:
    return {
        person.person_id: Subject(
            person.display_name, "", person.ended_at is None, person.suspended, home or "", person.person_id
        )
        for person, home in session.execute(
            select(Person, Home.number)
            .outerjoin(Home, Home.home_id == Person.home_id)
            .where(Person.person_id.in_(ids), Person.site_id == site_id)
        )
    }


def _overrides(session: Session, site_id: str, ids: Collection[str], _now: datetime) -> Read:
    rows = session.scalars(select(Person).where(Person.person_id.in_(ids), Person.site_id == site_id))
    return {
        person.person_id: Subject(
            person.display_name,
            "",
            person.ended_at is None and person.may_override,
            person.suspended,
            person_id=person.person_id,
        )
        for person in rows
    }


def _cards(session: Session, site_id: str, ids: Collection[str], _now: datetime) -> Read:
    rows = session.scalars(
        select(CredentialRow)
        .join(Person, Person.person_id == CredentialRow.person_id)
        .options(joinedload(CredentialRow.person).joinedload(Person.home))
        .where(CredentialRow.credential_id.in_(ids), Person.site_id == site_id)
    )
    return {
        row.credential_id: Subject(
            row.person.display_name,
            row.label,
            row.state != "ended",
            row.state == "suspended" or row.person.suspended,
            row.person.home.number if row.person.home is not None else "",
            row.person_id,
        )
        for row in rows
    }


_READERS: Mapping[Kind, Callable[[Session, str, Collection[str], datetime], Read]] = {
    Kind.ACCOUNT: _accounts,
    Kind.KEY: _keys,
    Kind.CODE: _codes,
    Kind.OVERRIDE: _overrides,
    Kind.GRANT: _people,
    Kind.CARD: _cards,
    Kind.WEBHOOK: _webhooks,
    Kind.HELPER: _people,
    Kind.CHILD: _people,
}
