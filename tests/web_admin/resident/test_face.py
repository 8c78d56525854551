"""Face on the resident's terms: notice, consent, no, and the way back."""

import hashlib
import re
import secrets
from datetime import timedelta

import msgspec
import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.support.compounds.resident import NOTICE_EN, NOTICE_ZH, Compound, make_compound
from tests.web_admin.resident.own_face import consents
from tests.web_admin.resident.pressing import press, switch
from web_admin.compound.models import Person
from web_admin.compound.policy_models import PolicyRecordRow
from web_admin.custody.models import FaceShare, ForgettingRow, ReceiptRow
from web_admin.custody.shares import FACE_PURPOSE
from web_admin.face.notices import publish_notice
from web_admin.face.restored import end_restored_faces
from web_admin.journal.models import AuditEntry
from web_admin.people.actions import add_person


def say_yes(phone: FlaskClient) -> None:
    press(phone, "/r/face/yes", seen_on="/r/face", notice_version="1", language="en")


def test_the_whole_notice_is_on_its_own_screen_with_nothing_ticked(phone: FlaskClient) -> None:
    page = phone.get("/r/face").text
    for text in NOTICE_EN.values():
        assert text in page
    assert 'type="checkbox"' not in page
    assert page.count('class="button equal"') == 2


def test_a_yes_records_who_what_where_and_the_exact_text(
    small_compound: Compound, phone: FlaskClient
) -> None:
    say_yes(phone)
    (consent,) = consents(small_compound)
    whole = msgspec.json.encode(["face_local", 1, "en", dict(NOTICE_EN)], order="sorted")
    assert (consent.person_id, consent.channel, consent.language) == (small_compound.person_id, "phone", "en")
    assert consent.notice_sha256 == hashlib.sha256(whole).digest()
    shown = phone.get(f"/r/records/consents/{consent.consent_id}").text
    assert NOTICE_EN["necessity"] in shown


def test_a_no_changes_nothing_and_leads_straight_to_another_way(
    small_compound: Compound, phone: FlaskClient
) -> None:
    with small_compound.session() as session:
        before = session.execute(select(PolicyRecordRow.key, PolicyRecordRow.digest)).all()
    answer = press(phone, "/r/face/no", seen_on="/r/face", notice_version="1", language="en")
    assert answer.location == "/r/another-way"
    page = phone.get(answer.location).text
    assert "Give me this" in page
    assert "Face" not in page.partition("<ul")[2].partition("</ul>")[0]
    with small_compound.session() as session:
        assert session.execute(select(PolicyRecordRow.key, PolicyRecordRow.digest)).all() == before
        assert session.scalars(select(AuditEntry.kind).order_by(AuditEntry.seq)).all()[-1] == "face_refused"
    assert consents(small_compound) == []
    assert "You said no to face" in phone.get("/r/records").text


PAGES = ("/r/", "/r/code", "/r/visitors", "/r/records", "/r/help", "/r/password", "/r/another-way")
NUDGES = ("Yes, use my face", "data-asked-again", "Decide", "decide again", "Use your face?")


@pytest.mark.wide
def test_after_a_no_no_page_asks_again(phone: FlaskClient) -> None:
    press(phone, "/r/face/no", seen_on="/r/face", notice_version="1", language="en")
    for path in PAGES:
        page = phone.get(path).text
        assert [nudge for nudge in NUDGES if nudge in page] == []


@pytest.mark.wide
def test_a_changed_notice_is_asked_about_once_with_what_changed(
    small_compound: Compound, phone: FlaskClient
) -> None:
    say_yes(phone)
    changed = {"en": {**NOTICE_EN, "retention": "Until the end of the month."}, "zh": NOTICE_ZH}
    with small_compound.act() as act:
        publish_notice(act, FACE_PURPOSE, changed)
    assert "data-asked-again" in phone.get("/r/").text
    page = phone.get("/r/face").text
    assert "The notice changed on" in page
    assert f"<del>{NOTICE_EN['retention']}</del>" in page
    assert page.count("<del>") == 1
    press(phone, "/r/face/no", seen_on="/r/face", notice_version="2", language="en")
    assert [path for path in PAGES if "data-asked-again" in phone.get(path).text] == []


@pytest.mark.wide
def test_after_a_restore_the_page_says_why_and_a_yes_switches_face_on_again(
    small_compound: Compound, phone: FlaskClient
) -> None:
    say_yes(phone)
    with small_compound.act() as act:
        end_restored_faces(act)
    assert "restored from a backup" in phone.get("/r/face").text
    say_yes(phone)
    assert "restored from a backup" not in phone.get("/r/face").text
    assert {consent.withdrawn_why for consent in consents(small_compound)} == {"restored", None}


