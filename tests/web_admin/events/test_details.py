"""Events in words: details, reasons, and why something was refused."""

import ast
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from gate_controller.contract.event_kinds import EventKind, is_alarm
from gate_controller.contract.records import Method
from gate_controller.rules.decision import Reason
from tests.support.acting import (
    add_lane,
    household,
)
from tests.support.source import tree_of
from tests.web_admin.every_page.catalogues import catalogue
from tests.web_admin.manage.emergency_pages import code_of, override, send
from web_admin.action.base import Action
from web_admin.alarms.actions import raise_alarm
from web_admin.core.database import current_menjin
from web_admin.credentials.cards import issue_card
from web_admin.events.texts import EVENTS
from web_admin.events.why_refused import NothingPublished, why_refused
from web_admin.gates.actions import add_gate, save_lane
from web_admin.gates.rules import LaneSpec
from web_admin.journal.models import AuditEntry
from web_admin.messages.texts import WEBHOOK_KINDS
from web_admin.people.actions import set_grants


@pytest.fixture
def client(compound):
    return compound.signed_in("manager")


@pytest.fixture
def rows(compound):
    def read(work):
        with compound.app.app_context(), current_menjin().database.session() as session:
            return work(session)

    return read


# -- events ------------------------------------------------------------------------------------------


def test_holding_open_is_shown_with_its_end_and_without_a_name(client, compound):
    page = client.get("/manage/events/?kind=held").text
    assert "by a staff card" in page
    assert "its time was over" in page
    assert re.search(r"until (?:[A-Z][a-z]+ \d+, \d{4} )?\d\d:\d\d", page)  # with its day where it is another
    assert [name for name in compound.persons if name in page] == []
    assert "Passage</td>" not in page


def test_who_held_a_lane_open_is_named_for_a_reason_that_the_person_can_read(client, compound, rows):
    path = re.search(r'href="(/manage/events/who/[^"]+)"', client.get("/manage/events/?kind=held").text)[1]
    path = path.replace("&amp;", "&")
    assert "保安队长" not in client.get(path).text
    assert send(client, path, reason="").status_code == 422
    assert "保安队长" in send(client, path, reason="complaint about noise").text
    entry = rows(lambda s: s.scalar(select(AuditEntry).where(AuditEntry.kind == "named_lookup")))
    assert entry.person_id == compound.persons["保安队长"]
    assert (entry.personal["reason"], entry.facts["role"]) == ("complaint about noise", "manager")


@pytest.fixture
def reported_now(compound, rows):
    """Return a function that plays a gate telling of an emergency opening just now."""

    def report(by, person_id, credential_id):
        def work(session):
            session.add(override(by, person_id, credential_id, compound.clock()))
            raise_alarm(
                session,
                compound.site_id,
                "alarm_override",
                compound.clock(),
                gate_id="north",
                lane_id="north-in",
            )

        rows(work)

    return report


@pytest.mark.wide
def test_the_alarm_of_a_staff_card_shows_no_name_until_asked(client, compound, reported_now):
    reported_now("staff_card", compound.persons["保安队长"], "c")
    page = client.get("/manage/").text
    assert "by a staff card" in page
    assert "保安队长" not in page
    assert "/manage/events/who/north/200?journal=j" in page
    assert "/manage/events/who/" not in compound.signed_in("guard").get("/manage/").text


def test_the_alarm_of_an_emergency_code_says_which_service_came(client, rows, reported_now):
    reported_now("emergency_code", None, code_of(rows, "消防 119").credential_id)
    page = client.get("/manage/").text
    assert "消防 119" in page
    assert "/manage/events/who/" not in page


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


SPEC = LaneSpec("north-in", "In", "in", ("card", "pin", "qr"))


@pytest.mark.publishing
def test_why_refused_gives_the_gates_own_reason(act: Action) -> None:
    add_lane(act)
    _, person = household(act)
    card = issue_card(act, person.person_id, 77, valid_until=act.now + timedelta(days=1))

    def why(method: Method, days: int = 0) -> Reason:
        at = act.now + timedelta(days=days)
        return why_refused(act.session, person.person_id, "north-in", method, at)

    assert (why(Method.CARD), why(Method.CARD, 2)) == (Reason.GRANTED, Reason.EXPIRED)
    assert (why(Method.PIN), why(Method.FACE)) == (Reason.CREDENTIAL_UNKNOWN, Reason.METHOD_NOT_OFFERED)
    set_grants(replace(act, because="asked"), person.person_id, [])
    assert not [reason for reason in [why(Method.CARD)] if reason is Reason.GRANTED]
    assert card.state == "active"
    add_gate(act, "east", "East")
    save_lane(act, "east", replace(SPEC, lane_id="east-in"))
    with pytest.raises(NothingPublished):
        why_refused(act.session, person.person_id, "east-in", Method.CARD, act.now)
