"""My ways in: switches, the card, the PIN."""

import re
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from gate_controller.contract.records import Method, PersonRecord, TwoMethods, decode_record
from gate_controller.rules.access import decide
from gate_controller.rules.decision import Claim, GateMemory
from tests.support.acting import gate_view
from tests.support.compounds.resident import Compound
from tests.web_admin.resident.pressing import press, switch
from web_admin.compound.models import CredentialRow, Gate, Person
from web_admin.core.database import current_menjin
from web_admin.core.refusal import ActionRefused
from web_admin.credentials.phones import issue_printed_code
from web_admin.credentials.pins import issue_duress_pin
from web_admin.credentials.two_methods import end_two_method_request
from web_admin.policy.publish import records_for_gate

TOKEN = r'name="(csrf_token|once)" value="[^"]*"'


def methods(compound: Compound) -> list[str]:
    with compound.session() as session:
        return session.get_one(Person, compound.person_id).methods


def card_state(compound: Compound) -> str:
    with compound.session() as session:
        return session.get_one(CredentialRow, compound.card_id).state


def test_the_four_ways_stand_in_their_fixed_order(phone: FlaskClient) -> None:
    page = phone.get("/r/").text
    places = [page.index(f'id="{method}"') for method in ("card", "pin", "qr", "face")]
    assert places == sorted(places)


def test_the_last_working_way_stays_on_and_the_page_says_why(
    small_compound: Compound, phone: FlaskClient
) -> None:
    assert "This is your only working way in besides face" in phone.get("/r/").text
    switch(phone, "card", on=False)
    assert methods(small_compound) == ["card"]
    assert "Choose at least one of card, PIN and QR code." in phone.get("/r/").text


def test_with_another_way_the_card_can_be_switched_off(small_compound: Compound, phone: FlaskClient) -> None:
    switch(phone, "qr", on=True)
    switch(phone, "card", on=False)
    assert methods(small_compound) == ["qr"]


def test_switching_the_pin_on_shows_a_new_pin_on_that_answer_only(
    small_compound: Compound, phone: FlaskClient
) -> None:
    shown = switch(phone, "pin", on=True).text
    digits = shown.partition("data-pin>")[2][:6]
    assert digits.isdecimal()
    assert digits not in phone.get("/r/").text
    assert methods(small_compound) == ["card", "pin"]


def test_a_new_pin_ends_the_old_one(small_compound: Compound, phone: FlaskClient) -> None:
    switch(phone, "pin", on=True)
    press(phone, "/r/pin", sure="1")
    with small_compound.session() as session:
        states = session.scalars(
            select(CredentialRow.state)
            .where(CredentialRow.person_id == small_compound.person_id, CredentialRow.kind == "pin")
            .order_by(CredentialRow.state)
        ).all()
    assert states == ["active", "ended"]


def test_the_card_is_suspended_and_resumed_in_one_tap_each(
    small_compound: Compound, phone: FlaskClient
) -> None:
    press(phone, f"/r/cards/{small_compound.card_id}/suspend")
    assert card_state(small_compound) == "suspended"
    assert "On, but your card is suspended" in phone.get("/r/").text
    press(phone, f"/r/cards/{small_compound.card_id}/resume")
    assert card_state(small_compound) == "active"


PAGES = ("/r/", "/r/code", "/r/visitors", "/r/records", "/r/help", "/r/password", "/r/records/export.json")


@pytest.mark.wide
def test_who_suspended_the_only_card_reads_that_nothing_opens(
    small_compound: Compound, phone: FlaskClient
) -> None:
    assert "data-nothing-works" not in phone.get("/r/").text
    press(phone, f"/r/cards/{small_compound.card_id}/suspend")
    assert "data-nothing-works" in phone.get("/r/").text
    switch(phone, "pin", on=True)
    assert "data-nothing-works" not in phone.get("/r/").text


def pages_of(client: FlaskClient) -> list[str]:
    """Return every page as it reads now, without what is random in it."""
    return [re.sub(TOKEN + '|data-csrf="[^"]*"|"made_at".*', "", client.get(path).text) for path in PAGES]


@pytest.mark.wide
def test_the_answer_with_a_second_pin_looks_like_that_with_a_new_one(
    small_compound: Compound, phone: FlaskClient
) -> None:
    switch(phone, "pin", on=True)
    usual, second = (
        press(phone, "/r/pin", sure="1").text,
        press(phone, "/r/pin", seen_on="/r/help", second="1", sure="1").text,
    )
    digits_or_token = r'aria-label="[0-9 ]{11}" data-pin>[0-9]{6}|' + TOKEN
    alike = [re.sub(digits_or_token, "", page) for page in (usual, second)]
    assert alike[0] == alike[1]
    digits = [re.findall(r"data-pin>([0-9]{6})", page)[0] for page in (usual, second)]
    assert sum(a != b for a, b in zip(*digits, strict=True)) >= 2


