"""Acts on several people: who is left out, one entry each, one publication, and an undo of exactly that."""

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from gate_controller.contract.calendars import Span
from tests.support.acting import add_lane, show_card
from tests.support.suspending import suspend_for_days
from web_admin.action.base import Action
from web_admin.action.lock_outs import LockOutRefused
from web_admin.compound.models import Hours, Person
from web_admin.core.effects import NoEffects
from web_admin.core.refusal import ActionRefused
from web_admin.credentials.cards import issue_card
from web_admin.gates.hours import save_hours
from web_admin.journal.ledger import verify_audit
from web_admin.journal.models import AuditEntry
from web_admin.people.actions import GrantSpec, add_person, replace_grant, set_grants
from web_admin.people.bulk_actions import (
    grant_hours,
    invite_people,
    plan_act,
    suspend_people,
    undo_bulk_act,
)
from web_admin.people.bulk_queries import bulk_act, what_became
from web_admin.people.bulk_rules import MOST
from web_admin.people.homes import add_home
from web_admin.people.invitations import accept_invitation, invite, revoke_invitations
from web_admin.people.models import HomeAddition
from web_admin.people.suspensions import resume_person


@dataclass
class Published(NoEffects):
    """Notes each publication."""

    sets: list[Collection[str] | None] = field(default_factory=list)

    def publish(
        self,
        session: Session,
        site_id: str,
        now: datetime,
        person_ids: Collection[str] | None,
        gate_ids: Collection[str] | None = None,
        *,
        with_others: bool = True,
    ) -> None:
        self.sets.append(person_ids)


def family(act: Action, count: int, number: str = "5-0501", **more: str) -> list[Person]:
    home = add_home(act, number)
    return [
        add_person(act, display_name=f"{number} {index}", home_id=home.home_id, **more)
        for index in range(count)
    ]


def ids(people: list[Person]) -> list[str]:
    return [person.person_id for person in people]


def entries(act: Action, kind: str) -> list[AuditEntry]:
    rows = select(AuditEntry).where(AuditEntry.kind == kind).order_by(AuditEntry.seq)
    return list(act.session.scalars(rows))


def later(act: Action, **ahead: int) -> Action:
    return replace(act, now=act.now + timedelta(**ahead))


def why(act: Action, kind: str, people: list[Person], spec: GrantSpec | None = None) -> dict[str, str]:
    plan = plan_act(act, kind, ids(people), spec)  # type: ignore[arg-type]  # a word of BulkKind
    return {each.person.display_name: reason for each, reason in plan.left_out}


def test_suspending_several_leaves_an_entry_each_and_publishes_once(act: Action) -> None:
    add_lane(act)
    people = family(act, 3)
    noted = Published()
    done = suspend_people(replace(act, effects=noted), ids(people), "moved_out")
    assert done.count == 3
    assert [set(each or ()) for each in noted.sets] == [set(ids(people))]
    assert all(person.suspended and person.suspended_by == "office" for person in people)
    written = entries(act, "person_suspended")
    assert {row.person_id for row in written} == set(ids(people))
    assert {(row.facts["actor_id"], row.facts["reason"]) for row in written} == {(act.actor_id, "moved_out")}
    assert verify_audit(act.session, act.site_id)[0] == done.seq


@pytest.mark.parametrize("reason", ["unpaid", "danger", "order", "lost", "", "other"])
def test_a_list_is_suspended_for_no_reason_that_needs_more_and_for_no_debt(act: Action, reason: str) -> None:
    people = family(act, 1)
    with pytest.raises(ActionRefused):
        suspend_people(act, ids(people), reason)
    assert not people[0].suspended


def test_undo_ends_exactly_the_suspensions_of_the_act(act: Action) -> None:
    people = family(act, 4)
    suspend_for_days(act, people[0].person_id)
    done = suspend_people(act, ids(people), "moved_out")
    resume_person(act, people[1].person_id)
    suspend_for_days(replace(act, actor_id="staff-2"), people[1].person_id)
    suspend_for_days(replace(act, actor_id="staff-3"), people[2].person_id)
    assert undo_bulk_act(later(act, hours=1), done.seq) == 1
    assert [person.suspended for person in people] == [True, True, True, False]
    past = bulk_act(act.session, act.site_id, done.seq)
    assert past is not None
    became = what_became(act.session, act.site_id, past, act.now)
    assert [became[person.person_id] for person in people[1:]] == ["changed", "changed", "undone"]
    with pytest.raises(ActionRefused, match="Nothing of this act still applies"):
        undo_bulk_act(act, done.seq)


def test_a_later_suspension_outlives_an_undo_that_was_pressed_twice(act: Action) -> None:
    people = family(act, 2)
    done = suspend_people(act, ids(people), "moved_out")
    undo_bulk_act(act, done.seq)
    suspend_for_days(replace(act, actor_id="staff-2"), people[0].person_id)
    with pytest.raises(ActionRefused):
        undo_bulk_act(act, done.seq)
    assert people[0].suspended


