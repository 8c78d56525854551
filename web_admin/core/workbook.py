"""Read the first sheet of an Excel workbook as text, within bounds, and write sheets to fill in.

An .xlsx is a ZIP of XML, and both can unfold to any size. So what the archive says it unpacks to is
bounded before anything is unpacked (the reader stops at what was said), no part may be packed tighter
than sheets are, the XML's elements and attributes are counted before it is parsed, it may not declare
entities, and the cells are counted while they are read. All that is beside the rows (styles, names, kinds of
parts) has a far smaller bound, since each of its elements costs the reader ten times as much. Formulas are
never worked out: they come out as their text and are refused like any other cell that begins with "=".
"""

import io
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time
from typing import Protocol
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring
from flask_babel import LazyString
from flask_babel import lazy_gettext as _
from openpyxl import Workbook, load_workbook
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.worksheet.dimensions import ColumnDimension

from web_admin.core.csv_text import MAX_BYTES, NO_SHEET, TOO_LARGE, harmless
from web_admin.core.refusal import ActionRefused

WORKBOOK_START = b"PK\x03\x04"
MAX_UNPACKED_BYTES = 24 * 1024 * 1024
MAX_PARTS = 200
MAX_RATIO = 60
"""How many times smaller than itself a large part may be packed; sheets reach 10 to 20, bombs 1,000."""
LARGE_PART_BYTES = 1024 * 1024
MAX_MARKS = 2_000_000
"""Elements' ends and attributes in all parts: 10,000 rows of twelve columns have 1.3 million."""
MAX_MARKS_BESIDE = 50_000
"""Of these in parts without rows, such as styles: an element costs up to 22 µs there, 2 to 4 in a row."""
MANIFEST = "[Content_Types].xml"
TYPES_OF_ROWS = ("worksheet+xml", "sharedStrings+xml")
PIECE_BYTES = 256 * 1024
MAX_COLUMNS = 30
EXCELS_ROWS = 1_048_576
"""Passed to the library, which would otherwise trust the size that the sheet states."""
MAX_CHARS = 2 * 1024 * 1024
CELL_TYPES_THAT_ARE_NO_VALUES = ("f", "e")
"""Formulas, and errors such as #REF!."""

TOO_MUCH = _("This workbook unpacks to more than a sheet of people needs. Copy its rows into a new workbook.")


class _Cell(Protocol):
    @property
    def value(self) -> object: ...

    @property
    def data_type(self) -> str: ...


def rows_of_workbook(data: bytes, max_rows: int) -> list[list[str]]:
    """Return the first sheet's rows up to the last one with content; raise ActionRefused."""
    if len(data) > MAX_BYTES:
        raise ActionRefused("file", TOO_LARGE)
    try:
        _check_archive(data)
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=False, keep_links=False)
        try:
            rows = book.worksheets[0].iter_rows(max_col=MAX_COLUMNS, max_row=EXCELS_ROWS)
            return list(_bounded(rows, max_rows))
        finally:
            book.close()
    except DefusedXmlException as err:
        raise ActionRefused("file", TOO_MUCH) from err
    except (
        zipfile.BadZipFile,
        InvalidFileException,
        ParseError,
        KeyError,
        ValueError,
        IndexError,
        TypeError,
        AttributeError,
        EOFError,
        OSError,
        RuntimeError,
        MemoryError,
    ) as err:
        # Any failure of the library at bytes from outside means: no sheet.
        raise ActionRefused("file", NO_SHEET) from err


def workbook_of(rows: Iterable[Sequence[str]]) -> bytes:
    """Return a workbook whose cells are text, so that 3-12 stays 3-12 and nothing is a formula."""
    book = Workbook()
    sheet = book.active
    if sheet is None:
        raise ValueError("a new workbook has a sheet")
    for number, row in enumerate(rows, start=1):
        for place, text in enumerate(row, start=1):
            cell = sheet.cell(number, place, harmless(text))
            cell.number_format = "@"
    for letter in "ABCD":
        column = ColumnDimension(sheet, index=letter, width=18)
        column.number_format = "@"
        sheet.column_dimensions[letter] = column
    sheet.freeze_panes = "A2"
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _check_archive(data: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = archive.infolist()
        if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED_BYTES:
            raise ActionRefused("file", TOO_MUCH)
        if any(part.filename.lower().endswith("vbaproject.bin") for part in parts):
            raise ActionRefused("file", _("This workbook has macros. Save it as .xlsx without them."))
        if any(_is_bomb(part) for part in parts):
            raise ActionRefused("file", TOO_MUCH)
        marks = {part.filename: _marks(archive, part) for part in parts}
        if sum(marks.values()) > MAX_MARKS or marks.get(MANIFEST, 0) > MAX_MARKS_BESIDE:
            raise ActionRefused("file", TOO_MUCH)
        having_rows = _parts_of_rows(archive)
        if sum(count for name, count in marks.items() if name not in having_rows) > MAX_MARKS_BESIDE:
            raise ActionRefused("file", TOO_MUCH)


def _parts_of_rows(archive: zipfile.ZipFile) -> set[str]:
    """Return the names of the sheets and of their texts; a part declared as anything else too is none."""
    types: dict[str, list[str]] = {}
    for part in fromstring(archive.read(MANIFEST)):
        types.setdefault(part.get("PartName", "").removeprefix("/"), []).append(part.get("ContentType", ""))
    return {name for name, of_name in types.items() if all(one.endswith(TYPES_OF_ROWS) for one in of_name)}


def _is_bomb(part: zipfile.ZipInfo) -> bool:
    return part.file_size > LARGE_PART_BYTES and part.file_size > MAX_RATIO * part.compress_size


def _marks(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> int:
    """Return how many elements' ends and attributes a part has, roughly: what parsing it costs."""
    marks = 0
    with archive.open(part) as unpacked:
        while piece := unpacked.read(PIECE_BYTES):
            marks += piece.count(b"<") + (piece.count(b'"') + piece.count(b"'")) // 2
    return marks


def _bounded(rows: Iterable[Sequence[_Cell]], max_rows: int) -> Iterator[list[str]]:
    """Give the rows as text; some rows without content count only when one with content follows.

    Not any number of them: a row says its own number, and the library makes each that a jump leaves out.
    """
    blank = 0
    count = 0
    chars = 0
    for row in rows:
        cells = [_text(cell) for cell in row]
        while cells and not cells[-1]:
            cells.pop()
        if not cells:
            blank += 1
            if blank > max_rows + 1:
                raise ActionRefused("file", _too_many(max_rows))
            continue
        count += blank + 1
        chars += sum(map(len, cells))
        if count > max_rows + 1:
            raise ActionRefused("file", _too_many(max_rows))
        if chars > MAX_CHARS:
            raise ActionRefused("file", TOO_MUCH)
        yield from ([] for _row in range(blank))
        blank = 0
        yield cells


def _too_many(max_rows: int) -> LazyString:
    return _(
        "The file has more than %(count)s rows, blank ones too. Split it, or copy its rows into a new one.",
        count=max_rows,
    )


def _text(cell: _Cell) -> str:
    value = cell.value
    if value is None:
        return ""
    if cell.data_type in CELL_TYPES_THAT_ARE_NO_VALUES:
        return "=" + str(getattr(value, "text", value)).removeprefix("=")
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()  # a datetime has its T, by which the check knows that it was a date
    return str(value)
