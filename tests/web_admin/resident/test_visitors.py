"""Passes and codes for visitors, and the public page behind a pass's link."""

import base64
import io
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
import zxingcpp
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from gate_controller.rules.decision import Reason
from tests.support.clock import SetClock
from tests.support.compounds.resident import Compound, csrf_of
from tests.web_admin.resident.pressing import press
from web_admin.compound.models import CredentialRow, Gate, Person
from web_admin.people.actions import suspend_person
from web_admin.public import visitor_link
from web_admin.visitors.models import VisitorPassRow, VisitorSeriesRow, VisitorUse, VisitorVisit


def make_pass(phone: FlaskClient, **fields: str) -> str:
    chosen = {"label": "Aunt Li", "gate_numbers": "all", "uses": "many", "when": "day", **fields}
    answer = press(phone, "/r/visitors", seen_on="/r/visitors", **chosen)
    assert answer.status_code == 303, answer.text
    return answer.location


def link_of(phone: FlaskClient, page: str) -> str:
    whole = phone.get(page).text.partition('id="link" readonly value="')[2].partition('"')[0]
    return urlsplit(whole).path


def only_pass(compound: Compound) -> VisitorPassRow:
    with compound.session() as session:
        return session.scalars(select(VisitorPassRow)).one()


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


def test_a_single_use_for_all_gates_is_refused_beside_the_gates(
    small_compound: Compound, phone: FlaskClient
) -> None:
    answer = press(
        phone, "/r/visitors", seen_on="/r/visitors", label="Aunt Li", gate_numbers="all", uses="once"
    )
    assert answer.status_code == 422
    assert 'id="gates-problem"' in answer.text
    assert 'value="Aunt Li"' in answer.text
    with small_compound.session() as session:
        assert session.scalars(select(VisitorPassRow)).all() == []


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


def test_a_withdrawn_pass_is_refused_and_its_link_shows_no_code(
    small_compound: Compound, phone: FlaskClient
) -> None:
    page = make_pass(phone)
    link = link_of(phone, page)
    press(phone, f"{page}/withdraw", seen_on=page)
    assert small_compound.decide(only_pass(small_compound).text).reason is Reason.PASS_WITHDRAWN
    shown = small_compound.app.test_client().get(link, headers={"Accept-Language": "en"}).text
    assert "This pass was withdrawn." in shown
    assert 'class="qr"' not in shown
    assert small_compound.app.test_client().get(f"{link}/pass.png").status_code == 404


def test_the_link_shows_the_code_to_anyone_and_no_names(small_compound: Compound, phone: FlaskClient) -> None:
    link = link_of(phone, make_pass(phone))
    answer = small_compound.app.test_client().get(link, headers={"Accept-Language": "en"})
    assert 'class="qr"' in answer.text
    assert "noindex" in answer.headers["X-Robots-Tag"]
    assert "Set-Cookie" not in answer.headers
    for name in ("Aunt Li", "Lin Wei", "3-1203"):
        assert name not in answer.text


