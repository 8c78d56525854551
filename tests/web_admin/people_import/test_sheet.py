"""A sheet of people is read, checked and taken over in the background."""

import codecs
import io
import time
import zipfile
from dataclasses import replace
from datetime import timedelta

import pytest
from openpyxl import Workbook, load_workbook
from sqlalchemy import func, select

from gate_controller.contract.languages import LANGUAGES
from gate_controller.rules.decision import Reason
from tests.support.acting import add_lane, audit_kinds, household, show_card
from tests.web_admin.people_import.read_in import GOOD, queries, read_in
from web_admin.action.base import Action
from web_admin.compound.models import Person, Site
from web_admin.core.csv_text import as_text
from web_admin.core.refusal import ActionRefused
from web_admin.credentials.cards import issue_card
from web_admin.journal.ledger import verify_audit
from web_admin.people.actions import add_person
from web_admin.people_import.apply import apply_people
from web_admin.people_import.check import SheetOptions, check_people
from web_admin.people_import.sheet import (
    EMPTY_SHEETS,
    HEADERS,
    MAX_ROWS,
    empty_workbook,
    filled_sheet,
    filled_workbook,
    read_sheet,
    sheet_text,
)

TEXT = "房号,姓名,类别,卡号\n3-1203,林一,住户,1001\n3-1203,王联通,,\n"
ROWS = [
    {"home": "3-1203", "name": "林一", "kind": "住户", "card": "1001"},
    {"home": "3-1203", "name": "王联通", "kind": "", "card": ""},
]
WORKBOOK_PATH = "xl/worksheets/sheet1.xml"


def cells_of(data: bytes) -> list[dict[str, str]]:
    return [dict(row.cells) for row in read_sheet(data).rows]


