"""Tables that people send: as CSV and as a workbook."""

import io
import re
import time
import tracemalloc
import zipfile
from datetime import date
from hashlib import sha256

import pytest
from openpyxl import Workbook

from web_admin.core.csv_text import MAX_BYTES, as_text, csv_for_spreadsheets, harmless
from web_admin.core.refusal import ActionRefused
from web_admin.core.workbook import MAX_RATIO, MAX_UNPACKED_BYTES
from web_admin.people_import.sheet import (
    MAX_ROWS,
    read_sheet,
)

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


def test_what_a_spreadsheet_made_of_numbers_dates_and_formulas_is_seen() -> None:
    data = workbook(
        ("home", "name", "kind", "card"),
        ("3-1203", "Lin", None, 7123456),
        (date(2026, 3, 12), "Ann", None, 12.0),
        ("3-1203", "=1+1", "resident", '=HYPERLINK("http://x")'),
    )
    rows = read_sheet(data).rows
    assert [row.number for row in rows] == [2, 3, 4]
    assert rows[0].cells == {"home": "3-1203", "name": "Lin", "kind": "", "card": "7123456"}
    assert rows[1].cells["home"].startswith("2026-03-12T")
    assert rows[1].cells["card"] == "12"
    assert rows[2].cells["name"].startswith("=")
    assert rows[2].cells["card"].startswith("=")


def test_rows_of_a_workbook_keep_their_numbers_over_blank_ones() -> None:
    data = workbook(("name",), ("Ann",), (None,), ("Bob",), (None,))
    assert [(row.number, row.cells["name"]) for row in read_sheet(data).rows] == [(2, "Ann"), (4, "Bob")]


def test_a_workbook_that_unpacks_to_more_than_it_may_is_not_unpacked() -> None:
    bomb = repacked(workbook(("name",), ("Ann",)), WORKBOOK_PATH, bytes(MAX_UNPACKED_BYTES + 1))
    assert len(bomb) < MAX_BYTES
    began = time.process_time()
    assert "unpacks to more" in refusal(bomb)
    assert time.process_time() - began < 0.5


