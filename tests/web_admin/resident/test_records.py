"""My records: passages in plain words, who looked, and the file to take along."""

import hashlib
import re
import secrets
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.support.compounds.resident import Compound
from tests.web_admin.resident.pressing import press
from web_admin.credentials.models import ChildAgreement
from web_admin.credentials.pins import issue_duress_pin, issue_pin
from web_admin.journal.ledger import append_audit
from web_admin.journal.models import GateEvent
from web_admin.people.invitations import confirm_identity
from web_admin.visitors.models import VisitorPassRow


def add_passage(
    compound: Compound, person_id: str, reason: str, *, method: str = "card", credential_id: str = ""
) -> None:
    """Store an entry as a gate's journal brings it."""
    with compound.session() as session:
        seq = len(session.scalars(select(GateEvent.seq)).all()) + 1
        session.add(
            GateEvent(
                gate_id="north",
                seq=seq,
                at=compound.clock() + timedelta(minutes=seq),
                kind="access",
                journal_id="north.1",
                lane_id="north-in",
                person_id=person_id,
                facts={
                    "lane_id": "north-in",
                    "method": method,
                    "opens": reason == "granted",
                    "reason": reason,
                },
                personal={"person_id": person_id, "credential_id": credential_id},
                salt=secrets.token_bytes(16),
                personal_digest=bytes(32),
                previous=bytes(32),
                digest=secrets.token_bytes(32),
                received_at=compound.clock(),
            )
        )


def test_a_grant_and_a_refusal_are_shown_in_sentences(small_compound: Compound, phone: FlaskClient) -> None:
    add_passage(small_compound, small_compound.person_id, "granted")
    add_passage(small_compound, small_compound.person_id, "outside_hours")
    page = phone.get("/r/records").text
    assert "The gate opened for you." in page
    assert "It was outside the hours you may pass this gate." in page
    assert "outside_hours" not in page


def test_who_was_invited_again_reads_no_records_before_they_showed_their_card(
    small_compound: Compound, phone: FlaskClient
) -> None:
    add_passage(small_compound, small_compound.person_id, "granted")
    stolen = small_compound.signed_in(small_compound.person_id)
    for path in ("/r/records", "/r/records/export.json"):
        assert stolen.get(path).status_code == 303
    assert "Show once that this is you" in stolen.get("/r/").text
    with small_compound.act("desk") as act:
        confirm_identity(act, small_compound.person_id)
    assert "The gate opened for you." in stolen.get("/r/records").text


def test_no_resident_sees_the_passages_of_another(small_compound: Compound, phone: FlaskClient) -> None:
    add_passage(small_compound, small_compound.neighbour_id, "granted")
    assert "The gate opened for you." not in phone.get("/r/records").text
    exported = phone.get("/r/records/export.json").json
    assert exported is not None
    assert exported["passages"] == []


def test_a_visitors_passage_is_shown_as_the_visitors_and_not_as_a_last_use(
    small_compound: Compound, phone: FlaskClient
) -> None:
    press(phone, "/r/visitors", seen_on="/r/visitors", label="Aunt Li", gate_numbers="1")
    with small_compound.session() as session:
        pass_id = session.scalars(select(VisitorPassRow.pass_id)).one()
    add_passage(small_compound, small_compound.person_id, "granted", method="qr", credential_id=pass_id)
    assert "Your visitor: Aunt Li" in phone.get("/r/records").text
    assert "last used" not in phone.get("/r/").text


def test_the_file_shows_no_place_in_a_journal(small_compound: Compound, phone: FlaskClient) -> None:
    """After a duress PIN the next entry is the alarm's, and the gap would reveal it to a reader."""
    add_passage(small_compound, small_compound.person_id, "granted")
    (passage,) = phone.get("/r/records/export.json").json["passages"]
    assert set(passage) == {"at", "gate_name", "lane_name", "method", "reason", "opened", "visitor"}


def test_the_last_use_of_a_way_is_beside_its_switch(small_compound: Compound, phone: FlaskClient) -> None:
    add_passage(small_compound, small_compound.person_id, "granted")
    add_passage(small_compound, small_compound.person_id, "outside_hours")
    assert "last used Wed, Mar 4 12:01" in re.sub(r"</?span[^>]*>", "", phone.get("/r/").text)


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


