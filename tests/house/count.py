"""Count what makes a tree easy or hard to work in: `python -m tests.house.count [FOLDER …]`.

Each folder is a checkout, and becomes a column; without one this tree is counted. Nothing of it is imported,
so an older commit (`git worktree add`) is counted as well.
"""

import argparse
import ast
import io
import re
import sys
import tokenize
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

PACKAGES = ("hardware", "gate_controller", "web_admin", "head_office", "fleet", "face_laboratory", "demo")
NOT_CODE = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENDMARKER,
}
BEFORE_A_DOCSTRING = {tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT}
LONG_TEMPLATE_LINE, VERY_LONG_TEMPLATE_LINE, LONG_FUNCTION = 160, 250, 50
NESTED_CONDITION = re.compile(r"\{[{%][^}]*\bif\b[^}]*\belse\b[^}]*\bif\b[^}]*\belse\b[^}]*[}%]\}")
SCHEDULERS = re.compile(r"\b(start_timer|keep_lease|start_delivery)\(|\bclass (LiveWatch|Turns|Scheduler)\b")
DECISIONS = (
    ast.If,
    ast.IfExp,
    ast.BoolOp,
    ast.Compare,
    ast.For,
    ast.While,
    ast.Match,
    ast.ExceptHandler,
)
THE_RULE = """\
(*) A module decides something if it has a condition, a loop, a comparison or an `except`. One without is
    made of tables, texts, options of a command or wiring, and what calls it is tested."""
Definition = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Tree:
    """A checkout of the project."""

    root: Path

    @cached_property
    def product(self) -> dict[Path, str]:
        """Return the text of each Python file of the product."""
        found = [path for package in PACKAGES for path in (self.root / package).rglob("*.py")]
        return {path: path.read_text(encoding="utf-8") for path in [*found, self.root / "menjin.py"]}

    @cached_property
    def tests(self) -> dict[Path, str]:
        """Return the text of each Python file of the tests."""
        return {path: path.read_text(encoding="utf-8") for path in (self.root / "tests").rglob("*.py")}

    @cached_property
    def template_lines(self) -> list[str]:
        """Return the lines of all templates."""
        folders = [folder for package in PACKAGES for folder in (self.root / package).rglob("templates")]
        files = [file for folder in folders for file in folder.rglob("*.html")]
        return [line for file in files for line in file.read_text(encoding="utf-8").splitlines()]

    def functions(self, texts: dict[Path, str]) -> Iterator[Definition]:
        """Yield each function and method of these files."""
        for text in texts.values():
            yield from (node for node in ast.walk(ast.parse(text)) if isinstance(node, Definition))


def code_lines(text: str) -> int:
    """Return how many lines carry code: neither blank, nor only a comment, nor a docstring."""
    lines: set[int] = set()
    before = tokenize.NEWLINE
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        is_docstring = token.type == tokenize.STRING and before in BEFORE_A_DOCSTRING
        if token.type not in NOT_CODE and not is_docstring:
            lines.update(range(token.start[0], token.end[0] + 1))
        if token.type not in {tokenize.COMMENT, tokenize.NL}:
            before = token.type
    return len(lines)


def _lines(texts: dict[Path, str]) -> int:
    return sum(len(text.splitlines()) for text in texts.values())


def _length(node: Definition) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def _form_closures(tree: Tree) -> int:
    pages = {path: text for path, text in tree.product.items() if "manage" in path.parts}
    outer = (inner for node in tree.functions(pages) for inner in node.body)
    return sum(isinstance(inner, Definition) and inner.name == "work" for inner in outer)


def _from_other_tests(text: str) -> int:
    return sum(
        isinstance(node, ast.ImportFrom)
        and (node.module or "").startswith("tests.")
        and any(part.startswith("test_") for part in (node.module or "").split("."))
        for node in ast.walk(ast.parse(text))
    )


