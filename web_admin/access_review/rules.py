"""Rules of access reviews: when one is due, what is listed, how risky, until when an answer counts. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum

UNUSED_AFTER = timedelta(days=90)
ANSWER_WITHIN = timedelta(days=14)
"""How long a person or an account that is asked has to answer."""
HOME_ANSWERS_WITHIN = timedelta(days=28)
"""How long a home has for its helpers and children, from the beginning of the review."""
REMIND_BEFORE = timedelta(days=3)
REMIND_OFFICE_EVERY = timedelta(days=14)

HIGH, MEDIUM, LOW = 3, 2, 1


class Kind(StrEnum):
    """The kind of thing that a row is about."""

    ACCOUNT = "account"
    KEY = "api_key"
    CODE = "emergency_code"
    OVERRIDE = "override"
    GRANT = "grant"
    CARD = "card"
    WEBHOOK = "webhook"
    HELPER = "helper"
    CHILD = "child"


OF_HOMES = (Kind.HELPER, Kind.CHILD)
"""These each home confirms itself."""
OF_PEOPLE = (Kind.GRANT, Kind.HELPER, Kind.CHILD)
"""Suspending one of these suspends the whole person."""


class Why(StrEnum):
    MANAGER = "manager"
    STAFF = "staff"
    NOT_SIGNED_IN = "not_signed_in"
    KEY_WRITES = "key_writes"
    KEY_READS = "key_reads"
    KEY_UNUSED = "key_unused"
    CODE = "code"
    CODE_USED = "code_used"
    OVERRIDE = "override"
    NO_END = "no_end"
    NO_ONE_ANSWERS = "no_one_answers"
    OVER = "over"
    UNUSED = "unused"
    UNUSED_NO_HOLDER = "unused_no_holder"
    SENDS_OUT = "sends_out"
    HELPS = "helps"
    CHILD = "child"


RISKS: Mapping[Why, int] = {
    Why.MANAGER: HIGH,
    Why.NOT_SIGNED_IN: HIGH,
    Why.KEY_WRITES: HIGH,
    Why.KEY_UNUSED: HIGH,
    Why.CODE: HIGH,
    Why.CODE_USED: HIGH,
    Why.OVERRIDE: HIGH,
    Why.NO_ONE_ANSWERS: HIGH,
    Why.UNUSED_NO_HOLDER: HIGH,
    Why.STAFF: MEDIUM,
    Why.KEY_READS: MEDIUM,
    Why.NO_END: MEDIUM,
    Why.UNUSED: MEDIUM,
    Why.SENDS_OUT: MEDIUM,
    Why.OVER: LOW,
    Why.HELPS: LOW,
    Why.CHILD: LOW,
}


@dataclass(frozen=True, slots=True)
class Found:
    """One thing to confirm; `carried` counts the rounds before that left it without an answer."""

    kind: Kind
    subject_id: str
    why: Why
    person_id: str | None = None
    home_id: str | None = None
    unused_since: date | None = None
    carried: int = 0

    @property
    def risk(self) -> int:
        """Return 3 for high, 2 for medium, 1 for low; what was left without an answer weighs one more."""
        return min(HIGH, RISKS[self.why] + (self.carried > 0))


def by_risk(found: Iterable[Found]) -> list[Found]:
    """Return what is to be confirmed, the riskiest first, of these what was left before."""
    order = list(Kind)
    return sorted(
        found,
        key=lambda one: (-one.risk, -one.carried, order.index(one.kind), one.home_id or "", one.subject_id),
    )


def with_carried(found: Iterable[Found], left: Iterable[Found]) -> list[Found]:
    """Return what is found now and what the last round left, each once; the second counts one round more."""
    rows = {(one.kind, one.subject_id): one for one in found}
    for one in left:
        now = rows.get((one.kind, one.subject_id), one)
        rows[one.kind, one.subject_id] = replace(now, carried=one.carried + 1)
    return list(rows.values())


def due_at(began: datetime | None, counting_since: datetime | None, every_days: int) -> datetime | None:
    """Return when the next review begins: so long after the last one, or after cards began to be watched.

    None before that: a new installation, or one that was upgraded, has nothing to say of any card yet.
    """
    since = began or counting_since
    return None if since is None else since + timedelta(days=every_days)


def month_of(day: date) -> date:
    """Return the first day of a day's month."""
    return day.replace(day=1)


def next_month(month: date) -> date:
    """Return the first day of the month after."""
    return month_of(month + timedelta(days=31))


def latest_unused_month(today: date) -> date:
    """Return the newest month in which a card may have been used last and count as unused for 90 days."""
    month = month_of(today - UNUSED_AFTER)
    while next_month(month) + UNUSED_AFTER > today:
        month = month_of(month - timedelta(days=1))
    return month
