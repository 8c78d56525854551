"""Text as spreadsheets save it: every encoding of daily life, and no cell that runs as a formula."""

import re

import pytest

from web_admin.core.csv_text import as_text, csv_for_spreadsheets, harmless
from web_admin.core.refusal import ActionRefused
from web_admin.people_import.sheet import (
    read_sheet,
)

TEXT = "房号,姓名,类别,卡号\n3-1203,林一,住户,1001\n3-1203,王联通,,\n"


def cells_of(data: bytes) -> list[dict[str, str]]:
    return [dict(row.cells) for row in read_sheet(data).rows]


def refusal(data: bytes) -> str:
    with pytest.raises(ActionRefused) as refused:
        read_sheet(data)
    assert refused.value.field == "file"
    return str(refused.value)


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
