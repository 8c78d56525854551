"""The pages of people: the list, and one person."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.support.act_previews import done
from tests.web_admin.manage.forms import Rows, local, send
from web_admin.compound.models import CredentialRow, Person
from web_admin.journal.models import AuditEntry


@pytest.fixture
def client(compound):
    return compound.signed_in("manager")


@pytest.fixture
def rows(compound):
    return Rows(compound)


def test_a_home_number_that_exists_is_refused_and_what_was_typed_stays(client):
    answer = send(client, "/manage/people/homes/new", number="3-1203")
    assert answer.status_code == 422
    assert 'value="3-1203"' in answer.text
    assert "Home 3-1203 exists already." in answer.text
    assert 'aria-invalid="true"' in answer.text


def test_search_finds_homes_and_names(client):
    assert "Ana Ruiz" in client.get("/manage/people/?q=ruiz").text
    assert "王芳" in client.get("/manage/people/?q=3-1203").text
    assert "Nothing found" in client.get("/manage/people/?q=nobody").text


def test_a_new_person_without_a_home_is_not_called_staff_before_their_kind_is_chosen(client):
    page = client.get("/manage/people/new").text
    assert "Staff without a home: all gates." in page
    assert re.search(r'<option[^>]*value="">([^<]+)<', page)[1] == "No home"


def test_a_card_that_someone_has_is_refused_and_says_whose_home(client, compound):
    person_id = compound.persons["林薇"]
    answer = send(client, f"/manage/cards/give/{person_id}", number="4200005")
    assert answer.status_code == 422
    assert "Home 3-1203 holds this card already" in answer.text


@pytest.mark.wide
def test_a_card_is_given_lost_found_and_ended(client, compound, rows):
    person_id = compound.persons["林薇"]
    send(client, f"/manage/cards/give/{person_id}", number="108,45678", label="blue fob")
    card_id = rows(
        lambda s: s.scalar(select(CredentialRow.credential_id).where(CredentialRow.label == "blue fob"))
    )
    states = []
    for step in ("suspend", "resume", "end"):
        path = f"/manage/cards/{card_id}/{step}"
        done(client, send(client, f"/manage/people/{person_id}", path, reason="damaged"))
        states.append(rows(lambda s: s.get_one(CredentialRow, card_id).state))
    assert states == ["suspended", "active", "ended"]


def test_finding_a_cards_holder_is_recorded(client, compound, rows):
    answer = send(client, "/manage/cards/", number="4200005")
    assert "王芳" in answer.text
    kinds = rows(
        lambda s: s.scalars(
            select(AuditEntry.kind).where(AuditEntry.person_id == compound.persons["王芳"])
        ).all()
    )
    assert "card_looked_up" in kinds


def test_a_pin_is_shown_once_and_a_duress_pin_is_in_no_list(client, compound):
    path = f"/manage/people/{compound.persons['林薇']}"
    shown = send(client, path, f"{path}/pin")
    assert re.search(r'<p class="code">\d{6}</p>', shown.text)
    send(client, path, f"{path}/pin", duress="1")
    page = client.get(path).text
    assert re.search(r"\b\d{6}\b(?=</p>)", page) is None
    assert page.count("<strong>PIN</strong>") + page.count("<strong>PIN\n") <= 2


def test_an_invitation_shows_its_code_and_a_picture_of_the_link(client, compound):
    path = f"/manage/people/{compound.persons['林薇']}"
    shown = send(client, path, f"{path}/invite")
    code = re.search(r'<p class="code">([A-Z0-9-]+)</p>', shown.text)[1]
    assert f"/r/welcome/{code}" in shown.text
    assert '<svg xmlns="http://www.w3.org/2000/svg" class="qr"' in shown.text
    assert code not in client.get(path).text


@pytest.mark.wide
def test_a_persons_page_has_one_accent_for_what_is_missing_first(client, compound):
    path = f"/manage/people/{compound.persons['林薇']}"

    def accents() -> list[str]:
        page = client.get(path).text
        return re.findall(r"btn-accent[^>]*>(?:<svg.*?</svg>)?([^<]+)<", page, re.DOTALL)

    assert accents() == ["Make an invitation"]
    send(client, path, f"{path}/invite")
    page = client.get(path).text
    assert "Invited" in page
    assert accents() == []
    card = re.search(r"/manage/cards/(\w+)/end", page)[0]
    done(client, send(client, path, card, reason="lost"))
    assert accents() == ["Give a card"]


@pytest.mark.wide
@pytest.mark.parametrize("reason", ["lost", "damaged", "returned", "asked"])
def test_a_card_ends_for_the_reason_that_the_office_chose(client, compound, rows, reason):
    path = f"/manage/people/{compound.persons['林薇']}"
    page = client.get(path).text
    end = re.search(r"/manage/cards/(\w+)/end", page)
    assert f'<option value="{reason}">' in page.partition(end[0])[2].partition("</form>")[0]
    done(client, send(client, path, end[0], reason=reason))
    row = rows(lambda s: s.get_one(CredentialRow, end[1]))
    assert (row.state, row.ended_reason) == ("ended", reason)


@pytest.mark.wide
@pytest.mark.parametrize("reason", ["", "unpaid"])
def test_a_card_does_not_end_without_a_reason_of_the_list(client, compound, rows, reason):
    path = f"/manage/people/{compound.persons['林薇']}"
    end = re.search(r"/manage/cards/(\w+)/end", client.get(path).text)
    send(client, path, end[0], reason=reason)
    assert "Choose why it ends." in client.get(path).text
    assert rows(lambda s: s.get_one(CredentialRow, end[1])).state == "active"


@pytest.mark.wide
def test_moving_out_needs_a_confirmation_and_ends_everything(client, compound, rows):
    person_id = compound.persons["林薇"]
    assert send(client, f"/manage/people/{person_id}/move-out").status_code == 422
    assert send(client, f"/manage/people/{person_id}/move-out", sure="y").status_code == 303
    states = rows(
        lambda s: s.scalars(select(CredentialRow.state).where(CredentialRow.person_id == person_id)).all()
    )
    assert set(states) == {"ended"}


@pytest.mark.wide
def test_suspension_and_its_end(client, compound, rows):
    path = f"/manage/people/{compound.persons['林薇']}"
    until = local(compound.clock() + timedelta(days=3))
    refused = send(client, path, f"{path}/suspend", reason="fees of the car park", until=until)
    assert refused.status_code == 422
    assert not rows(lambda s: s.get_one(Person, compound.persons["林薇"]).suspended)
    send(client, path, f"{path}/suspend", reason="moved_out", until=until)
    assert rows(lambda s: s.get_one(Person, compound.persons["林薇"]).suspended)
    send(client, path, f"{path}/resume")
    assert not rows(lambda s: s.get_one(Person, compound.persons["林薇"]).suspended)


def test_looking_at_a_person_asks_for_a_reason_and_the_person_can_read_it(client, compound, rows):
    path = f"/manage/events/person/{compound.persons['王芳']}"
    assert "<tbody>" not in client.get(path).text
    assert send(client, path, reason="").status_code == 422
    answer = send(client, path, reason="parcel claimed as stolen")
    assert "<tbody>" in answer.text
    entry = rows(lambda s: s.scalar(select(AuditEntry).where(AuditEntry.kind == "named_lookup")))
    assert (entry.person_id, entry.personal["reason"], entry.facts["role"]) == (
        compound.persons["王芳"],
        "parcel claimed as stolen",
        "manager",
    )
