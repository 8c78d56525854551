"""The words of each drawing stay in their box, also in DejaVu, the widest font that a browser takes."""

from dataclasses import dataclass
from functools import cache
from itertools import combinations
from pathlib import Path
from xml.etree import ElementTree

import matplotlib as mpl
import pytest
from fontTools.ttLib import TTFont

DOCS = Path(__file__).parents[2] / "docs"
DRAWINGS = sorted(path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.svg"))
SVG = "{http://www.w3.org/2000/svg}"
LEAST_MARGIN = 4.0
"""Between the words and the edge of their box, in the drawing's units."""
ABOVE_THE_LINE, BELOW_THE_LINE = 0.76, 0.24
"""Of the font's size; DejaVu's ascenders and descenders."""
STARTS_AT = {"start": 0.0, "middle": 0.5, "end": 1.0}


@dataclass(frozen=True)
class Box:
    """Something drawn, and the words in it, "" for a rectangle."""

    left: float
    top: float
    right: float
    bottom: float
    words: str = ""

    def holds(self, other: "Box", margin: float = 0.0) -> bool:
        return (
            self.left + margin <= other.left
            and other.right <= self.right - margin
            and self.top <= other.top
            and other.bottom <= self.bottom
        )

    def meets(self, other: "Box") -> bool:
        return (
            self.left < other.right
            and other.left < self.right
            and self.top < other.bottom
            and other.top < self.bottom
        )


@cache
def advances(file: str) -> tuple[dict[int, int], int]:
    font = TTFont(Path(mpl.get_data_path()) / "fonts/ttf" / file)
    widths = font["hmtx"]
    return {code: widths[name][0] for code, name in font.getBestCmap().items()}, font["head"].unitsPerEm


def width(words: str, size: float, weight: str) -> float:
    bold = weight.isdigit() and int(weight) >= 600
    of_letter, units = advances("DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf")
    return sum(of_letter[ord(letter)] for letter in words) * size / units


def drawn(element: ElementTree.Element, inherited: dict[str, str]) -> list[Box]:
    """Return all rectangles and words, each with the attributes it inherits."""
    said = inherited | element.attrib
    boxes = [box for child in element for box in drawn(child, said)]
    if element.tag == f"{SVG}rect":
        left, top = float(said.get("x", 0)), float(said.get("y", 0))
        boxes.append(Box(left, top, left + float(said["width"]), top + float(said["height"])))
    if element.tag == f"{SVG}text":
        words, size = "".join(element.itertext()), float(said["font-size"])
        wide = width(words, size, said.get("font-weight", "400"))
        left = float(said["x"]) - wide * STARTS_AT[said.get("text-anchor", "start")]
        line = float(said["y"])
        boxes.append(
            Box(left, line - ABOVE_THE_LINE * size, left + wide, line + BELOW_THE_LINE * size, words)
        )
    return boxes


def faults(source: str) -> list[str]:
    boxes = drawn(ElementTree.fromstring(source), {})  # noqa: S314 - our own files
    words = [box for box in boxes if box.words]
    rectangles = [box for box in boxes if not box.words]
    over = [
        f"{one.words!r} leaves its box"
        for one in words
        for box in rectangles
        if box.meets(one) and not box.holds(one, LEAST_MARGIN)
    ]
    together = [
        f"{one.words!r} lies on {other.words!r}" for one, other in combinations(words, 2) if one.meets(other)
    ]
    return over + together


@pytest.mark.parametrize("drawing", DRAWINGS)
def test_no_word_of_a_drawing_leaves_its_box_or_lies_on_another(drawing: str) -> None:
    source = (DOCS / drawing).read_text(encoding="utf-8")
    assert source.count("<text") > 10
    assert faults(source) == []
