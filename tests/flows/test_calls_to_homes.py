"""A visitor calls a home: by its page, played as the server orders it, through a whole gate to the relay."""

import copy
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gate_controller.contract.calls import CallEnd, CallFor, CallState, CallStep, DirectoryEntry
from gate_controller.contract.records import Method, PersonRecord, Posture, TwoMethods
from gate_controller.control.messages import ScreenAction
from gate_controller.lane.camera_state import SAME_CODE_SECONDS
from gate_controller.lane.state import ASK_SECONDS, SECOND_METHOD, LaneDesk
from gate_controller.sync.news import CallSaid
from gate_controller.terminal.view import CallPressed, CancelPressed, KeyTyped, MethodPressed, Screen
from tests.support.compounds.people import card, lane, person, pin, records
from tests.support.gates.bench import CARD_KEY, LANE, PIN_KEY, BenchGate, bench_gate, obeyed
from tests.support.gates.call_office import PERSON, CallOffice, call_office
from tests.support.gates.process import wait_for_decisions, wait_for_entries
from tests.support.gates.site_keys import SiteKeys
from tests.support.gates.waiting import until

OTHER = "00000000000000b2"
CARD = 0x1234ABCD


class Scene:
    """A gate, the office that it reports to, and what a visitor types."""

    def __init__(self, bench: BenchGate, office: CallOffice) -> None:
        self.bench, self.office = bench, office

    @property
    def desk(self) -> LaneDesk:
        assert self.bench.gate is not None
        return self.bench.gate.controller._parts.desks[LANE]

    def call(self, keys: str = "##7" + "31203#") -> None:
        """Call a home from the keypad, once the gate offers calls."""
        until(lambda: self.desk.calls.is_offered and self.bench.gate.controller._state.online)
        self.bench.keys.type(keys)
        until(lambda: bool(self.office.reports))

    def shows(self, screen: Screen) -> None:
        view = self.desk.view
        until(
            lambda: (
                view(0.0, standing=Screen.IDLE, online=True, clock_sure=True, lane_name="").screen is screen
            )
        )

    def openings(self) -> int:
        return sum(change.on for change in obeyed(self.bench.relay).changes)

    def decisions(self) -> list[tuple[str, str, bool]]:
        self.bench.stop()
        return self.bench.decisions()


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with bench_gate(tmp_path) as bench, call_office(bench.site) as (office, address):
        bench.server_url = address
        stranger = person(OTHER, home_id="home-2")
        bench.give_policy(records(person(), stranger, card(CARD, CARD_KEY), pin("246810", PIN_KEY)))
        bench.start()
        yield Scene(bench, office)


def test_an_answer_on_a_page_opens_by_the_persons_own_right_and_once(scene: Scene) -> None:
    scene.call()
    scene.shows(Screen.CALLING)
    scene.office.stage = "answered"
    scene.shows(Screen.CALL_ANSWERED)
    scene.office.opens = scene.office.order()
    over = scene.office.over()
    assert (over.end, over.reason, over.purpose) == (CallEnd.OPENED, None, CallFor.HOME)
    assert over.order_id is not None
    assert scene.decisions() == [("call", "granted", True)]
    assert scene.openings() == 1
    entries = scene.bench.entries()
    assert [entry.kind for entry in entries if "call" in entry.kind] == ["call_began", "call_over"]
    assert not any("31203" in str(entry) or "3-1203" in str(entry) for entry in entries)


def test_who_answered_has_not_come_in_and_no_pin_attempt_is_forgotten(scene: Scene) -> None:
    scene.bench.keys.type("31203#135790#")
    wait_for_decisions(scene.bench, 1)
    controller = scene.bench.gate.controller
    failed = copy.deepcopy(controller._attempts._counts)
    scene.call()
    scene.office.opens = scene.office.order()
    scene.office.over()
    assert controller._attempts._counts == failed
    assert scene.desk.passage is None
    assert controller._parts.lane_memory.inside(datetime.now(UTC)) == frozenset()


REFUSED = {
    "another call": ({"call_id": "c-0"}, "call_over"),
    "another lane": ({"lane_id": "south-in"}, "call_over"),
    "another gate": ({"gate_id": "south"}, "order_forged"),
    "too old": ({"issued_at": datetime.now(UTC) - timedelta(minutes=5)}, "order_expired"),
    "a person of another home": ({"person_id": OTHER}, "not_of_home"),
    "no known person": ({"person_id": "0" * 16}, "credential_unknown"),
}


@pytest.mark.parametrize(("changes", "reason"), REFUSED.values(), ids=REFUSED)
def test_no_other_order_opens(scene: Scene, changes: dict[str, object], reason: str) -> None:
    scene.call()
    scene.office.opens = scene.office.order(**changes)
    wait_for_decisions(scene.bench, 1)
    scene.bench.keys.type("*")
    scene.office.over()
    decisions = scene.decisions()
    assert decisions == [("call", reason, False)]
    assert scene.openings() == 0


