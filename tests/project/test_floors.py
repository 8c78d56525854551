"""The drawing of the floors is that of the code; every folder says what lives there and what it may touch."""

import ast
import re

import pytest

from tests.project.draw_floors import DRAWING, PACKAGES, ROOT, drawing, floors_of, purpose_of

WITHOUT_CODE = {"templates", "static", "translations", "migrations", "playbooks", "__pycache__"}


def test_the_drawing_is_up_to_date() -> None:
    assert DRAWING.read_text(encoding="utf-8") == drawing(), "python -m tests.project.draw_floors"


@pytest.mark.parametrize("package", PACKAGES)
def test_every_folder_is_on_a_floor_and_says_what_lives_there(package: str) -> None:
    rooms = [room for row in floors_of(package).floors for room in row]
    folders = {path.parent.name for path in (ROOT / package).glob("*/*.py")} - WITHOUT_CODE
    assert folders <= set(rooms)
    assert [room for room in rooms if not purpose_of(package, room)] == []


@pytest.mark.parametrize("package", PACKAGES)
def test_every_folder_says_what_it_may_touch(package: str) -> None:
    folders = [path for path in (ROOT / package).rglob("__init__.py") if not set(path.parts) & WITHOUT_CODE]
    says = re.compile(r"\b(imports?|pure|touch(es)?|never)\b", re.IGNORECASE)
    texts = {path: ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "" for path in folders}
    assert [str(path.relative_to(ROOT)) for path, text in texts.items() if not says.search(text)] == []
