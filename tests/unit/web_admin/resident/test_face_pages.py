"""Face on the resident's terms: notice, consent, no, and the way back."""

import hashlib
import secrets

import msgspec
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.resident_compound import NOTICE_EN, Compound, make_compound
from tests.unit.web_admin.resident.pressing import press, switch
from web_admin.models import AuditEntry, Consent, FaceShare, Person, ReceiptRow


def consents(compound: Compound) -> list[Consent]:
    with compound.session() as session:
        return list(session.scalars(select(Consent)).all())


def say_yes(phone: FlaskClient) -> None:
    press(phone, "/r/face/yes", seen_on="/r/face", notice_version="1", language="en")


def test_the_whole_notice_stands_on_its_own_screen_with_nothing_ticked(phone: FlaskClient) -> None:
    page = phone.get("/r/face").text
    for text in NOTICE_EN.values():
        assert text in page
    assert 'type="checkbox"' not in page
    assert page.count('class="button equal"') == 2


def test_a_yes_records_who_what_where_and_the_exact_text(compound: Compound, phone: FlaskClient) -> None:
    say_yes(phone)
    (consent,) = consents(compound)
    whole = msgspec.json.encode(["face_local", 1, "en", dict(NOTICE_EN)], order="sorted")
    assert (consent.person_id, consent.channel, consent.language) == (compound.person_id, "phone", "en")
    assert consent.notice_sha256 == hashlib.sha256(whole).digest()
    shown = phone.get(f"/r/records/consents/{consent.consent_id}").text
    assert NOTICE_EN["necessity"] in shown


def test_a_no_records_nothing_and_leads_straight_to_another_way(
    compound: Compound, phone: FlaskClient
) -> None:
    with compound.session() as session:
        before = session.scalars(select(AuditEntry.seq)).all()
    page = phone.get("/r/another-way").text
    assert "Give me this" in page
    assert "Face" not in page.partition("<ul")[2].partition("</ul>")[0]
    with compound.session() as session:
        assert session.scalars(select(AuditEntry.seq)).all() == before
    assert consents(compound) == []


def test_after_a_no_no_page_asks_again(phone: FlaskClient) -> None:
    phone.get("/r/another-way")
    for path in ("/r/", "/r/code", "/r/visitors", "/r/records", "/r/help", "/r/password"):
        assert "Yes, use my face" not in phone.get(path).text


def test_a_yes_to_an_older_notice_is_refused(compound: Compound, phone: FlaskClient) -> None:
    answer = press(phone, "/r/face/yes", seen_on="/r/face", notice_version="0", language="en")
    assert answer.location == "/r/face"
    assert consents(compound) == []


def test_taking_face_back_ends_it_at_once_and_waits_for_the_gates_receipt(
    compound: Compound, phone: FlaskClient
) -> None:
    say_yes(phone)
    answer = press(phone, "/r/face/off", seen_on="/r/face/off")
    page = phone.get(answer.location).text
    assert "Waiting for the gate; its lease ends Sat, Mar 7 12:00 at the latest" in page
    (consent,) = consents(compound)
    with compound.session() as session:
        assert session.scalars(select(FaceShare)).all() == []
        assert "face" not in session.get_one(Person, compound.person_id).methods
        session.add(
            ReceiptRow(
                consent_id=consent.consent_id, gate_id="north", receipt=b"{}",
                signature=secrets.token_bytes(64), received_at=compound.clock(),
            )
        )
    page = phone.get(answer.location).text
    assert "Receipt signed by the gate" in page
    assert "Waiting" not in page


def test_other_ways_stay_as_they_were_when_face_is_taken_back(compound: Compound, phone: FlaskClient) -> None:
    switch(phone, "qr", on=True)
    say_yes(phone)
    press(phone, "/r/face/off", seen_on="/r/face/off")
    with compound.session() as session:
        assert session.get_one(Person, compound.person_id).methods == ["card", "qr"]


def test_switching_another_way_keeps_face_as_it_is(compound: Compound, phone: FlaskClient) -> None:
    say_yes(phone)
    switch(phone, "qr", on=True)
    with compound.session() as session:
        assert session.get_one(Person, compound.person_id).methods == ["card", "qr", "face"]


def test_a_site_without_face_never_mentions_it_as_a_way_in(web_config, clock) -> None:
    from web_admin.database import current_menjin

    compound = make_compound(web_config, clock, face=False)
    phone = compound.signed_in(compound.person_id)
    assert 'id="face"' not in phone.get("/r/").text
    assert phone.get("/r/face").status_code == 404
    with compound.app.app_context():
        current_menjin().database.engine.dispose()
