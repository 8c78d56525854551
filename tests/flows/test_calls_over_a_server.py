"""A visitor calls a home over a real server and a real gate: by pages, a telephone, and as a courier."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import requests
from sqlalchemy import select

from gate_controller.lane.home_call import CallPhase
from gate_controller.terminal.view import HelpCall
from tests.support.compounds.resident import Compound, csrf_of
from tests.support.gates.process import wait_for_decisions, wait_for_entries
from tests.support.gates.street import COURIER, Street, running
from tests.support.gates.waiting import until
from tests.support.telephones import Owner, Phone, telephone, write_silence
from tests.web_admin.calls.played_calls import has_telephone, wants
from web_admin.calls import live
from web_admin.calls.gate_telephones import telephones_of_gates
from web_admin.calls.models import CallNumber, CallSettings
from web_admin.calls.sign_links import sign_text
from web_admin.calls.telephone_tasks import begin_proof
from web_admin.compound.models import Gate, Person
from web_admin.core.config import WebConfig
from web_admin.core.refusal import ActionRefused
from web_admin.gates.orders import lockdown_site
from web_admin.web.qr_picture import svg_of

STEP_SECONDS = 4.0


@pytest.fixture
def street(web_config: WebConfig, tmp_path: Path) -> Iterator[Street]:
    with running(web_config, tmp_path / "gate") as made:
        wants(made.compound, reach=["page"])
        yield made


pytestmark = pytest.mark.publishing


def test_a_person_answers_on_the_page_says_something_and_opens(street: Street) -> None:
    street.call()
    street.is_at(CallPhase.RINGING)
    street.on_page(live.answer)
    street.on_page(live.reply, "coming")
    street.is_at(CallPhase.ANSWERED)
    until(lambda: street.desk.calls.said == "reply_coming")
    street.on_page(live.open_gate)
    wait_for_decisions(street.bench, 1)
    until(lambda: street.row().end == "opened")
    assert street.decisions() == [("call", "granted", True)]
    assert street.openings() == 1


def test_the_page_sends_away(street: Street) -> None:
    street.call()
    street.is_at(CallPhase.RINGING)
    street.on_page(live.answer)
    street.on_page(live.send_away)
    street.is_at(CallPhase.OVER)
    assert street.desk.calls.said == "call_sent_away"
    assert street.openings() == 0


def test_no_person_of_another_home_answers_and_the_visitor_who_leaves_stops_the_page(street: Street) -> None:
    street.call()
    street.is_at(CallPhase.RINGING)
    with street.compound.session() as session:
        others = Person.home_id != session.get_one(Person, street.compound.person_id).home_id
        stranger = session.scalars(select(Person.person_id).where(others)).first()
    with pytest.raises(ActionRefused):
        street.on_page(live.answer, person_id=stranger)
    street.bench.keys.type("*")
    until(lambda: street.row().end == "cancelled")
    with pytest.raises(ActionRefused):
        street.on_page(live.answer)


def test_in_lockdown_the_page_learns_that_the_gate_did_not_open(street: Street) -> None:
    with street.compound.act("manager") as act:
        lockdown_site(act, "a stranger inside", act.now + timedelta(hours=1))
    until(lambda: street.bench.posture() == "lockdown")
    street.call()
    street.is_at(CallPhase.RINGING)
    street.on_page(live.answer)
    street.on_page(live.open_gate)
    until(lambda: street.row().end == "refused")
    assert street.decisions() == [("call", "lane_lockdown", False)]
    assert street.openings() == 0


def test_a_home_without_calls_and_no_home_at_all_are_answered_the_same(street: Street) -> None:
    shown = []
    wants(street.compound, takes_calls=False)
    for home in ("31203", "99999"):
        street.call(home=home)
        street.is_at(CallPhase.OVER)
        view = street.desk.calls
        shown.append((view.said, view.line(page_speaks=False), view.call.offers_guard))
        street.bench.keys.type("*")
        until(lambda: street.desk.calls.call is None)
    assert shown == [("call_no_calls", "call_ask_guard", True)] * 2


def test_a_courier_is_let_in_once_by_a_home_that_said_so_and_rings_the_next_time(street: Street) -> None:
    wants(street.compound, courier="by_day", courier_by=street.compound.person_id)
    street.call(COURIER)
    wait_for_decisions(street.bench, 1)
    until(lambda: street.row().end == "opened")
    first = street.row().call_id
    street.bench.passes(5.0)
    street.call(COURIER)
    until(lambda: street.row().call_id != first)
    street.is_at(CallPhase.RINGING)
    assert street.decisions() == [("call", "granted", True)]


def test_the_signs_code_takes_the_homes_turn_when_it_opens_and_not_when_it_is_made(street: Street) -> None:
    wants(street.compound, courier="by_day", courier_by=street.compound.person_id)
    with street.compound.act() as act:
        sign = f"{street.bench.server_url}/c/{sign_text(act.sealer, act.session.get_one(Gate, 'north'))}"
    with requests.Session() as browser:
        for _time in range(3):
            sent = {"csrf_token": csrf_of(browser.get(sign).text), "home": "3-1203"}
            page = browser.post(sign, data=sent, headers={"Referer": sign}).text
    assert svg_of("COURIER 31203", "Code for couriers") in page
    until(lambda: street.desk.calls.is_offered and street.bench.gate.controller._state.online)
    street.bench.scanner.scan("COURIER 31203")
    wait_for_decisions(street.bench, 1)
    until(lambda: street.row().end == "opened")
    first = street.row().call_id
    street.bench.passes(5.0)
    street.bench.scanner.scan("COURIER 31203")
    until(lambda: street.row().call_id != first)
    street.is_at(CallPhase.RINGING)
    assert street.row().purpose == "courier"
    assert street.decisions() == [("call", "granted", True)]


def test_no_answer_calls_the_guard_where_the_home_says_so(street: Street) -> None:
    wants(street.compound, reach=["page", "guard"])
    street.call()
    street.is_at(CallPhase.RINGING)
    assert isinstance(street.row().ends_at - street.row().started_at, timedelta)
    for _step in range(round(60.0 / STEP_SECONDS)):
        street.passes(STEP_SECONDS)
    wait_for_entries(street.bench, "alarm_help")
    assert street.desk.screen.help_call is HelpCall.NONE


@contextmanager
def called_by_telephone(config: WebConfig, folder: Path) -> Iterator[tuple[Street, Owner]]:
    """Call a home whose telephone picks up."""
    with telephone(folder, "gate") as program, telephone(folder, "home") as phone:
        more = f"[telephone]\ncontrol_port = {program.control_port}\n"
        with running(config, folder / "bench", more=more) as street, phone.owner() as owner:
            wants(street.compound, reach=["telephone"])
            calls_at(street, phone)
            street.call()
            owner.until("CALL_INCOMING")
            owner.press("accept")
            yield street, owner


def test_the_homes_telephone_opens_by_its_key(web_config: WebConfig, tmp_path: Path) -> None:
    with called_by_telephone(web_config, tmp_path) as (street, owner):
        owner.until("CALL_ESTABLISHED")
        until(lambda: street.row().stage == "answered")
        owner.press("sndcode", "9")
        owner.until("CALL_CLOSED")
        until(lambda: street.row().end == "opened")
        assert street.row().answered_by == street.compound.person_id
        assert street.decisions() == [("call", "granted", True)]


def test_a_page_takes_the_call_from_a_telephone_that_picked_up_without_a_key(
    web_config: WebConfig, tmp_path: Path
) -> None:
    with called_by_telephone(web_config, tmp_path) as (street, owner):
        until(lambda: street.row().leg == 0)
        street.on_page(live.answer)
        owner.until("CALL_CLOSED")
        until(lambda: street.desk.calls.call is not None and not street.desk.calls.call.by_telephone)
        street.is_at(CallPhase.ANSWERED)
        street.on_page(live.open_gate)
        until(lambda: street.row().end == "opened")
        assert street.decisions() == [("call", "granted", True)]


def calls_at(street: Street, phone: Phone) -> None:
    """Let the home of the first resident be called at this telephone, once the gate can."""
    has_telephone(street.compound, street.compound.person_id, phone.address)
    with street.compound.act() as act:
        act.session.get_one(CallSettings, act.site_id).hosts = [f"127.0.0.1:{phone.sip_port}"]
    until(lambda: street.bench.health("telephone") == "ok")


def can_telephone(compound: Compound) -> bool:
    with compound.session() as session:
        return telephones_of_gates(session, compound.site_id).speaking == 1


def test_a_number_is_proved_by_the_gates_telephone_and_opens_from_then_on(
    web_config: WebConfig, tmp_path: Path
) -> None:
    with telephone(tmp_path, "gate") as program, telephone(tmp_path, "home") as phone:
        write_silence(tmp_path / "proof.en.wav")
        write_silence(tmp_path / "test.en.wav")
        more = f"""
[telephone]
control_port = {program.control_port}
prompts_dir = "{tmp_path}"
microphone = "aufile,{program.folder}/tone.wav"
"""
        with running(web_config, tmp_path / "bench", more=more) as street, phone.owner() as owner:
            person_id = street.compound.person_id
            number_id = has_telephone(street.compound, person_id, phone.address, proved_at=None)
            with street.compound.act() as act:
                act.session.get_one(CallSettings, act.site_id).hosts = [f"127.0.0.1:{phone.sip_port}"]
            until(lambda: can_telephone(street.compound))
            with street.compound.act("phone", person_id) as act:
                digits = begin_proof(act, number_id)
            owner.until("CALL_INCOMING")
            owner.press("accept")
            owner.until("CALL_ESTABLISHED")
            for key in digits:
                owner.press("sndcode", key)
            owner.until("CALL_CLOSED")
            until(lambda: is_proved(street.compound, number_id))
            assert street.decisions() == []


def is_proved(compound: Compound, number_id: str) -> bool:
    with compound.session() as session:
        return session.get_one(CallNumber, number_id).proved_at is not None
