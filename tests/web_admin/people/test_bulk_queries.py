"""Acts on several people read little: as many queries for twenty as for three, and what the list shows."""

from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session

from tests.support.acting import add_lane, household
from web_admin.action.base import Action
from web_admin.compound.models import Person
from web_admin.core.effects import NoEffects
from web_admin.core.refusal import ActionRefused
from web_admin.people.actions import (
    GrantSpec,
    add_person,
    set_grants,
)
from web_admin.people.bulk_actions import (
    grant_hours,
    invite_people,
    suspend_people,
    undo_bulk_act,
)
from web_admin.people.bulk_queries import UNDO_FOR, last_acts
from web_admin.people.homes import add_home
from web_admin.people.queries import NO_HOME, PeopleSearch, count_of, ids_of


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