@pytest.mark.wide
def test_a_duress_pin_changes_no_page_and_no_export(small_compound: Compound, phone: FlaskClient) -> None:
    switch(phone, "pin", on=True)
    phone.get("/r/")
    before = pages_of(phone)
    press(phone, "/r/pin", seen_on="/r/help", second="1", sure="1")
    assert pages_of(phone) == before
    with small_compound.act("manager") as act:
        issue_duress_pin(act, small_compound.person_id)
    assert pages_of(phone) == before
    assert "duress" not in "".join(before).lower()


def test_without_a_usual_pin_there_is_no_second_one_and_the_page_says_so(
    small_compound: Compound, phone: FlaskClient
) -> None:
    assert press(phone, "/r/pin", seen_on="/r/help", second="1", sure="1").status_code == 303
    assert "Switch on your usual PIN first." in phone.get("/r/").text
    with small_compound.session() as session:
        assert session.scalars(select(CredentialRow).where(CredentialRow.kind == "pin")).all() == []


def requested(compound: Compound) -> TwoMethods | None:
    """Return what the gate receives of the person's request."""
    with compound.session() as session:
        gate, sealer = session.get_one(Gate, "north"), current_menjin().sealer
        published = records_for_gate(session, sealer, gate, compound.clock())
    record = decode_record("person:", published[f"person:{compound.person_id}"])
    assert isinstance(record, PersonRecord)
    return record.two_methods


def test_a_request_needs_two_methods_that_work_besides_face(
    small_compound: Compound, phone: FlaskClient
) -> None:
    refused = press(phone, "/r/two-ways", wish="own", wish_from="20:15", wish_until="06:45")
    assert refused.status_code == 422
    assert "This needs two of card, PIN and QR code that work." in refused.text
    assert ('value="20:15"' in refused.text, 'value="06:45"' in refused.text) == (True, True)
    assert requested(small_compound) is None


@pytest.mark.wide
def test_a_two_method_request_has_own_hours_over_midnight(
    small_compound: Compound, phone: FlaskClient
) -> None:
    switch(phone, "pin", on=True)
    press(phone, "/r/two-ways", wish="own", wish_from="20:15", wish_until="06:45")
    assert requested(small_compound) == TwoMethods(20 * 60 + 15, 6 * 60 + 45)
    page = phone.get("/r/").text
    assert 'name="wish" value="own" checked' in page
    assert ('value="20:15"' in page, 'value="06:45"' in page) == (True, True)
    exported = phone.get("/r/records/export.json").json
    assert exported is not None
    assert (exported["two_ways_in"], exported["two_ways_in_minutes"]) == ("own", [1215, 405])


@pytest.mark.wide
@pytest.mark.parametrize(
    ("hours", "field"),
    [
        (("", "06:00"), "wish_from"),
        (("22:00", ""), "wish_until"),
        (("25:00", "06:00"), "wish_from"),
        (("22:00", "later"), "wish_until"),
        (("22:00", "22:00"), "wish_until"),
    ],
)
def test_hours_that_are_none_are_refused_beside_their_field_and_stay_typed(
    small_compound: Compound, phone: FlaskClient, hours: tuple[str, str], field: str
) -> None:
    switch(phone, "pin", on=True)
    refused = press(phone, "/r/two-ways", wish="own", wish_from=hours[0], wish_until=hours[1])
    assert refused.status_code == 422
    problem = f'id="{field.replace("_", "-")}-problem"'
    assert (problem in refused.text, f"aria-describedby={problem[3:]}" in refused.text) == (True, True)
    assert f'name="wish_from" value="{hours[0]}"' in refused.text
    assert f'name="wish_until" value="{hours[1]}"' in refused.text
    assert requested(small_compound) is None


@pytest.mark.wide
def test_a_two_method_request_reaches_the_gate_and_ends_when_its_owner_says_so(
    small_compound: Compound, phone: FlaskClient
) -> None:
    switch(phone, "pin", on=True)
    press(phone, "/r/two-ways", wish="night")
    assert requested(small_compound) == TwoMethods(22 * 60, 6 * 60)
    press(phone, "/r/two-ways", wish="always")
    assert requested(small_compound) == TwoMethods(0, 0)
    exported = phone.get("/r/records/export.json").json
    assert exported is not None
    assert exported["two_ways_in"] == "always"
    press(phone, f"/r/cards/{small_compound.card_id}/suspend")
    assert "Only one of your ways works now, so one is enough" in phone.get("/r/").text
    press(phone, "/r/two-ways", wish="off")
    assert requested(small_compound) is None