def test_an_order_of_another_sites_key_opens_nothing(scene: Scene) -> None:
    scene.call()
    scene.office.site, ours = SiteKeys.make(), scene.office.site
    scene.office.opens = scene.office.order()
    scene.office.site = ours
    wait_for_decisions(scene.bench, 1)
    assert scene.decisions() == [("call", "order_forged", False)]


def test_an_order_that_comes_again_in_a_later_call_opens_nothing(scene: Scene) -> None:
    scene.call()
    order = scene.office.opens = scene.office.order()
    scene.office.over()
    scene.office.opens = None
    scene.office.reports.clear()
    scene.call()
    scene.office.opens = order
    wait_for_decisions(scene.bench, 2)
    assert scene.decisions() == [("call", "granted", True), ("call", "order_repeated", False)]
    assert scene.openings() == 1


def test_an_order_after_the_visitor_has_left_opens_nothing(scene: Scene) -> None:
    scene.call()
    order = scene.office.order()
    scene.bench.keys.type("*")
    assert scene.office.over().end is CallEnd.CANCELLED
    scene.bench.gate.inbox.put(
        CallSaid(CallState(call_id=scene.office.call_id, stage="answered", opens=order))
    )
    wait_for_decisions(scene.bench, 1)
    assert scene.decisions() == [("call", "call_over", False)]
    assert scene.openings() == 0


@pytest.mark.parametrize(
    ("who", "posture", "reason"),
    [
        (person(), Posture.LOCKDOWN, "lane_lockdown"),
        (person(), Posture.DISABLED, "lane_disabled"),
        (person(suspended=True), Posture.NORMAL, "person_suspended"),
        (person(grants=()), Posture.NORMAL, "no_grant"),
    ],
    ids=["lockdown", "disabled", "suspended", "no grant"],
)
def test_the_answer_opens_no_more_than_the_persons_right(
    scene: Scene, who: PersonRecord, posture: Posture, reason: str
) -> None:
    scene.bench.stop()
    at_rest = lane() if posture is Posture.NORMAL else lane(posture=posture)
    scene.bench.give_policy(records(who, at_rest), version=2)
    scene.bench.start()
    scene.call()
    scene.office.opens = scene.office.order()
    over = scene.office.over()
    assert (over.end, over.reason) == (CallEnd.REFUSED, reason)
    assert scene.decisions() == [("call", reason, False)]
    assert scene.openings() == 0


def test_a_home_without_calls_and_an_unknown_one_are_answered_the_same(scene: Scene) -> None:
    scene.office.stage, scene.office.end, scene.office.offers_guard = "over", CallEnd.NO_CALLS, True
    scene.call("##7" + "99999#")
    scene.shows(Screen.CALL_OVER)
    assert scene.desk.calls.said == "call_no_calls"
    scene.bench.keys.type("##9")
    wait_for_entries(scene.bench, "alarm_help")
    scene.shows(Screen.IDLE)


@pytest.mark.parametrize("keys", ["##9", "#9", "9"], ids=["two enters", "one enter", "the key alone"])
def test_help_is_reached_while_a_home_is_asked_for(scene: Scene, keys: str) -> None:
    """With a list one enter shows it, and the key of help is on it; without one, two show the numbers."""
    entry = DirectoryEntry(label="Yoga", home="31201", shown="3-1201")
    scene.office.entries = () if keys == "##9" else (entry,) * 8
    until(lambda: scene.desk.calls.is_offered and scene.bench.gate.controller._state.online)
    scene.bench.keys.type("##7")
    until(lambda: len(scene.desk.calls.entries) == len(scene.office.entries))
    scene.bench.keys.type(keys)
    if keys == "9":
        until(lambda: scene.desk.calls.typed == "9")
        assert "alarm_help" not in [entry.kind for entry in scene.bench.entries()], "a number may begin so"
    else:
        wait_for_entries(scene.bench, "alarm_help")
        assert scene.desk.calls.typed == ""


def test_at_the_end_9_begins_a_number_also_where_the_screen_offers_the_guard(scene: Scene) -> None:
    """So that the PIN of home 9-1203 is not lost to a call that another person has left there."""
    scene.office.stage, scene.office.end, scene.office.offers_guard = "over", CallEnd.NO_ANSWER, True
    scene.call()
    scene.shows(Screen.CALL_OVER)
    scene.bench.keys.type("9")
    scene.shows(Screen.TYPING_HOME)
    assert scene.desk.keypad.entry.home == "9"
    assert "alarm_help" not in [entry.kind for entry in scene.bench.entries()]
    scene.bench.keys.type("*")
    scene.shows(Screen.CALL_OVER)
    scene.bench.keys.type("##9")
    wait_for_entries(scene.bench, "alarm_help")


