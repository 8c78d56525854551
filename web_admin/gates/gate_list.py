"""Read a pasted list of gates, and give a short name to those that have none there."""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from flask_babel import LazyString

from web_admin.core.csv_text import as_text
from web_admin.core.refusal import ActionRefused

MAX_MADE_CHARS = 30
"""Of a short name that is made from a name: the short names of its lanes are longer."""

MAX_CELL_CHARS = 200
"""Beyond any name: a longer cell is refused as it is."""
HEADINGS = frozenset(
    (
        "name",
        "names",
        "gate",
        "gates",
        "gate name",
        "no",
        "no.",
        "nr",
        "nr.",
        "number",
        "名称",
        "门",
        "门名",
        "门名称",
        "序号",
        "编号",
        "单元",
        "楼栋",
    )
)
"""Headers of a column of names in lists, in small letters."""

_SEPARATOR = re.compile("[,;，；]")
_MARKS = "".join(
    map(
        chr,
        (
            0xFEFF,
            *range(0x200B, 0x2010),
            *range(0x202A, 0x202F),
            *range(0x2066, 0x206A),
        ),
    )
)
"""Invisible ones that spreadsheets put around a cell: of the byte order, of the direction, of no width."""
_BLANKS = "".join(filter(str.isspace, map(chr, range(0x3001))))
_AROUND = f"{_BLANKS}{_MARKS},;，；"


@dataclass(frozen=True, slots=True)
class NewGate:
    """A gate to be added; `gate_id` is "" and `number` 0 where they are to be made, `line` counts from 1."""

    gate_id: str
    name: str
    line: int = 0
    number: int = 0


@dataclass(frozen=True, slots=True)
class LineProblem:
    line: int
    name: str
    message: LazyString


class LinesRefused(ActionRefused):
    """A list of gates of which nothing is stored; `problems` are all the lines that are wrong."""

    def __init__(self, problems: Sequence[LineProblem]) -> None:
        super().__init__("gates", problems[0].message)
        self.problems = tuple(problems)


def read_gates(text: str) -> list[NewGate]:
    """Return the gates of a list: one on a line, a name and perhaps a short name, as a spreadsheet pastes it.

    Between the two is a tab, or where the line has none a comma or semicolon, the Chinese ones as well.
    """
    gates = []
    for number, line in enumerate(text.splitlines(), start=1):
        cells = line.split("\t", 1) if "\t" in line else _SEPARATOR.split(line, maxsplit=1)
        name, short = (_clean(cell) for cell in (*cells, "")[:2])
        if name or short:
            gates.append(NewGate(short.lower(), name, number))
    return gates


def _clean(cell: str) -> str:
    """Return a cell without what is around it and without the mark that keeps it from being a formula."""
    cell = cell.strip(_AROUND)
    return as_text(cell)[0].strip(_AROUND) if len(cell) <= MAX_CELL_CHARS else cell


def with_short_names(gates: Sequence[NewGate], numbers: range) -> list[NewGate]:
    """Return the gates with their numbers and a short name each: typed, made of the name, or by the number.

    What two lines would share names neither of the two.
    """
    made = [gate.gate_id or made_of(gate.name) for gate in gates]
    count = Counter(made)
    return [
        replace(
            gate,
            number=number,
            gate_id=gate.gate_id or (short if short and count[short] == 1 else f"gate-{number}"),
        )
        for gate, short, number in zip(gates, made, numbers, strict=True)
    ]


def made_of(name: str) -> str:
    """Return the short name that a name gives, such as "stair-12" of "Stair 12"; "" where it gives none.

    Digits alone say too little: "3栋2单元" would become 3-2, which anything may be.
    """
    letters = (char for char in unicodedata.normalize("NFKD", name) if not unicodedata.combining(char))
    slug = "-".join(re.findall("[a-z0-9]+", "".join(letters).lower()))
    return slug if re.search("[a-z]", slug) and len(slug) <= MAX_MADE_CHARS else ""
