"""A secret is shown once more for a minute, and to its own person alone."""

from datetime import timedelta

from flask.testing import FlaskClient

from tests.support.clock import SetClock
from tests.support.compounds.resident import Compound, csrf_of
from tests.web_admin.resident.pressing import switch
from tests.web_admin.web.sent_twice import form_of, made, shown


def test_after_a_minute_and_for_any_other_person_a_sent_form_shows_nothing_and_makes_nothing(
    small_compound: Compound, phone: FlaskClient, neighbour: FlaskClient, clock: SetClock
) -> None:
    switch(phone, "pin", on=True)
    form = form_of(phone.get("/r/").text, "/r/pin")
    form = form_of(phone.post("/r/pin", data=form).text, "/r/pin") | {"sure": "1"}
    pin = shown(phone.post("/r/pin", data=form).text, "data-pin")
    stranger = neighbour.post("/r/pin", data=form | {"csrf_token": csrf_of(neighbour.get("/r/").text)})
    assert stranger.status_code == 303
    clock.now += timedelta(minutes=1)
    late = phone.post("/r/pin", data=form, follow_redirects=True)
    assert "This was already done a moment ago. It was not done twice." in late.text
    assert pin not in late.text
    assert made(small_compound, "pin") == 2
