"""No page imports another page: what two pages share is in a file without routes, or below the doors."""

import ast
from pathlib import Path

import pytest

from tests.support.source import tree_of
from web_admin.resident import PAGES

SERVER = Path(__file__).resolve().parents[2] / "web_admin"
DOORS = ("manage", "resident", "public", "api", "sync")
OF_A_DOOR = {"blueprint"}
"""The door's own file, which every page of it imports."""
ROUTES = {"get", "post", "put", "patch", "delete", "route"}


def is_page(path: Path) -> bool:
    """Return whether a file answers an address of its own."""
    return path.stem not in OF_A_DOOR and any(
        isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr in ROUTES
        and isinstance(call.func.value, ast.Name)
        and call.func.value.id.endswith("bp")
        for function in ast.walk(tree_of(path))
        if isinstance(function, ast.FunctionDef)
        for call in function.decorator_list
    )


@pytest.mark.parametrize("door", DOORS)
def test_no_page_imports_a_page(door: str) -> None:
    pages = {path.stem: path for path in (SERVER / door).glob("*.py") if is_page(path)}
    assert pages
    assert [
        f"{page} imports {node.module}"
        for page, path in pages.items()
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.ImportFrom) and node.module is not None
        if (node.module.removeprefix(f"web_admin.{door}.") in pages and node.module.startswith("web_admin."))
        or (node.module == f"web_admin.{door}" and {name.name for name in node.names} & set(pages))
    ] == []


def test_every_page_of_residents_is_registered_by_its_door() -> None:
    pages = {path.stem for path in (SERVER / "resident").glob("*.py") if is_page(path)}
    assert {module.__name__.rpartition(".")[2] for module in PAGES} == pages