CARD_ALONE, BOTH, FACE_ALONE = {Method.CARD}, {Method.CARD, Method.FACE}, {Method.FACE}


def opens(compound: Compound) -> list[set[Method]]:
    """Return which of card, face and both open at a gate that has just synced; the face as beside a card."""
    with compound.act("manager") as act:
        policy = gate_view(act).policy
    card = policy.credentials[compound.card_id]
    claims = {
        Method.CARD: Claim(Method.CARD, compound.person_id, card),
        Method.FACE: Claim(Method.FACE, compound.person_id, only_beside=True),
    }

    def is_granted(shown: set[Method]) -> bool:
        return any(
            decide(
                claims[last],
                "north-in",
                policy,
                GateMemory(shown_before={compound.person_id: frozenset(shown - {last})}),
                compound.clock(),
            ).opens
            for last in shown
        )

    return [shown for shown in (CARD_ALONE, BOTH, FACE_ALONE) if is_granted(shown)]


@pytest.mark.wide
def test_who_asks_for_card_and_face_has_a_pin_in_reserve_and_without_one_the_card_is_enough(
    small_compound: Compound, phone: FlaskClient
) -> None:
    """The face is one of the two; it never becomes what its owner is locked out for."""
    press(phone, "/r/face/yes", seen_on="/r/face", notice_version="1", language="en")
    refused = press(phone, "/r/two-ways", wish="always")
    assert "One is the reserve if the gate does not recognise you" in refused.text
    assert opens(small_compound) == [CARD_ALONE, BOTH]
    switch(phone, "pin", on=True)
    press(phone, "/r/two-ways", wish="always")
    assert opens(small_compound) == [BOTH]
    switch(phone, "pin", on=False)
    assert opens(small_compound) == [CARD_ALONE, BOTH], "only one way is left besides the face"
    press(phone, "/r/face/off", seen_on="/r/face/off", sure="1")
    assert CARD_ALONE in opens(small_compound)


@pytest.mark.wide
def test_only_the_person_requests_two_methods_and_no_phone_that_a_new_invitation_opened(
    small_compound: Compound, phone: FlaskClient
) -> None:
    switch(phone, "pin", on=True)
    press(phone, "/r/two-ways", wish="always")
    with small_compound.act("manager") as act, pytest.raises(ActionRefused):
        end_two_method_request(act, small_compound.person_id)
    again = small_compound.signed_in(small_compound.person_id)
    press(again, "/r/two-ways", wish="off")
    assert requested(small_compound) == TwoMethods(0, 0)
    assert press(again, "/r/two-ways", wish="sometimes").status_code == 422


def depends_on(phone: FlaskClient) -> str:
    """Return what the page says all ways in hang on."""
    return phone.get("/r/").text.partition('data-depends="')[2].partition('"')[0]


@pytest.mark.wide
def test_who_needs_the_phone_or_the_gates_clock_reads_so_in_words(
    small_compound: Compound, phone: FlaskClient
) -> None:
    assert depends_on(phone) == ""
    switch(phone, "qr", on=True)
    assert depends_on(phone) == ""
    switch(phone, "card", on=False)
    assert "Your only way in needs your phone, and the gate" in phone.get("/r/").text
    press(phone, "/r/face/yes", seen_on="/r/face", notice_version="1", language="en")
    assert depends_on(phone) == "phone"  # a face opens nothing beside a code of the server
    switch(phone, "pin", on=True)
    assert depends_on(phone) == ""


def test_a_code_on_paper_needs_no_phone_but_the_clock(small_compound: Compound, phone: FlaskClient) -> None:
    with small_compound.act("desk", small_compound.person_id) as act:
        issue_printed_code(act, small_compound.person_id)
    switch(phone, "qr", on=True)
    switch(phone, "card", on=False)
    assert depends_on(phone) == "clock"
    assert "All your ways in need the gate" in phone.get("/r/").text


@pytest.mark.parametrize("bound", ["card", "grant"])
def test_who_comes_at_set_times_reads_that_a_gate_without_time_keeps_shut(
    small_compound: Compound, phone: FlaskClient, bound: str
) -> None:
    with small_compound.session() as session:
        person = session.get_one(Person, small_compound.person_id)
        row = {"card": session.get_one(CredentialRow, small_compound.card_id), "grant": person.grants[0]}[
            bound
        ]
        row.valid_until = small_compound.clock() + timedelta(days=9)
    assert "You may come in at set hours or until a set day." in phone.get("/r/").text
