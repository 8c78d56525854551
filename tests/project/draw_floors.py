"""Draw the floors of the packages from their import contracts: `python -m tests.project.draw_floors`.

The order of the floors is that of the layers in `pyproject.toml`, which `make check` enforces.
`test_floors.py` fails when the drawing is stale.
"""

import ast
import tomllib
from dataclasses import dataclass
from html import escape
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DRAWING = ROOT / "docs" / "floors.svg"
PACKAGES = ("demo", "head_office", "fleet", "web_admin", "gate_controller", "hardware")
WIDTH, FLOOR_HEIGHT, GAP, HEADING, SIDE = 1120, 34, 6, 34, 16


@dataclass(frozen=True)
class Floors:
    """One package: its rooms from the top floor down."""

    package: str
    floors: tuple[tuple[str, ...], ...]


def floors_of(package: str) -> Floors:
    """Return the floors of a package as its layers contract lists them."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    for contract in settings["tool"]["importlinter"]["contracts"]:
        if contract.get("containers") == [package]:
            rows = tuple(tuple(part.strip() for part in row.split("|")) for row in contract["layers"])
            return Floors(package, rows)
    raise KeyError(f"{package} has no layers contract in pyproject.toml")


def purpose_of(package: str, room: str) -> str:
    """Return a room's docstring as one paragraph."""
    folder = ROOT / package / room
    path = folder / "__init__.py" if folder.is_dir() else ROOT / package / f"{room}.py"
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return " ".join(text.split())


def drawing() -> str:
    """Return the drawing of all packages, the upper package first."""
    parts, top = [], GAP
    for floors in map(floors_of, PACKAGES):
        parts.append(_text(SIDE, top + 22, floors.package, weight="700"))
        top += HEADING
        for row in floors.floors:
            width = (WIDTH - 2 * SIDE - GAP * (len(row) - 1)) / len(row)
            for place, room in enumerate(row):
                left = SIDE + place * (width + GAP)
                parts.append(
                    f'<rect x="{left:.0f}" y="{top}" width="{width:.0f}" height="{FLOOR_HEIGHT}" rx="6"'
                    ' fill="#e3f1ec" stroke="#0e5d4c"/>'
                )
                parts.append(_text(left + 12, top + 22, room))
            top += FLOOR_HEIGHT + GAP
        top += 2 * GAP
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top}" role="img"'
        ' font-family="system-ui, sans-serif" font-size="15" fill="#16211d">'
        "<title>The floors of Menjin: each imports only what is below it</title>"
        f'<rect width="{WIDTH}" height="{top}" fill="#ffffff"/>' + "".join(parts) + "</svg>\n"
    )


def _text(left: float, top: int, words: str, weight: str = "400") -> str:
    return f'<text x="{left:.0f}" y="{top}" font-weight="{weight}">{escape(words)}</text>'


if __name__ == "__main__":
    DRAWING.write_text(drawing(), encoding="utf-8")
