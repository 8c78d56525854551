"""Read a sheet of people from CSV or a workbook, and make an empty one to fill in.

Columns: home, name, kind, card (房号, 姓名, 类别, 卡号), in any order.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from flask_babel import lazy_gettext as _

from gate_controller.contract.languages import LANGUAGES
from web_admin.action.debt_words import speaks_of_debt, why_refused
from web_admin.core.csv_text import csv_for_spreadsheets, csv_text, decoded, lines_of
from web_admin.core.in_a_language import N_, texts_in
from web_admin.core.refusal import ActionRefused
from web_admin.core.workbook import WORKBOOK_START, rows_of_workbook, workbook_of

MAX_ROWS = 10_000
SURPLUS = "row"
"""Represents the cells of a row beyond the named columns."""

COLUMN_WORDS = N_("home, name, kind, card")
HEADERS: Mapping[str, tuple[str, ...]] = {
    code: tuple(texts_in(code)(COLUMN_WORDS).split(", ")) for code in LANGUAGES
}
EMPTY_SHEETS: Mapping[str, tuple[str, str]] = {
    code: (
        texts_in(code)(N_("Empty Excel sheet (English)")),
        texts_in(code)(N_("Empty CSV sheet (English)")),
    )
    for code in LANGUAGES
}
"""Texts of the links to an empty sheet, each in its own language."""
OTHER_HEADERS: Mapping[str, tuple[str, ...]] = {
    "home": ("flat", "unit", "home number", "房间号", "门牌号", "房屋"),
    "name": ("full name", "名字", "住户姓名", "业主姓名"),
    "kind": ("type", "类型", "身份", "住户类型"),
    "card": ("card number", "门卡", "门卡号", "门禁卡号", "ic卡号"),
}
"""How lists from elsewhere head the same columns, in small letters."""
COLUMNS: Mapping[str, str] = {
    **{word: column for words in HEADERS.values() for word, column in zip(words, HEADERS["en"], strict=True)},
    **{word: column for column, words in OTHER_HEADERS.items() for word in words},
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
    """Return a CSV file with nothing but its header; the mark at its start says that it is UTF-8."""
    return csv_for_spreadsheets([_header(language)])


def empty_workbook(language: str) -> bytes:
    """Return a workbook with nothing but its header, whose columns keep what is typed as text."""
    return workbook_of([_header(language)])


def filled_sheet(language: str, rows: Sequence[Sequence[str]]) -> bytes:
    """Return people as a CSV file that this page reads again; no cell of it is a formula."""
    return csv_for_spreadsheets([_header(language), *rows])


def filled_workbook(language: str, rows: Sequence[Sequence[str]]) -> bytes:
    """Return people as a workbook that this page reads again; no cell of it is a formula."""
    return workbook_of([_header(language), *rows])


def sheet_text(data: bytes) -> str:
    """Return the text of an uploaded file, CSV or workbook, as CSV; raise ActionRefused for any other."""
    if data.startswith(WORKBOOK_START):
        return csv_text(rows_of_workbook(data, MAX_ROWS))
    return decoded(data)


def read_sheet(data: bytes) -> Sheet:
    """Return the sheet in a file; raise ActionRefused when the file as a whole cannot be read."""
    lines = lines_of(sheet_text(data))
    if not lines:
        raise ActionRefused("file", _("The file is empty."))
    header = lines[0]
    while header and not header[-1].strip():
        header.pop()
    for cell in header:
        if speaks_of_debt(cell):
            raise ActionRefused("file", why_refused(cell.strip()))
    columns = tuple(COLUMNS.get(cell.strip().lower(), "") for cell in header)
    if "" in columns or len(set(columns)) != len(columns) or "name" not in columns:
        raise ActionRefused("file", _("The first row names the columns: home, name, kind, card."))
    if len(lines) - 1 > MAX_ROWS:
        raise ActionRefused("file", _("The file has more than %(count)s rows. Split it.", count=MAX_ROWS))
    return Sheet(columns, tuple(_rows(columns, lines[1:])))


def _header(language: str) -> tuple[str, ...]:
    return HEADERS.get(language, HEADERS["en"])


def _rows(columns: tuple[str, ...], lines: list[list[str]]) -> Iterator[SheetRow]:
    for number, line in enumerate(lines, start=2):
        if not any(cell.strip() for cell in line):
            continue
        cells = dict.fromkeys(columns, "") | dict(zip(columns, line, strict=False))
        surplus = " ".join(line[len(columns) :]).strip()
        yield SheetRow(number, cells | ({SURPLUS: surplus} if surplus else {}))
