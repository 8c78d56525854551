"""What the command says exists in Chinese as well, in a sorted catalogue that has nothing left over."""

import ast
from pathlib import Path

from babel.messages.pofile import read_po

from tests.support.source import tree_of

ROOT = Path(__file__).resolve().parents[2] / "fleet"
CHINESE = ROOT / "translations/zh/LC_MESSAGES/messages.po"


def said() -> set[str]:
    return {
        str(call.args[0].value)
        for path in ROOT.rglob("*.py")
        for call in ast.walk(tree_of(path))
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "_"
        if isinstance(call.args[0], ast.Constant)
    }


def test_every_text_has_its_chinese_with_the_same_values() -> None:
    with CHINESE.open("rb") as file:
        entries = [entry for entry in read_po(file, locale="zh", abort_invalid=True) if entry.id]
    assert [str(entry.id) for entry in entries] == sorted(said())
    assert [entry.id for entry in entries if not entry.string or list(entry.check())] == []
