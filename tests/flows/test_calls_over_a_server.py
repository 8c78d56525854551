"""A visitor calls a home over a real server and a real gate: by pages, a telephone, and as a courier."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select
from werkzeug.serving import make_server

from gate_controller.lane.home_call import CallPhase
from gate_controller.terminal.view import HelpCall
from tests.support.compounds.resident import Compound, make_compound
from tests.support.gates.bench import LANE, BenchGate, obeyed
from tests.support.gates.gate_time import GateTime
from tests.support.gates.process import decisions_on_disk, wait_for_decisions, wait_for_entries
from tests.support.gates.waiting import until
from tests.support.gates.with_server import gate_beside
from tests.support.telephones import telephone
from tests.web_admin.calls.played_calls import has_telephone, wants
from web_admin.calls import live
from web_admin.calls.gate_telephones import telephones_of_gates
from web_admin.calls.models import CallNumber, CallSettings, HomeCall
from web_admin.calls.telephone_tasks import begin_proof
from web_admin.compound.models import Person, Site
from web_admin.core.config import WebConfig
from web_admin.core.refusal import ActionRefused
from web_admin.gates.orders import lockdown_site

CALL, COURIER = "##7", "##8"
STEP_SECONDS = 4.0


@dataclass
class Street:
    """A gate, its server, and people of the homes at their pages."""

    bench: BenchGate
    compound: Compound

    @property
    def desk(self):
        assert self.bench.gate is not None
        return self.bench.gate.controller._parts.desks[LANE]

    def call(self, keys: str = CALL, home: str = "31203") -> None:
        until(lambda: self.desk.calls.is_offered and self.bench.gate.controller._state.online)
        self.bench.keys.type(f"{keys}{home}#")
        until(lambda: self.desk.calls.call is not None or decisions_on_disk(self.bench) > 0)

    def is_at(self, phase: CallPhase) -> None:
        calls = self.desk.calls
        until(lambda: calls.call is not None and calls.call.phase is phase, lambda: calls.call)

    def passes(self, seconds: float) -> None:
        """Let time pass, and wait until the gate has an answer of then: a silent server ends a call."""
        before = self.bench.time.clocks.monotonic()
        self.bench.time.move_on(seconds)

        def is_answered() -> bool:
            call = self.desk.calls.call
            return call is None or call.is_over or call.heard_seconds > before + seconds / 2

        until(is_answered)

    def row(self) -> HomeCall:
        """Return the newest call as the server has it."""
        with self.compound.session() as session:
            row = session.scalars(select(HomeCall).order_by(HomeCall.started_at.desc())).first()
            assert row is not None
            session.expunge(row)
            return row

    def on_page(self, do: Callable[..., Any], *more: Any, person_id: str = "") -> None:
        """Do something on the page of a person, by default the first resident."""
        with self.compound.act("phone", person_id or self.compound.person_id) as act:
            do(act, self.row().call_id, *more)

    def openings(self) -> int:
        return sum(change.on for change in obeyed(self.bench.relay).changes)

    def decisions(self) -> list[tuple[str, str, bool]]:
        self.bench.stop()
        return self.bench.decisions()


@contextmanager
def running(config: WebConfig, root: Path, *, more: str = "") -> Iterator[Street]:
    time = GateTime()
    # Some minutes after ten in the morning of the site: homes let couriers in by day.
    time.move_on((10 - time.wall().astimezone(ZoneInfo("Asia/Shanghai")).hour) % 24 * 3600.0)
    # Bound before the app is made, which has to know the port.
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    config = replace(config, public_url=f"http://127.0.0.1:{port}")
    compound = make_compound(config, time.wall)
    server = make_server("127.0.0.1", port, compound.app, threaded=True, fd=listener.detach())
    server.daemon_threads = False  # type: ignore[attr-defined]  # a mixin's, for threaded servers
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        with compound.act() as act:
            act.session.get_one(Site, act.site_id).ask_again_seconds = 0.3
        with gate_beside(compound, config.public_url, root, more=more) as bench:
            bench.time = time
            bench.start()
            state = bench.gate.controller._state  # type: ignore[union-attr]
            until(lambda: state.snapshot is not None)
            yield Street(bench, compound)
            bench.stop()
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


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
        shown.append((view.said, view.message, view.call.offers_guard))
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


def test_no_answer_calls_the_guard_where_the_home_says_so(street: Street) -> None:
    wants(street.compound, reach=["page", "guard"])
    street.call()
    street.is_at(CallPhase.RINGING)
    assert isinstance(street.row().ends_at - street.row().started_at, timedelta)
    for _step in range(round(60.0 / STEP_SECONDS)):
        street.passes(STEP_SECONDS)
    wait_for_entries(street.bench, "alarm_help")
    assert street.desk.screen.help_call is HelpCall.NONE


def test_the_homes_telephone_opens_by_its_key(web_config: WebConfig, tmp_path: Path) -> None:
    with telephone(tmp_path, "gate") as program, telephone(tmp_path, "home") as phone:
        more = f"[telephone]\ncontrol_port = {program.control_port}\n"
        with running(web_config, tmp_path / "bench", more=more) as street, phone.owner() as owner:
            wants(street.compound, reach=["telephone"])
            has_telephone(street.compound, street.compound.person_id, phone.address)
            with street.compound.act() as act:
                act.session.get_one(CallSettings, act.site_id).hosts = [f"127.0.0.1:{phone.sip_port}"]
            until(lambda: street.bench.health("telephone") == "ok")
            street.call()
            owner.until("CALL_INCOMING")
            owner.press("accept")
            owner.until("CALL_ESTABLISHED")
            until(lambda: street.row().stage == "answered")
            owner.press("sndcode", "9")
            owner.until("CALL_CLOSED")
            until(lambda: street.row().end == "opened")
            assert street.row().answered_by == street.compound.person_id
            assert street.decisions() == [("call", "granted", True)]


def can_telephone(compound: Compound) -> bool:
    with compound.session() as session:
        return telephones_of_gates(session, compound.site_id).working == 1


def test_a_number_is_proved_by_the_gates_telephone_and_opens_from_then_on(
    web_config: WebConfig, tmp_path: Path
) -> None:
    with telephone(tmp_path, "gate") as program, telephone(tmp_path, "home") as phone:
        more = f"[telephone]\ncontrol_port = {program.control_port}\n"
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
