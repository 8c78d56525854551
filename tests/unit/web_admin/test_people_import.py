"""People from a spreadsheet: everything wrong is said first, then all or nobody is added."""

import pytest
from sqlalchemy import func, select

from gate_controller.access import Reason
from tests.unit.web_admin.acting import add_lane, household, show_card
from web_admin.acts import Act, ActRefused
from web_admin.credentials import issue_card
from web_admin.models import Person, Site
from web_admin.people_import import apply_people, check_people

GOOD = "房号,姓名,类别,卡号\n3-1203,林一,住户,1001\n3-1203,林二,,\n,王三,员工,1002\n"


def people(act: Act) -> int:
    return act.session.scalars(select(func.count()).select_from(Person)).one()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_sheet_in_any_usual_encoding_is_read_alike_and_its_cards_open(act: Act, encoding: str) -> None:
    add_lane(act)
    plan = check_people(act, GOOD.encode(encoding))
    assert (plan.problems, people(act)) == ((), 0)
    assert apply_people(act, plan) == 3
    assert {person.display_name for person in act.session.scalars(select(Person))} == {"林一", "林二", "王三"}
    assert show_card(act, 1001).reason is Reason.GRANTED
    assert act.session.get_one(Site, act.site_id).version >= 1


def test_every_wrong_field_is_named_with_its_row_and_nothing_is_written(act: Act) -> None:
    _, person = household(act)
    issue_card(act, person.person_id, 77)
    sheet = (
        "home,name,kind,card\n"
        "abc,A,resident,1\n"
        "1-1,,resident,2\n"
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
    with pytest.raises(ActRefused):
        apply_people(act, plan)
    assert people(act) == 1


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
        b"\xff\xd8\xff\xe0\x00\x10JFIF",
        b"name,photo\nA,x\n",
        b"name\n" + b"A\n" * 5001,
        b"name\n" + b"A" * (2 * 1024 * 1024),
    ],
)
def test_a_file_that_is_no_such_sheet_is_refused_as_a_whole(act: Act, data: bytes) -> None:
    with pytest.raises(ActRefused) as refused:
        check_people(act, data)
    assert refused.value.field == "file"