def test_a_link_with_one_bit_changed_leads_nowhere(small_compound: Compound, phone: FlaskClient) -> None:
    text = link_of(phone, make_pass(phone)).removeprefix("/v/")
    data = bytearray(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    stranger = small_compound.app.test_client()
    for place in (1, 10, len(data) - 1):
        changed = data.copy()
        changed[place] ^= 1
        link = base64.urlsafe_b64encode(changed).rstrip(b"=").decode()
        assert stranger.get(f"/v/{link}").status_code == 404
    for nonsense in ("x", "AAAA", "%C3%A4", "a" * 3000):
        assert stranger.get(f"/v/{nonsense}").status_code == 404
    assert "Ask your host for a new one." in stranger.get("/v/AAAA?language=en").text
    assert "请向邀请您的人索取新的。" in stranger.get("/v/AAAA?language=zh").text


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
    press(phone, f"/r/visitors/codes/{row.credential_id}/end", seen_on="/r/visitors")
    with small_compound.session() as session:
        assert session.get_one(CredentialRow, row.credential_id).state == "ended"


def test_minutes_that_the_page_does_not_offer_are_refused(phone: FlaskClient) -> None:
    for minutes in ("", "0", "-5", "1000000", "60.5", "x"):
        answer = press(phone, "/r/visitors/code", seen_on="/r/visitors", minutes=minutes, gate_number="1")
        assert answer.status_code == 422


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


# -- links, pictures, weekly -----------------------------------------------------------------------


def weekly_pass(phone: FlaskClient, **changes: str) -> TestResponse:
    fields = {
        "label": "Piano teacher",
        "gate_numbers": "1",
        "uses": "weekly",
        "days": "thu",
        "starts_at": "09:00",
        "ends_at": "12:00",
        "last_day": "2026-04-30",
        **changes,
    }
    return press(phone, "/r/visitors", seen_on="/r/visitors", **fields)


def test_the_link_gives_a_copy_that_the_gate_accepts_for_less_than_a_minute(
    small_compound: Compound, phone: FlaskClient, clock: SetClock
) -> None:
    link = link_of(phone, make_pass(phone))
    answered = small_compound.app.test_client().get(f"{link}/now").get_json()
    assert answered["state"] == "live"
    assert answered["text"] != only_pass(small_compound).text
    assert small_compound.decide(answered["text"]).opens
    clock.now += timedelta(seconds=50)
    assert small_compound.decide(answered["text"]).reason is Reason.EXPIRED


def test_the_picture_is_the_pass_itself(small_compound: Compound, phone: FlaskClient) -> None:
    link = link_of(phone, make_pass(phone))
    answer = small_compound.app.test_client().get(f"{link}/pass.png")
    found = zxingcpp.read_barcodes(Image.open(io.BytesIO(answer.data)))
    assert [code.text for code in found] == [only_pass(small_compound).text]
    assert answer.mimetype == "image/png"


def test_the_link_speaks_the_language_that_was_asked_for_without_a_cookie(
    small_compound: Compound, phone: FlaskClient
) -> None:
    link = link_of(phone, make_pass(phone))
    stranger = small_compound.app.test_client()
    asked = (("", "zh-CN"), ("", "en"), ("?language=zh", "en"), ("?language=xx", "en"))
    shown = [stranger.get(link + query, headers={"Accept-Language": accepted}) for query, accepted in asked]
    assert ["访客通行证" in answer.text for answer in shown] == [True, False, True, False]
    assert [answer.headers.get("Set-Cookie") for answer in shown] == [None] * 4


def test_the_plan_shows_every_gate_and_marks_those_that_open(
    small_compound: Compound, phone: FlaskClient
) -> None:
    link = link_of(phone, make_pass(phone, gate_numbers="2"))
    plan = small_compound.app.test_client().get(link, headers={"Accept-Language": "en"}).text
    north, south = plan.partition('class="plan"')[2].split("<li")[1:3]
    assert ("not with this pass" in north, "This gate" in north) == (True, False)
    assert ("in with the code" in south, "This gate" in south) == (True, True)


def test_a_weekly_pass_has_one_link_that_shows_each_visits_code_when_it_is_due(
    small_compound: Compound, phone: FlaskClient, clock: SetClock
) -> None:
    page = weekly_pass(phone).location
    link, visitor = link_of(phone, page), small_compound.app.test_client()
    early = visitor.get(link, headers={"Accept-Language": "en"}).text
    assert "Your next visit begins" in early
    assert 'class="qr"' not in early
    clock.now += timedelta(hours=20)  # Thursday, eight in the morning
    assert "It opens from" in visitor.get(link, headers={"Accept-Language": "en"}).text
    clock.now += timedelta(hours=2)
    first = visitor.get(f"{link}/now").get_json()["text"]
    assert small_compound.decide(first).opens
    clock.now += timedelta(days=7)
    assert small_compound.decide(first).reason is Reason.EXPIRED
    assert small_compound.decide(visitor.get(f"{link}/now").get_json()["text"]).opens
    assert "Used" not in phone.get("/r/visitors").text
    press(phone, f"{page}/withdraw", seen_on=page)
    assert "This pass was withdrawn." in visitor.get(link, headers={"Accept-Language": "en"}).text
    assert visitor.get(f"{link}/now").get_json() == {"state": "withdrawn", "text": None}


def test_the_first_look_at_a_weekly_link_shows_the_code_while_a_gate_writes(
    small_compound: Compound, phone: FlaskClient, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = link_of(phone, weekly_pass(phone).location)
    clock.now += timedelta(hours=20)  # Thursday, eight in the morning
    real = visitor_link.signed_for

    def while_a_gate_writes(*arguments: object) -> object:
        found = real(*arguments)  # type: ignore[arg-type]
        with small_compound.session() as session:
            session.execute(update(Gate).values(last_seen_at=clock.now))
        return found

    monkeypatch.setattr(visitor_link, "signed_for", while_a_gate_writes)
    page = small_compound.app.test_client().get(link)
    assert (page.status_code, "<svg" in page.text) == (200, True)
    with small_compound.session() as session:
        assert len(session.scalars(select(VisitorVisit)).all()) == 1


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


def test_while_the_issuer_may_not_invite_the_link_says_so_and_shows_no_code(
    small_compound: Compound, phone: FlaskClient, clock: SetClock
) -> None:
    link = link_of(phone, weekly_pass(phone).location)
    with small_compound.act("manager") as act:
        suspend_person(act, small_compound.person_id, "asked for it")
    clock.now += timedelta(hours=21)
    shown = small_compound.app.test_client().get(link, headers={"Accept-Language": "en"}).text
    assert "This pass cannot be used at the moment." in shown
    assert 'class="qr"' not in shown


def test_a_form_sent_twice_makes_one_pass(small_compound: Compound, phone: FlaskClient) -> None:
    page = phone.get("/r/visitors").text
    once = page.partition('name="once" value="')[2].partition('"')[0]
    fields = {"csrf_token": csrf_of(page), "label": "Aunt Li", "gate_numbers": "all", "once": once}
    assert [phone.post("/r/visitors", data=fields).status_code for _time in range(2)] == [303, 303]
    assert only_pass(small_compound).label == "Aunt Li"


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


def test_neither_page_nor_withdrawal_of_anothers_weekly_pass_is_reached(
    small_compound: Compound, phone: FlaskClient, neighbour: FlaskClient
) -> None:
    page = weekly_pass(phone).location
    assert neighbour.get(page).status_code == 404
    assert press(neighbour, f"{page}/withdraw").status_code == 404
    with small_compound.session() as session:
        assert session.scalars(select(VisitorSeriesRow)).one().withdrawn_at is None
