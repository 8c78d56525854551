"""A guardian's page: the same notice as the minor's, and no request of another home."""

import pytest
from flask.testing import FlaskClient

from tests.support.compounds.resident import NOTICE_EN, Compound
from tests.web_admin.resident.own_face import consents
from tests.web_admin.resident.pressing import press
from web_admin.compound.models import Person
from web_admin.credentials.cards import issue_card
from web_admin.people.actions import add_person


@pytest.mark.wide
def test_a_minors_yes_waits_for_the_guardian_who_reads_the_same_notice(
    small_compound: Compound, phone: FlaskClient
) -> None:
    with small_compound.act() as act:
        home_id = act.session.get_one(Person, small_compound.person_id).home_id
        son = add_person(act, display_name="Bao", home_id=home_id, age_band="14_17", language="en").person_id
        issue_card(act, son, 4_242_009)
    minor = small_compound.signed_in(son)
    page = minor.get("/r/face").text
    assert "Lin Wei is asked" in page
    press(
        minor,
        "/r/face/yes",
        seen_on="/r/face",
        notice_version="1",
        language="en",
        guardian=small_compound.person_id,
    )
    assert "Waiting for your guardian" in minor.get("/r/face").text
    assert consents(small_compound) == []
    path = phone.get("/r/").text.partition('href="/r/guardian/')[2].partition('"')[0]
    request = phone.get(f"/r/guardian/{path}").text
    assert [text for text in NOTICE_EN.values() if text not in request] == []
    press(phone, f"/r/guardian/{path}/yes", seen_on=f"/r/guardian/{path}", language="en")
    (consent,) = consents(small_compound)
    assert consent.person_id == son
    assert "Lin Wei agreed as your guardian" in minor.get(f"/r/records/consents/{consent.consent_id}").text
    assert "You agreed that Bao may use their face" in phone.get("/r/").text
    records = phone.get("/r/records").text
    assert "Face of Bao, notice version 1" in records
    assert NOTICE_EN["purpose"] in records
    assert consent.notice_sha256.hex() in records
    exported = phone.get("/r/records/export.json").json
    assert exported is not None
    (agreed,) = exported["agreed_for_children"]
    assert (agreed["to"], agreed["text"]["purpose"]) == ("face", NOTICE_EN["purpose"])
    assert NOTICE_EN["purpose"] in phone.get("/r/records/export.html").text
    press(phone, f"/r/guardian/of/{son}/off", seen_on=f"/r/guardian/of/{son}/off", sure="1")
    assert consents(small_compound)[0].withdrawn_at is not None
