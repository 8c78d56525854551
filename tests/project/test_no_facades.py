"""A name is imported from the file that defines it, and `__all__` names nothing of another file."""

import ast
from functools import cache
from pathlib import Path

import pytest

from tests.support.source import tree_of

pytestmark = pytest.mark.wide  # `make check` runs it
ROOT = Path(__file__).parents[2]
PACKAGES = (
    "hardware",
    "gate_controller",
    "web_admin",
    "head_office",
    "fleet",
    "face_laboratory",
    "demo",
    "tests",
)


def sources() -> list[Path]:
    return [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]


def file_of(module: str) -> Path | None:
    """Return the file of one of our modules, None for a library's."""
    place = ROOT.joinpath(*module.split("."))
    for path in (place.with_suffix(".py"), place / "__init__.py"):
        if path.is_file() and path.relative_to(ROOT).parts[0] in PACKAGES:
            return path
    return None


@cache
def taken_from_elsewhere(path: Path) -> frozenset[str]:
    """Return the names that a file has by import alone."""
    taken: set[str] = set()
    defined: set[str] = set()
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.ImportFrom | ast.Import):
            taken |= {(name.asname or name.name).partition(".")[0] for name in node.names}
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            defined.add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            defined.add(node.name)
    return frozenset(taken - defined)


def passed_on(path: Path) -> list[str]:
    """Return what a file imports from another one of ours that has it by import alone."""
    found = []
    for node in ast.walk(tree_of(path)):
        if not isinstance(node, ast.ImportFrom) or node.module is None or node.level:
            continue
        source = file_of(node.module)
        if source is None:
            continue
        for name in node.names:
            is_module = file_of(f"{node.module}.{name.name}") is not None
            if name.name in taken_from_elsewhere(source) and not is_module:
                found.append(f"{path.relative_to(ROOT)}:{node.lineno}: {name.name} from {node.module}")
    return found


def test_each_name_is_imported_from_its_definer() -> None:
    assert [line for path in sources() for line in passed_on(path)] == []


def test_no_list_of_names_offers_what_another_file_defines() -> None:
    """Fixtures of tests are the exception: pytest finds them by their name in the file."""
    offered = []
    for path in sources():
        lists = (node for node in tree_of(path).body if isinstance(node, ast.Assign))
        for node in lists:
            if ast.unparse(node.targets[0]) == "__all__" and "tests" not in path.relative_to(ROOT).parts:
                names = set(ast.literal_eval(node.value)) & taken_from_elsewhere(path)
                offered += [f"{path.relative_to(ROOT)}: {name}" for name in sorted(names)]
    assert offered == []
