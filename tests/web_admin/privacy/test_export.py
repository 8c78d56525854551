"""Records about a person: the file and the page hold the same, and no other person."""

from flask.testing import FlaskClient

from tests.support.compounds.resident import Compound
from tests.web_admin.resident.passages import add_passage
from web_admin.credentials.pins import issue_duress_pin, issue_pin


def test_the_file_shows_no_place_in_a_journal(small_compound: Compound, phone: FlaskClient) -> None:
    """After a duress PIN the next entry is the alarm's, and the gap would reveal it to a reader."""
    add_passage(small_compound, small_compound.person_id, "granted")
    (passage,) = phone.get("/r/records/export.json").json["passages"]
    assert set(passage) == {"at", "gate_name", "lane_name", "method", "reason", "opened", "visitor"}


def test_the_export_holds_what_is_known_and_names_no_other_person(
    small_compound: Compound, phone: FlaskClient
) -> None:
    answer = phone.get("/r/records/export.json")
    assert "attachment" in answer.headers["Content-Disposition"]
    whole = answer.json
    assert whole is not None
    assert whole["person"]["name"] == "Lin Wei"
    assert [c["kind"] for c in whole["credentials"]] == ["card"]
    assert "4242001" not in answer.text
    assert "Zhao" not in answer.text


def test_the_page_to_read_holds_what_the_file_holds_and_no_other_person(
    small_compound: Compound, phone: FlaskClient
) -> None:
    add_passage(small_compound, small_compound.person_id, "granted")
    with small_compound.act("desk") as act:
        issue_pin(act, small_compound.person_id)
        issue_duress_pin(act, small_compound.person_id)
    answer = phone.get("/r/records/export.html")
    assert "attachment" in answer.headers["Content-Disposition"]
    for held in ("Lin Wei", "3-1203", "The gate opened for you.", "North gate", "You have given no consent"):
        assert held in answer.text
    assert "Zhao" not in answer.text
    assert answer.text.count("PIN:") == 1  # a duress PIN is on no page of its person
    assert "src=" not in answer.text
    whole = phone.get("/r/records/export.json").json
    assert whole is not None
    assert [row["kind"] for row in whole["credentials"]] == ["card", "pin"]
