"""Promise 11: no person is locked out for money.

Over histories that chance makes up a landlord tries every door: the manager's page, a list, the interface, a
sheet, an access review, with and without a helper among the guards. Held against it are gates that are played
through a week (`coming_home`) over a drawing of the compound, and what the resident has in hand as the test
knows it. Does not cover: staff who lie about the reason, which its person reads and objects to; two accounts
that act together; orders for a while; times that are taken in steps.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tests.promises.coming_home import is_kept_out, times_at_home
from tests.promises.keeping_out import DOORS as LANDLORDS_DOORS
from tests.promises.keeping_out import GIVES_FIRST, HAS_A_REASON, NEVER, OWN, Home, a_home
from tests.support.acting import add_lane, by_phone, household
from tests.support.examples import examples
from web_admin.action.base import Action
from web_admin.action.suspension_reasons import Cause, SuspensionReason
from web_admin.compound.models import CredentialRow, Person
from web_admin.compound.suspension_models import LockOut, Suspension
from web_admin.core.refusal import ActionRefused
from web_admin.credentials.actions import end_credential, resume_credential, suspend_credential
from web_admin.credentials.cards import issue_card
from web_admin.credentials.pins import issue_pin
from web_admin.messages.models import OutboxMessage
from web_admin.people.bulk_actions import suspend_people
from web_admin.people.suspension_ends import end_due
from web_admin.people.suspensions import confirm_suspension, resume_person, suspend_person
from web_admin.people_import.sheet import read_sheet

pytestmark = [pytest.mark.usefixtures("codes_hashed_quickly")]

OF_DEBT = ("unpaid", "欠费", "arrears", "")
WORDS = (*OF_DEBT, *SuspensionReason)
OF_WHOLE_PEOPLE = {"asked", "moved_out", "order", "danger"}
OF_CARDS = {"lost", "damaged", "returned", "asked", "home"}
OF_ACTS = OF_WHOLE_PEOPLE | OF_CARDS | {"works"}
WEEK, MONTH = 7, 30
DOORS = (
    "page",
    "list",
    "interface",
    "interface_ends",
    "guard",
    "confirm",
    "resume",
    "owner",
    "card",
    "sheet",
    "days",
)
OWNERS = (suspend_credential, resume_credential)
SHEETS = [f"home,name,{word}\n1-0101,Ann,1\n" for word in ("欠费", "arrears", "paid")]
_numbers, _homes = count(5_000_000), count(1)

Step = tuple[str, str, int, int]
STEPS = st.lists(
    st.tuples(st.sampled_from(DOORS), st.sampled_from(WORDS), st.integers(0, 9), st.integers(0, 12)),
    min_size=4,
    max_size=14,
)


@dataclass
class Life:
    """One person under one landlord: what was done, and on which days nothing let them in."""

    act: Action
    person: Person
    suspended_days: list[bool] = field(default_factory=list)

    @property
    def landlord(self) -> Action:
        return self.act

    @property
    def system(self) -> Action:
        return replace(self.act, channel="api", actor_id="key:fees")

    def ways(self) -> set[str]:
        """Return what would let this person in without a face, were they not suspended as a whole."""
        rows = self.act.session.scalars(
            select(CredentialRow).where(
                CredentialRow.person_id == self.person.person_id, CredentialRow.state == "active"
            )
        )
        return {
            row.credential_id
            for row in rows
            if row.kind in self.person.methods
            and (row.valid_until is None or row.valid_until > self.act.now)
            and not row.duress
        }

    def gets_in(self) -> bool:
        return not self.person.suspended and bool(self.ways())

    def some_card(self, which: int) -> str:
        rows = self.act.session.scalars(
            select(CredentialRow.credential_id)
            .where(CredentialRow.person_id == self.person.person_id, CredentialRow.kind != "qr")
            .order_by(CredentialRow.created_at, CredentialRow.credential_id)
        ).all()
        return rows[which % len(rows)]

    def open_rows(self) -> list[Suspension]:
        rows = select(Suspension).where(
            Suspension.person_id == self.person.person_id, Suspension.ended_at.is_(None)
        )
        return list(self.act.session.scalars(rows))


def tried(doing: Callable[[], object]) -> bool:
    try:
        doing()
    except ActionRefused:
        return False
    return True


def do(life: Life, step: Step) -> None:
    """Take one step; what takes a last way in by list or interface, or for a debt, is a broken promise."""
    door, word, which, days = step
    act, person_id = life.landlord, life.person.person_id
    until = act.now + timedelta(days=days) if days else None
    got_in, ways = life.gets_in(), life.ways()
    doing: dict[str, Callable[[], object]] = {
        "page": lambda: suspend_person(act, person_id, Cause(word, "1-2026", until)),
        "list": lambda: suspend_people(act, [person_id], word),
        "interface": lambda: suspend_credential(life.system, life.some_card(which), word),
        "interface_ends": lambda: end_credential(life.system, life.some_card(which), "lost"),
        "guard": lambda: suspend_person(replace(act, role="guard"), person_id, Cause(word, "1", until)),
        "confirm": lambda: [confirm_suspension(act, row.suspension_id) for row in life.open_rows()],
        "resume": lambda: resume_person(act, person_id),
        "owner": lambda: OWNERS[which % 2](by_phone(act, person_id), life.some_card(which)),
        "card": lambda: issue_card(act, person_id, next(_numbers), valid_until=until if which % 2 else None),
        "sheet": lambda: refuses_debts(SHEETS[which % 3]),
        "days": lambda: [pass_a_day(life) for _day in range(days)],
    }
    done = tried(doing[door])
    names_a_reason = door in ("page", "list", "interface", "guard")
    assert not (done and names_a_reason and word in OF_DEBT), f"{door} suspended for {word!r}"
    if door in ("list", "interface", "interface_ends"):
        assert life.gets_in() or not got_in, f"{door} took the last way in"
        assert life.ways() or not ways, f"{door} took the last way in of a suspended person"


def refuses_debts(sheet: str) -> None:
    with pytest.raises(ActionRefused, match="944"):
        read_sheet(sheet.encode())


def pass_a_day(life: Life) -> None:
    """Let a day go by with the housekeeping at its end, and note whether a suspension kept the person out."""
    life.suspended_days.append(life.person.suspended)
    life.act = replace(life.act, now=life.act.now + timedelta(days=1))
    end_due(replace(life.act, channel="system", actor_id="housekeeping"))


def check(life: Life) -> None:
    """Check that all that is suspended has a reason of the list that its rule allows."""
    session = life.act.session
    session.flush()
    rows = [row for row in life.open_rows() if row.began_at is not None]
    whole = [row for row in rows if row.credential_id is None]
    assert life.person.suspended is bool(whole)
    for row in whole:
        assert row.reason in OF_WHOLE_PEOPLE
        alone = row.confirmed_by is None
        assert not alone or (row.until is not None and row.until - row.given_at <= timedelta(days=WEEK))
        assert row.confirmed_by != row.given_by
    suspended = session.scalars(
        select(CredentialRow.credential_id).where(
            CredentialRow.person_id == life.person.person_id, CredentialRow.state == "suspended"
        )
    ).all()
    assert set(suspended) == {row.credential_id for row in rows if row.credential_id is not None}
    assert {row.reason for row in rows if row.credential_id is not None} <= OF_CARDS
    for end in range(len(life.suspended_days)):
        within = life.suspended_days[max(0, end - MONTH + 1) : end + 1]
        assert sum(within) <= WEEK, "one account alone kept a person out for more than a week of a month"


@given(steps=STEPS)
@settings(
    max_examples=examples(120),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_over_any_history_no_landlord_keeps_anybody_out_for_a_debt(act: Action, steps: list[Step]) -> None:
    life = a_life(act)
    for step in steps:
        do(life, step)
        check(life)


def a_life(act: Action, now: datetime | None = None) -> Life:
    begins = replace(act, now=now or act.now)
    _, person = household(begins, f"11-{next(_homes):04d}")
    issue_card(begins, person.person_id, next(_numbers))
    issue_pin(begins, person.person_id)
    return Life(begins, person)


def steps_that_once_would_have() -> list[list[Step]]:
    """Return the histories that a fee system or a landlord begins with."""
    return [
        [("interface", "lost", n, 0) for n in range(3)],
        [("interface_ends", "", n, 0) for n in range(3)],
        [("list", "moved_out", 0, 0), ("days", "", 0, 9), ("list", "moved_out", 0, 0)],
        [*[("page", "moved_out", 0, 7), ("days", "", 0, 8)] * 4],
        [("page", "danger", 0, 6), ("confirm", "", 0, 0), ("days", "", 0, 2)],
        [("page", "moved_out", 0, 0), ("confirm", "", 0, 0), ("days", "", 0, 9)],
        [("sheet", "", n, 0) for n in range(3)],
    ]


@pytest.mark.parametrize("steps", steps_that_once_would_have())
def test_what_a_landlord_tries_first_keeps_no_person_out(act: Action, steps: list[Step]) -> None:
    add_lane(act)
    life = a_life(act)
    for step in steps:
        do(life, step)
        check(life)


# -- what comes to the same ---------------------------------------------------------------------------

ACTS = st.lists(
    st.tuples(
        st.sampled_from(sorted(LANDLORDS_DOORS)),
        st.sampled_from(("", "unpaid", "欠费", "works", "asked", "moved_out", "lost")),
        st.integers(0, 12),
    ),
    min_size=2,
    max_size=6,
)
Act = tuple[str, str, int]


@pytest.mark.publishing
@given(acts=ACTS)
@settings(
    max_examples=examples(24),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_whatever_keeps_a_resident_out_has_a_reason_of_the_list_and_leaves_a_row(
    act: Action, acts: list[Act]
) -> None:
    with act.session.begin_nested() as example:
        home = a_home(act)
        for each in acts:
            try_to_keep_out(home, each)
        example.rollback()


@pytest.mark.publishing
@pytest.mark.parametrize(
    "acts",
    [
        [("grants", "unpaid", 0)],
        [("grants", "", 1)],
        [("grants", "moved_out", 3)],
        [("hours", "unpaid", 0)],
        [("hours", "works", 1)],
        [("schedule", "", 13), ("schedule", "works", 13)],
        [("lane", "works", 0), ("lane", "", 3)],
        [("end", "lost", 0), ("end", "unpaid", 1)],
        [("end", "lost", 0), ("interface", "", 1)],
        [("interface", "", 0), ("interface", "", 1)],
        [("interface_suspends", "", 0), ("interface_suspends", "", 1)],
        [("list", "", 0), ("list_undone", "", 0), ("import", "", 0)],
        [("gate", "", 0), ("suspend", "", 0), ("suspend", "", 1)],
        [("calendar", "unpaid", day) for day in range(7)],
        [("order", "", 0), ("order", "works", 3), ("order", "unpaid", 9)],
        [("lockdown", "", 0), ("lockdown", "", 1), ("lockdown", "works", 1)],
        [("order", "", 8), ("grants", "", 1), ("grants", "works", 1)],
        [("review", "", shape) for shape in (2, 3, 6)],
        [("lane", "works", 1), ("lane", "works", 4), ("review", "", 2), ("review", "", 3)],
        [("review_unanswered", "", 2), ("review_unanswered", "", 0)],
        [("page", "", 0), ("grants", "", 0), ("interface", "", 0), ("interface", "", 1)],
        [("grants", "", 7), ("grants", "asked", 6), ("grants", "unpaid", 8), ("grants", "asked", 8)],
        [("grants", "asked", 10), ("grants", "", 11)],
        [("end", "lost", 0), ("end", "lost", 1), *[("invite", "", 0), ("page_opened", "", 1)] * 2],
        [("pin", "", 0), ("end", "lost", 0), ("own_pin", "", 0), ("pin", "unpaid", 0), ("pin", "asked", 0)],
        [("end", "lost", 0), ("own_pin", "", 0), ("pins", "", 0), ("pins", "lost", 0)],
        [("card", "", 0), ("end", "lost", 0), ("end", "", 1), ("interface", "", 0), ("interface", "", 1)],
        [("interface_gives", "", 0), ("interface", "", 0), ("interface", "", 1), ("taken", "", 0)],
    ],
    ids=lambda acts: "_".join(door for door, _, _ in acts[:3]),
)
def test_what_comes_to_the_same_is_caught(act: Action, acts: list[Act]) -> None:
    home = a_home(act)
    for each in acts:
        try_to_keep_out(home, each)


def try_to_keep_out(home: Home, each: Act) -> None:
    """Do one act; where it leaves no way home or half of one, it has a reason, a row and a message."""
    door, because, shape = each
    session, who = home.act.session, home.person.person_id
    was_suspended = home.person.suspended
    held = frozenset(home.in_hand)
    before, rows, texts = times_at_home(home.act, who, held), kept_rows(home), messages(home)
    as_resumed = times_at_home(home.act, who, held, resumed=True) if was_suspended else before
    doing, act = LANDLORDS_DOORS[door], replace(home.act, because=because)
    done = tried_whole(session, lambda: doing(home, act, shape))
    session.expire_all()
    hidden = was_suspended and home.person.suspended  # a suspension hides nothing that is taken meanwhile
    before = as_resumed if hidden else before
    after = times_at_home(home.act, who, home.in_hand, resumed=hidden)
    new = [row for row in kept_rows(home) if row not in rows]
    lost = is_kept_out(before, after)
    assert not (lost and door in NEVER), f"{door} kept a resident out"
    assert (not lost) or door in OWN or len(new) == 1, f"{door} kept a resident out and left no row"
    assert (not new) or messages(home) > texts, f"{door} kept a resident out and sent nothing"
    assert all(row.reason in OF_ACTS and row.reason not in OF_DEBT for row in new)
    assert all(row.reason == because or door in HAS_A_REASON for row in new)
    assert done or after == before
    assert not new or lost or door in GIVES_FIRST, f"{door} left a row and kept no one out"


def messages(home: Home) -> int:
    return home.act.session.scalar(select(func.count()).select_from(OutboxMessage)) or 0


def tried_whole(session: Session, doing: Callable[[], object]) -> bool:
    """Return whether an act was done; one that was refused is undone, as every door does."""
    try:
        with session.begin_nested():
            doing()
    except ActionRefused:
        return False
    return True


def kept_rows(home: Home) -> list[LockOut]:
    rows = select(LockOut).where(LockOut.person_id == home.person.person_id)
    return list(home.act.session.scalars(rows.order_by(LockOut.at, LockOut.lock_out_id)))
