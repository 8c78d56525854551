"""A person's own passages in plain words: page by page, and of no other person."""

import re

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.support.compounds.resident import Compound
from tests.web_admin.resident.passages import add_passage
from tests.web_admin.resident.pressing import press
from web_admin.journal.models import GateEvent
from web_admin.visitors.models import VisitorPassRow


@pytest.mark.wide
def test_a_grant_and_a_refusal_are_shown_in_sentences(small_compound: Compound, phone: FlaskClient) -> None:
    add_passage(small_compound, small_compound.person_id, "granted")
    add_passage(small_compound, small_compound.person_id, "outside_hours")
    page = phone.get("/r/records").text
    assert "The gate opened for you." in page
    assert "You may not pass this gate at this hour." in page
    assert "outside_hours" not in page


def test_no_resident_sees_the_passages_of_another(small_compound: Compound, phone: FlaskClient) -> None:
    add_passage(small_compound, small_compound.neighbour_id, "granted")
    assert "The gate opened for you." not in phone.get("/r/records").text
    exported = phone.get("/r/records/export.json").json
    assert exported is not None
    assert exported["passages"] == []


@pytest.mark.wide
def test_a_visitors_passage_is_shown_as_the_visitors_and_not_as_a_last_use(
    small_compound: Compound, phone: FlaskClient
) -> None:
    press(phone, "/r/visitors", seen_on="/r/visitors", label="Aunt Li", gate_numbers="1")
    with small_compound.session() as session:
        pass_id = session.scalars(select(VisitorPassRow.pass_id)).one()
    add_passage(small_compound, small_compound.person_id, "granted", method="qr", credential_id=pass_id)
    assert "Your visitor: Aunt Li" in phone.get("/r/records").text
    assert "last used" not in phone.get("/r/").text


def test_the_last_use_of_a_way_is_beside_its_switch(small_compound: Compound, phone: FlaskClient) -> None:
    add_passage(small_compound, small_compound.person_id, "granted")
    add_passage(small_compound, small_compound.person_id, "outside_hours")
    assert "last used Wed, Mar 4 12:01" in re.sub(r"</?span[^>]*>", "", phone.get("/r/").text)


def test_a_long_history_is_read_page_by_page(small_compound: Compound, phone: FlaskClient) -> None:
    for _number in range(57):
        add_passage(small_compound, small_compound.person_id, "granted")
    assert "/r/records/passages" in phone.get("/r/records").text
    first = phone.get("/r/records/passages").text
    assert first.count("The gate opened for you.") == 50
    assert "12:57" in first
    assert "12:07" not in first
    following = first.partition('href="/r/records/passages?before=')[2].partition('"')[0]
    with small_compound.session() as session:
        numbers = [str(number) for number in session.scalars(select(GateEvent.seq))]
    assert len(following) > 150
    assert not set(following.replace("=", " ").split("~")) & set(numbers), "a number of the gate's journal"
    second = phone.get(f"/r/records/passages?before={following}").text
    assert second.count("The gate opened for you.") == 7
    assert "12:07" in second
