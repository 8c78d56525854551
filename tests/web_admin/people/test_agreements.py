"""Guardians' agreements on the page of records: each with the exact text it was given to."""

import hashlib

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.support.compounds.resident import Compound
from tests.web_admin.resident.pressing import press
from web_admin.credentials.models import ChildAgreement

AGREED = (
    "I am a guardian of this child and agree that the gates keep a card and a PIN for it, to open and for"
    " nothing else. I can take this back at any time."
)


@pytest.mark.wide
def test_what_a_guardian_agreed_to_is_shown_with_its_exact_text_and_digest(
    small_compound: Compound, phone: FlaskClient, neighbour: FlaskClient
) -> None:
    assert AGREED in phone.get("/r/home").text
    press(phone, "/r/home/children", seen_on="/r/home", display_name="Bao", agrees="yes")
    records = phone.get("/r/records").text
    assert "Card and PIN of Bao" in records
    digest = hashlib.sha256(AGREED.encode()).hexdigest()
    exported = phone.get("/r/records/export.json").json
    assert exported is not None
    (agreed,) = exported["agreed_for_children"]
    assert (agreed["text"], agreed["text_sha256"], agreed["channel"]) == (AGREED, digest, "phone")
    for page in (records, phone.get("/r/records/export.html").text):
        assert AGREED in page
        assert digest in page
        assert "You have agreed to nothing." not in page
    assert AGREED not in neighbour.get("/r/records").text


@pytest.mark.wide
def test_the_text_is_kept_in_the_language_it_was_read_in(small_compound: Compound) -> None:
    phone = small_compound.signed_in(small_compound.person_id, language="zh")
    press(phone, "/r/home/children", seen_on="/r/home", display_name="Bao", agrees="yes")
    with small_compound.session() as session:
        agreement = session.scalars(select(ChildAgreement)).one()
        assert agreement.language == "zh"
        assert (agreement.text or "").startswith("我是")


def test_an_agreement_from_before_texts_were_kept_says_so(
    small_compound: Compound, phone: FlaskClient
) -> None:
    press(phone, "/r/home/children", seen_on="/r/home", display_name="Bao", agrees="yes")
    with small_compound.session() as session:
        session.scalars(select(ChildAgreement)).one().text = None
    said = "The exact text was not kept when you agreed."
    assert said in phone.get("/r/records").text
    assert said in phone.get("/r/records/export.html").text
