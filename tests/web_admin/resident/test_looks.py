"""Looks on a person's own page: listed by gate, deleted one by one, offered and no longer offered."""

import re

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.support.compounds.resident import Compound
from tests.web_admin.resident.pressing import press
from web_admin.custody.models import Consent, FaceLook, FaceShare, LookOffer
from web_admin.journal.models import AuditEntry

LOOKS = ("00000000000000a1", "00000000000000a2")


def give_looks(compound: Compound, phone: FlaskClient) -> str:
    """Say yes on the phone and give two looks at a gate; return the gate's id."""
    press(phone, "/r/face/yes", seen_on="/r/face", notice_version="1", language="en")
    with compound.session() as session:
        share = session.scalars(select(FaceShare)).first()
        assert share is not None
        for look_id in LOOKS:
            session.add(
                FaceLook(
                    gate_id=share.gate_id,
                    look_id=look_id,
                    consent_id=share.consent_id,
                    taken_at=share.created_at,
                )
            )
        return share.gate_id


@pytest.mark.wide
def test_a_person_deletes_one_look_and_the_page_says_that_the_gate_is_awaited(
    small_compound: Compound, phone: FlaskClient
) -> None:
    assert "data-looks" not in phone.get("/r/face").text
    gate_id = give_looks(small_compound, phone)
    page = phone.get("/r/face").text
    assert len(re.findall(r'action="/r/face/looks/[^"]+/drop"', page)) == 2
    press(phone, f"/r/face/looks/{gate_id}/{LOOKS[0]}/drop", seen_on="/r/face", sure="1")
    page = phone.get("/r/face").text
    assert len(re.findall(r'action="/r/face/looks/[^"]+/drop"', page)) == 1
    assert "the gate has not confirmed it yet" in page
    assert "If you delete this scan, face stops working" in page
    with small_compound.session() as session:
        assert session.scalars(select(Consent.withdrawn_at)).one() is None
        kinds = session.scalars(select(AuditEntry.kind).order_by(AuditEntry.seq)).all()
        assert kinds[-1] == "face_look_dropped"


def test_a_person_reads_of_their_looks_in_what_is_held_about_them(
    small_compound: Compound, phone: FlaskClient
) -> None:
    gate_id = give_looks(small_compound, phone)
    press(phone, f"/r/face/looks/{gate_id}/{LOOKS[0]}/drop", seen_on="/r/face", sure="1")
    exported = phone.get("/r/records/export.json").json
    assert exported is not None
    (consent,) = exported["consents"]
    assert [look["being_deleted"] for look in consent["looks"]] == [True, False]
    assert phone.get("/r/records/export.html").text.count("<p>Scan at ") == 2


def test_a_look_that_is_not_theirs_is_not_found_and_changes_nothing(
    small_compound: Compound, phone: FlaskClient
) -> None:
    gate_id = give_looks(small_compound, phone)
    answer = press(phone, f"/r/face/looks/{gate_id}/{'0' * 16}/drop", seen_on="/r/face", sure="1")
    assert answer.status_code == 404
    with small_compound.session() as session:
        assert session.scalars(select(FaceLook.dropped_at)).all() == [None, None]


@pytest.mark.wide
def test_an_offer_is_on_the_persons_own_pages_until_one_tap_ends_it(
    small_compound: Compound, phone: FlaskClient
) -> None:
    give_looks(small_compound, phone)
    assert "data-look-offer" not in phone.get("/r/").text
    with small_compound.session() as session:
        consent = session.scalars(select(Consent)).one()
        for look in session.scalars(select(FaceLook)):
            look.taken_at = consent.given_at
        session.add(
            LookOffer(consent_id=consent.consent_id, misses=0, offered_at=consent.given_at, is_off=False)
        )
    for path in ("/r/", "/r/face"):
        assert "data-look-offer" in phone.get(path).text
    press(phone, "/r/face/looks/offers", seen_on="/r/face", on="0")
    for path in ("/r/", "/r/face"):
        assert "data-look-offer" not in phone.get(path).text
    assert "Ask me again" in phone.get("/r/face").text
    press(phone, "/r/face/looks/offers", seen_on="/r/face", on="1")
    assert "Ask me again" not in phone.get("/r/face").text
