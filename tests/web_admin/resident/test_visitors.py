"""The pages of visitors: invited and listed."""

import re
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from gate_controller.rules.decision import Reason
from tests.support.clock import SetClock
from tests.support.compounds.resident import Compound, csrf_of
from tests.support.statements import statements_of
from tests.web_admin.resident.pressing import press
from tests.web_admin.resident.visitors import link_of, make_pass, only_pass, weekly_pass
from web_admin.compound.models import CredentialRow, Gate, Person
from web_admin.compound.place_models import Place
from web_admin.core.database import current_menjin
from web_admin.visitors.models import VisitorPassRow, VisitorSeriesRow, VisitorUse


def test_a_visitor_code_is_shown_once_and_can_be_taken_back(
    small_compound: Compound, phone: FlaskClient
) -> None:
    answer = press(phone, "/r/visitors/code", seen_on="/r/visitors", minutes="60", gate_number="1")
    digits = answer.text.partition("data-visitor-code>")[2][:9].replace(" ", "")
    typed = f"{digits[:4]} {digits[4:]}"
    message = f"at the gate North gate type home number 3-1203, then {typed}. It works once, until"
    assert message in answer.text.partition("data-share-link>")[2]
    assert f'aria-label="{" ".join(digits)}"' in answer.text
    assert len(digits) == 8
    assert digits.isdecimal()
    assert digits not in phone.get("/r/visitors").text.replace(" ", "")
    with small_compound.session() as session:
        row = session.scalars(select(CredentialRow).where(CredentialRow.kind == "visitor_code")).one()
    press(phone, f"/r/visitors/codes/{row.credential_id}/end", seen_on="/r/visitors", sure="1")
    with small_compound.session() as session:
        assert session.get_one(CredentialRow, row.credential_id).state == "ended"


def test_neither_page_nor_withdrawal_of_anothers_weekly_pass_is_reached(
    small_compound: Compound, phone: FlaskClient, neighbour: FlaskClient
) -> None:
    page = weekly_pass(phone).location
    assert neighbour.get(page).status_code == 404
    assert press(neighbour, f"{page}/withdraw").status_code == 404
    with small_compound.session() as session:
        assert session.scalars(select(VisitorSeriesRow)).one().withdrawn_at is None


def test_where_a_pass_was_used_is_on_the_phone(
    small_compound: Compound, phone: FlaskClient, clock: SetClock
) -> None:
    page = make_pass(phone, gate_numbers="1", uses="once")
    with small_compound.session() as session:
        session.add(
            VisitorUse(
                gate_id="north",
                journal_id="j",
                seq=1,
                lane_id="north-in",
                at=clock.now,
                shown_id=only_pass(small_compound).pass_id,
            )
        )
    assert "12:00, North gate" in phone.get("/r/visitors").text
    assert "<strong>North gate</strong>" in phone.get(page).text.partition("used-title")[2]


def test_a_pass_for_one_visit_says_to_both_when_it_is_used_up(
    small_compound: Compound, phone: FlaskClient, clock: SetClock
) -> None:
    page = make_pass(phone, gate_numbers="1", uses="once")
    link = link_of(phone, page)
    assert phone.get(f"{link}/now").json["state"] == "live"
    with small_compound.session() as session:
        session.add(
            VisitorUse(
                gate_id="north",
                journal_id="j",
                seq=1,
                lane_id="north-in",
                at=clock.now,
                shown_id=only_pass(small_compound).pass_id,
            )
        )
    assert phone.get(f"{link}/now").json == {"state": "used", "text": None}
    assert phone.get(f"{link}/pass.png").status_code == 404
    shown = phone.get(f"{link}?language=en").text
    assert "This pass was used" in shown
    assert 'class="qr"' not in shown
    assert 'id="link"' not in phone.get(page).text


def test_a_pass_for_all_gates_opens_each_until_its_end(
    small_compound: Compound, phone: FlaskClient, clock: SetClock
) -> None:
    make_pass(phone)
    text = only_pass(small_compound).text
    assert [small_compound.decide(text, lane).reason for lane in ("north-in", "south-in")] == [
        Reason.GRANTED
    ] * 2
    clock.now += timedelta(hours=24, seconds=1)
    assert small_compound.decide(text).reason is Reason.EXPIRED


def test_the_way_home_is_not_chosen_at_first_where_none_of_its_gates_was_paired(
    small_compound: Compound, phone: FlaskClient
) -> None:
    assert 'value="way"' in phone.get("/r/visitors").text
    with small_compound.session() as session:
        session.get_one(Gate, "north").state = "new"
        session.get_one(Gate, "south").place_id = None
    assert 'value="way"' not in phone.get("/r/visitors").text


@pytest.mark.wide
@pytest.mark.parametrize("chosen", ["way", "all"])
def test_a_pass_for_one_visit_is_for_the_gate_that_the_page_names_nearest_the_home(
    small_compound: Compound, phone: FlaskClient, chosen: str
) -> None:
    with small_compound.act() as act:
        gate = act.session.scalars(select(Gate).where(Gate.name == "South gate")).one()
        home = act.session.get_one(Person, small_compound.person_id).home
        place = Place(place_id="b", site_id=act.site_id, number=33000, kind="building", name="1", code="1")
        act.session.add(place)
        act.session.flush()
        gate.place_id = home.place_id = place.place_id
        number = gate.number
    page = phone.get("/r/visitors").text
    assert page.count('<span class="for-once">South gate</span>') == 2
    make_pass(phone, uses="once", gate_numbers=chosen)
    row = only_pass(small_compound)
    assert (row.gate_numbers, row.uses, row.gate_set) == ([number], 1, "")


