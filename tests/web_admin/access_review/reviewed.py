"""A small compound of which every kind of row is to be confirmed."""

from dataclasses import dataclass, replace
from datetime import timedelta

from tests.support.acting import add_lane, household
from tests.support.compounds.access_reviews import URL, cards_were_used_last
from web_admin.access_review.actions import begin_round, mark_of
from web_admin.access_review.models import ReviewRound, ReviewRow
from web_admin.access_review.queries import all_rows
from web_admin.accounts.api_keys import make_api_key
from web_admin.accounts.models import StaffProfile, User
from web_admin.accounts.staff import staff_role
from web_admin.action.base import Action
from web_admin.compound.models import Home, Person
from web_admin.credentials.cards import issue_card
from web_admin.credentials.emergency_codes import make_emergency_code
from web_admin.messages.actions import add_webhook
from web_admin.people.actions import GrantSpec, add_person, set_grants, set_may_override
from web_admin.people.models import HomeAddition


@dataclass(frozen=True)
class Compound:
    """A home with an adult, a helper and a child, a guard's card, and what the office made."""

    act: Action
    home: Home
    adult: Person
    helper: Person
    child: Person
    captain: Person
    guard: User


PEOPLE = ("adult", "helper", "child", "captain")


def ids_of(compound: Compound) -> dict[str, str]:
    """Return by what a compound is found again in a copy of its database."""
    people = {name: getattr(compound, name).person_id for name in PEOPLE}
    office = {"manager": compound.act.actor_id, "guard": str(compound.guard.id)}
    return {"home": compound.home.home_id, **people, **office}


def found_again(act: Action, ids: dict[str, str]) -> Compound:
    """Return the compound of these ids in the session of an action."""
    session = act.session
    people = {name: session.get_one(Person, ids[name]) for name in PEOPLE}
    home, guard = session.get_one(Home, ids["home"]), session.get_one(User, int(ids["guard"]))
    return Compound(replace(act, actor_id=ids["manager"]), home, guard=guard, **people)


def account(act: Action, role: str, email: str) -> User:
    user = User(email=email, active=True, fs_uniquifier=email, roles=[staff_role(act.session, role)])
    act.session.add(user)
    act.session.flush()
    act.session.add(StaffProfile(account_id=user.id, shown_name=role.title(), added_at=act.now, added_by="x"))
    act.session.flush()
    return user


def fill(act: Action) -> Compound:
    """Fill a compound; the manager who acts has an account of its own."""
    lane = add_lane(act)
    home, adult = household(act)
    issue_card(act, adult.person_id, 1001)
    issue_card(act, adult.person_id, 1002)
    child = add_person(act, display_name="Bao", home_id=home.home_id, age_band="under_14")
    helper = add_person(act, display_name="Wu Lan", home_id=home.home_id, kind="helper")
    captain = add_person(act, display_name="Captain", home_id=None, kind="staff")
    act.session.add(
        HomeAddition(
            person_id=helper.person_id, home_id=home.home_id, added_by=adult.person_id, added_at=act.now
        )
    )
    end = act.now + timedelta(days=300)
    set_grants(act, helper.person_id, [GrantSpec((lane,), None, None, end)])
    set_grants(act, captain.person_id, [GrantSpec((lane,), None, None, None)])
    for number, person in enumerate((helper, captain)):
        issue_card(act, person.person_id, 2001 + number)
    set_may_override(act, captain.person_id, may_override=True)
    manager, guard = account(act, "manager", "m@example.org"), account(act, "guard", "g@example.org")
    office = replace(act, actor_id=f"staff-{manager.id}")
    make_api_key(office, name="Parking", scopes=["people:write"], valid_until=act.now + timedelta(days=300))
    make_emergency_code(office, label="Ambulance", lanes=[lane], hold_minutes=0)
    add_webhook(
        office, name="Alarm centre", url="https://alarm.example.org/x", kinds=["alarm_raised"], local_ports=()
    )
    return Compound(office, home, adult, helper, child, captain, guard)


def begin(compound: Compound) -> ReviewRound:
    """Begin a round in which every card is unused."""
    cards_were_used_last(compound.act.session, compound.act)
    return begin_round(compound.act, URL)


def rows_of(act: Action, of_round: ReviewRound) -> dict[tuple[str, str], ReviewRow]:
    """Return the rows by kind and what they are about."""
    return {(row.kind, row.subject_id): row for row in all_rows(act.session, of_round.round_id)}


def of_kind(act: Action, of_round: ReviewRound, kind: str) -> ReviewRow:
    return next(row for row in all_rows(act.session, of_round.round_id) if row.kind == kind)


def seen(row: ReviewRow) -> tuple[str, str]:
    """Return the row as a page shows it."""
    return row.row_id, mark_of(row)
