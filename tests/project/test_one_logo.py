"""Server, phone, gate and demo carry one drawing."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOGO = ROOT / "web_admin/static/logo.svg"
ICONS = [
    "web_admin/static/resident/icon.svg",
    "web_admin/static/resident/icon-maskable.svg",
    "gate_controller/terminal/static/icon.svg",
    "head_office/static/logo.svg",
    "demo/static/bench.svg",
]


def lines_of(path: Path) -> list[str]:
    """Return the lines of a drawing, without the ground that differs by its corners."""
    return re.findall(r"<(?:path|circle) [^>]*/>", path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("icon", ICONS)
def test_every_icon_is_the_logo(icon: str) -> None:
    assert len(lines_of(LOGO)) == 4
    assert lines_of(ROOT / icon) == lines_of(LOGO)