def test_a_code_to_type_begins_at_the_gate_nearest_the_home(phone: FlaskClient) -> None:
    form = phone.get("/r/visitors").text.partition('action="/r/visitors/code"')[2].partition("</form>")[0]
    assert re.findall(r'value="(\d)"\s+required\s+checked', form) == ["1"]


@pytest.mark.wide
@pytest.mark.parametrize(
    ("valid_from", "valid_until", "problem"),
    [
        ("", "2026-03-05T10:00", "from-problem"),
        ("0001-01-01T00:00", "2026-03-05T10:00", "from-problem"),
        ("9999-12-31T23:59", "9999-12-31T23:59", "from-problem"),
        ("2026-03-05T10:00", "nonsense", "until-problem"),
        ("2026-03-05T10:00", "2026-03-05T09:00", "until-problem"),
        ("2026-03-05T10:00", "2026-03-13T10:01", "until-problem"),
    ],
)
def test_wrong_times_are_refused_beside_the_field(
    phone: FlaskClient, valid_from: str, valid_until: str, problem: str
) -> None:
    answer = press(
        phone,
        "/r/visitors",
        seen_on="/r/visitors",
        label="Aunt Li",
        gate_numbers="1",
        when="typed",
        valid_from=valid_from,
        valid_until=valid_until,
    )
    assert answer.status_code == 422
    assert f'id="{problem}"' in answer.text


def test_tomorrow_is_the_sites_own_day(small_compound: Compound, phone: FlaskClient) -> None:
    make_pass(phone, when="tomorrow")
    row = only_pass(small_compound)
    assert (row.valid_from.isoformat(), row.valid_until - row.valid_from) == (
        "2026-03-04T16:00:00+00:00",
        timedelta(days=1),
    )


@pytest.mark.wide
def test_minutes_that_the_page_does_not_offer_are_refused(phone: FlaskClient) -> None:
    for minutes in ("", "0", "-5", "1000000", "60.5", "x"):
        answer = press(phone, "/r/visitors/code", seen_on="/r/visitors", minutes=minutes, gate_number="1")
        assert answer.status_code == 422


@pytest.mark.wide
def test_a_code_without_a_gate_or_for_a_strange_one_is_refused_and_the_page_asks(phone: FlaskClient) -> None:
    for fields in ({}, {"gate_number": ""}, {"gate_number": "9"}, {"gate_number": "x"}, {"gate_number": "²"}):
        answer = press(phone, "/r/visitors/code", seen_on="/r/visitors", minutes="60", **fields)
        assert answer.status_code == 422
        assert "Choose the gate at which the code is to be typed." in answer.text
    form = answer.text.partition('action="/r/visitors/code"')[2].partition("</form>")[0]
    assert [form.count(f"<span>{name}</span>") for name in ("North gate", "South gate")] == [1, 1]
    assert form.count("required") == 2


def test_a_resident_with_one_gate_needs_no_choice(small_compound: Compound, phone: FlaskClient) -> None:
    with small_compound.act() as act:
        (grant,) = act.session.get_one(Person, small_compound.person_id).grants
        grant.lanes = ["south-in"]
    answer = press(phone, "/r/visitors/code", seen_on="/r/visitors", minutes="60")
    assert "at the gate South gate type home number" in answer.text


def test_a_helpers_page_offers_no_invitation_and_takes_none(
    small_compound: Compound, phone: FlaskClient
) -> None:
    with small_compound.session() as session:
        session.get_one(Person, small_compound.person_id).kind = "helper"
    page = phone.get("/r/visitors").text
    assert "members of a home" in page
    assert "/r/visitors/code" not in page
    assert 'class="card-box new-pass"' not in page
    refused = press(phone, "/r/visitors", once="o" * 20, label="x", gate_numbers="all")
    assert refused.status_code == 422
    with small_compound.session() as session:
        assert session.scalars(select(VisitorPassRow)).all() == []


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"starts_at": "x"}, "starts-problem"),
        ({"ends_at": "08:00"}, "ends-problem"),
        ({"last_day": "2027-01-01"}, "last-problem"),
        ({"last_day": ""}, "last-problem"),
        ({"last_day": "9999-12-31"}, "last-problem"),
        ({"days": "someday"}, "days-problem"),
        ({"label": " "}, "label-problem"),
    ],
)
def test_wrong_weekly_fields_are_refused_beside_them_and_nothing_typed_is_lost(
    phone: FlaskClient, changes: dict[str, str], problem: str
) -> None:
    answer = weekly_pass(phone, **changes)
    assert answer.status_code == 422
    assert f'id="{problem}"' in answer.text
    assert 'value="weekly" checked' in answer.text


@pytest.mark.wide
def test_a_form_sent_twice_makes_one_pass(small_compound: Compound, phone: FlaskClient) -> None:
    page = phone.get("/r/visitors").text
    once = page.partition('name="once" value="')[2].partition('"')[0]
    fields = {"csrf_token": csrf_of(page), "label": "Aunt Li", "gate_numbers": "all", "once": once}
    assert [phone.post("/r/visitors", data=fields).status_code for _time in range(2)] == [303, 303]
    assert only_pass(small_compound).label == "Aunt Li"


def test_the_page_reads_the_gates_once_for_its_forms_and_once_for_its_lists(
    small_compound: Compound, phone: FlaskClient
) -> None:
    make_pass(phone)
    with small_compound.app.app_context(), statements_of(current_menjin().database) as seen:
        assert phone.get("/r/visitors").status_code == 200
    gates = [statement for statement in seen if " FROM gate " in statement or "\nFROM gate " in statement]
    assert len([one for one in gates if "gate.state !=" in one]) == 1
    assert len([one for one in gates if "gate.lane_states" in one]) == 1
