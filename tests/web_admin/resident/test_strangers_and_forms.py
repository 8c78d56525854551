"""Another person's ids answer 404 and change nothing; no form works without its token."""

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.support.compounds.resident import Compound
from tests.web_admin.resident.pressing import press, switch
from web_admin.compound.models import CredentialRow
from web_admin.custody.models import Consent
from web_admin.visitors.models import VisitorPassRow


@pytest.fixture
def theirs(small_compound: Compound, neighbour: FlaskClient) -> dict[str, str]:
    """Return the ids of everything that the neighbour has."""
    switch(neighbour, "qr", on=True)
    press(neighbour, "/r/visitors", seen_on="/r/visitors", label="plumber", gate_numbers="1")
    press(neighbour, "/r/visitors/code", seen_on="/r/visitors", minutes="60", gate_number="1")
    press(neighbour, "/r/face/yes", seen_on="/r/face", notice_version="1", language="en")
    with small_compound.session() as session:
        rows = session.scalars(
            select(CredentialRow).where(CredentialRow.person_id == small_compound.neighbour_id)
        ).all()
        ids = {row.kind: row.credential_id for row in rows}
        ids["pass"] = session.scalars(select(VisitorPassRow.pass_id)).one()
        ids["consent"] = session.scalars(select(Consent.consent_id)).one()
    return ids


@pytest.mark.wide
def test_the_contact_answer_reveals_nothing_of_another_persons_key(
    phone: FlaskClient, theirs: dict[str, str]
) -> None:
    answer = phone.get(f"/r/code/contact?credential={theirs['qr']}").json
    assert answer is not None
    assert answer["state"] == "unknown"


@pytest.mark.wide
def test_signing_out_with_another_persons_key_does_not_end_it(
    small_compound: Compound, phone: FlaskClient, theirs: dict[str, str]
) -> None:
    press(phone, "/r/sign-out", credential_id=theirs["qr"])
    with small_compound.session() as session:
        assert session.get_one(CredentialRow, theirs["qr"]).state == "active"


def test_personal_answers_are_never_stored_by_caches(phone: FlaskClient) -> None:
    for path in ("/r/", "/r/code", "/r/code/contact", "/r/visitors", "/r/records", "/r/records/export.json"):
        assert phone.get(path).headers["Cache-Control"] == "no-store", path
