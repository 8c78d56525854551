"""The list of labelled pairs that an evaluation reads: a CSV file with `a,b,same` and perhaps `group`."""

import csv
import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from gate_controller.face.engines.errors import BadPairList
from hardware.files import FileTooLarge, NoRegularFile, read_regular

WORDS = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
MAX_LIST_BYTES = 100_000_000
NEEDED = ("a", "b", "same")


@dataclass(frozen=True, slots=True)
class PicturePair:
    """Two pictures, by their place in the list of pictures, and whether they show one person."""

    first: int
    second: int
    same: bool
    group: str | None


@dataclass(frozen=True, slots=True)
class PairList:
    """Each picture once, and the pairs made of them."""

    pictures: tuple[Path, ...]
    pairs: tuple[PicturePair, ...]


@dataclass(frozen=True, slots=True)
class PeopleBehind:
    """How many people a list of pairs rests on, as far as its pairs of one person tell."""

    at_most: int
    """Pictures that no pair joins count as different people."""
    largest_share: float
    """Share of the pairs of one person that belongs to the person with most of them."""


def people_behind(pairs: PairList) -> PeopleBehind:
    """Return how many people the pictures show at most, joining those that pairs call one person."""
    person = list(range(len(pairs.pictures)))

    def first_of(picture: int) -> int:
        while person[picture] != picture:
            person[picture] = person[person[picture]]
            picture = person[picture]
        return picture

    same = [pair for pair in pairs.pairs if pair.same]
    for pair in same:
        person[first_of(pair.first)] = first_of(pair.second)
    pairs_of = Counter(first_of(pair.first) for pair in same)
    people = len({first_of(picture) for picture in person})
    return PeopleBehind(people, max(pairs_of.values(), default=0) / max(1, len(same)))


def read_pairs(path: Path) -> PairList:
    """Read a pair list; pictures are named relative to its folder.

    Raise BadPairList naming row and column. A picture that is not there is no error of the list.
    """
    places: dict[str, int] = {}
    try:
        text = read_regular(path, MAX_LIST_BYTES).decode("utf-8-sig")
        rows = csv.DictReader(io.StringIO(text, newline=""), strict=True)
        pairs = tuple(_pairs(path, rows, places))
    except (OSError, NoRegularFile, FileTooLarge, UnicodeDecodeError, csv.Error) as fault:
        raise BadPairList(f"{path} cannot be read: {fault}. Give a CSV file in UTF-8.") from fault
    if not pairs:
        raise BadPairList(f"{path} has no pairs. Give a row for each pair below the line `a,b,same`.")
    return PairList(tuple(path.parent / name for name in places), pairs)


def _pairs(path: Path, rows: "csv.DictReader[str]", places: dict[str, int]) -> Iterator[PicturePair]:
    missing = [name for name in NEEDED if name not in (rows.fieldnames or ())]
    if missing:
        raise BadPairList(
            f"{path}, row 1: no column {missing[0]!r}. The columns are a, b, same and, if wanted, group."
        )
    for row in rows:
        first, second, word = ((row[name] or "").strip() for name in NEEDED)
        if not first or not second:
            column = "b" if first else "a"
            raise BadPairList(f"{path}, row {rows.line_num}, column {column}: no picture is named.")
        same = WORDS.get(word.lower())
        if same is None:
            raise BadPairList(f"{path}, row {rows.line_num}, column same: {word!r}; write 1 or 0.")
        yield PicturePair(
            places.setdefault(first, len(places)),
            places.setdefault(second, len(places)),
            same,
            (row.get("group") or "").strip() or None,
        )
