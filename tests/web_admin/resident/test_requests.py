"""Requests and complaints on the phone: filed once, shown with their dates, and no other person's."""

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.support.clock import SetClock
from tests.support.compounds.resident import Compound, csrf_of
from web_admin.compound.models import Person
from web_admin.people.invitations import confirm_identity
from web_admin.privacy.contact import save_contact
from web_admin.privacy.models import RightsRequest
from web_admin.privacy.requests import correct, refuse

NEW = "/r/requests/new/"


def once_of(html: str) -> str:
    return html.partition('name="once"')[2].partition('value="')[2].partition('"')[0]


def send(client: FlaskClient, kind: str, **fields: str):
    page = client.get(NEW + kind).text
    return client.post(NEW + kind, data={"csrf_token": csrf_of(page), "once": once_of(page), **fields})


def ids(compound: Compound) -> list[str]:
    with compound.session() as session:
        return list(session.scalars(select(RightsRequest.request_id).order_by(RightsRequest.filed_at)))


def test_a_complaint_is_filed_and_listed_with_its_date(small_compound: Compound, phone: FlaskClient) -> None:
    assert send(phone, "complaint", text="The camera faces my window.").status_code == 303
    page = phone.get("/r/requests").text
    assert "I want to complain" in page
    assert "answer by Mar 19, 2026" in page
    one = phone.get(f"/r/requests/{ids(small_compound)[0]}").text
    assert "The camera faces my window." in one
    assert "Mar 9, 2026" in one  # acknowledged by: three working days after a Wednesday


@pytest.mark.wide
def test_a_form_that_is_sent_twice_files_once(small_compound: Compound, phone: FlaskClient) -> None:
    page = phone.get(NEW + "complaint").text
    data = {"csrf_token": csrf_of(page), "once": once_of(page), "text": "Too bright at night."}
    assert [phone.post(NEW + "complaint", data=data).status_code for _press in "12"] == [303, 303]
    assert len(ids(small_compound)) == 1


def test_an_error_is_shown_beside_its_field_and_what_was_typed_stays(
    small_compound: Compound, phone: FlaskClient
) -> None:
    answer = send(phone, "correction", subject="home", wanted=" ", text="We moved upstairs.")
    assert answer.status_code == 422
    assert 'aria-describedby="wanted-problem"' in answer.text
    assert "We moved upstairs." in answer.text
    assert 'value="home" checked' in answer.text
    assert ids(small_compound) == []


def test_a_request_can_be_taken_back(small_compound: Compound, phone: FlaskClient) -> None:
    send(phone, "complaint", text="The camera faces my window.")
    path = f"/r/requests/{ids(small_compound)[0]}"
    token = csrf_of(phone.get(path).text)
    assert phone.post(f"{path}/withdraw", data={"csrf_token": token}).status_code == 303
    assert "Withdrawn" in phone.get(path).text


def test_a_refusal_shows_its_reason_and_where_to_complain_further(
    small_compound: Compound, phone: FlaskClient
) -> None:
    send(phone, "complaint", text="The camera faces my window.")
    [request_id] = ids(small_compound)
    channels = {"zh": "监管局", "en": "The regulator"}
    with small_compound.act("manager") as act:
        save_contact(act, name="Ms Qin", contact="021-5555 0101", channels=channels)
        refuse(act, request_id, "It shows the gate alone.", "en")
    page = phone.get(f"/r/requests/{request_id}").text
    for shown in ("It shows the gate alone.", "The regulator", "you can go to court"):
        assert shown in page
    assert "Ms Qin" in phone.get("/r/requests").text


def test_a_correction_shows_before_and_after(small_compound: Compound, phone: FlaskClient) -> None:
    send(phone, "correction", subject="name", wanted="Lin Weiwei")
    [request_id] = ids(small_compound)
    with small_compound.act("manager") as act:
        correct(act, request_id, "", "Lin Weiwei", "")
    page = phone.get(f"/r/requests/{request_id}").text
    assert "Lin Wei<" in page
    assert "Lin Weiwei" in page
    with small_compound.session() as session:
        assert session.get_one(Person, small_compound.person_id).display_name == "Lin Weiwei"


def test_a_late_answer_is_marked(small_compound: Compound, phone: FlaskClient, clock: SetClock) -> None:
    send(phone, "complaint", text="The camera faces my window.")
    clock.now += timedelta(days=16)
    assert "Late" in phone.get("/r/requests").text


def test_who_was_invited_again_asks_for_nothing_before_they_showed_their_card(
    small_compound: Compound, phone: FlaskClient
) -> None:
    send(phone, "access")
    stolen = small_compound.signed_in(small_compound.person_id)
    for path in ("/r/requests", NEW + "access", f"/r/requests/{ids(small_compound)[0]}", "/r/records/delete"):
        assert stolen.get(path).status_code == 303
    with small_compound.act("desk") as act:
        confirm_identity(act, small_compound.person_id)
    assert stolen.get("/r/requests").status_code == 200


@pytest.mark.parametrize("path", [NEW + "lawsuit", "/r/requests/nothing"])
def test_what_there_is_not_answers_404(phone: FlaskClient, path: str) -> None:
    assert phone.get(path).status_code == 404


def test_who_cannot_show_a_card_objects_all_the_same_and_reads_no_record(
    small_compound: Compound, phone: FlaskClient
) -> None:
    with small_compound.session() as session:
        session.get_one(Person, small_compound.person_id).phone_unproven = "invited"
    assert send(phone, "objection", text="I live here.").location.endswith("/r/")
    assert len(ids(small_compound)) == 1
    for path in ("/r/requests", f"{NEW}complaint", f"/r/requests/{ids(small_compound)[0]}"):
        assert phone.get(path).status_code == 303