def _compound_fixtures(tree: Tree) -> int:
    return sum(node.name == "compound" for node in tree.functions(tree.tests))


def _is_decision(node: ast.AST) -> bool:
    return isinstance(node, DECISIONS) or (isinstance(node, ast.comprehension) and bool(node.ifs))


def _namesakes(tree: Tree, *, all_of_them: bool) -> str:
    modules = [path for path in tree.product if "web_admin" in path.parts and path.name != "__init__.py"]
    modules = [path for path in modules if "migrations" not in path.parts]
    if not all_of_them:
        modules = [
            path for path in modules if any(map(_is_decision, ast.walk(ast.parse(tree.product[path]))))
        ]
    has = sum(
        (tree.root / "tests" / path.relative_to(tree.root).with_name(f"test_{path.name}")) in tree.tests
        for path in modules
    )
    return f"{has / len(modules):.0%}"


ROWS: dict[str, Callable[[Tree], int | str]] = {
    "lines of the product": lambda tree: _lines(tree.product),
    "of these with code": lambda tree: sum(code_lines(text) for text in tree.product.values()),
    "statements of the product, however they are set": lambda tree: sum(
        isinstance(node, ast.stmt) for text in tree.product.values() for node in ast.walk(ast.parse(text))
    ),
    "files of the product": lambda tree: len(tree.product),
    "lines of the tests": lambda tree: _lines(tree.tests),
    "functions of the product over 50 lines": lambda tree: sum(
        _length(node) > LONG_FUNCTION for node in tree.functions(tree.product)
    ),
    "places that start work by time in the server": lambda tree: sum(
        len(SCHEDULERS.findall(text)) for path, text in tree.product.items() if "web_admin" in path.parts
    ),
    "lines of templates over 250": lambda tree: sum(
        len(line) > VERY_LONG_TEMPLATE_LINE for line in tree.template_lines
    ),
    "lines of templates over 160": lambda tree: sum(
        len(line) > LONG_TEMPLATE_LINE for line in tree.template_lines
    ),
    "longest line of a template": lambda tree: max(map(len, tree.template_lines)),
    "nested conditions in templates": lambda tree: len(
        NESTED_CONDITION.findall("\n".join(tree.template_lines))
    ),
    "closures that handle a form in manage": _form_closures,
    "fixtures called compound": _compound_fixtures,
    "imports of a test from another": lambda tree: sum(map(_from_other_tests, tree.tests.values())),
    "modules of the server with a test of their name": lambda tree: _namesakes(tree, all_of_them=True),
    "those that decide something (*) with a test of their name": lambda tree: _namesakes(
        tree, all_of_them=False
    ),
    "marks that keep Python unformatted": lambda tree: sum(
        len(re.findall(r"#\s*fmt: (?:skip|off)", text))
        for text in [*tree.product.values(), *tree.tests.values()]
    ),
    "pages of decisions": lambda tree: len(list((tree.root / "docs" / "decisions").glob("[0-9a-z]*.md"))),
}


def main() -> int:
    """Print a row for each figure and a column for each tree."""
    parser = argparse.ArgumentParser(description="count what makes a tree easy or hard to work in")
    parser.add_argument(
        "folders", nargs="*", type=Path, metavar="FOLDER", help="checkouts (default: this one)"
    )
    folders = parser.parse_args().folders or [Path(__file__).parents[2]]
    if missing := [str(folder) for folder in folders if not (folder / "menjin.py").is_file()]:
        parser.error(f"no checkout of the project: {', '.join(missing)} (it has no menjin.py)")
    trees = [Tree(folder.resolve()) for folder in folders]
    width = max(map(len, ROWS))
    print(" " * width, *(f"{tree.root.name[-10:]:>10}" for tree in trees))
    for name, count in ROWS.items():
        print(f"{name:<{width}}", *(f"{count(tree):>10}" for tree in trees))
    print(THE_RULE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