def test_first_invitations_alone_are_made_and_each_opens_its_own_page(act: Action) -> None:
    people = family(act, 4)
    invite(act, people[0].person_id)
    accept_invitation(act.session, act.sealer, invite(act, people[1].person_id), act.now)
    noted = Published()
    done = invite_people(replace(act, effects=noted), ids(people))
    assert noted.sets == []
    assert set(done.codes) == {people[2].person_id, people[3].person_id}
    assert why(act, "invite", people) == {
        "5-0501 0": "invited",
        "5-0501 1": "joined",
        "5-0501 2": "invited",
        "5-0501 3": "invited",
    }
    opened = accept_invitation(act.session, act.sealer, done.codes[people[3].person_id], act.now)
    assert opened is people[3]


def test_undo_revokes_the_unused_invitations_of_the_act_and_no_newer_ones(act: Action) -> None:
    people = family(act, 3)
    done = invite_people(act, ids(people))
    accept_invitation(act.session, act.sealer, done.codes[people[0].person_id], act.now)
    revoke_invitations(act, people[1].person_id)
    newer = invite(act, people[1].person_id)
    assert undo_bulk_act(later(act, minutes=1), done.seq) == 1
    with pytest.raises(ActionRefused):
        code = done.codes[people[2].person_id]
        accept_invitation(act.session, act.sealer, code, act.now + timedelta(minutes=2))
    assert accept_invitation(act.session, act.sealer, newer, act.now + timedelta(minutes=2)) is people[1]
    assert [row.person_id for row in entries(act, "invitation_revoked")] == [people[2].person_id]


@pytest.fixture
def hours(act: Action) -> Hours:
    return save_hours(act, None, "Pool", [Span(("sat", "sun"), 8 * 60, 20 * 60)])


@pytest.mark.wide
@pytest.mark.publishing
def test_granted_hours_come_beside_what_there_is_and_undo_takes_only_them(act: Action, hours: Hours) -> None:
    add_lane(act)
    people = family(act, 2)
    issue_card(act, people[0].person_id, 77)
    for person in people:
        set_grants(replace(act, because="asked"), person.person_id, [])
    assert not show_card(act, 77).opens
    done = grant_hours(act, ids(people), GrantSpec(("north-in",)))
    assert done.count == 2
    assert show_card(act, 77).opens
    third = GrantSpec(("north-in",), hours.hours_id)
    assert set(why(act, "hours", people, third).values()) == {"passes"}
    mine = people[1].grants[0].grant_id
    replace_grant(act, people[1].person_id, mine, third)
    assert undo_bulk_act(replace(act, because="asked"), done.seq) == 1
    assert people[0].grants == []
    assert [grant.hours_id for grant in people[1].grants] == [hours.hours_id]
    assert not show_card(act, 77).opens


@pytest.mark.publishing
def test_an_undo_that_takes_a_last_way_in_needs_a_reason_of_the_list(act: Action) -> None:
    add_lane(act)
    person = family(act, 1)[0]
    issue_card(act, person.person_id, 77)
    add_lane(act, "south")
    done = grant_hours(act, [person.person_id], GrantSpec(("south-in",)))
    given = person.grants[-1].grant_id
    replace_grant(replace(act, because="asked"), person.person_id, person.grants[0].grant_id, GrantSpec(()))
    assert [grant.grant_id for grant in person.grants] == [given]
    with pytest.raises(LockOutRefused):
        undo_bulk_act(act, done.seq)


def test_an_undo_of_hours_cuts_the_helper_of_whom_they_were(act: Action) -> None:
    add_lane(act)
    member, helper = family(act, 1, "5-0801")[0], family(act, 1, "5-0802", kind="helper")[0]
    set_grants(act, member.person_id, [])
    done = grant_hours(act, [member.person_id], GrantSpec(("north-in",)))
    act.session.add(
        HomeAddition(
            person_id=helper.person_id,
            home_id=helper.home_id or "",
            added_by=member.person_id,
            added_at=act.now,
        )
    )
    act.session.flush()
    noted = Published()
    undo_bulk_act(replace(act, effects=noted), done.seq)
    assert helper.grants == []
    assert [set(each or ()) for each in noted.sets] == [{member.person_id, helper.person_id}]


def test_of_several_grants_one_is_replaced_and_the_others_stay(act: Action, hours: Hours) -> None:
    add_lane(act)
    person = family(act, 1)[0]
    set_grants(act, person.person_id, [GrantSpec(("north-in",), hours.hours_id), GrantSpec(("north-in",))])
    kept, dropped = (next(g for g in person.grants if bool(g.hours_id) is named) for named in (True, False))
    replace_grant(act, person.person_id, dropped.grant_id, GrantSpec(()))
    assert [grant.grant_id for grant in person.grants] == [kept.grant_id]
    with pytest.raises(ActionRefused, match="changed meanwhile"):
        replace_grant(act, person.person_id, dropped.grant_id, GrantSpec(("north-in",)))


@pytest.mark.parametrize("count", [0, MOST + 1])
def test_no_one_and_too_many_are_refused_with_a_sentence(act: Action, count: int) -> None:
    with pytest.raises(ActionRefused, match="at least one" if count == 0 else "At most 500"):
        suspend_people(act, [f"{number:016x}" for number in range(count)], "moved_out")
