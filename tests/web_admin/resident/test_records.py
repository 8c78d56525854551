"""My records: passages in plain words, who looked, and the file to take along."""

import pytest
from flask.testing import FlaskClient

from tests.support.compounds.resident import Compound
from tests.web_admin.resident.passages import add_passage
from web_admin.people.invitations import confirm_identity


def test_who_was_invited_again_reads_no_records_before_they_showed_their_card(
    small_compound: Compound, phone: FlaskClient
) -> None:
    add_passage(small_compound, small_compound.person_id, "granted")
    stolen = small_compound.signed_in(small_compound.person_id)
    for path in ("/r/records", "/r/records/export.json"):
        assert stolen.get(path).status_code == 303
    assert "Confirm it's you" in stolen.get("/r/").text
    with small_compound.act("desk") as act:
        confirm_identity(act, small_compound.person_id)
    assert "The gate opened for you." in stolen.get("/r/records").text


def test_what_is_no_place_in_the_history_shows_its_beginning(
    small_compound: Compound, phone: FlaskClient
) -> None:
    add_passage(small_compound, small_compound.person_id, "granted")
    for wrong in ("now", "2026-03-04~1", "2026-03-04T12:00:00+00:00~x"):
        page = phone.get("/r/records/passages", query_string={"before": wrong})
        assert "The gate opened for you." in page.text


@pytest.mark.parametrize(
    "question",
    [
        "passages?before=0001-01-01T00:00:00%2B14:00~1",
        "passages?before=9999-12-31T23:59:59-14:00~1",
        f"passages?before=2026-01-01T00:00:00Z~{'9' * 30}",
        "passages?before=2026-01-01T00:00:00Z~%C2%B2",
        f"lookups?before={'9' * 30}",
        "lookups?before=%C2%B2",
    ],
)
def test_a_malformed_number_or_moment_is_left_out(phone: FlaskClient, question: str) -> None:
    assert phone.get(f"/r/records/{question}").status_code == 200
