"""A courier who scans a gate's sign: one opening where the home said so, one sentence for all others."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.orm import object_session

from gate_controller.rules.decision import Reason
from tests.support.clock import SetClock
from tests.support.compounds.resident import Compound, csrf_of
from web_admin.calls.models import HomeCall, HomeCallWishes
from web_admin.calls.sign_links import sign_text
from web_admin.compound.models import Gate, GrantRow, Lane, Person
from web_admin.core.limits import COURIERS_OF_ADDRESS
from web_admin.manage import gate_sign
from web_admin.visitors.courier_passes import LASTS
from web_admin.visitors.models import VisitorPassRow

ASK_THERE = "Press Courier on the screen"


@pytest.fixture
def sign(small_compound: Compound) -> str:
    """The address on the north gate's sign; the home of the phone's owner lets couriers in by day."""
    with small_compound.act() as act:
        gate = act.session.get_one(Gate, "north")
        gate.state = "paired"
        home_id = act.session.get_one(Person, small_compound.person_id).home_id
        act.session.add(
            HomeCallWishes(
                home_id=home_id,
                site_id=act.site_id,
                takes_calls=True,
                courier="by_day",
                courier_by=small_compound.person_id,
                changed_at=act.now,
                changed_by=small_compound.person_id,
            )
        )
        return f"/c/{sign_text(act.sealer, gate)}"


@pytest.fixture
def courier(small_compound: Compound, clock: SetClock) -> FlaskClient:
    clock.now = clock.now.replace(hour=4, minute=0)  # noon in Shanghai
    client = small_compound.app.test_client()
    client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"
    return client


def typed(courier: FlaskClient, sign: str, home: str = "3-1203") -> str:
    page = courier.get(sign).text
    once = re.search(r'name="once" value="([^"]+)"', page)
    assert once is not None
    sent = {"csrf_token": csrf_of(page), "once": once[1], "home": home}
    return courier.post(sign, data=sent, follow_redirects=True).text


def passes(compound: Compound) -> list[VisitorPassRow]:
    with compound.session() as session:
        return list(session.scalars(select(VisitorPassRow)))


@pytest.mark.wide
def test_the_pass_opens_this_gate_once_within_half_an_hour(
    small_compound: Compound, courier: FlaskClient, sign: str, clock: SetClock
) -> None:
    assert 'class="qr"' in typed(courier, sign)
    (row,) = passes(small_compound)
    assert (row.uses, row.label, row.issuer_person_id) == (1, "Courier", small_compound.person_id)
    assert small_compound.decide(row.text).reason is Reason.GRANTED
    assert small_compound.decide(row.text, "south-in").reason is Reason.PASS_FOR_ANOTHER_GATE
    clock.now += LASTS + timedelta(seconds=1)
    assert small_compound.decide(row.text).reason is Reason.EXPIRED


def test_the_number_may_be_typed_as_on_a_keypad(courier: FlaskClient, sign: str) -> None:
    assert 'class="qr"' in typed(courier, sign, "31203")


def test_the_next_one_within_half_an_hour_has_to_ask(
    small_compound: Compound, courier: FlaskClient, sign: str, clock: SetClock
) -> None:
    typed(courier, sign)
    clock.now += LASTS - timedelta(seconds=1)
    assert ASK_THERE in typed(courier, sign)
    clock.now += timedelta(seconds=2)
    assert 'class="qr"' in typed(courier, sign)
    assert len(passes(small_compound)) == 2


def test_a_second_tap_leads_to_the_same_pass(
    small_compound: Compound, courier: FlaskClient, sign: str
) -> None:
    page = courier.get(sign).text
    once = re.search(r'name="once" value="([^"]+)"', page)
    assert once is not None
    sent = {"csrf_token": csrf_of(page), "once": once[1], "home": "3-1203"}
    first, second = (courier.post(sign, data=sent) for _tap in range(2))
    assert first.location == second.location
    assert first.location.startswith("/v/")
    assert len(passes(small_compound)) == 1


def _asks(wishes: HomeCallWishes) -> None:
    wishes.courier = "ask"


def _takes_none(wishes: HomeCallWishes) -> None:
    wishes.takes_calls = False


def _not_here(wishes: HomeCallWishes) -> None:
    wishes.blocked_gates = ["north"]


def _reads_codes_outwards(wishes: HomeCallWishes) -> None:
    session = object_session(wishes)
    assert session is not None
    session.execute(update(Lane).values(direction="out"))


@pytest.mark.parametrize("change", [_asks, _takes_none, _not_here, _reads_codes_outwards])
def test_every_home_that_gives_none_looks_like_a_number_that_is_no_home(
    small_compound: Compound, courier: FlaskClient, sign: str, change: Callable[[HomeCallWishes], None]
) -> None:
    with small_compound.act() as act:
        change(act.session.scalars(select(HomeCallWishes)).one())
    here, nowhere = typed(courier, sign), typed(courier, sign, "9-9999")
    assert ASK_THERE in here
    token = re.compile(r'(csrf_token|once)" value="[^"]+"')
    assert token.sub("", here) == token.sub("", nowhere).replace("9-9999", "3-1203")
    assert passes(small_compound) == []


def test_by_night_and_beyond_the_hosts_own_right_the_home_is_asked(
    small_compound: Compound, courier: FlaskClient, sign: str, clock: SetClock
) -> None:
    noon, clock.now = clock.now, clock.now.replace(hour=14)  # 22:00 in Shanghai
    assert ASK_THERE in typed(courier, sign)
    clock.now = noon
    with small_compound.act() as act:
        for grant in act.session.scalars(select(GrantRow)):
            grant.valid_until = act.now + timedelta(minutes=5)
    assert ASK_THERE in typed(courier, sign)
    with small_compound.act() as act:
        act.session.get_one(Person, small_compound.person_id).suspended = True
    assert ASK_THERE in typed(courier, sign)
    assert passes(small_compound) == []


def test_the_home_sees_that_a_courier_got_a_code_and_when(
    small_compound: Compound, courier: FlaskClient, sign: str, clock: SetClock
) -> None:
    typed(courier, sign)
    with small_compound.session() as session:
        call = session.scalars(select(HomeCall)).one()
        assert (call.purpose, call.stage, call.end) == ("courier", "over", "pass_given")
        assert (call.started_at, call.answered_by) == (clock.now, small_compound.person_id)


@pytest.mark.wide
def test_trying_numbers_ends_soon(courier: FlaskClient, sign: str, clock: SetClock) -> None:
    for number in range(COURIERS_OF_ADDRESS.most):
        typed(courier, sign, f"9{number}")
    assert ASK_THERE in typed(courier, sign)
    clock.now += timedelta(seconds=COURIERS_OF_ADDRESS.window_seconds + 1)
    assert 'class="qr"' in typed(courier, sign)


@pytest.mark.parametrize("home", ["", "   ", "no number", "-"])
def test_what_is_no_number_is_refused_beside_its_field(courier: FlaskClient, sign: str, home: str) -> None:
    assert "Type the number of the home, such as 3-1203." in typed(courier, sign, home)


def test_only_the_address_of_a_sign_leads_there(
    small_compound: Compound, courier: FlaskClient, sign: str
) -> None:
    number, proof = sign.removeprefix("/c/").split("-")
    for wrong in (f"2-{proof}", number, f"{number}-", f"{number}-{proof}x", "x", "١-abc", "99999999-x"):
        assert courier.get(f"/c/{wrong}").status_code == 404
    with small_compound.act() as act:
        act.session.get_one(Gate, "north").state = "retired"
    assert courier.get(sign).status_code == 404


def test_the_sign_has_the_address_as_a_code_where_a_reader_takes_passes(
    small_compound: Compound, sign: str
) -> None:
    with small_compound.app.test_request_context(), small_compound.session() as session:
        gate = session.get_one(Gate, "north")
        svg = gate_sign.picture_of(gate)
        assert svg is not None
        for lane in gate.lanes:
            lane.methods = ["card"]
        assert gate_sign.picture_of(gate) is None
