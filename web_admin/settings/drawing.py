"""Rebuild a logo, or the plan under the map, as an SVG of allowed shapes, so that nothing else can be in it.

No scripts, no links, no fonts, and no pixels: this server keeps no pictures, not even small ones. What
does not show (an editor's notes) is left out; what would show and is not allowed is refused by its name.
"""

import re
from dataclasses import dataclass
from xml.etree import ElementTree

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

MAX_DEPTH = 40


@dataclass(frozen=True, slots=True)
class Size:
    """How large a drawing may be."""

    kilobytes: int
    shapes: int

    @property
    def bytes(self) -> int:
        """Return how large its file may be."""
        return self.kilobytes * 1024


LOGO = Size(kilobytes=32, shapes=2000)
PLAN = Size(kilobytes=256, shapes=10_000)
SVG = "http://www.w3.org/2000/svg"
SHAPES = frozenset(
    {
        "svg",
        "g",
        "defs",
        "path",
        "circle",
        "ellipse",
        "rect",
        "line",
        "polyline",
        "polygon",
        "title",
        "desc",
        "linearGradient",
        "radialGradient",
        "stop",
        "clipPath",
    }
)
NOT_SHOWN = frozenset({"metadata", "namedview"})
ATTRIBUTES = frozenset(
    {
        "viewBox",
        "width",
        "height",
        "d",
        "x",
        "y",
        "x1",
        "x2",
        "y1",
        "y2",
        "cx",
        "cy",
        "r",
        "rx",
        "ry",
        "fx",
        "fy",
        "points",
        "transform",
        "fill",
        "fill-rule",
        "fill-opacity",
        "stroke",
        "stroke-width",
        "stroke-linecap",
        "stroke-linejoin",
        "stroke-miterlimit",
        "stroke-opacity",
        "stroke-dasharray",
        "opacity",
        "id",
        "offset",
        "stop-color",
        "stop-opacity",
        "gradientUnits",
        "gradientTransform",
        "clip-path",
        "clip-rule",
        "clipPathUnits",
    }
)
_VALUE = re.compile(r"[\w\s#.,%()+:-]*")
_OWN_REFERENCE = re.compile(r"url\(#[\w-]+\)")


class DrawingRefused(Exception):
    """A file that is no such drawing; `part` names what is wrong, "" where it cannot be read at all."""

    def __init__(self, part: str) -> None:
        super().__init__(part)
        self.part = part


def checked_drawing(content: bytes, most: Size) -> str:
    """Return an SVG rebuilt from the allowed parts of a file; raise DrawingRefused."""
    if len(content) > most.bytes:
        raise DrawingRefused("size")
    try:
        root = fromstring(content, forbid_dtd=True)
    except (ElementTree.ParseError, DefusedXmlException, ValueError, LookupError) as err:
        raise DrawingRefused("") from err
    if root.tag != f"{{{SVG}}}svg" or not _has_size(root):
        raise DrawingRefused("")
    if sum(1 for _element in root.iter()) > most.shapes or _depth(root) > MAX_DEPTH:
        raise DrawingRefused("size")
    built = _built(root)
    built.set("xmlns", SVG)
    return ElementTree.tostring(built, encoding="unicode")


def _has_size(root: ElementTree.Element) -> bool:
    return "viewBox" in root.attrib or {"width", "height"} <= set(root.attrib)


def _depth(root: ElementTree.Element) -> int:
    """Return the greatest nesting of elements; without recursion, which has a limit."""
    depth, level = 0, [root]
    while level and depth <= MAX_DEPTH:
        depth, level = depth + 1, [child for element in level for child in element]
    return depth


def _built(element: ElementTree.Element) -> ElementTree.Element:
    _space, _brace, name = str(element.tag).rpartition("}")
    if name not in SHAPES:
        raise DrawingRefused(name[:40])
    built = ElementTree.Element(name, _attributes(element))
    if name in ("title", "desc"):
        built.text = (element.text or "")[:200]
        return built
    for child in element:
        space, _brace, child_name = str(child.tag).rpartition("}")
        if space == f"{{{SVG}" and child_name not in NOT_SHOWN:
            built.append(_built(child))
    return built


def _attributes(element: ElementTree.Element) -> dict[str, str]:
    """Return the allowed attributes of an element, including those of its style."""
    styled = [part.partition(":")[::2] for part in element.get("style", "").split(";")]
    given = {**dict(element.attrib), **{name.strip(): value.strip() for name, value in styled}}
    kept = {name: value for name, value in given.items() if name in ATTRIBUTES}
    for name, value in kept.items():
        outside = _OWN_REFERENCE.sub("", value)
        if _VALUE.fullmatch(outside) is None or "url" in outside or "javascript" in outside.lower():
            raise DrawingRefused(name)
    return kept
