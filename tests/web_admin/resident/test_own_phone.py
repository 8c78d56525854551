"""The page of phones: ones own, and one that was found."""

from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.support.clock import SetClock
from tests.support.compounds.cards import card_was_shown
from tests.support.compounds.resident import Compound
from tests.web_admin.resident.found_phones import (
    PASSWORD,
    sets_password,
    signs_in_elsewhere,
)
from tests.web_admin.resident.pressing import press
from web_admin.credentials.phones import register_phone_key
from web_admin.credentials.queries import phones_of
from web_admin.journal.models import AuditEntry


def test_whether_the_card_that_was_shown_has_been_seen_is_said(small_compound: Compound) -> None:
    client = small_compound.app.test_client()
    with client.session_transaction() as session:
        session["language"] = "en"
    code = small_compound.invitation(small_compound.person_id)
    press(client, "/r/welcome", seen_on="/r/welcome", code=code)
    press(client, "/r/at-gate")
    assert "No gate and no phone has confirmed it yet." not in client.get("/r/").text
    assert "No gate and no phone has confirmed it yet." in client.get("/r/?shown=1").text
    card_was_shown(small_compound.app, small_compound.person_id)
    assert "This phone is confirmed as yours." in client.get("/r/?shown=1").text
    assert "This phone is confirmed as yours." not in client.get("/r/").text


def entries(compound: Compound, kind: str) -> list[AuditEntry]:
    with compound.session() as session:
        query = select(AuditEntry).where(AuditEntry.kind == kind, AuditEntry.person_id == compound.person_id)
        return list(session.scalars(query))


@pytest.mark.wide
def test_a_password_is_in_the_journal_on_the_page_and_ended_with_one_press(
    small_compound: Compound, phone: FlaskClient, clock: SetClock
) -> None:
    sets_password(phone)
    assert [entry.facts["channel"] for entry in entries(small_compound, "password_set")] == ["phone"]
    clock.now += timedelta(days=6)
    assert "data-new-sign-ins" in phone.get("/r/").text
    other = small_compound.app.test_client()
    press(other, "/r/sign-in", seen_on="/r/sign-in", name="finder", password=PASSWORD)
    press(phone, "/r/sign-in/revoke")
    assert not signs_in_elsewhere(small_compound)
    assert other.get("/r/").location == "/r/sign-in"
    assert phone.get("/r/").status_code == 200
    assert "data-new-sign-ins" not in phone.get("/r/").text
    assert len(entries(small_compound, "sign_ins_revoked")) == 1


def test_the_codes_of_phones_that_the_finder_added_end_with_the_same_press(
    small_compound: Compound, phone: FlaskClient
) -> None:
    sets_password(phone)
    public = ec.generate_private_key(ec.SECP256R1()).public_key()
    key = public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    with small_compound.act("phone", small_compound.person_id) as act:
        register_phone_key(act, small_compound.person_id, key, "the finder's")
    assert "Ends these and the codes on all phones" in phone.get("/r/").text
    press(phone, "/r/sign-in/revoke")
    with small_compound.session() as session:
        assert not phones_of(session, small_compound.person_id)


def test_a_password_is_no_longer_new_after_a_week(phone: FlaskClient, clock: SetClock) -> None:
    sets_password(phone)
    clock.now += timedelta(days=8)
    assert "data-new-sign-ins" not in phone.get("/r/").text
