"""People are searched by name, home, building, kind and state, with as few queries for many as for few."""

from contextlib import contextmanager

import pytest
from sqlalchemy import event

from tests.web_admin.manage.acting_pages import at
from tests.web_admin.manage.moved_people import MOVE_IN, names_in
from web_admin.compound.models import Person
from web_admin.core.database import current_menjin
from web_admin.people_import.apply import apply_people
from web_admin.people_import.check import check_people


@pytest.fixture
def client(compound):
    return compound.signed_in("manager")


@contextmanager
def queries(compound):
    """Collect every statement that reaches the database meanwhile."""
    seen = []
    with compound.app.app_context():
        engine = current_menjin().database.engine
    note = lambda _c, _cursor, statement, *_rest: seen.append(statement)  # noqa: E731 - the library's shape
    event.listen(engine, "before_cursor_execute", note)
    yield seen
    event.remove(engine, "before_cursor_execute", note)


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("q=芳", ["王芳"]),
        ("q=31203", ["王芳", "王磊"]),
        ("q=%25", []),
        ("building=5", ["刘洋", "吴静"]),
        ("kind=staff", ["保安队长", "保洁员"]),
        ("building=none", ["保安队长", "保洁员"]),
        ("state=nothing", ["保安队长", "保洁员"]),
        ("state=moved_out", []),
        ("building=3&kind=resident&q=Ruiz", ["Ana Ruiz"]),
        ("kind=emperor&state=lost&building=3", ["王芳", "王磊", "Ana Ruiz"]),
    ],
)
def test_people_are_found_by_name_home_building_kind_and_state(client, query, names):
    assert names_in(client.get(f"/manage/people/?{query}").text) == names


@pytest.mark.wide
def test_the_pages_ask_the_database_equally_often_with_a_thousand_people_more(client, compound):
    person = compound.persons["王芳"]
    with at(compound) as act:
        home_id = act.session.get_one(Person, person).home_id
    paths = (
        "/manage/people/",
        "/manage/people/?q=a&kind=resident",
        "/manage/people/?building=none",
        f"/manage/people/{person}",
        f"/manage/people/homes/{home_id}/move-out",
        "/manage/cards/",
        MOVE_IN,
    )
    client.get("/manage/")

    def asked():
        counts = {}
        for path in paths:
            with queries(compound) as seen:
                assert client.get(path).status_code == 200
            counts[path] = len(seen)
        return counts

    few = asked()
    rows = [f"3-1203,a{i},,{i}" for i in range(1, 9)] + [f"8{i:04d}-7,a{i},,{i}" for i in range(20, 1012)]
    staff = [f",b{i},staff," for i in range(60)]
    with at(compound) as act:
        plan = check_people(act, "\n".join(["home,name,kind,card", *rows, *staff]).encode())
        assert plan.problems == ()
        apply_people(act, plan)
    assert asked() == few
