"""Forms that read people in, and what proves what was read."""

import re

import pytest
from sqlalchemy import func, select

from tests.support.compounds.resident import csrf_of
from tests.web_admin.manage.sent_sheets import PATH, WRONG, cell_of, hidden_of, upload
from web_admin.compound.models import CredentialRow, Home, Person
from web_admin.core.database import current_menjin


@pytest.fixture
def client(compound):
    return compound.signed_in("manager")


@pytest.fixture
def count(compound):
    """Return how many homes, people and cards the compound has."""

    def counted():
        with compound.app.app_context(), current_menjin().database.session() as session:
            kinds = (Home, Person, CredentialRow)
            return tuple(session.scalar(select(func.count()).select_from(kind)) for kind in kinds)

    return counted


WRONG_CELLS = (
    (3, "Home", "7/0102", "Write the home as digits"),
    (4, "Name", "empty", "Please fill this in."),
    (4, "Kind", "dog", "Write resident, helper or staff."),
    (4, "Card", "zebra", "This is not a card number."),
    (5, "Home", "31-203", "the same home as 3-1203"),
    (6, "Card", "4200005", "Home 3-1203 holds this card already."),
    (7, "Name", "=HYPERLINK(0)", "may not begin like a formula"),
    (8, "Name", "＝1+1", "may not begin like a formula"),
    (8, "Card", "7100006", "Row 7 has the same card."),
    (12, "Name", "Twin", "Row 11 has the same person."),
    (12, "Row", "left over", "more cells than the first row"),
)


def test_each_wrong_field_keeps_what_was_typed_and_says_what_is_wrong_in_its_cell(client, count):
    before = count()
    answer = upload(client, WRONG.encode())
    missing = [
        (row, column, text)
        for row, column, typed, error in WRONG_CELLS
        for text in (typed, error)
        if text not in cell_of(answer.text, row, column)
    ]
    assert missing == []
    assert (answer.status_code, count()) == (422, before)


def test_right_fields_and_right_rows_carry_no_error_and_nothing_can_be_confirmed(client):
    page = upload(client, WRONG.encode()).text
    assert "7 rows have something to correct. No one was added." in page
    assert 'class="wrong"' not in cell_of(page, 3, "Name")
    assert re.findall(r'id="row-(\d+)"', page) == ["3", "4", "5", "6", "7", "8", "12"]
    assert "/confirm" not in page


def test_tapped_cards_prove_how_the_sheet_writes_and_the_whole_sheet_is_read_that_way(client, count):
    sheet = "home,name,card\n7-0101,Ann,6EB26C00\n7-0102,Bob,F3020100\n7-0103,Cem,010B0C00\n"
    page = upload(client, sheet.encode()).text
    proof = {"csrf_token": csrf_of(page), "sheet": hidden_of(page)["sheet"]}
    taps = {"row1": "2", "tap1": "0007123566", "row2": "3", "tap2": "66291"}
    wrong = client.post(f"{PATH}/prove", data=proof | taps | {"tap2": "5"})
    assert wrong.status_code == 422
    assert 'value="0007123566"' in wrong.text
    assert re.search(r'id="tap2-wrong-1">.*?does not match that row in any format', wrong.text, re.DOTALL)
    one = client.post(f"{PATH}/prove", data=proof | taps | {"tap2": ""})
    assert "Tap the cards of two rows at least." in one.text
    proven = client.post(f"{PATH}/prove", data=proof | taps)
    assert proven.status_code == 200
    assert "Proven by the cards you tapped: Hexadecimal, bytes turned round" in proven.text
    assert "7123566" in proven.text
    assert client.post(f"{PATH}/confirm", data=hidden_of(proven.text)).status_code == 303
    taken = upload(client, b"home,name,card\n7-0109,Dee,789249\n").text  # 0x0C0B01
    assert "Home 7-0103 holds this card already." in taken
