"""At which gate a face works at some hours, until an end, or not at all, as my ways in say it."""

from dataclasses import replace
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from gate_controller.contract.calendars import DAY_KINDS, Span
from tests.support.compounds.resident import Compound
from tests.web_admin.resident.pressing import press, switch
from web_admin.action.base import publish
from web_admin.compound.models import CredentialRow, Lane
from web_admin.gates.actions import save_lane
from web_admin.gates.hours import save_hours
from web_admin.gates.rules import spec_of

NEVER = "no other way of yours works there"
IN_HOURS = "face works only during the hours of your other ways in: Day"
UNTIL = "face works until"


@pytest.fixture
def phone_with_face(phone: FlaskClient) -> FlaskClient:
    press(phone, "/r/face/yes", seen_on="/r/face", notice_version="1", language="en")
    return phone


def lane(compound: Compound, **changes: object) -> None:
    """Save the lane with changes, the PIN in hours of the day where it is asked for."""
    with compound.act() as act:
        day = save_hours(act, None, "Day", [Span(DAY_KINDS, 480, 1200)])
        spec = spec_of(act.session.get_one(Lane, "north-in"))
        hours = {"pin": day.hours_id} if changes.pop("pin_in_hours", False) else {}
        save_lane(replace(act, because="works"), "north", replace(spec, method_hours=hours, **changes))


@pytest.mark.wide
def test_a_face_beside_a_lasting_way_at_every_hour_has_no_limit(phone_with_face: FlaskClient) -> None:
    assert "data-face-limit" not in phone_with_face.get("/r/").text


@pytest.mark.wide
def test_the_page_names_the_hours_of_the_only_other_way(
    small_compound: Compound, phone_with_face: FlaskClient
) -> None:
    lane(small_compound, pin_in_hours=True)
    switch(phone_with_face, "pin", on=True)
    assert "data-face-limit" not in phone_with_face.get("/r/").text
    switch(phone_with_face, "card", on=False)
    assert IN_HOURS in phone_with_face.get("/r/").text
    switch(phone_with_face, "qr", on=True)
    assert "data-face-limit" not in phone_with_face.get("/r/").text


def test_the_page_says_until_when_the_last_other_way_lasts(
    small_compound: Compound, phone_with_face: FlaskClient
) -> None:
    with small_compound.act() as act:
        act.session.get_one(CredentialRow, small_compound.card_id).valid_until = act.now + timedelta(hours=1)
        publish(act)
    page = phone_with_face.get("/r/").text
    assert UNTIL in page
    assert NEVER not in page


@pytest.mark.wide
def test_the_page_says_where_no_other_way_is_taken(
    small_compound: Compound, phone_with_face: FlaskClient
) -> None:
    switch(phone_with_face, "pin", on=True)
    switch(phone_with_face, "card", on=False)
    lane(small_compound, methods=("card", "qr", "face"))
    assert NEVER in phone_with_face.get("/r/").text
    with phone_with_face.session_transaction() as session:
        session["language"] = "zh"
    assert "您没有其他可用的方式，刷脸暂停。" in phone_with_face.get("/r/").text
