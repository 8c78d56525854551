"""A card at a gate confirms the browser that asked, and only then."""

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.support.clock import SetClock
from tests.support.compounds.resident import Compound
from tests.web_admin.resident.found_phones import (
    WEAK_PROOF,
    found,
    sets_password,
    shown_at_a_gate,
    signs_in_elsewhere,
)
from tests.web_admin.resident.pressing import press
from web_admin.compound.models import CredentialRow
from web_admin.credentials.pins import issue_pin

__all__ = ["found"]


@pytest.mark.wide
def test_a_card_at_a_gate_confirms_the_browser_that_asked_and_no_other(
    small_compound: Compound, found: FlaskClient
) -> None:
    copy = small_compound.app.test_client()
    cookies = found.get("/r/help").request.headers["Cookie"]
    for name, value in (cookie.split("=", 1) for cookie in cookies.split("; ")):
        copy.set_cookie(name, value)
    assert press(found, "/r/at-gate", seen_on="/r/password").location == WEAK_PROOF
    shown_at_a_gate(small_compound, small_compound.neighbour_card_id)
    assert 'name="name"' not in found.get("/r/password").text
    shown_at_a_gate(small_compound, small_compound.card_id)
    assert 'name="name"' not in copy.get("/r/password").text
    assert 'name="name"' in found.get("/r/password").text
    sets_password(found)
    assert signs_in_elsewhere(small_compound)


def test_what_is_shown_without_asking_or_ten_minutes_ago_confirms_nothing(
    small_compound: Compound, found: FlaskClient, clock: SetClock
) -> None:
    shown_at_a_gate(small_compound, small_compound.card_id)
    assert 'name="name"' not in found.get("/r/password").text
    press(found, "/r/at-gate", seen_on="/r/password")
    shown_at_a_gate(small_compound, small_compound.card_id)
    clock.now += timedelta(minutes=11)
    assert 'name="name"' not in found.get("/r/password").text


def test_a_pin_that_the_found_phone_made_confirms_nothing_at_the_gate(
    small_compound: Compound, found: FlaskClient
) -> None:
    with small_compound.act("phone", small_compound.person_id) as act:
        issue_pin(act, small_compound.person_id)
        wanted = select(CredentialRow.credential_id).where(
            CredentialRow.person_id == small_compound.person_id, CredentialRow.kind == "pin"
        )
        pin_id = act.session.scalars(wanted).one()
    press(found, "/r/at-gate", seen_on="/r/password")
    shown_at_a_gate(small_compound, pin_id, "pin")
    assert 'name="name"' not in found.get("/r/password").text