def filled_up(head: bytes, unit: bytes, tail: bytes) -> bytes:
    """Return a part of nearly the size that may be unpacked, of one piece again and again."""
    return head + unit * ((MAX_UNPACKED_BYTES - 100_000) // len(unit)) + tail


SPACE = b'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
SHEET_HEAD, SHEET_TAIL = b"<worksheet " + SPACE + b"><sheetData>", b"</sheetData></worksheet>"


@pytest.mark.wide
@pytest.mark.parametrize(
    ("path", "parts"),
    [
        (WORKBOOK_PATH, (SHEET_HEAD + b"<row>", b"<c/>", b"</row>" + SHEET_TAIL)),
        (WORKBOOK_PATH, (SHEET_HEAD, b"<row/>", SHEET_TAIL)),
        ("xl/styles.xml", (b"<styleSheet " + SPACE + b"><cellXfs>", b"<xf/>", b"</cellXfs>")),
        ("xl/sharedStrings.xml", (b"<sst " + SPACE + b">", b"<si/>", b"</sst>")),
    ],
    ids=["cells", "rows", "styles", "strings"],
)
def test_a_small_workbook_that_costs_much_is_refused_before_it_is_parsed(
    path: str, parts: tuple[bytes, bytes, bytes]
) -> None:
    bomb = repacked(workbook(("name",), ("Ann",)), path, filled_up(*parts))
    assert len(bomb) < 100_000
    tracemalloc.start()
    assert "unpacks to more" in refusal(bomb)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 * 1024 * 1024


def test_elements_and_attributes_are_counted_however_they_are_packed() -> None:
    noise = (sha256(b"%d" % n).hexdigest().encode() for n in range(8_000))
    content = b"".join(b"<c/>" * 300 + piece for piece in noise)
    bomb = repacked(workbook(("name",), ("Ann",)), "xl/other.xml", content)
    assert len(bomb) * MAX_RATIO > len(content)
    assert len(bomb) < MAX_BYTES
    assert "unpacks to more" in refusal(bomb)


def padded(head: bytes, mark: bytes, tail: bytes, count: int) -> bytes:
    """Return so many marks, with as much noise as a packer needs to reach no bomb's ratio."""
    noise = (sha256(b"%d" % n).hexdigest().encode() for n in range(count // 200))
    return head + b"".join(mark * 200 + b"<!--%s-->" % piece for piece in noise) + tail


WORKBOOK_ROOT = (
    b'<workbook xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" '
    + SPACE
    + b"><bookViews>",
    b"<workbookView/>",
    b'</bookViews><sheets><sheet name="a" sheetId="1" r:id="rId1"/></sheets></workbook>',
)


def disguised(plain: bytes, content: bytes) -> bytes:
    """Return a workbook whose main part has the name of a sheet, and is declared as one too."""
    name = b"/xl/worksheets/sheet9.xml"
    main = b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
    sheet = b"application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"
    with zipfile.ZipFile(io.BytesIO(plain)) as archive:
        types = archive.read("[Content_Types].xml").replace(b"/xl/workbook.xml", name)
        relations = archive.read("xl/_rels/workbook.xml.rels")
    assert name in types and main in types
    declared = b'<Override PartName="%s" ContentType="%s"/></Types>' % (name, sheet)
    made = repacked(plain, "[Content_Types].xml", types.replace(b"</Types>", declared))
    made = repacked(made, "xl/worksheets/_rels/sheet9.xml.rels", relations)
    return repacked(made, "xl/worksheets/sheet9.xml", content)


def test_what_is_beside_the_rows_may_not_cost_a_second() -> None:
    plain, count = workbook(("name",), ("Ann",)), 100_000
    with zipfile.ZipFile(io.BytesIO(plain)) as archive:
        before, end, after = archive.read("xl/styles.xml").partition(b"</cellXfs>")
    styles = padded(before, b"<xf/>", end + after, count)
    for bomb in (
        repacked(plain, "xl/styles.xml", styles),
        disguised(plain, padded(*WORKBOOK_ROOT, count)),
    ):
        assert len(bomb) < MAX_BYTES
        began = time.process_time()
        assert "unpacks to more" in refusal(bomb)
        assert time.process_time() - began < 1.0


def test_a_workbook_with_thousands_of_styles_is_read() -> None:
    plain = workbook(("name",), ("Ann",))
    with zipfile.ZipFile(io.BytesIO(plain)) as archive:
        styles = archive.read("xl/styles.xml")
    many = b"<xf/>" * 4_000 + b"</cellXfs>"
    assert cells_of(repacked(plain, "xl/styles.xml", styles.replace(b"</cellXfs>", many)))


def test_a_workbook_that_lies_about_what_it_unpacks_to_is_refused() -> None:
    content = b"<worksheet>" + b" " * MAX_UNPACKED_BYTES
    bomb = bytearray(repacked(workbook(("name",), ("Ann",)), WORKBOOK_PATH, content))
    at = bomb.rindex(WORKBOOK_PATH.encode())  # in the archive's directory; the size is 22 bytes before
    bomb[at - 22 : at - 18] = (100).to_bytes(4, "little")
    assert refusal(bytes(bomb))


def test_entities_that_unfold_are_refused() -> None:
    lol = (
        b'<?xml version="1.0"?><!DOCTYPE w [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]>'
        b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
        b'<row r="1"><c r="A1" t="inlineStr"><is><t>&b;</t></is></c></row></sheetData></worksheet>'
    )
    assert refusal(repacked(workbook(("name",), ("Ann",)), WORKBOOK_PATH, lol))


def test_one_long_text_in_many_cells_is_bounded() -> None:
    many = workbook(("name",), *[("A" * 1000,)] * 3000)
    assert "unpacks to more" in refusal(many)


@pytest.mark.parametrize("number", [MAX_ROWS + 2, 50_001, 1_048_576])
def test_a_row_far_down_is_refused_as_too_many_whatever_is_between(number: int) -> None:
    book = Workbook()
    book.active["A1"] = "name"
    book.active.cell(number, 1, "Ann")
    file = io.BytesIO()
    book.save(file)
    assert f"more than {MAX_ROWS} rows" in refusal(file.getvalue())


def test_macros_pictures_and_torn_archives_are_no_sheets() -> None:
    good = workbook(("name",), ("Ann",))
    assert "macros" in refusal(repacked(good, "xl/vbaProject.bin", b"x"))
    for data in (good[:200], good[:-30], b"PK\x03\x04" + bytes(100), repacked(good, WORKBOOK_PATH, b"<a>")):
        assert refusal(data)
    assert "2 MB" in refusal(b"PK\x03\x04" + bytes(MAX_BYTES))


def in_row(number: int) -> bytes:
    """Return a workbook of a header and one person, who says to be in that row."""
    data = workbook(("home", "name"), ("1-1", "A"))
    part = zipfile.ZipFile(io.BytesIO(data)).read(WORKBOOK_PATH).decode()
    moved = part.replace('<row r="2"', f'<row r="{number}"').replace('r="A2"', f'r="A{number}"')
    assert moved != part
    unsized = moved.replace('<dimension ref="A1:B2" />', "").replace('<dimension ref="A1:B2"/>', "")
    assert "dimension" not in unsized
    return repacked(data, WORKBOOK_PATH, unsized.replace('r="B2"', f'r="B{number}"').encode())


def test_what_is_below_the_size_that_a_sheet_says_it_has_is_read() -> None:
    data = workbook(("home", "name"), ("1-1", "A"))
    part = zipfile.ZipFile(io.BytesIO(data)).read(WORKBOOK_PATH)
    small = part.replace(b"A1:B2", b"A1:B1")
    assert small != part
    assert cells_of(repacked(data, WORKBOOK_PATH, small)) == [{"home": "1-1", "name": "A"}]


def test_a_row_that_says_it_is_the_hundred_thousand_millionth_is_refused_at_once() -> None:
    # Were the rows in between made one after another, this would not end.
    assert f"more than {MAX_ROWS} rows" in refusal(in_row(10**14))


TEXT = "房号,姓名,类别,卡号\n3-1203,林一,住户,1001\n3-1203,王联通,,\n"


def test_a_sheet_in_two_encodings_is_refused_with_a_line_of_each() -> None:
    first, second, third = TEXT.splitlines(keepends=True)
    mixed = first.encode("gb18030") + second.encode() + third.encode("gb18030")
    assert "Line 2 is written in UTF-8 and line 1 in another encoding." in refusal(mixed)


def test_a_line_of_chinese_that_happens_to_be_utf_8_too_does_not_make_a_file_mixed() -> None:
    by_chance = b"\xe6\xb1\xb0\xe6\xb1\xb0"  # three characters of GB 2312, two of UTF-8
    assert by_chance.decode() == "汰汰"
    read = cells_of("name\n王芳\n".encode("gb18030") + by_chance)
    assert read[1]["name"] == by_chance.decode("gb2312")


@pytest.mark.parametrize("separator", [";", ",", "\t", "|", "\n", "; ", ';"'])
def test_no_cell_begins_a_formula_where_cells_are_separated_otherwise(separator: str) -> None:
    name = f"x{separator}=1+1"
    text = csv_for_spreadsheets([["1-1", name, "+1"]]).decode("utf-8-sig")
    assert re.search(r"""[;,\t|\n][\s"]*[=+@-]""", text) is None
    assert text.startswith('"1-1","')
    assert as_text(harmless(name)) == (name, False)
