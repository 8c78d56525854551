"""Whom an act for many concerns, and which of them it may."""

from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session

from gate_controller.contract.calendars import Span
from tests.support.acting import add_lane, household
from tests.support.suspending import suspend_for_days
from web_admin.action.base import Action
from web_admin.compound.models import Hours, Person
from web_admin.core.effects import NoEffects
from web_admin.core.refusal import ActionRefused
from web_admin.credentials.cards import issue_card
from web_admin.credentials.pins import issue_pin
from web_admin.gates.hours import save_hours
from web_admin.people.actions import (
    GrantSpec,
    add_person,
    move_out,
    set_grants,
)
from web_admin.people.bulk_actions import (
    grant_hours,
    invite_people,
    plan_act,
    suspend_people,
    undo_bulk_act,
)
from web_admin.people.bulk_queries import UNDO_FOR, last_acts
from web_admin.people.homes import add_home
from web_admin.people.print_runs import PINS, begin_run_for
from web_admin.people.queries import NO_HOME, PeopleSearch, count_of, ids_of
from web_admin.people.suspensions import resume_person


def family(act: Action, count: int, number: str = "5-0501", **more: str) -> list[Person]:
    home = add_home(act, number)
    return [
        add_person(act, display_name=f"{number} {index}", home_id=home.home_id, **more)
        for index in range(count)
    ]


def ids(people: list[Person]) -> list[str]:
    return [person.person_id for person in people]


def test_an_undo_comes_too_late_after_a_day(act: Action) -> None:
    people = family(act, 2)
    done = suspend_people(act, ids(people), "moved_out")
    with pytest.raises(ActionRefused, match="too long ago"):
        undo_bulk_act(replace(act, now=act.now + UNDO_FOR + timedelta(seconds=1)), done.seq)
    assert all(person.suspended for person in people)
    assert [each.seq for each in last_acts(act.session, act.site_id, act.now)] == [done.seq]
    assert last_acts(act.session, act.site_id, act.now + UNDO_FOR + timedelta(seconds=1)) == []


@pytest.mark.wide
def test_twenty_people_take_as_many_queries_as_three(act: Action) -> None:
    add_lane(act)
    for number in range(1, 24):
        household(act, f"7-{number:04d}")
    of_all = ids_of(act.session, act.site_id, PeopleSearch(building="7"), 99)
    assert len(of_all) == count_of(act.session, act.site_id, PeopleSearch(building="7")) == 23
    spec = GrantSpec(("north-in",), valid_until=None)
    for person_id in of_all:
        set_grants(act, person_id, [])
    quiet = replace(act, effects=NoEffects())
    counts = []
    for some in (of_all[:3], of_all[3:]):
        with counted(act.session) as queries:
            for done in (
                grant_hours(quiet, some, spec),
                invite_people(quiet, some),
                suspend_people(quiet, some, "moved_out"),
            ):
                act.session.expire_all()
                undo_bulk_act(quiet, done.seq)
        counts.append(len(queries))
    assert counts[0] == counts[1]


@contextmanager
def counted(session: Session):  # type: ignore[no-untyped-def]
    seen: list[str] = []

    def note(_connection, _cursor, statement, *_more):  # type: ignore[no-untyped-def]
        seen.append(statement)

    engine = session.get_bind()
    event.listen(engine, "before_cursor_execute", note)
    yield seen
    event.remove(engine, "before_cursor_execute", note)


def test_the_whole_list_is_counted_as_its_pages_show_it(act: Action) -> None:
    family(act, 3)
    family(act, 2, "6-0101")
    staff = add_person(act, display_name="Gardener", kind="staff")

    def found(**wanted: str) -> int:
        return count_of(act.session, act.site_id, PeopleSearch(**wanted))

    assert found() == 6
    assert found(building="5") == 3
    assert found(building=NO_HOME) == 1
    assert found(text="60101") == 2
    assert found(text="5-0501 2") == 1
    assert found(kind="staff") == 1
    assert found(state="empty") == 0
    assert ids_of(act.session, act.site_id, PeopleSearch(kind="staff"), 9) == [staff.person_id]


def why(act: Action, kind: str, people: list[Person], spec: GrantSpec | None = None) -> dict[str, str]:
    plan = plan_act(act, kind, ids(people), spec)  # type: ignore[arg-type]  # a word of BulkKind
    return {each.person.display_name: reason for each, reason in plan.left_out}


def test_no_person_with_a_way_in_is_suspended_in_a_list(act: Action) -> None:
    people = family(act, 3)
    issue_card(act, people[0].person_id, 77)
    issue_pin(act, people[1].person_id)
    assert why(act, "suspend", people) == {"5-0501 0": "has_way", "5-0501 1": "has_way"}
    assert suspend_people(act, ids(people), "moved_out").count == 1
    assert [person.suspended for person in people] == [False, False, True]


def test_a_list_does_not_go_on_with_a_suspension_of_a_week(act: Action) -> None:
    people = family(act, 1)
    suspend_people(act, ids(people), "moved_out")
    resume_person(act, people[0].person_id)
    for days, reasons in ((29, {"5-0501 0": "again"}), (31, {})):
        assert why(replace(act, now=act.now + timedelta(days=days)), "suspend", people) == reasons


def test_who_is_suspended_or_gone_is_left_out_and_says_why(act: Action) -> None:
    people = family(act, 4)
    suspend_for_days(act, people[1].person_id)
    move_out(act, people[2].person_id)
    assert why(act, "suspend", people) == {"5-0501 1": "suspended", "5-0501 2": "moved_out"}
    assert suspend_people(act, ids(people), "moved_out").count == 2
    with pytest.raises(ActionRefused, match="no one left"):
        suspend_people(act, ids(people), "moved_out")


@pytest.fixture
def hours(act: Action) -> Hours:
    return save_hours(act, None, "Pool", [Span(("sat", "sun"), 8 * 60, 20 * 60)])


def test_hours_are_not_granted_past_a_home_or_a_decision_of_the_office(act: Action) -> None:
    add_lane(act)
    helper = family(act, 1, "5-0601", kind="helper")
    spec = GrantSpec(("north-in",), valid_until=act.now + timedelta(days=1))
    assert why(act, "hours", helper, spec) == {"5-0601 0": "helper"}
    with pytest.raises(ActionRefused) as refused:
        grant_hours(act, ids(family(act, 1)), GrantSpec(("north-in",), valid_until=act.now))
    assert refused.value.field == "valid_until"


def test_slips_are_printed_for_the_chosen_who_lack_a_pin(act: Action) -> None:
    people = [*family(act, 2), *family(act, 1, "5-0701", age_band="under_14")]
    issue_pin(act, people[0].person_id)
    staff = add_person(act, display_name="Gardener", kind="staff")
    assert why(act, "print_pins", [*people, staff]) == {
        "5-0501 0": "has_pin",
        "5-0701 0": "child_waits",
        "Gardener": "no_home",
    }
    run = begin_run_for(act, PINS, ids([*people, staff]))
    assert (run.total, run.left_out, run.buildings) == (1, 3, "")


def test_someone_of_another_compound_is_no_one_here(act: Action) -> None:
    with pytest.raises(ActionRefused, match="no one left"):
        suspend_people(act, ["0123456789abcdef"], "moved_out")
