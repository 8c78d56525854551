"""The list of people that an evaluation reads: a CSV file with `person,path` and perhaps `group`."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from face_laboratory.pair_list import MAX_LIST_BYTES
from gate_controller.face.engines.errors import BadPairList
from hardware.files import FileTooLarge, NoRegularFile, read_regular

NEEDED = ("person", "path")


@dataclass(frozen=True, slots=True)
class PeopleList:
    """Every picture with its person, in the order of the file; people by their place in `groups`."""

    pictures: tuple[Path, ...]
    person_of: tuple[int, ...]
    """For each picture the place of its person."""
    groups: tuple[str | None, ...]
    """For each person the group, None where none is given."""
    people: tuple[str, ...]
    """For each person their id, as it is written."""


def read_people(path: Path) -> PeopleList:
    """Read a list of people; pictures are named relative to its folder.

    Raise BadPairList naming row and column. A picture that is not there is no error of the list.
    """
    places: dict[str, int] = {}
    groups: list[str | None] = []
    try:
        text = read_regular(path, MAX_LIST_BYTES).decode("utf-8-sig")
        rows = csv.DictReader(io.StringIO(text, newline=""), strict=True)
        listed = list(_pictures(path, rows, places, groups))
    except (OSError, NoRegularFile, FileTooLarge, UnicodeDecodeError, csv.Error) as fault:
        raise BadPairList(f"{path} cannot be read: {fault}. Give a CSV file in UTF-8.") from fault
    if len(groups) < 2:
        raise BadPairList(f"{path} names fewer than two people. Give a row `person,path` for each picture.")
    return PeopleList(
        tuple(path.parent / name for name, _ in listed),
        tuple(person for _, person in listed),
        tuple(groups),
        tuple(places),
    )


def _pictures(
    path: Path, rows: "csv.DictReader[str]", places: dict[str, int], groups: list[str | None]
) -> Iterator[tuple[str, int]]:
    missing = [name for name in NEEDED if name not in (rows.fieldnames or ())]
    if missing:
        raise BadPairList(
            f"{path}, row 1: no column {missing[0]!r}. The columns are person, path and, if wanted, group."
        )
    seen: set[str] = set()
    for row in rows:
        where = f"{path}, row {rows.line_num}"
        person, picture = ((row[name] or "").strip() for name in NEEDED)
        if not person or not picture:
            raise BadPairList(f"{where}, column {'path' if person else 'person'}: nothing is named.")
        if picture in seen:
            raise BadPairList(f"{where}, column path: {picture!r} is listed twice; a probe must be no look.")
        seen.add(picture)
        group = (row.get("group") or "").strip() or None
        place = places.setdefault(person, len(places))
        if place == len(groups):
            groups.append(group)
        elif groups[place] != group:
            raise BadPairList(f"{where}, column group: {person!r} is in {groups[place]!r} above.")
        yield picture, place
