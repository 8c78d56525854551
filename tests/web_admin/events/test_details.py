"""The details of an event: who held a lane open, which service came, and no name until asked."""

import re

import pytest
from sqlalchemy import select

from tests.web_admin.manage.emergency_pages import code_of, override, send
from web_admin.alarms.actions import raise_alarm
from web_admin.core.database import current_menjin
from web_admin.journal.models import AuditEntry


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
