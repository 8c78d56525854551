"""The page that deletes one's own records: in one go, and what stays until when."""

from flask.testing import FlaskClient
from sqlalchemy import select

from tests.support.compounds.resident import Compound
from tests.web_admin.resident.passages import add_passage
from tests.web_admin.resident.pressing import press
from web_admin.journal.models import GateEvent


def test_records_are_deleted_in_one_go_and_the_page_says_what_stays(
    small_compound: Compound, phone: FlaskClient
) -> None:
    add_passage(small_compound, small_compound.person_id, "granted")
    add_passage(small_compound, small_compound.neighbour_id, "granted")
    page = phone.get("/r/records/delete").text
    assert "1 entries lose your name" in page
    for stays in ("30 days", "1096 days", "180 days", "60 days"):
        assert stays in page
    nothing = press(phone, "/r/records/delete", seen_on="/r/records/delete", sure="1")
    assert (nothing.status_code, "Choose what to delete." in nothing.text) == (422, True)
    assert (
        press(phone, "/r/records/delete", seen_on="/r/records/delete", passages="1", sure="1").status_code
        == 303
    )
    assert "The gate opened for you." not in phone.get("/r/records").text
    assert "There is nothing that could be deleted now." in phone.get("/r/records/delete").text
    with small_compound.session() as session:
        named = session.scalars(select(GateEvent.person_id).where(GateEvent.person_id.is_not(None)))
        assert list(named) == [small_compound.neighbour_id]
