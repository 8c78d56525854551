"""A resident reads of a way in whose reader is out of order, and of nothing that is not theirs."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.support.acting import by_phone
from tests.support.clock import SetClock
from tests.support.compounds.resident import Compound
from tests.web_admin.resident.pressing import switch
from web_admin.compound.models import Gate, Site
from web_admin.face.actions import give_face_consent

HOUR = timedelta(hours=1)
LOST = 'data-lost="north-in"'


def lose(
    compound: Compound, since: datetime | None, *methods: str, gate_id: str = "north", paused: bool = False
) -> None:
    """Let a gate report these ways of its lane in as lost."""
    lost = [
        {"method": one, "since": since.isoformat() if since else None, "counts_as_none": paused}
        for one in methods
    ]
    with compound.session() as session:
        session.get_one(Gate, gate_id).lane_states = [
            {"lane_id": f"{gate_id}-in", "door": "closed", "posture": "normal", "lost": lost}
        ]


def said(phone: FlaskClient, path: str = "/r/") -> str:
    return " ".join(phone.get(path).text.partition(LOST)[2].partition("</section>")[0].split())


def uses_face(compound: Compound) -> None:
    with compound.act() as act:
        give_face_consent(by_phone(act, compound.person_id), compound.person_id, 1, "en")


def test_a_resident_reads_of_it_after_an_hour_and_not_before(
    small_compound: Compound, phone: FlaskClient, clock: SetClock
) -> None:
    lose(small_compound, clock.now - HOUR + timedelta(minutes=1), "card")
    assert said(phone) == ""
    clock.now += timedelta(minutes=2)
    assert "Not working since" in said(phone)
    assert "North gate · in" in said(phone)
    assert said(phone, "/r/code") == said(phone)


def test_a_face_that_pauses_at_once_is_said_at_once(
    small_compound: Compound, phone: FlaskClient, clock: SetClock
) -> None:
    uses_face(small_compound)
    lose(small_compound, clock.now, "card", paused=True)
    assert "Face does not work there" in said(phone)


@pytest.mark.wide
def test_no_resident_reads_of_a_way_that_they_did_not_choose(
    small_compound: Compound, phone: FlaskClient, clock: SetClock
) -> None:
    lose(small_compound, clock.now - 5 * HOUR, "pin")
    assert said(phone) == ""
    switch(phone, "pin", on=True)
    assert "PIN" in said(phone)


@pytest.mark.wide
def test_they_read_what_works_there_else_where_else_whom_to_ask(
    small_compound: Compound, phone: FlaskClient, clock: SetClock
) -> None:
    lose(small_compound, clock.now - 5 * HOUR, "card")
    assert "Please use another gate: South gate · in." in said(phone)
    lose(small_compound, clock.now - 5 * HOUR, "card", gate_id="south")
    assert "Please press help at the gate, or call the property office." in said(phone)
    switch(phone, "pin", on=True)
    assert "You can use there: PIN." in said(phone)


@pytest.mark.wide
@pytest.mark.parametrize(
    ("hours_ago", "chosen", "paused", "expected"),
    [
        (5, 48, False, "Face works there until"),
        (5, 6, False, "Face works there until"),
        (49, 48, True, "Face does not work there until it is repaired."),
    ],
)
def test_who_uses_face_reads_when_it_pauses(
    small_compound: Compound,
    phone: FlaskClient,
    clock: SetClock,
    hours_ago: int,
    chosen: int,
    paused: bool,
    expected: str,
) -> None:
    uses_face(small_compound)
    with small_compound.session() as session:
        session.scalars(select(Site)).one().face_pause_hours = chosen
    since = clock.now - hours_ago * HOUR
    lose(small_compound, since, "card", paused=paused)
    assert expected in said(phone)
    at = (since + chosen * HOUR).astimezone(ZoneInfo("Asia/Shanghai"))
    assert paused or f"{at:%H:%M}" in said(phone)


@pytest.mark.wide
def test_who_has_another_way_there_or_no_face_reads_nothing_of_a_pause(
    small_compound: Compound, phone: FlaskClient, clock: SetClock
) -> None:
    lose(small_compound, clock.now - 5 * HOUR, "card")
    assert "face" not in said(phone)
    uses_face(small_compound)
    switch(phone, "pin", on=True)
    assert "face" not in said(phone)


def test_a_gate_that_does_not_know_since_when_is_said_without_a_time(
    small_compound: Compound, phone: FlaskClient
) -> None:
    lose(small_compound, None, "card")
    assert "Not working now: Card." in said(phone)
