"""People from a spreadsheet: everything wrong is shown first, then all are added or none."""

import pytest
from sqlalchemy import func, select

from gate_controller.rules.decision import Reason
from tests.support.acting import add_lane, household, show_card
from tests.web_admin.people_import.read_in import GOOD, queries, read_in
from web_admin.action.base import Action
from web_admin.compound.models import Person, Site
from web_admin.core.refusal import ActionRefused
from web_admin.credentials.cards import issue_card
from web_admin.people_import.apply import apply_people
from web_admin.people_import.check import SheetOptions, check_people


def people(act: Action) -> int:
    return act.session.scalars(select(func.count()).select_from(Person)).one()


@pytest.mark.wide
@pytest.mark.publishing
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_sheet_in_any_usual_encoding_is_read_alike_and_its_cards_open(act: Action, encoding: str) -> None:
    add_lane(act)
    plan = check_people(act, GOOD.encode(encoding))
    assert (plan.problems, people(act)) == ((), 0)
    assert apply_people(act, plan).added == 3
    assert {person.display_name for person in act.session.scalars(select(Person))} == {"林一", "林二", "王三"}
    assert show_card(act, 1001).reason is Reason.GRANTED
    assert act.session.get_one(Site, act.site_id).version >= 1


def test_a_list_of_the_property_office_is_read_with_its_own_words(act: Action) -> None:
    add_lane(act)
    sheet = (
        "门牌号,业主姓名,身份,IC卡号\n3-1203,林一,业主,1001\n3-1203,林二,家属,\n"
        "3-1203,小王,保姆,\n2-0101,赵四,租户,\n"
    )
    plan = check_people(act, sheet.encode("gb18030"))
    assert plan.problems == ()
    assert [row.kind for row in plan.rows] == ["resident", "resident", "helper", "resident"]
    assert [row.card for row in plan.rows] == [1001, None, None, None]


def test_a_resident_or_helper_whose_home_was_forgotten_is_named_and_staff_are_not(act: Action) -> None:
    plan = check_people(act, "房号,姓名,类别\n,林一,\n,小王,保姆\n,王三,员工\n".encode())
    assert [(problem.row, problem.field) for problem in plan.problems] == [(2, "home"), (3, "home")]


def test_every_wrong_field_is_named_with_its_row_and_nothing_is_written(act: Action) -> None:
    _, person = household(act)
    issue_card(act, person.person_id, 77)
    sheet = (
        "home,name,kind,card\n"
        "abc,A,resident,1\n"
        "1-1,,helper,2\n"
        "1-1,B,dog,3\n"
        "1-1,C,resident,zebra\n"
        "1-1,D,resident,9\n"
        "1-1,E,resident,9\n"
        "1-1,F,resident,77\n"
        "1-1,=cmd(),resident,10\n"
        "1-1,G,resident,11,more\n"
    )
    plan = check_people(act, sheet.encode())
    assert [(problem.row, problem.field) for problem in plan.problems] == [
        (2, "home"),
        (3, "name"),
        (4, "kind"),
        (5, "card"),
        (7, "card"),
        (8, "card"),
        (9, "name"),
        (10, "row"),
    ]
    with pytest.raises(ActionRefused):
        apply_people(act, plan)
    assert people(act) == 1


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
        b"\xff\xd8\xff\xe0\x00\x10JFIF",
        b"name,photo\nA,x\n",
        b"name\n" + b"A\n" * 10001,
        b"name\n" + b"A" * (2 * 1024 * 1024),
    ],
)
def test_a_file_that_is_no_such_sheet_is_refused_as_a_whole(act: Action, data: bytes) -> None:
    with pytest.raises(ActionRefused) as refused:
        check_people(act, data)
    assert refused.value.field == "file"


def test_a_sheet_with_a_wrong_cell_ends_no_person(act: Action) -> None:
    household(act, "3-1203", "Gone")
    plan = check_people(act, b"home,name\nx,Ann\n", SheetOptions(is_complete=True))
    assert (len(plan.problems), plan.ended) == (1, ())


@pytest.mark.wide
def test_the_check_of_a_long_sheet_and_of_a_short_one_ask_the_database_equally_often(act: Action) -> None:
    add_lane(act)

    def asked(count: int, first: int) -> int:
        rows = "".join(f"{i}-1,P{i},,{i}\n" for i in range(first, first + count))
        with queries(act) as seen:
            check_people(act, ("home,name,kind,card\n" + rows).encode())
        return len(seen)

    few = asked(10, 1)
    read_in(act, "home,name,kind,card\n" + "".join(f"{i}-1,P{i},,{i}\n" for i in range(1, 1001)))
    assert asked(1000, 1) == few
