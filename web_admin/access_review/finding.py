"""Find what an access review confirms: in the tables as they are now, and what the last round left."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import Session, aliased

from gate_controller.contract.records import CredentialKind
from web_admin.access_review.models import CardMonth, ReviewRound, ReviewRow
from web_admin.access_review.rules import (
    UNUSED_AFTER,
    Found,
    Kind,
    Why,
    by_risk,
    latest_unused_month,
    with_carried,
)
from web_admin.access_review.subjects import live_subjects
from web_admin.accounts.models import ApiKey
from web_admin.accounts.queries import staff_profiles
from web_admin.accounts.staff import role_of, staff_accounts
from web_admin.compound.age_bands import ADULT
from web_admin.compound.models import UNASSIGNED, CredentialRow, GrantRow, Person, Site
from web_admin.credentials.queries import live_emergency_codes
from web_admin.messages.queries import webhooks_of
from web_admin.people.models import HomeAddition


def everything_to_confirm(session: Session, site: Site, now: datetime) -> list[Found]:
    """Return the rows of a new round, the riskiest first."""
    found = [
        *_accounts(session, now),
        *_keys(session, site, now),
        *_codes(session, site),
        *(Found(Kind.WEBHOOK, hook.webhook_id, Why.SENDS_OUT) for hook in webhooks_of(session, site.site_id)),
        *_cards(session, site, now),
        *_people(session, site, now),
    ]
    left = left_without_answer(session, site.site_id)
    alive = live_subjects(session, site.site_id, [(one.kind, one.subject_id) for one in left], now)
    return by_risk(with_carried(found, [one for one in left if (one.kind, one.subject_id) in alive]))


def left_without_answer(session: Session, site_id: str) -> list[Found]:
    """Return the rows that the last closed round left without an answer."""
    last = session.scalar(
        select(ReviewRound.round_id)
        .where(ReviewRound.site_id == site_id, ReviewRound.closed_at.is_not(None))
        .order_by(ReviewRound.number.desc())
        .limit(1)
    )
    rows = session.scalars(select(ReviewRow).where(ReviewRow.round_id == last, ReviewRow.decision.is_(None)))
    return [
        Found(
            Kind(row.kind),
            row.subject_id,
            Why(row.why),
            row.person_id,
            row.home_id,
            row.unused_since,
            row.carried,
        )
        for row in rows
    ]


def _accounts(session: Session, now: datetime) -> Iterator[Found]:
    profiles = staff_profiles(session)
    since = (now - UNUSED_AFTER).date()
    for account in staff_accounts(session):
        if not account.active:
            continue
        profile = profiles.get(account.id)
        used = None if profile is None else profile.last_sign_in_on or profile.added_at.date()
        why = Why.MANAGER if role_of(account) == "manager" else Why.STAFF
        yield Found(Kind.ACCOUNT, str(account.id), Why.NOT_SIGNED_IN if used and used < since else why)


def _keys(session: Session, site: Site, now: datetime) -> Iterator[Found]:
    keys = session.scalars(
        select(ApiKey).where(
            ApiKey.site_id == site.site_id, ApiKey.ended_at.is_(None), ApiKey.valid_until > now
        )
    )
    since = (now - UNUSED_AFTER).date()
    for key in keys:
        why = Why.KEY_WRITES if any(scope.endswith(":write") for scope in key.scopes) else Why.KEY_READS
        unused = (key.last_used_on or key.created_at.date()) < since
        yield Found(Kind.KEY, key.key_id, Why.KEY_UNUSED if unused else why)


def _codes(session: Session, site: Site) -> Iterator[Found]:
    for code in live_emergency_codes(session, site.site_id):
        why = Why.CODE_USED if code.last_used_at is not None else Why.CODE
        yield Found(Kind.CODE, code.credential_id, why)


def _cards(session: Session, site: Site, now: datetime) -> Iterator[Found]:
    today = now.astimezone(ZoneInfo(site.timezone)).date()
    rows = session.execute(
        select(CredentialRow.credential_id, Person, CardMonth.month)
        .join(Person, Person.person_id == CredentialRow.person_id)
        .join(CardMonth, CardMonth.credential_id == CredentialRow.credential_id)
        .where(
            Person.site_id == site.site_id,
            Person.ended_at.is_(None),
            CredentialRow.kind == CredentialKind.CARD,
            CredentialRow.state == "active",
            CardMonth.month <= latest_unused_month(today),
        )
    )
    for credential_id, person, month in rows:
        why = Why.UNUSED_NO_HOLDER if person.kind == UNASSIGNED else Why.UNUSED
        yield Found(Kind.CARD, credential_id, why, person.person_id, person.home_id, month)


def _people(session: Session, site: Site, now: datetime) -> Iterator[Found]:
    """Yield rights that open in lockdown, rights to pass that outlived their reason, helpers and children."""
    here = (Person.site_id == site.site_id, Person.ended_at.is_(None))
    for person in session.scalars(select(Person).where(*here, Person.may_override.is_(True))):
        yield Found(Kind.OVERRIDE, person.person_id, Why.OVERRIDE, person.person_id, person.home_id)
    found: dict[str, Found] = {}
    at_home = (*here, Person.home_id.is_not(None))
    for kind, why, people in (
        (Kind.GRANT, Why.NO_ONE_ANSWERS, _unanswered_helpers(session, site)),
        (Kind.GRANT, Why.NO_END, _without_end(session, site)),
        (Kind.GRANT, Why.OVER, _over(session, site, now)),
        (Kind.HELPER, Why.HELPS, session.scalars(select(Person).where(*at_home, Person.kind == "helper"))),
        (Kind.CHILD, Why.CHILD, session.scalars(select(Person).where(*at_home, *_is_child()))),
    ):
        for person in people:
            row = found.setdefault(
                person.person_id, Found(kind, person.person_id, why, person.person_id, person.home_id)
            )
            found[person.person_id] = replace(row, kind=kind)  # a home confirms its own, whatever the why
    yield from found.values()


def _is_child() -> tuple[ColumnElement[bool], ...]:
    return Person.kind == "resident", Person.age_band != ADULT, _has_a_way()


def _unanswered_helpers(session: Session, site: Site) -> list[Person]:
    """Return helpers whose home has no adult who lives there, or whose adult has left that home."""
    answers = aliased(Person)
    return list(
        session.scalars(
            select(Person)
            .outerjoin(HomeAddition, HomeAddition.person_id == Person.person_id)
            .outerjoin(answers, answers.person_id == HomeAddition.added_by)
            .where(
                Person.site_id == site.site_id,
                Person.ended_at.is_(None),
                Person.kind == "helper",
                answers.person_id.is_not(None),
                (answers.ended_at.is_not(None)) | (answers.home_id != Person.home_id),
            )
        )
    )


def _without_end(session: Session, site: Site) -> list[Person]:
    """Return staff and helpers who may pass without an end."""
    return list(
        session.scalars(
            select(Person).where(
                Person.site_id == site.site_id,
                Person.ended_at.is_(None),
                Person.kind.in_(("staff", "helper")),
                exists().where(GrantRow.person_id == Person.person_id, GrantRow.valid_until.is_(None)),
            )
        )
    )


def _over(session: Session, site: Site, now: datetime) -> list[Person]:
    """Return people whose rights to pass are all over and who hold a card, PIN or code."""
    grants = GrantRow.person_id == Person.person_id
    return list(
        session.scalars(
            select(Person).where(
                Person.site_id == site.site_id,
                Person.ended_at.is_(None),
                exists().where(grants),
                ~exists().where(grants, GrantRow.valid_until.is_(None)),
                ~exists().where(grants, GrantRow.valid_until > now),
                _has_a_way(),
            )
        )
    )


def _has_a_way() -> ColumnElement[bool]:
    return exists().where(
        CredentialRow.person_id == Person.person_id,
        CredentialRow.state != "ended",
        CredentialRow.duress.is_(False),
    )