def test_a_home_that_wants_the_guard_now_calls_help(scene: Scene) -> None:
    scene.office.stage, scene.office.end, scene.office.to_guard = "over", CallEnd.ENDED, True
    scene.office.reply = "leave_with_guard"
    scene.call("##8" + "31203#")
    wait_for_entries(scene.bench, "alarm_help")
    assert scene.office.over().purpose is CallFor.COURIER
    assert scene.desk.calls.said == "reply_leave_with_guard"
    assert scene.desk.calls.line(page_speaks=False) == "call_to_guard"


@pytest.mark.parametrize(
    ("end", "said"), [(CallEnd.ENDED, "reply_coming"), (CallEnd.SENT_AWAY, "call_sent_away")]
)
def test_who_is_sent_away_after_a_sentence_reads_that_they_are(scene: Scene, end: CallEnd, said: str) -> None:
    scene.call()
    scene.office.stage, scene.office.reply = "answered", "coming"
    until(lambda: scene.desk.calls.said == "reply_coming")
    scene.office.stage, scene.office.end = "over", end
    scene.shows(Screen.CALL_OVER)
    assert scene.desk.calls.said == said


def test_a_number_that_was_not_finished_is_forgotten_and_its_rest_is_no_pin(scene: Scene) -> None:
    until(lambda: scene.desk.calls.is_offered and scene.bench.gate.controller._state.online)
    scene.bench.time.stop()
    scene.bench.keys.type("##7" + "312")
    scene.shows(Screen.CALL_NUMBER)
    scene.bench.passes(ASK_SECONDS)
    scene.shows(Screen.IDLE)
    scene.bench.keys.type("03#")
    scene.shows(Screen.TYPING_PIN)
    scene.bench.passes(ASK_SECONDS)
    scene.shows(Screen.IDLE)
    assert scene.desk.keypad.entry.is_empty
    assert scene.office.reports == []
    assert scene.decisions() == []


def test_help_in_a_call_ends_it_and_calls_the_guard(scene: Scene) -> None:
    scene.call()
    scene.bench.keys.type("##9")
    wait_for_entries(scene.bench, "alarm_help")
    assert scene.office.over().end is CallEnd.CANCELLED


def test_a_home_is_picked_from_the_list(scene: Scene) -> None:
    scene.office.entries = tuple(
        DirectoryEntry(label=f"Home {n}", home=f"3120{n}", shown=f"3-120{n}") for n in range(8)
    )
    until(lambda: scene.desk.calls.is_offered and scene.bench.gate.controller._state.online)
    scene.bench.keys.type("##7")
    until(lambda: len(scene.desk.calls.entries) == 8)
    scene.bench.keys.type("#")
    scene.shows(Screen.CALL_LIST)
    scene.bench.keys.type("#2")
    until(lambda: bool(scene.office.reports))
    assert scene.office.reports[0].home == "31207"
    assert scene.desk.calls.call is not None
    assert scene.desk.calls.call.shown == "3-1207"


def test_a_couriers_code_calls_once_for_as_long_as_it_is_held_there(scene: Scene) -> None:
    until(lambda: scene.desk.calls.is_offered and scene.bench.gate.controller._state.online)
    scene.bench.time.stop()
    scene.office.stage, scene.office.end = "over", CallEnd.NO_CALLS
    camera = scene.desk.camera
    for _time in range(4):
        before_seconds = camera.last_code_until_seconds
        scene.bench.scanner.scan("COURIER 31203")
        until(lambda before=before_seconds: camera.last_code_until_seconds > before)
        scene.bench.passes(SAME_CODE_SECONDS / 2)
        scene.shows(Screen.CALL_OVER)
    first = scene.office.call_id
    assert {(one.call_id, one.home, one.purpose) for one in scene.office.reports} == {
        (first, "31203", CallFor.COURIER)
    }
    scene.bench.passes(SAME_CODE_SECONDS)
    scene.bench.scanner.scan("COURIER 31203")
    until(lambda: scene.office.call_id != first)
    assert scene.decisions() == []


def test_without_the_server_the_screen_says_so_and_offers_the_guard(scene: Scene) -> None:
    controller = scene.bench.gate.controller
    until(lambda: scene.desk.calls.is_offered and controller._state.online)
    controller._state.online = False
    scene.bench.keys.type("##7" + "31203#")
    scene.shows(Screen.CALL_OVER)
    assert scene.desk.calls.said == "call_failed"
    assert scene.office.reports == []


