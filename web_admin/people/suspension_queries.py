"""Read what is suspended and why: of one person, and of the whole compound for those who decide."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from web_admin.action.suspension_reasons import AGAIN_AFTER, SuspensionReason
from web_admin.compound.models import Person
from web_admin.compound.suspension_models import LockOut, Suspension

MOST_SHOWN = 200
OWN_ROWS = ("person_suspended", "credential_suspended")
"""Acts that a person reads of as suspensions."""


@dataclass(frozen=True, slots=True)
class OfPerson:
    """The suspensions of a person: of everything (`whole`), or a credential by its id; and what waits."""

    whole: Sequence[Suspension]
    waiting: Sequence[Suspension]
    of_credential: Mapping[str, Sequence[Suspension]]


def suspensions_of(session: Session, person_id: str) -> OfPerson:
    """Return what is suspended of a person and of their credentials, in one query, oldest first."""
    rows = session.scalars(
        select(Suspension)
        .where(Suspension.person_id == person_id, Suspension.ended_at.is_(None))
        .order_by(Suspension.given_at, Suspension.suspension_id)
    ).all()
    of_credential: defaultdict[str, list[Suspension]] = defaultdict(list)
    for row in rows:
        if row.credential_id is not None:
            of_credential[row.credential_id].append(row)
    whole = [row for row in rows if row.credential_id is None]
    return OfPerson(
        [row for row in whole if row.began_at is not None],
        [row for row in whole if row.began_at is None],
        of_credential,
    )


def every_suspension_of(session: Session, person_id: str) -> Sequence[Suspension]:
    """Return all suspensions of a person that took effect, those that are over too, oldest first."""
    return session.scalars(
        select(Suspension)
        .where(Suspension.person_id == person_id, Suspension.began_at.is_not(None))
        .order_by(Suspension.given_at, Suspension.suspension_id)
    ).all()


def lock_outs_of(session: Session, person_id: str, since: datetime | None = None) -> Sequence[LockOut]:
    """Return the acts that kept a person out of their home, since a moment, oldest first."""
    rows = select(LockOut).where(LockOut.person_id == person_id)
    if since is not None:
        rows = rows.where(LockOut.at > since, LockOut.act.not_in(OWN_ROWS))
    return session.scalars(rows.order_by(LockOut.at, LockOut.lock_out_id)).all()


def suspended_lately(session: Session, person_ids: Collection[str], now: datetime) -> set[str]:
    """Return which of these people one account alone suspended as a whole, in force or over for a month."""
    return set(
        session.scalars(
            select(Suspension.person_id).where(
                Suspension.person_id.in_(person_ids),
                Suspension.credential_id.is_(None),
                Suspension.began_at.is_not(None),
                Suspension.confirmed_by.is_(None),
                or_(Suspension.ended_at.is_(None), Suspension.ended_at > now - AGAIN_AFTER),
            )
        )
    )


def to_decide(session: Session, site_id: str) -> list[tuple[Suspension, Person]]:
    """Return suspensions of whole people and those of an older release, with their people, oldest first."""
    rows = session.execute(
        select(Suspension, Person)
        .join(Person, Person.person_id == Suspension.person_id)
        .where(
            Suspension.site_id == site_id,
            Suspension.ended_at.is_(None),
            or_(Suspension.credential_id.is_(None), Suspension.reason == SuspensionReason.OTHER),
        )
        .order_by(Suspension.given_at, Suspension.suspension_id)
        .limit(MOST_SHOWN)
    )
    return [(row, person) for row, person in rows]
