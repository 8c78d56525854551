"""Every kind of event that gates or the server record has words for people, in every language."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from gate_controller.contract.event_kinds import EventKind, is_alarm
from tests.support.source import tree_of
from tests.web_admin.every_page.catalogues import catalogue
from web_admin.events.texts import EVENTS
from web_admin.messages.texts import WEBHOOK_KINDS

ROOT = Path(__file__).parents[3]
AN_ALARM = re.compile(r"alarm_[a-z_]+")


def test_every_kind_has_english_words():
    assert set(EVENTS) == set(EventKind)


def test_every_kind_has_chinese_words():
    chinese = catalogue()
    assert [kind for kind in EventKind if not chinese.get(str(EVENTS[kind]))] == []


def test_every_alarm_is_known_by_its_name():
    assert len([kind for kind in EventKind if is_alarm(kind)]) > 30
    assert all(kind.value == kind.name.lower() for kind in EventKind)


def _texts(folder: str) -> Iterator[tuple[str, str]]:
    for path in sorted((ROOT / folder).rglob("*.py")):
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield path.relative_to(ROOT).as_posix(), node.value


@pytest.mark.wide
def test_no_alarm_is_named_by_a_text_elsewhere():
    """A text in place of the kind could be misspelt, and would have no words."""
    named = {
        (where, text)
        for folder in ("gate_controller", "web_admin")
        for where, text in _texts(folder)
        if AN_ALARM.fullmatch(text) and where != "gate_controller/contract/event_kinds.py"
    }
    no_alarms = {
        *WEBHOOK_KINDS,
        "alarm_id",
        "alarm_ids",
        "alarm_form",
        "alarm_count",
        "alarm_entries",
        "alarm_groups",
        "alarm_",
    }
    assert {place for place in named if place[1] not in no_alarms} == set()