def test_what_is_no_place_in_the_history_shows_its_beginning(
    small_compound: Compound, phone: FlaskClient
) -> None:
    add_passage(small_compound, small_compound.person_id, "granted")
    for wrong in ("now", "2026-03-04~1", "2026-03-04T12:00:00+00:00~x"):
        page = phone.get("/r/records/passages", query_string={"before": wrong})
        assert "The gate opened for you." in page.text


def test_the_page_to_read_holds_what_the_file_holds_and_no_other_person(
    small_compound: Compound, phone: FlaskClient
) -> None:
    add_passage(small_compound, small_compound.person_id, "granted")
    with small_compound.act("desk") as act:
        issue_pin(act, small_compound.person_id)
        issue_duress_pin(act, small_compound.person_id)
    answer = phone.get("/r/records/export.html")
    assert "attachment" in answer.headers["Content-Disposition"]
    for held in ("Lin Wei", "3-1203", "The gate opened for you.", "North gate", "None. You have agreed to"):
        assert held in answer.text
    assert "Zhao" not in answer.text
    assert answer.text.count("PIN:") == 1  # a duress PIN is on no page of its person
    assert "src=" not in answer.text
    whole = phone.get("/r/records/export.json").json
    assert whole is not None
    assert [row["kind"] for row in whole["credentials"]] == ["card", "pin"]


def test_records_are_deleted_in_one_go_and_the_page_says_what_stays(
    small_compound: Compound, phone: FlaskClient
) -> None:
    add_passage(small_compound, small_compound.person_id, "granted")
    add_passage(small_compound, small_compound.neighbour_id, "granted")
    page = phone.get("/r/records/delete").text
    assert "1 entries lose your name" in page
    for stays in ("30 days", "1096 days", "180 days", "60 days"):
        assert stays in page
    nothing = press(phone, "/r/records/delete", seen_on="/r/records/delete")
    assert (nothing.status_code, "Choose what to delete." in nothing.text) == (422, True)
    assert press(phone, "/r/records/delete", seen_on="/r/records/delete", passages="1").status_code == 303
    assert "The gate opened for you." not in phone.get("/r/records").text
    assert "There is nothing that could be deleted now." in phone.get("/r/records/delete").text
    with small_compound.session() as session:
        named = session.scalars(select(GateEvent.person_id).where(GateEvent.person_id.is_not(None)))
        assert list(named) == [small_compound.neighbour_id]


AGREED = (
    "I am a guardian of this child and agree that the gates keep a card and a PIN for it, to open and for"
    " nothing else. I can take this back at any time."
)


def test_what_a_guardian_agreed_to_is_shown_with_its_exact_text_and_digest(
    small_compound: Compound, phone: FlaskClient, neighbour: FlaskClient
) -> None:
    assert AGREED in phone.get("/r/home").text
    press(phone, "/r/home/children", seen_on="/r/home", display_name="Bao", agrees="yes")
    records = phone.get("/r/records").text
    assert "Card and PIN of Bao" in records
    digest = hashlib.sha256(AGREED.encode()).hexdigest()
    exported = phone.get("/r/records/export.json").json
    assert exported is not None
    (agreed,) = exported["agreed_for_children"]
    assert (agreed["text"], agreed["text_sha256"], agreed["channel"]) == (AGREED, digest, "phone")
    for page in (records, phone.get("/r/records/export.html").text):
        assert AGREED in page
        assert digest in page
        assert "You have agreed to nothing." not in page
    assert AGREED not in neighbour.get("/r/records").text


def test_the_text_is_kept_in_the_language_it_was_read_in(small_compound: Compound) -> None:
    phone = small_compound.signed_in(small_compound.person_id, language="zh")
    press(phone, "/r/home/children", seen_on="/r/home", display_name="Bao", agrees="yes")
    with small_compound.session() as session:
        agreement = session.scalars(select(ChildAgreement)).one()
        assert agreement.language == "zh"
        assert (agreement.text or "").startswith("我是")


def test_an_agreement_from_before_texts_were_kept_says_so(
    small_compound: Compound, phone: FlaskClient
) -> None:
    press(phone, "/r/home/children", seen_on="/r/home", display_name="Bao", agrees="yes")
    with small_compound.session() as session:
        session.scalars(select(ChildAgreement)).one().text = None
    said = "The exact text was not kept when you agreed."
    assert said in phone.get("/r/records").text
    assert said in phone.get("/r/records/export.html").text


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