def test_children_under_14_see_no_face_at_all(small_compound: Compound) -> None:
    with small_compound.act() as act:
        child = add_person(act, display_name="Ni", age_band="under_14", language="en").person_id
    phone = small_compound.signed_in(child)
    assert 'id="face"' not in phone.get("/r/").text
    assert phone.get("/r/face").status_code == 404


@pytest.mark.wide
def test_the_gates_receipts_are_a_file_of_ones_own(
    small_compound: Compound, phone: FlaskClient, neighbour: FlaskClient
) -> None:
    say_yes(phone)
    press(phone, "/r/face/off", seen_on="/r/face/off", sure="1")
    (consent,) = consents(small_compound)
    with small_compound.session() as session:
        session.add(
            ReceiptRow(
                consent_id=consent.consent_id,
                gate_id="north",
                receipt=b'{"a":1}',
                signature=bytes(64),
                received_at=small_compound.clock(),
            )
        )
    path = f"/r/records/consents/{consent.consent_id}/receipts.json"
    answer = phone.get(path)
    assert answer.json["receipts"][0]["receipt"] == '{"a":1}'
    assert "attachment" in answer.headers["Content-Disposition"]
    assert neighbour.get(path).status_code == 404


def test_a_yes_to_an_older_notice_is_refused(small_compound: Compound, phone: FlaskClient) -> None:
    answer = press(phone, "/r/face/yes", seen_on="/r/face", notice_version="0", language="en")
    assert answer.location == "/r/face"
    assert consents(small_compound) == []


@pytest.mark.wide
def test_taking_face_back_ends_it_at_once_and_waits_for_the_gates_receipt(
    small_compound: Compound, phone: FlaskClient
) -> None:
    say_yes(phone)
    answer = press(phone, "/r/face/off", seen_on="/r/face/off", sure="1")
    page = phone.get(answer.location).text
    assert "Waiting for the gate; its lease ends Sat, Mar 7 12:10 at the latest" in page
    (consent,) = consents(small_compound)
    with small_compound.session() as session:
        assert session.scalars(select(FaceShare)).all() == []
        assert "face" not in session.get_one(Person, small_compound.person_id).methods
        session.add(
            ReceiptRow(
                consent_id=consent.consent_id,
                gate_id="north",
                receipt=b"{}",
                signature=secrets.token_bytes(64),
                received_at=small_compound.clock(),
            )
        )
    page = phone.get(answer.location).text
    assert "Receipt signed by the gate" in page
    assert "Waiting" not in page


@pytest.mark.wide
@pytest.mark.parametrize("earlier", [timedelta(0), timedelta(hours=5)], ids=["with the consent", "before it"])
def test_the_page_and_the_certificate_name_the_same_end_of_a_lease(
    small_compound: Compound, phone: FlaskClient, earlier: timedelta
) -> None:
    say_yes(phone)
    answer = press(phone, "/r/face/off", seen_on="/r/face/off", sure="1")
    (consent,) = consents(small_compound)
    with small_compound.session() as session:
        for row in session.scalars(select(ForgettingRow)):
            row.begun_at -= earlier
    named = re.compile(r"[Ii]ts lease ends (.+?) at the latest")
    certificate = phone.get(f"/r/certificates/{consent.consent_id}").text
    assert named.findall(phone.get(answer.location).text) == named.findall(certificate) != []


@pytest.mark.wide
def test_other_ways_stay_as_they_were_when_face_is_taken_back(
    small_compound: Compound, phone: FlaskClient
) -> None:
    switch(phone, "qr", on=True)
    say_yes(phone)
    press(phone, "/r/face/off", seen_on="/r/face/off", sure="1")
    with small_compound.session() as session:
        assert session.get_one(Person, small_compound.person_id).methods == ["card", "qr"]


def test_switching_another_way_keeps_face_as_it_is(small_compound: Compound, phone: FlaskClient) -> None:
    say_yes(phone)
    switch(phone, "qr", on=True)
    with small_compound.session() as session:
        assert session.get_one(Person, small_compound.person_id).methods == ["card", "qr", "face"]


@pytest.mark.wide
def test_a_site_without_face_never_mentions_it_as_a_way_in(web_config, clock) -> None:
    from web_admin.core.database import current_menjin

    compound = make_compound(web_config, clock, face=False)
    phone = compound.signed_in(compound.person_id)
    assert 'id="face"' not in phone.get("/r/").text
    assert phone.get("/r/face").status_code == 404
    with compound.app.app_context():
        current_menjin().database.engine.dispose()


def test_a_face_beside_a_code_of_the_servers_alone_is_paused_until_there_is_another_way(
    small_compound: Compound, phone: FlaskClient
) -> None:
    switch(phone, "qr", on=True)
    switch(phone, "card", on=False)
    switch(phone, "pin", on=False)
    say_yes(phone)
    assert "Add a card, a PIN or a phone that makes the code itself" in phone.get("/r/face").text
    switch(phone, "card", on=True)
    assert "Paused" not in phone.get("/r/face").text