def workbook(*rows: tuple[object, ...]) -> bytes:
    book = Workbook()
    for row in rows:
        book.active.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def repacked(data: bytes, path: str, content: bytes) -> bytes:
    """Return a workbook with one part replaced."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new:
        for name in {*old.namelist(), path}:
            new.writestr(name, content if name == path else old.read(name))
    return file.getvalue()


def refusal(data: bytes) -> str:
    with pytest.raises(ActionRefused) as refused:
        read_sheet(data)
    assert refused.value.field == "file"
    return str(refused.value)


@pytest.mark.parametrize(
    "data",
    [
        TEXT.encode(),
        TEXT.encode("utf-8-sig"),
        TEXT.encode("gb18030"),
        codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le"),
        codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"),
        codecs.BOM_UTF16_LE + TEXT.replace(",", "\t").replace("\n", "\r\n").encode("utf-16-le"),
        TEXT.replace(",", ";").encode(),
    ],
    ids=["utf-8", "utf-8 with mark", "gb18030", "utf-16-le", "utf-16-be", "tabs of Excel", "semicolons"],
)
def test_a_sheet_is_read_alike_in_every_way_that_spreadsheets_save_it(data: bytes) -> None:
    assert cells_of(data) == ROWS


def test_each_language_has_four_columns_and_a_link_of_its_own_to_an_empty_sheet() -> None:
    assert {code: len(set(words)) for code, words in HEADERS.items()} == dict.fromkeys(LANGUAGES, 4)
    assert EMPTY_SHEETS["zh"] == ("Excel 空表（中文）", "CSV 空表（中文）")
    assert EMPTY_SHEETS["en"] == ("Empty Excel sheet (English)", "Empty CSV sheet (English)")


def test_the_workbook_to_fill_in_keeps_what_is_typed_as_text() -> None:
    sheet = load_workbook(io.BytesIO(empty_workbook("zh"))).active
    assert [cell.value for cell in sheet[1]] == ["房号", "姓名", "类别", "卡号"]
    assert {sheet.column_dimensions[letter].number_format for letter in "ABCD"} == {"@"}


@pytest.mark.parametrize("make", [filled_sheet, filled_workbook])
def test_people_written_to_a_sheet_run_nothing_and_are_read_back_alike(make) -> None:
    names = ["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "＝1", "王芳"]
    data = make("en", [("1-1", name, "resident", "") for name in names])
    cells = [row["name"] for row in cells_of(data)]
    assert [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "＝"))] == []
    assert [as_text(cell) for cell in cells] == [(name, False) for name in names]


@pytest.mark.wide
def test_ten_thousand_people_in_a_workbook_are_within_all_bounds() -> None:
    rows = [(f"{n // 4}-{n % 400}", f"Ann {n}", "resident", str(n)) for n in range(MAX_ROWS)]
    assert len(cells_of(filled_workbook("en", rows))) == MAX_ROWS


def test_fifty_thousand_rows_are_refused_quickly() -> None:
    began = time.process_time()
    assert f"more than {MAX_ROWS} rows" in refusal(b"name,home\n" + b"Ann,1-1\n" * 50_000)
    assert time.process_time() - began < 2


def test_the_text_of_a_workbook_reads_as_the_workbook_does() -> None:
    data = workbook(("home", "name"), ("1-1", 'Ann "A", the\nfirst'), ("1-1", "Bob"))
    assert cells_of(sheet_text(data).encode()) == cells_of(data)


def in_row(number: int) -> bytes:
    """Return a workbook of a header and one person, who says to be in that row."""
    data = workbook(("home", "name"), ("1-1", "A"))
    part = zipfile.ZipFile(io.BytesIO(data)).read(WORKBOOK_PATH).decode()
    moved = part.replace('<row r="2"', f'<row r="{number}"').replace('r="A2"', f'r="A{number}"')
    assert moved != part
    unsized = moved.replace('<dimension ref="A1:B2" />', "").replace('<dimension ref="A1:B2"/>', "")
    assert "dimension" not in unsized
    return repacked(data, WORKBOOK_PATH, unsized.replace('r="B2"', f'r="B{number}"').encode())


def test_some_blank_rows_between_people_are_left_out() -> None:
    assert cells_of(in_row(5_000)) == [{"home": "1-1", "name": "A"}]


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


@pytest.mark.publishing
def test_a_sheet_changes_kinds_and_gives_cards_to_who_is_here_already(act: Action) -> None:
    add_lane(act)
    home, person = household(act, name="林一")
    assert home.number == "3-1203"
    done = read_in(act, "home,name,kind,card\n3-1203,林一,helper,1001\n3-1203,林二,,1002\n")
    assert (done.added, done.changed, done.ended) == (1, 1, 0)
    assert act.session.get_one(Person, person.person_id).kind == "helper"
    assert show_card(act, 1001).person_id == person.person_id
    again = check_people(act, "home,name,kind,card\n3-1203,林一,helper,1001\n3-1203,林二,,1002\n".encode())
    assert again.does_nothing


@pytest.mark.publishing
def test_who_is_not_in_the_sheet_stays_unless_the_sheet_is_marked_complete(act: Action) -> None:
    add_lane(act)
    _, gone = household(act, "3-1203", "Gone")
    issue_card(act, gone.person_id, 77)
    guard = add_person(act, display_name="Guard", kind="staff")
    sheet = "home,name,kind,card\n1-1,Ann,,1001\n"
    assert read_in(act, sheet).ended == 0
    assert show_card(act, 77).opens
    plan = check_people(act, sheet.encode(), SheetOptions(is_complete=True))
    assert [person.name for person in plan.ended] == ["Gone"]
    assert show_card(act, 77).opens
    assert apply_people(act, plan).ended == 1
    assert show_card(act, 77).reason is Reason.CREDENTIAL_ENDED
    assert act.session.get_one(Person, guard.person_id).ended_at is None


@pytest.mark.publishing
def test_a_card_whose_time_is_over_is_free_for_the_sheet_and_ends_where_it_was(act: Action) -> None:
    add_lane(act)
    _, person = household(act, name="Old")
    issue_card(act, person.person_id, 77, valid_until=act.now + timedelta(hours=1))
    later = replace(act, now=act.now + timedelta(hours=2))
    read_in(later, "home,name,kind,card\n1-1,New,,77\n")
    assert show_card(later, 77).opens
    assert [row.state for row in act.session.get_one(Person, person.person_id).credentials] == ["ended"]


def test_a_sheet_leaves_a_ledger_as_single_acts_do(act: Action) -> None:
    add_lane(act)
    read_in(act, GOOD)
    assert audit_kinds(act)[-7:] == [
        "home_added",
        "person_added",
        "card_issued",
        "person_added",
        "person_added",
        "card_issued",
        "people_imported",
    ]
    assert verify_audit(act.session, act.site_id)[0] == len(audit_kinds(act))


@pytest.mark.publishing
@pytest.mark.wide
def test_two_thousand_people_are_written_in_few_statements(act: Action) -> None:
    add_lane(act)
    sheet = "home,name,kind,card\n" + "".join(f"{i}-1,P{i},,{i}\n" for i in range(1, 2001))
    with queries(act) as seen:
        assert read_in(act, sheet).added == 2000
    assert len(seen) < 120
    assert show_card(act, 2000).opens
