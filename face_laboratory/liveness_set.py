"""The set that an operator supplies to measure liveness: a CSV file, `species,path` and perhaps `source`."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from face_laboratory.attack_items import Item
from face_laboratory.pair_list import MAX_LIST_BYTES
from gate_controller.face.engines.errors import BadPairList
from hardware.files import FileTooLarge, NoRegularFile, read_regular

LIVE = "live"
"""The species of living people; every other word is a kind of attack."""
NEEDED = ("species", "path")


@dataclass(frozen=True, slots=True)
class SetItem:
    """One clip or picture, and what it was made with or of whom: items of one source count as one."""

    item: Item
    source: str


def read_set(path: Path) -> tuple[SetItem, ...]:
    """Read a set; files are named relative to its folder, and without `source` each is one of its own.

    Raise BadPairList naming row and column, and when it holds no living people or no attacks.
    """
    try:
        text = read_regular(path, MAX_LIST_BYTES).decode("utf-8-sig")
        rows = csv.DictReader(io.StringIO(text, newline=""), strict=True)
        listed = tuple(_items(path, rows))
    except (OSError, NoRegularFile, FileTooLarge, UnicodeDecodeError, csv.Error) as fault:
        raise BadPairList(f"{path} cannot be read: {fault}. Give a CSV file in UTF-8.") from fault
    species = {one.item.species for one in listed}
    if LIVE not in species or len(species) < 2:
        lacks = "living people (species live)" if LIVE not in species else "attacks"
        raise BadPairList(f"{path} names no {lacks}. Both are needed.")
    return listed


def _items(path: Path, rows: "csv.DictReader[str]") -> Iterator[SetItem]:
    missing = [name for name in NEEDED if name not in (rows.fieldnames or ())]
    if missing:
        raise BadPairList(
            f"{path}, row 1: no column {missing[0]!r}. The columns are species, path and, if wanted, source."
        )
    seen: set[str] = set()
    for row in rows:
        where = f"{path}, row {rows.line_num}"
        species, name = ((row[column] or "").strip() for column in NEEDED)
        if not species or not name:
            raise BadPairList(f"{where}, column {'path' if species else 'species'}: nothing is named.")
        if name in seen:
            raise BadPairList(f"{where}, column path: {name!r} is listed twice.")
        seen.add(name)
        yield SetItem(Item(species, path.parent / name), (row.get("source") or "").strip() or name)
