"""Draw a code on the server: for visitors' links, print, and browsers without scripts."""

import struct
import zlib

from markupsafe import Markup
from qrcode import QRCode
from qrcode.constants import ERROR_CORRECT_M
from qrcode.util import QRData

QUIET_MODULES = 4
MODULE_PIXELS = 14
"""Of a picture that is sent on: large enough to survive the shrinking of messengers."""
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


def png_of(text: str) -> bytes:
    """Return a text as a black and white PNG picture, to be saved or sent on."""
    rows = _matrix(text)
    side = len(rows) * MODULE_PIXELS
    lines = b"".join(b"\0" + _line(row, side) for row in rows for _again in range(MODULE_PIXELS))
    head = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)  # one bit a pixel, grey, no interlace
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(lines)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in parts)


def _matrix(text: str) -> list[list[bool]]:
    code = QRCode(error_correction=ERROR_CORRECT_M, border=QUIET_MODULES)
    code.add_data(QRData(text))
    code.make(fit=True)
    return [[bool(dark) for dark in row] for row in code.get_matrix()]


def _line(row: list[bool], side: int) -> bytes:
    bits = "".join(("0" if dark else "1") * MODULE_PIXELS for dark in row)
    width = (side + 7) // 8
    return int(bits.ljust(width * 8, "1"), 2).to_bytes(width, "big")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
