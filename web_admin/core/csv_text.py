"""Decode a CSV file as spreadsheets save it: detect encoding and separator, never guess.

A file whose lines are written in two encodings is refused with the numbers of two such lines: read
either way, half of its names would be wrong.
"""

import codecs
import csv
import io
import re
from collections.abc import Iterable

from flask_babel import LazyString
from flask_babel import lazy_gettext as _

from web_admin.core.refusal import ActionRefused

MAX_BYTES = 2 * 1024 * 1024
FORMULA_STARTS = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r")
"""With these a spreadsheet may take a cell for a formula and run it."""

NO_SHEET = _("This is no CSV text and no Excel workbook. Save the sheet as CSV (UTF-8) or .xlsx.")
TOO_LARGE = _("The file is larger than 2 MB. Split it.")

_BEGINS_A_FORMULA = re.compile(r"""[\s"]*[=+\-@＝＋－＠\t\r]""")
_AFTER_A_SEPARATOR = re.compile(r"""([,;|\t\r\n][\s"]*)(?=[=+\-@＝＋－＠])""")
"""Where a spreadsheet of a country that separates by semicolons would begin a cell of its own."""
_MARK_AFTER_A_SEPARATOR = re.compile(r"""([,;|\t\r\n][\s"]*)'(?=[=+\-@＝＋－＠])""")
_IDEOGRAPH = re.compile("[\u4e00-\u9fff]")
_SEPARATORS = (",", "\t", ";")
_UTF_16_BOMS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def decoded(data: bytes) -> str:
    """Return the text of a CSV file in UTF-8, UTF-16 with its mark or GB18030; raise ActionRefused."""
    if len(data) > MAX_BYTES:
        raise _refused(TOO_LARGE)
    if data.startswith(_UTF_16_BOMS):
        text = _read(data, "utf-16")
    else:
        text = _read(data, "utf-8-sig")
        if text is None:
            _refuse_mixed(data)
            text = _read(data, "gb18030")
    if text is None or "\0" in text or not _storable(text):
        raise _refused(NO_SHEET)
    return text


def lines_of(text: str) -> list[list[str]]:
    """Return the cells of each line; the first line says what separates them. Raise ActionRefused."""
    first = text.partition("\n")[0]
    separator = max(_SEPARATORS, key=first.count)
    try:
        return list(csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=separator))
    except csv.Error as err:
        raise _refused(NO_SHEET) from err


def csv_text(rows: Iterable[Iterable[str]]) -> str:
    """Return rows as CSV, each cell unchanged: for text that is read again, never shown."""
    file = io.StringIO(newline="")
    csv.writer(file, quoting=csv.QUOTE_ALL).writerows(rows)
    return file.getvalue()


def csv_for_spreadsheets(rows: Iterable[Iterable[str]]) -> bytes:
    """Return rows as a file that spreadsheets open rightly and in which no cell is a formula."""
    return csv_text([harmless(cell) for cell in row] for row in rows).encode("utf-8-sig")


def harmless(cell: str) -> str:
    """Return a cell that no spreadsheet runs, with any separator.

    What begins like a formula gets a mark in front, at the beginning and after each separator: with a
    comma between cells, a spreadsheet that expects semicolons splits `x;=1+1` in two, quoted or not.
    """
    marked = _AFTER_A_SEPARATOR.sub(r"\1'", cell)
    return f"'{marked}" if _BEGINS_A_FORMULA.match(cell) else marked


def as_text(cell: str) -> tuple[str, bool]:
    """Return a cell without blanks and without the marks of `harmless`, and whether it is a formula."""
    cell = _MARK_AFTER_A_SEPARATOR.sub(r"\1", cell.strip())
    if cell.startswith("'") and _BEGINS_A_FORMULA.match(cell[1:]):
        return cell[1:], False
    return cell, cell.startswith(FORMULA_STARTS)


def _read(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return None


def _storable(text: str) -> bool:
    """Return whether no half of a pair of surrogates is in the text: no database could keep it."""
    return not re.search("[\ud800-\udfff]", text)


def _refuse_mixed(data: bytes) -> None:
    utf_8, other = None, None
    for number, line in enumerate(data.split(b"\n"), start=1):
        text = _read(line, "utf-8")
        if text is None:
            other = other or number
        elif _IDEOGRAPH.search(text) and not _is_plain_gb(line):
            utf_8 = utf_8 or number
        if utf_8 and other:
            raise _refused(
                _(
                    "Line %(one)s is written in UTF-8 and line %(two)s in another "
                    "encoding. Open the sheet in your spreadsheet, check both lines, "
                    "and save it again as CSV (UTF-8).",
                    one=utf_8,
                    two=other,
                )
            )


def _is_plain_gb(line: bytes) -> bool:
    """Return whether a line reads as common Chinese in GB 2312: few lines of UTF-8 do by chance."""
    return _read(line, "gb2312") is not None


def _refused(message: LazyString) -> ActionRefused:
    return ActionRefused("file", message)
