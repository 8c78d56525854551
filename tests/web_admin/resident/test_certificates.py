"""The certificate on the person's own phone: what it says, its file, and that it is theirs alone."""

import re
from datetime import timedelta

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from flask.testing import FlaskClient
from sqlalchemy import select

from gate_controller.contract.forgetting_certificate import check_certificate, read_certificate
from gate_controller.contract.messages import RECEIPT_DOMAIN, ForgetReceipt, SignedReceipt, sign_struct
from gate_controller.contract.signing import public_bytes
from tests.support.clock import SetClock
from tests.support.compounds.resident import Compound
from tests.web_admin.resident.pressing import press
from web_admin.compound.models import Gate, Site
from web_admin.core.database import current_menjin
from web_admin.custody.key_rotation import rotate_wrap_key
from web_admin.custody.models import Consent, ForgettingRow
from web_admin.custody.shares import take_receipt
from web_admin.face.inactive import remind


def forgotten(compound: Compound, phone: FlaskClient) -> str:
    """Say yes and take it back; return the consent's id."""
    press(phone, "/r/face/yes", seen_on="/r/face", notice_version="1", language="en")
    press(phone, "/r/face/off", seen_on="/r/face/off", sure="1")
    with compound.session() as session:
        return session.scalars(select(Consent.consent_id)).one()


@pytest.mark.wide
def test_the_page_says_what_is_open_and_then_that_it_is_complete(
    small_compound: Compound, phone: FlaskClient, clock: SetClock
) -> None:
    consent_id = forgotten(small_compound, phone)
    page = phone.get(f"/r/certificates/{consent_id}").text
    assert "Your face data is being deleted." in page
    assert page.count("Open") >= 2
    with small_compound.app.app_context():
        menjin = current_menjin()
        rotate_wrap_key(menjin.database, menjin.sealer, clock.now)
    clock.now = clock.now.replace(day=clock.now.day + 4)
    page = phone.get(f"/r/certificates/{consent_id}").text
    assert "No one can open your face data any more." in page
    assert "Lease expired" in page
    assert "That a gate was honest" in page


def test_people_read_two_lines_and_unfold_the_evidence(small_compound: Compound, phone: FlaskClient) -> None:
    page = phone.get(f"/r/certificates/{forgotten(small_compound, phone)}").text
    shown, _fold, evidence = page.partition("</h1>")[2].partition("<details")
    assert "Gates that have confirmed it: 0 of 1. The evidence says what is still open." in shown
    assert shown.count("<p") == 3, "two lines and the file"
    assert [("menjin audit" in part, "Root key" in part) for part in (shown, evidence)] == [
        (False, False),
        (True, True),
    ]


def test_a_receipt_that_arrived_before_its_own_time_is_remarked_upon(
    small_compound: Compound, phone: FlaskClient, clock: SetClock
) -> None:
    consent_id = forgotten(small_compound, phone)
    with small_compound.session() as session:
        ending = session.scalars(select(ForgettingRow).where(ForgettingRow.consent_id == consent_id)).first()
        assert ending is not None
        key = Ed25519PrivateKey.generate()
        ending.gate_public_key = public_bytes(key)
        consent = session.get_one(Consent, consent_id)
        body, signature = sign_struct(
            key,
            RECEIPT_DOMAIN,
            ForgetReceipt(
                site_id=session.scalars(select(Site.site_id)).one(),
                gate_id=ending.gate_id,
                person_id=consent.person_id,
                consent_id=consent_id,
                blob_found=True,
                journal_seq=1,
                forgotten_at=clock.now + timedelta(days=900),
            ),
        )
        signed = SignedReceipt(receipt=body, signature=signature)
        assert take_receipt(session, session.get_one(Gate, ending.gate_id), signed, clock.now)
    assert "clock was wrong. The receipt arrived" in phone.get(f"/r/certificates/{consent_id}").text


def test_the_file_verifies_with_the_compounds_root_key(small_compound: Compound, phone: FlaskClient) -> None:
    consent_id = forgotten(small_compound, phone)
    answer = phone.get(f"/r/certificates/{consent_id}.json")
    assert f"forgotten-{consent_id}.json" in answer.headers["Content-Disposition"]
    with small_compound.session() as session:
        root = session.scalars(select(Site.root_public_key)).one()
    checked = check_certificate(read_certificate(answer.data), root)
    assert checked.statement.consent.consent_id == consent_id
    assert msgspec.json.decode(answer.data)["statement"]["state"] == "in_progress"


@pytest.mark.wide
def test_two_taps_lead_from_the_records_to_the_certificate(
    small_compound: Compound, phone: FlaskClient
) -> None:
    consent_id = forgotten(small_compound, phone)
    consent_page = phone.get(f"/r/records/consents/{consent_id}").text
    assert f"/r/certificates/{consent_id}" in consent_page
    assert f"/r/certificates/{consent_id}" in phone.get("/r/face?show=receipts").text


def test_who_does_not_use_their_face_is_asked_with_the_day_it_ends(
    small_compound: Compound, phone: FlaskClient, clock: SetClock
) -> None:
    press(phone, "/r/face/yes", seen_on="/r/face", notice_version="1", language="en")
    assert "It ends automatically" not in phone.get("/r/face").text
    with small_compound.app.app_context():
        remind(current_menjin(), clock.now + timedelta(days=90))
    assert "It ends automatically on Aug 31, 2026" in phone.get("/r/face").text


@pytest.mark.wide
def test_no_resident_reads_the_certificate_of_another(
    small_compound: Compound, phone: FlaskClient, neighbour: FlaskClient
) -> None:
    consent_id = forgotten(small_compound, phone)
    assert neighbour.get(f"/r/certificates/{consent_id}").status_code == 404
    assert neighbour.get(f"/r/certificates/{consent_id}.json").status_code == 404
    assert phone.get("/r/certificates/nothing").status_code == 404


def test_a_live_consent_has_no_certificate(small_compound: Compound, phone: FlaskClient) -> None:
    press(phone, "/r/face/yes", seen_on="/r/face", notice_version="1", language="en")
    with small_compound.session() as session:
        consent_id = session.scalars(select(Consent.consent_id)).one()
    assert phone.get(f"/r/certificates/{consent_id}").status_code == 404


def test_the_page_is_whole_in_chinese(small_compound: Compound, phone: FlaskClient) -> None:
    consent_id = forgotten(small_compound, phone)
    phone.get("/r/")  # which says once, in English, that face is off
    with phone.session_transaction() as session:
        session["language"] = "zh"
    main = phone.get(f"/r/certificates/{consent_id}").text.partition("<main")[2].partition("</main>")[0]
    main = main.partition(">")[2]
    words = re.sub(r"<code.*?</code>|<[^>]+>|menjin audit certificate FILE --root-key HEX", " ", main)
    assert "删除证明" in words
    assert re.findall(r"\b[A-Za-z]{2,}\b", words.replace("North gate", "")) == []
