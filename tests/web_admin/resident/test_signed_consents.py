"""Where the site asks for a signature or for both guardians: what the phone shows, and what is kept."""

import re

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from gate_controller.contract.written_release import read_release
from tests.support.compounds.resident import Compound
from tests.web_admin.resident.pressing import press
from web_admin.compound.models import Person
from web_admin.credentials.cards import issue_card
from web_admin.custody.models import Consent
from web_admin.face.consent_rules import set_consent_rules
from web_admin.face.models import GuardianRequest
from web_admin.people.actions import add_person


def ask_for(compound: Compound, *, written: bool = False, both: bool = False) -> None:
    with compound.act() as act:
        set_consent_rules(act, written_release=written, both_guardians=both)


def consents(compound: Compound) -> list[Consent]:
    with compound.session() as session:
        return list(session.scalars(select(Consent)).all())


def family(compound: Compound) -> tuple[str, str]:
    """Add a father and a son of 14 to 17 to the first home; return their ids."""
    with compound.act() as act:
        home_id = act.session.get_one(Person, compound.person_id).home_id
        father = add_person(act, display_name="Lin Tao", home_id=home_id, language="en").person_id
        son = add_person(act, display_name="Bao", home_id=home_id, age_band="14_17", language="en").person_id
        for number, person_id in enumerate((father, son), start=4_242_010):
            issue_card(act, person_id, number)
    return father, son


def test_the_name_is_asked_for_beside_the_yes_and_what_was_typed_stays(
    small_compound: Compound, phone: FlaskClient
) -> None:
    assert "signed_name" not in phone.get("/r/face").text
    ask_for(small_compound, written=True)
    page = phone.get("/r/face").text
    assert "I have read this notice and agree in writing" in page
    assert re.search(r'<input[^>]*name="signed_name"[^>]*form="yes"[^>]*required', page)
    answer = press(
        phone, "/r/face/yes", seen_on="/r/face", notice_version="1", language="en", signed_name="x" * 81
    )
    assert answer.status_code == 422
    assert "at most 80 characters" in answer.text and "x" * 81 in answer.text
    assert consents(small_compound) == []
    press(phone, "/r/face/no", seen_on="/r/face", notice_version="1", language="en")


@pytest.mark.wide
def test_both_guardians_are_asked_and_each_sees_who_is_waited_for(
    small_compound: Compound, phone: FlaskClient
) -> None:
    father_id, son_id = family(small_compound)
    ask_for(small_compound, written=True, both=True)
    minor, father = small_compound.signed_in(son_id), small_compound.signed_in(father_id)
    page = minor.get("/r/face").text
    assert "are asked" in page and "Lin Wei" in page and "Lin Tao" in page
    assert "signed_name" not in page
    token = page.partition('name="csrf_token" value="')[2].partition('"')[0]
    minor.post(
        "/r/face/yes",
        data={
            "csrf_token": token,
            "notice_version": "1",
            "language": "en",
            "guardian": [small_compound.person_id, father_id],
        },
    )
    assert minor.get("/r/face").text.count("has not answered yet") == 2
    with small_compound.session() as session:
        request_of = {row.guardian_id: row.request_id for row in session.scalars(select(GuardianRequest))}
    mothers = f"/r/guardian/{request_of[small_compound.person_id]}"
    assert "We ask Lin Tao too" in phone.get(mothers).text
    assert press(phone, f"{mothers}/yes", seen_on=mothers, language="en").status_code == 422
    press(phone, f"{mothers}/yes", seen_on=mothers, language="en", signed_name="Lin Wei")
    assert consents(small_compound) == []
    assert "The other guardian has not answered yet" in phone.get("/r/").text
    waiting = phone.get(mothers).text
    assert "Withdraw my consent" in waiting and "data-face-yes" not in waiting
    assert "agreed" in minor.get("/r/face").text
    fathers = f"/r/guardian/{request_of[father_id]}"
    press(father, f"{fathers}/yes", seen_on=fathers, language="en", signed_name="Lin Tao")
    (consent,) = consents(small_compound)
    shown = minor.get(f"/r/records/consents/{consent.consent_id}").text
    assert "Lin Wei agreed as your guardian" in shown and "Lin Tao agreed as your guardian" in shown
    for parent in (phone, father):
        link = f"/r/records/releases/{consent.consent_id}.json"
        assert link in parent.get("/r/records").text
        assert read_release(parent.get(link).data).release.signed_for == "ward"
    assert minor.get(f"/r/records/releases/{consent.consent_id}.json").status_code == 404


@pytest.mark.wide
def test_with_one_known_guardian_of_two_the_page_says_whom_to_turn_to(small_compound: Compound) -> None:
    with small_compound.act() as act:
        home_id = act.session.get_one(Person, small_compound.person_id).home_id
        son = add_person(act, display_name="Bao", home_id=home_id, age_band="14_17", language="en").person_id
        issue_card(act, son, 4_242_009)
    ask_for(small_compound, both=True)
    page = small_compound.signed_in(son).get("/r/face").text
    assert "only one is known here" in page
