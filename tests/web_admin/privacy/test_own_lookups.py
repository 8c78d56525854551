"""Look-ups of a person's records, with their reasons, shown to that person alone."""

from flask.testing import FlaskClient

from tests.support.compounds.resident import Compound
from web_admin.journal.ledger import append_audit


def test_who_looked_and_why_is_shown_to_the_person_alone(
    small_compound: Compound, phone: FlaskClient, neighbour: FlaskClient
) -> None:
    with small_compound.session() as session:
        append_audit(
            session,
            small_compound.site_id,
            "named_lookup",
            {"role": "guard"},
            {"reason": "parcel went missing"},
            small_compound.clock(),
            person_id=small_compound.person_id,
        )
    page = phone.get("/r/records").text
    assert "Guard" in page
    assert "Reason given: parcel went missing" in page
    assert "parcel" not in neighbour.get("/r/records").text


def test_every_look_is_listed_page_by_page(small_compound: Compound, phone: FlaskClient) -> None:
    with small_compound.session() as session:
        for number in range(52):
            append_audit(
                session,
                small_compound.site_id,
                "named_lookup",
                {"role": "guard"},
                {"reason": f"parcel {number}."},
                small_compound.clock(),
                person_id=small_compound.person_id,
            )
    assert "/r/records/lookups" in phone.get("/r/records").text
    first = phone.get("/r/records/lookups").text
    assert ("parcel 51." in first, "parcel 1." in first) == (True, False)
    following = first.partition('href="/r/records/lookups?before=')[2].partition('"')[0]
    assert "parcel 1." in phone.get(f"/r/records/lookups?before={following}").text
