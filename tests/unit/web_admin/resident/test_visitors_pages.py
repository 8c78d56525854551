"""Passes and codes for visitors, and the public page behind a pass's link."""

import base64
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from gate_controller.access import Reason
from tests.resident_compound import Compound, SetClock
from tests.unit.web_admin.resident.pressing import press
from web_admin.models import CredentialRow, VisitorPassRow


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
    compound: Compound, phone: FlaskClient, clock: SetClock
) -> None:
    make_pass(phone)
    text = only_pass(compound).text
    assert [compound.decide(text, lane).reason for lane in ("north-in", "south-in")] == [Reason.GRANTED] * 2
    clock.now += timedelta(hours=24, seconds=1)
    assert compound.decide(text).reason is Reason.EXPIRED


def test_a_single_use_for_all_gates_is_refused_beside_the_gates(
    compound: Compound, phone: FlaskClient
) -> None:
    answer = press(
        phone, "/r/visitors", seen_on="/r/visitors", label="Aunt Li", gate_numbers="all", uses="once"
    )
    assert answer.status_code == 422
    assert 'id="gates-problem"' in answer.text
    assert 'value="Aunt Li"' in answer.text
    with compound.session() as session:
        assert session.scalars(select(VisitorPassRow)).all() == []


@pytest.mark.parametrize(
    ("valid_from", "valid_until", "problem"),
    [
        ("", "2026-03-05T10:00", "from-problem"),
        ("0001-01-01T00:00", "2026-03-05T10:00", "from-problem"),
        ("2026-03-05T10:00", "nonsense", "until-problem"),
        ("2026-03-05T10:00", "2026-03-05T09:00", "until-problem"),
        ("2026-03-05T10:00", "2026-03-13T10:01", "until-problem"),
    ],
)
def test_wrong_times_are_refused_beside_the_field(
    phone: FlaskClient, valid_from: str, valid_until: str, problem: str
) -> None:
    answer = press(
        phone, "/r/visitors", seen_on="/r/visitors", label="Aunt Li", gate_numbers="1", when="typed",
        valid_from=valid_from, valid_until=valid_until,
    )  # fmt: skip
    assert answer.status_code == 422
    assert f'id="{problem}"' in answer.text


def test_tomorrow_is_the_sites_own_day(compound: Compound, phone: FlaskClient) -> None:
    make_pass(phone, when="tomorrow")
    row = only_pass(compound)
    assert (row.valid_from.isoformat(), row.valid_until - row.valid_from) == (
        "2026-03-04T16:00:00+00:00", timedelta(days=1),
    )  # fmt: skip


def test_a_withdrawn_pass_is_refused_and_its_link_shows_no_code(
    compound: Compound, phone: FlaskClient
) -> None:
    page = make_pass(phone)
    link = link_of(phone, page)
    press(phone, f"{page}/withdraw", seen_on=page)
    assert compound.decide(only_pass(compound).text).reason is Reason.PASS_WITHDRAWN
    shown = compound.app.test_client().get(link, headers={"Accept-Language": "en"}).text
    assert "This pass was withdrawn." in shown
    assert "<svg" not in shown


def test_the_link_shows_the_code_to_anyone_and_names_nobody(compound: Compound, phone: FlaskClient) -> None:
    link = link_of(phone, make_pass(phone))
    answer = compound.app.test_client().get(link, headers={"Accept-Language": "en"})
    assert "<svg" in answer.text
    assert "noindex" in answer.headers["X-Robots-Tag"]
    for name in ("Aunt Li", "Lin Wei", "3-1203"):
        assert name not in answer.text


def test_a_link_with_one_bit_changed_leads_nowhere(compound: Compound, phone: FlaskClient) -> None:
    text = link_of(phone, make_pass(phone)).removeprefix("/v/")
    data = bytearray(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    stranger = compound.app.test_client()
    for place in (1, 20, len(data) - 1):
        changed = data.copy()
        changed[place] ^= 1
        link = base64.urlsafe_b64encode(changed).rstrip(b"=").decode()
        assert stranger.get(f"/v/{link}").status_code == 404
    for nonsense in ("x", "AAAA", "%C3%A4", "a" * 3000):
        assert stranger.get(f"/v/{nonsense}").status_code == 404


def test_a_visitor_code_is_shown_once_and_can_be_taken_back(compound: Compound, phone: FlaskClient) -> None:
    answer = press(phone, "/r/visitors/code", seen_on="/r/visitors", minutes="60")
    digits = answer.text.partition("data-visitor-code>")[2][:9].replace(" ", "")
    assert len(digits) == 8
    assert digits.isdecimal()
    assert digits not in phone.get("/r/visitors").text.replace(" ", "")
    with compound.session() as session:
        row = session.scalars(select(CredentialRow).where(CredentialRow.kind == "visitor_code")).one()
    press(phone, f"/r/visitors/codes/{row.credential_id}/end", seen_on="/r/visitors")
    with compound.session() as session:
        assert session.get_one(CredentialRow, row.credential_id).state == "ended"


def test_minutes_that_the_page_does_not_offer_are_refused(phone: FlaskClient) -> None:
    for minutes in ("", "0", "-5", "1000000", "60.5", "x"):
        answer = press(phone, "/r/visitors/code", seen_on="/r/visitors", minutes=minutes)
        assert answer.status_code == 422
