"""When residents confirm who they are, and by what: a first password or passkey needs proof too."""

from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from tests.support.clock import SetClock
from tests.support.compounds.resident import Compound, csrf_of
from tests.web_admin.resident.found_phones import found, sets_password, shown_at_a_gate, signs_in_elsewhere
from tests.web_admin.resident.pressing import press

__all__ = ["found"]


def test_a_first_name_and_password_need_proof_that_the_phone_alone_does_not_give(
    small_compound: Compound, found: FlaskClient
) -> None:
    sets_password(found)
    assert not signs_in_elsewhere(small_compound), "two minutes with the phone gave access for a year"
    page = found.get("/r/password").text
    assert 'name="name"' not in page
    assert "I am at a gate" in page


def test_no_first_passkey_is_made_on_a_found_phone(found: FlaskClient) -> None:
    headers = {"X-CSRFToken": csrf_of(found.get("/r/").text)}
    made = found.post("/r/passkeys/options", json={}, headers=headers)
    assert (made.status_code, "First confirm that it is you" in made.text) == (403, True)


@pytest.mark.wide
def test_who_has_a_password_confirms_with_it_and_not_at_a_gate(
    small_compound: Compound, found: FlaskClient, clock: SetClock
) -> None:
    press(found, "/r/at-gate", seen_on="/r/password")
    shown_at_a_gate(small_compound, small_compound.card_id)
    sets_password(found)
    clock.now += timedelta(days=1)
    assert "I am at a gate" not in found.get("/r/password").text
    press(found, "/r/at-gate", seen_on="/r/")
    shown_at_a_gate(small_compound, small_compound.card_id)
    assert 'name="name"' not in found.get("/r/password").text
