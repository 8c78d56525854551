"""A home's call goes on to the guard: their page and telephone have it, through a whole gate to the relay."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gate_controller.contract.calls import CallEnd, CallStep
from gate_controller.contract.messages import OpenOrder
from gate_controller.control.guard_calls import PAGE_SECONDS
from gate_controller.lane.home_call import LOST_SECONDS, CallPhase
from gate_controller.sync.news import OrderArrived
from gate_controller.terminal.view import HelpCall
from tests.flows.telephone_scene import CARD, Scene, answer, scene_in
from tests.support.gates.bench import LANE
from tests.support.gates.process import wait_for_decisions, wait_for_entries
from tests.support.gates.waiting import until


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """A gate whose call has gone on to the guard, with a telephone of theirs: the second one."""
    with scene_in(tmp_path) as made:
        made.office.legs, made.office.to_guard = (), True
        made.call()
        yield made


def kinds(scene: Scene) -> list[str]:
    scene.bench.stop()
    wanted = ("help_called", "help_answered", "alarm_help")
    return [entry.kind for entry in scene.bench.entries() if entry.kind in wanted]


def orders(scene: Scene, issued_at: datetime | None = None) -> None:
    """Let an ordinary order of staff arrive."""
    assert scene.bench.gate is not None
    order = OpenOrder(
        order_id="order-1",
        site_id=scene.bench.site.site_id,
        gate_id="north",
        lane_id=LANE,
        issued_at=issued_at or datetime.now(UTC),
        valid_seconds=10,
        author_id="staff-1",
        reason="a visitor",
    )
    scene.bench.gate.inbox.put(OrderArrived(scene.bench.site.signed_order(order)))


def test_the_guards_telephone_rings_and_a_page_that_answers_stops_it_without_an_alarm(scene: Scene) -> None:
    scene.second.until("CALL_INCOMING")
    assert scene.desk.calls.line(page_speaks=False) == "call_to_guard"
    scene.office.stage = "answered"
    scene.second.until("CALL_CLOSED")
    scene.is_at(CallPhase.ANSWERED)
    assert scene.desk.calls.said == "call_guard_answered"
    scene.office.reply = "coming"
    until(lambda: scene.desk.calls.said == "reply_coming")
    assert scene.desk.calls.line(page_speaks=False) == "call_from_guard"
    assert scene.desk.screen.help_call is HelpCall.NONE
    assert kinds(scene) == ["help_called"]


def test_an_order_of_the_home_that_comes_too_late_opens_nothing_and_is_in_the_journal(scene: Scene) -> None:
    scene.second.until("CALL_INCOMING")
    scene.office.opens = scene.office.order()
    wait_for_decisions(scene.bench, 1)
    assert scene.decisions() == [("call", "call_over", False)]
    assert scene.openings() == 0


def test_a_page_that_answers_after_the_telephones_were_through_takes_their_words_from_the_screen(
    scene: Scene,
) -> None:
    scene.second.until("CALL_INCOMING")
    scene.second.press("hangup")
    until(lambda: scene.desk.screen.help_call is HelpCall.NO_ONE)
    scene.office.stage = "answered"
    scene.is_at(CallPhase.ANSWERED)
    assert scene.desk.screen.help_call is HelpCall.NONE
    assert scene.desk.screen.help_until_seconds == 0
    assert kinds(scene) == ["help_called", "alarm_help"]


def test_the_guards_telephone_has_the_call_once_it_answers_and_ends_it(scene: Scene) -> None:
    answer(scene.second)
    until(lambda: CallStep.LEG_ANSWERED in scene.office.steps())
    scene.office.stage = "answered"
    scene.second.press("hangup")
    assert scene.office.over().end is CallEnd.ENDED
    assert kinds(scene) == ["help_called", "help_answered"]


def test_an_order_of_staff_opens_once_and_ends_the_call(scene: Scene) -> None:
    scene.second.until("CALL_INCOMING")
    orders(scene)
    over = scene.office.over()
    assert (over.end, over.order_id) == (CallEnd.OPENED, "order-1")
    scene.second.until("CALL_CLOSED")
    assert scene.decisions() == [("order", "granted", True)]
    assert scene.openings() == 1


def test_an_order_that_is_refused_ends_the_call_with_its_reason(scene: Scene) -> None:
    scene.second.until("CALL_INCOMING")
    orders(scene, issued_at=datetime.now(UTC) - timedelta(minutes=1))
    over = scene.office.over()
    assert (over.end, over.reason) == (CallEnd.REFUSED, "order_expired")
    assert scene.openings() == 0


def test_an_order_of_a_person_of_the_home_opens_nothing_any_more(scene: Scene) -> None:
    scene.second.until("CALL_INCOMING")
    scene.office.opens = scene.office.order()
    scene.office.stage = "answered"
    scene.is_at(CallPhase.ANSWERED)
    scene.office.stage, scene.office.end = "over", CallEnd.ENDED
    scene.is_at(CallPhase.OVER)
    assert scene.openings() == 0


@pytest.mark.parametrize("key", ["*", "##9"])
def test_who_leaves_ends_it_everywhere_and_who_presses_help_keeps_the_guards_telephone(
    scene: Scene, key: str
) -> None:
    scene.second.until("CALL_INCOMING")
    scene.bench.keys.type(key)
    assert scene.office.over().end is CallEnd.CANCELLED
    rings = {"*": HelpCall.NONE, "##9": HelpCall.CALLING}[key]
    until(lambda: scene.desk.screen.help_call is rings)
    assert kinds(scene) == {"*": ["help_called"], "##9": ["help_called", "alarm_help"]}[key]


def test_without_the_server_the_guards_telephone_goes_on(scene: Scene) -> None:
    scene.second.until("CALL_INCOMING")
    scene.bench.gate.calls._link._url = "http://127.0.0.1:9"
    scene.bench.passes(LOST_SECONDS + 1)
    scene.second.press("accept")
    scene.second.until("CALL_ESTABLISHED")
    wait_for_entries(scene.bench, "help_answered")
    assert kinds(scene) == ["help_called", "help_answered"]


def test_where_no_telephone_can_be_called_the_page_has_some_seconds_before_there_is_an_alarm(
    scene: Scene,
) -> None:
    scene.bench.keys.type("*")
    scene.office.over()
    scene.program.process.kill()
    until(lambda: scene.bench.health("telephone") == "lost")
    scene.office.reports.clear()
    scene.bench.keys.type("##7" + "31203#")
    until(lambda: scene.desk.calls.call is not None and scene.desk.calls.call.at_guard)
    scene.bench.passes(PAGE_SECONDS)
    wait_for_entries(scene.bench, "alarm_help")
    assert scene.office.steps() == []


def test_a_card_opens_meanwhile_and_the_call_goes_on(scene: Scene) -> None:
    scene.second.until("CALL_INCOMING")
    assert scene.bench.relay.wait_for_on(1, timeout_seconds=20, after_ns=scene.bench.card.tap(CARD))
    scene.is_at(CallPhase.RINGING)