def test_a_card_opens_in_the_middle_of_a_call_and_the_call_goes_on(scene: Scene) -> None:
    scene.call()
    assert scene.bench.relay.wait_for_on(1, timeout_seconds=20, after_ns=scene.bench.card.tap(CARD))
    scene.office.opens = scene.office.order()
    assert scene.office.over().end is CallEnd.OPENED
    assert scene.decisions() == [("card", "granted", True), ("call", "granted", True)]


@pytest.mark.parametrize(("person_id", "reason"), [(PERSON, "granted"), (OTHER, "not_of_home")])
def test_a_pin_that_is_typed_when_a_visitors_call_is_decided_still_opens(
    scene: Scene, person_id: str, reason: str
) -> None:
    scene.call()
    scene.bench.keys.type("31203#246")
    scene.shows(Screen.TYPING_PIN)
    scene.office.opens = scene.office.order(person_id)
    scene.office.over()
    assert scene.desk.screen.shows is Screen.TYPING_PIN
    scene.bench.keys.type("810#")
    wait_for_decisions(scene.bench, 2)
    assert scene.decisions() == [("call", reason, reason == "granted"), ("pin", "granted", True)]


def test_a_pin_is_typed_on_the_screen_alone_while_a_call_rings(scene: Scene) -> None:
    scene.call()
    scene.shows(Screen.CALLING)
    scene.bench.gate.inbox.put(ScreenAction(LANE, MethodPressed(Method.PIN)))
    for key in "31203#246810#":
        scene.bench.gate.inbox.put(ScreenAction(LANE, KeyTyped(key)))
    wait_for_decisions(scene.bench, 1)
    assert scene.desk.calls.is_live
    assert scene.decisions() == [("pin", "granted", True)]


def asks_second_in_a_call(scene: Scene) -> None:
    """Let someone of two ways show their card while a call rings."""
    asks_two = person(two_methods=TwoMethods(0, 0))
    scene.bench.stop()
    scene.bench.give_policy(records(asks_two, card(CARD, CARD_KEY), pin("246810", PIN_KEY)), version=2)
    scene.bench.start()
    scene.call()
    scene.bench.card.tap(CARD)
    until(lambda: scene.desk.screen.message == SECOND_METHOD)
    scene.shows(Screen.IDLE)


def test_a_fire_is_shown_also_where_a_second_way_is_asked_for(scene: Scene) -> None:
    asks_second_in_a_call(scene)
    for standing in (Screen.FIRE, Screen.LOCKDOWN):
        view = scene.desk.view(0.0, standing=standing, online=True, clock_sure=True, lane_name="")
        assert view.screen is standing


def test_what_clears_the_screen_of_the_second_way_ends_no_call_behind_it(scene: Scene) -> None:
    asks_second_in_a_call(scene)
    scene.bench.gate.inbox.put(ScreenAction(LANE, CancelPressed()))
    scene.shows(Screen.CALLING)
    scene.bench.card.tap(CARD)
    until(lambda: scene.desk.screen.message == SECOND_METHOD)
    scene.bench.keys.type("*3")
    scene.shows(Screen.TYPING_HOME)
    assert scene.desk.calls.is_live
    scene.bench.gate.inbox.put(ScreenAction(LANE, CancelPressed()))
    scene.shows(Screen.CALLING)
    scene.bench.gate.inbox.put(ScreenAction(LANE, CancelPressed()))
    assert scene.office.over().end is CallEnd.CANCELLED


def test_the_second_of_two_ways_is_asked_for_while_a_call_rings(scene: Scene) -> None:
    asks_second_in_a_call(scene)
    scene.bench.keys.type("31203#246810#")
    wait_for_decisions(scene.bench, 2)
    assert scene.desk.calls.is_live
    assert scene.decisions() == [("card", "second_method", False), ("pin", "granted", True)]


def test_a_gate_that_is_stopped_in_a_call_reports_its_end(scene: Scene) -> None:
    scene.call()
    scene.bench.stop()
    assert scene.office.over().end is CallEnd.FAILED
    assert scene.office.steps() == [CallStep.OVER]


def test_a_flood_of_presses_begins_one_call_and_a_card_still_opens(scene: Scene) -> None:
    until(lambda: scene.desk.calls.is_offered and scene.bench.gate.controller._state.online)
    for _ in range(300):
        scene.bench.gate.inbox.put(ScreenAction(LANE, CallPressed(CallFor.HOME)))
        for key in "31203#":
            scene.bench.gate.inbox.put(ScreenAction(LANE, KeyTyped(key)))
    assert scene.bench.relay.wait_for_on(1, timeout_seconds=20, after_ns=scene.bench.card.tap(CARD))
    until(lambda: bool(scene.office.reports))
    assert len({report.call_id for report in scene.office.reports}) == 1
