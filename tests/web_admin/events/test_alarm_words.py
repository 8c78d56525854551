"""Every alarm that a gate or the server raises has words for people, in every language."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.support.source import tree_of
from tests.web_admin.every_page.test_pages_in_chinese import catalogue
from web_admin.events.texts import EVENTS
from web_admin.messages.texts import WEBHOOK_KINDS

ROOT = Path(__file__).parents[3]
AN_ALARM = re.compile(r"alarm_[a-z_]+")


def _texts(folder: str) -> Iterator[str]:
    for path in sorted((ROOT / folder).rglob("*.py")):
        for node in ast.walk(tree_of(path)):
            if folder == "gate_controller" or isinstance(node, ast.Assign) or _raises(node):
                yield from _values(node)


def _raises(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and getattr(node.func, "id", "") == "raise_alarm"


def _values(node: ast.AST) -> Iterator[str]:
    """Return the texts inside an expression that have the form of an alarm's kind."""
    for part in ast.walk(node):
        if isinstance(part, ast.Constant) and isinstance(part.value, str) and AN_ALARM.fullmatch(part.value):
            yield part.value


NO_ALARMS = {"alarm_pages", *WEBHOOK_KINDS}
"""A module of pages and the messages of webhooks have names of the same form."""
RAISED = {kind for folder in ("gate_controller", "web_admin") for kind in _texts(folder)} - NO_ALARMS


def test_every_alarm_that_is_raised_has_english_words():
    assert {kind for kind in EVENTS if AN_ALARM.fullmatch(kind)} == RAISED
    assert len(RAISED) > 30


def test_every_alarm_that_is_raised_has_chinese_words():
    chinese = catalogue()
    assert [kind for kind in sorted(RAISED) if not chinese.get(str(EVENTS[kind]))] == []
