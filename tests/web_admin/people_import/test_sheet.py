"""Sheets of people: read alike however they are saved, and the empty one to fill in."""

import codecs
import io
import time
import zipfile

import pytest
from openpyxl import Workbook, load_workbook

from gate_controller.contract.languages import LANGUAGES
from web_admin.core.csv_text import as_text
from web_admin.core.refusal import ActionRefused
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
