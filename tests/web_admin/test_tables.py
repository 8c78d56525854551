"""Every module that declares tables is imported by one module: a backup leaves no table out."""

import ast
from pathlib import Path

import pytest

from tests.support.source import tree_of
from web_admin import tables

ROOT = Path(__file__).parents[2]


def declares_tables(path: Path) -> bool:
    """Return whether a file has a class with the name of a table, or a table without a class."""
    return any(
        isinstance(node, ast.Assign)
        and (
            "__tablename__" in {getattr(target, "id", "") for target in node.targets}
            or (isinstance(node.value, ast.Call) and getattr(node.value.func, "id", "") == "Table")
        )
        for node in ast.walk(tree_of(path))
    )


@pytest.mark.wide
def test_every_module_that_declares_tables_is_imported_once() -> None:
    modules = {
        path.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".")
        for path in (ROOT / "web_admin").rglob("*.py")
        if "migrations" not in path.parts and declares_tables(path)
    }
    imported = {
        alias.name
        for node in ast.walk(tree_of(Path(tables.__file__)))
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    assert modules
    assert imported == modules
