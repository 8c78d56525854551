"""Draw a code on the server: for visitors' links, print, and browsers without scripts."""

import struct
import zlib
from collections.abc import Sequence

from markupsafe import Markup
from qrcode import QRCode
from qrcode.constants import ERROR_CORRECT_M
from qrcode.util import QRData

QUIET_MODULES = 4
MODULE_PIXELS = 14
"""Of a picture that is sent on: large enough to survive the shrinking of messengers."""
WRITTEN_PIXELS = 6
"""Of a figure's dot below the code."""
FIGURES = {
    "0": "01110 10001 10011 10101 11001 10001 01110",
    "1": "00100 01100 00100 00100 00100 00100 01110",
    "2": "01110 10001 00001 00110 01000 10000 11111",
    "3": "01110 10001 00001 00110 00001 10001 01110",
    "4": "00010 00110 01010 10010 11111 00010 00010",
    "5": "11111 10000 11110 00001 00001 10001 01110",
    "6": "00110 01000 10000 11110 10001 10001 01110",
    "7": "11111 00001 00010 00100 01000 01000 01000",
    "8": "01110 10001 10001 01110 10001 10001 01110",
    "9": "01110 10001 10001 01111 00001 00010 01100",
    "-": "00000 00000 00000 11111 00000 00000 00000",
    ":": "00000 00100 00100 00000 00100 00100 00000",
    " ": "00000 00000 00000 00000 00000 00000 00000",
}
"""Figures of days and times, five dots wide and seven high: the server has no fonts."""
DOTS_A_MM = 8
"""Of a thermal printer: 203 dots an inch."""


def svg_of(text: str, label: str) -> Markup:
    """Return a text as an SVG picture, base45 in the dense mode; `label` is its spoken name."""
    return _svg(_matrix(text), label, Markup())


def svg_for_paper(text: str, label: str, widest_mm: int) -> Markup:
    """Return the same at a fixed size, at most `widest_mm` wide, each module a whole number of dots."""
    rows = _matrix(text)
    dots = max(2, widest_mm * DOTS_A_MM // len(rows))
    side = f"{len(rows) * dots / DOTS_A_MM:g}mm"
    return _svg(rows, label, Markup(' width="{0}" height="{0}" data-dots="{1}"').format(side, dots))


def _svg(rows: list[list[bool]], label: str, size_on_paper: Markup) -> Markup:
    path = "".join(f"M{x} {y}h1v1h-1z" for y, row in enumerate(rows) for x, dark in enumerate(row) if dark)
    return Markup(
        '<svg xmlns="http://www.w3.org/2000/svg" class="qr" viewBox="0 0 {0} {0}" '
        'role="img" aria-label="{1}" shape-rendering="crispEdges"{3}>'
        '<rect width="{0}" height="{0}" fill="#fff"/>'
        '<path d="{2}" fill="#000"/></svg>'
    ).format(len(rows), label, path, size_on_paper)


def png_of(text: str, figures: Sequence[str] = ()) -> bytes:
    """Return a text as a black and white PNG picture, to be saved or sent on.

    Below the code, a square, stand lines of `figures`: days and times, as FIGURES can write them.
    """
    code = _matrix(text)
    side = len(code) * MODULE_PIXELS
    drawn = [(row, MODULE_PIXELS) for row in code]
    widest = max((len(line) for line in figures), default=1) * 6
    pixels = min(WRITTEN_PIXELS, side // widest)
    drawn += [(_written(row, side // pixels), pixels) for line in figures for row in _figure_rows(line)]
    lines = b"".join(b"\0" + _line(row, pixels, side) for row, pixels in drawn for _again in range(pixels))
    high = sum(pixels for _row, pixels in drawn)
    head = struct.pack(">IIBBBBB", side, high, 1, 0, 0, 0, 0)  # one bit a pixel, grey, no interlace
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(lines)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in parts)


def _matrix(text: str) -> list[list[bool]]:
    code = QRCode(error_correction=ERROR_CORRECT_M, border=QUIET_MODULES)
    code.add_data(QRData(text))
    code.make(fit=True)
    return [[bool(dark) for dark in row] for row in code.get_matrix()]


def _figure_rows(line: str) -> list[list[bool]]:
    """Return a line of figures as rows of dots, with white below it."""
    shapes = [FIGURES[figure].split() for figure in line]
    return [[dot == "1" for shape in shapes for dot in f"{shape[y]}0"] for y in range(7)] + [[]] * 4


def _written(row: list[bool], wide: int) -> list[bool]:
    """Return a row of dots in the middle of a picture so many dots wide."""
    return [False] * ((wide - len(row)) // 2) + row


def _line(row: list[bool], pixels: int, side: int) -> bytes:
    bits = "".join(("0" if dark else "1") * pixels for dark in row)
    width = (side + 7) // 8
    return int(bits.ljust(width * 8, "1"), 2).to_bytes(width, "big")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
