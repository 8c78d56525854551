"""Read a sheet of people from CSV as spreadsheets write it, and make an empty one to fill in.

Columns: home, name, kind, card (房号, 姓名, 类别, 卡号), in any order. UTF-8 or GB18030.
"""

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from flask_babel import lazy_gettext as _

from web_admin.acts import ActRefused

MAX_BYTES = 2 * 1024 * 1024
MAX_ROWS = 5000
SURPLUS = "row"
"""Stands for the cells of a row beyond the named columns."""

HEADERS: Mapping[str, tuple[str, ...]] = {
    "en": ("home", "name", "kind", "card"),
    "zh": ("房号", "姓名", "类别", "卡号"),
}
COLUMNS: Mapping[str, str] = {
    word: column for words in HEADERS.values() for word, column in zip(words, HEADERS["en"], strict=True)
}


@dataclass(frozen=True, slots=True)
class SheetRow:
    """A row as typed, by column; `number` counts as spreadsheets do, the header being row 1."""

    number: int
    cells: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Sheet:
    """The columns in the sheet's own order, and its rows that are not blank."""

    columns: tuple[str, ...]
    rows: tuple[SheetRow, ...]


def empty_sheet(language: str) -> bytes:
    """Return a sheet with nothing but its header; the mark at its start tells spreadsheets it is UTF-8."""
    return (",".join(HEADERS.get(language, HEADERS["en"])) + "\r\n").encode("utf-8-sig")


def decoded(data: bytes) -> str:
    """Return the file's text; raise ActRefused when it is too large or no text."""
    if len(data) > MAX_BYTES:
        raise ActRefused("file", _("The file is larger than 2 MB. Split it."))
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise ActRefused("file", _("This is no CSV text. Save the sheet as CSV (UTF-8) and try again."))


def read_sheet(data: bytes) -> Sheet:
    """Return the sheet in a CSV file; raise ActRefused when the file as a whole cannot be read."""
    lines = list(_lines(decoded(data)))
    if not lines:
        raise ActRefused("file", _("The file is empty."))
    columns = tuple(COLUMNS.get(cell.strip().lower(), "") for cell in lines[0])
    if "" in columns or len(set(columns)) != len(columns) or "name" not in columns:
        raise ActRefused("file", _("The first row names the columns: home, name, kind, card."))
    if len(lines) - 1 > MAX_ROWS:
        raise ActRefused("file", _("The file has more than 5000 rows. Split it."))
    return Sheet(columns, tuple(_rows(columns, lines[1:])))


def _rows(columns: tuple[str, ...], lines: list[list[str]]) -> Iterator[SheetRow]:
    for number, line in enumerate(lines, start=2):
        if not any(cell.strip() for cell in line):
            continue
        cells = dict.fromkeys(columns, "") | dict(zip(columns, line, strict=False))
        surplus = " ".join(line[len(columns) :]).strip()
        yield SheetRow(number, cells | ({SURPLUS: surplus} if surplus else {}))


def _lines(text: str) -> list[list[str]]:
    try:
        return list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as err:
        raise ActRefused(
            "file", _("This is no CSV text. Save the sheet as CSV (UTF-8) and try again.")
        ) from err
