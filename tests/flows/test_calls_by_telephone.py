"""A home's telephone is called, answered, and opens by its key: real bytes, a real gate, real telephones."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gate_controller.contract.calls import CallEnd, CallStep
from gate_controller.control.telephone_tasks import ASK_SECONDS
from gate_controller.lane.home_call import KEY_SECONDS, CallPhase
from gate_controller.terminal.view import HelpCall
from tests.flows.telephone_scene import CARD, OTHER, Scene, answer, scene_in
from tests.support import rtp_stranger
from tests.support.compounds.people import lane, person, records
from tests.support.gates.call_office import PERSON
from tests.support.gates.process import wait_for_entries
from tests.support.gates.waiting import until
from tests.support.sip_answers import answering
from tests.support.telephones import PLAIN


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with scene_in(tmp_path) as made:
        yield made


def test_9_opens_by_the_right_of_the_person_whose_telephone_it_is(scene: Scene) -> None:
    scene.call()
    answer(scene.first)
    scene.is_at(CallPhase.ANSWERED)
    scene.first.press("sndcode", "9")
    over = scene.office.over()
    assert (over.end, over.leg, over.order_id) == (CallEnd.OPENED, 0, None)
    scene.first.until("CALL_CLOSED")
    assert scene.office.steps() == [CallStep.LEG_RINGS, CallStep.LEG_ANSWERED, CallStep.OVER]
    assert scene.decisions() == [("call", "granted", True)]
    assert scene.openings() == 1
    assert [e.personal["person_id"] for e in scene.bench.entries() if e.kind == "access"] == [PERSON]


def test_7_opens_and_calls_for_help_in_silence(scene: Scene) -> None:
    scene.call()
    answer(scene.first)
    scene.first.press("sndcode", "7")
    assert scene.office.over().end is CallEnd.OPENED
    assert scene.decisions() == [("call", "granted", True)]
    assert "alarm_duress" in [entry.kind for entry in scene.bench.entries()]


def test_the_gate_keeps_no_number_of_a_home_that_it_called_nor_whom(scene: Scene, tmp_path: Path) -> None:
    scene.call()
    answer(scene.first)
    scene.first.press("hangup")
    answer(scene.second)
    scene.second.press("sndcode", "0")
    assert scene.office.over().end is CallEnd.SENT_AWAY
    numbers = [leg.number.encode() for leg in scene.office.legs]
    scene.bench.stop()
    files = [path for path in (tmp_path / "bench").rglob("*") if path.is_file()]
    assert any(b"call_over" in path.read_bytes() for path in files)
    # The guard's number, which the second telephone has here, is in the site file.
    kept = [path for path in files if numbers[0] in path.read_bytes()]
    assert kept == []
    assert not [entry for entry in scene.bench.entries() if "1203" in str(entry) or OTHER in str(entry)]


def test_0_sends_away_and_the_next_telephone_rings_after_one_that_hangs_up(scene: Scene) -> None:
    scene.call()
    answer(scene.first)
    scene.first.press("sndcode", "0")
    assert scene.office.over().end is CallEnd.SENT_AWAY
    scene.first.until("CALL_CLOSED")
    scene.bench.time.run()
    scene.office.reports.clear()
    scene.bench.keys.type("*")
    scene.is_at(None)
    scene.call()
    answer(scene.first)
    scene.is_at(CallPhase.ANSWERED)
    scene.first.press("hangup")
    answer(scene.second)
    until(lambda: scene.office.steps()[1:3] == [CallStep.LEG_ANSWERED, CallStep.LEG_ENDED])
    scene.second.press("sndcode", "0")
    over = scene.office.over()
    assert (over.end, over.leg) == (CallEnd.SENT_AWAY, 1)
    assert scene.decisions() == []


def test_the_next_telephone_is_called_and_its_person_may_have_no_right_here(scene: Scene) -> None:
    scene.call()
    scene.first.until("CALL_INCOMING")
    scene.first.press("hangup")
    answer(scene.second)
    scene.second.press("sndcode", "9")
    over = scene.office.over()
    assert (over.end, over.leg, over.reason) == (CallEnd.REFUSED, 1, "no_grant")
    assert scene.decisions() == [("call", "no_grant", False)]
    assert scene.openings() == 0


def test_a_third_machine_of_the_network_opens_nothing_by_the_keys_of_a_telephone(scene: Scene) -> None:
    scene.call()
    scene.first.until("CALL_INCOMING")
    rtp_stranger.press("9", scene.program.rtp_ports)
    scene.first.press("accept")
    scene.is_at(CallPhase.ANSWERED)
    scene.first.until("CALL_RTPESTAB")
    for key in "970":
        assert rtp_stranger.press(key, scene.program.rtp_ports) > 0
    scene.first.press("sndcode", "0")
    over = scene.office.over()
    assert (over.end, over.leg) == (CallEnd.SENT_AWAY, 0)
    assert (scene.decisions(), scene.openings()) == ([], 0)


def test_a_telephone_whose_exchange_does_not_encrypt_opens_nothing(tmp_path: Path) -> None:
    with scene_in(tmp_path, encryption=PLAIN) as scene:
        scene.call()
        answer(scene.first)
        scene.is_at(CallPhase.ANSWERED)
        rtp_stranger.press("9", scene.program.rtp_ports)
        scene.first.press("sndcode", "9")
        scene.first.press("hangup")
        until(lambda: CallStep.LEG_ENDED in scene.office.steps())
        assert scene.desk.calls.is_live
        until(lambda: scene.bench.health("telephone") == "faulty")
        assert scene.openings() == 0
        assert scene.decisions() == []


def test_tones_in_the_sound_of_both_sides_open_nothing_and_a_mailbox_is_left(scene: Scene) -> None:
    # The tones of the key 1 are in the sound of each telephone of these tests, all the time.
    scene.call()
    answer(scene.first)
    scene.is_at(CallPhase.ANSWERED)
    scene.bench.passes(KEY_SECONDS)
    scene.first.until("CALL_CLOSED")
    scene.second.until("CALL_INCOMING")
    assert scene.openings() == 0


def test_a_key_before_the_answer_and_a_call_that_comes_in_open_nothing(scene: Scene) -> None:
    scene.call()
    scene.first.until("CALL_INCOMING")
    scene.first.press("sndcode", "9")
    scene.second.press("dial", scene.program.address)
    scene.second.until("CALL_CLOSED")
    scene.second.press("sndcode", "9")
    scene.bench.handled()
    assert scene.desk.calls.is_live
    assert scene.openings() == 0
    assert scene.decisions() == []


def test_the_visitor_leaves_and_the_telephone_rings_no_more(scene: Scene) -> None:
    scene.call()
    scene.first.until("CALL_INCOMING")
    scene.bench.keys.type("*")
    scene.first.until("CALL_CLOSED")
    assert scene.office.over().end is CallEnd.CANCELLED


def test_help_in_a_call_takes_the_telephone_from_the_home(scene: Scene) -> None:
    scene.call()
    answer(scene.first)
    scene.bench.keys.type("##9")
    scene.first.until("CALL_CLOSED")
    answer(scene.second)  # the guard's number
    until(lambda: scene.desk.screen.help_call is HelpCall.TALKING)
    scene.second.press("sndcode", "9")
    wait_for_entries(scene.bench, "help_answered")
    assert scene.openings() == 0


def test_the_telephone_program_dies_in_a_call_and_the_gate_goes_on(scene: Scene) -> None:
    scene.call()
    answer(scene.first)
    scene.is_at(CallPhase.ANSWERED)
    scene.program.process.kill()
    until(lambda: CallStep.LEG_ENDED in scene.office.steps())
    scene.is_at(CallPhase.RINGING)
    until(lambda: scene.bench.health("telephone") == "lost")
    assert scene.bench.relay.wait_for_on(1, timeout_seconds=20, after_ns=scene.bench.card.tap(CARD))
    assert scene.openings() == 1


def test_in_lockdown_the_key_opens_nothing(scene: Scene) -> None:
    scene.bench.stop()
    scene.bench.give_policy(records(person(), lane(posture="lockdown")), version=2)
    scene.bench.start(also={"telephone"})
    scene.call()
    answer(scene.first)
    scene.first.press("sndcode", "9")
    assert scene.office.over().reason == "lane_lockdown"
    assert scene.decisions() == [("call", "lane_lockdown", False)]


@pytest.mark.parametrize("scenario", ["unknown", "busy"])
def test_a_number_that_is_busy_or_unknown_is_left_for_the_next(tmp_path: Path, scenario: str) -> None:
    with (
        answering(tmp_path, scenario) as number,
        scene_in(tmp_path, numbers=(number,), encryption=PLAIN) as scene,
    ):
        scene.call()
        until(lambda: CallStep.LEG_ENDED in scene.office.steps())
        assert scene.desk.calls.is_live


def test_a_number_of_help_is_not_dialled_whatever_the_server_sends(tmp_path: Path) -> None:
    with (
        answering(tmp_path, "silent_at_the_end") as address,
        scene_in(tmp_path, numbers=(address.replace("played", "110"),)) as scene,
    ):
        scene.call()
        until(lambda: CallStep.LEG_ENDED in scene.office.steps())
        assert scene.office.steps() == [CallStep.LEG_ENDED]


def test_a_telephone_that_neither_hangs_up_nor_answers_to_it_holds_nothing(tmp_path: Path) -> None:
    with (
        answering(tmp_path, "silent_at_the_end") as number,
        scene_in(tmp_path, numbers=(number,), encryption=PLAIN) as scene,
    ):
        scene.call()
        scene.is_at(CallPhase.ANSWERED)
        scene.bench.keys.type("*")
        assert scene.office.over().end is CallEnd.CANCELLED
        scene.is_at(None)
        scene.bench.keys.type("##9")
        answer(scene.second)


def test_a_gate_with_nothing_to_say_calls_no_one_for_the_server(scene: Scene) -> None:
    """The called side would hear the gate's microphone."""
    until(lambda: scene.desk.calls.is_offered and scene.bench.gate.controller._state.online)
    scene.office.task_leg = scene.office.legs[0]
    scene.bench.passes(ASK_SECONDS + 1)
    scene.call()  # a visitor's call reaches the office: it would have been asked by now
    assert scene.office.task_leg is not None
    assert scene.bench.health("telephone") == "ok"
    assert not scene.bench.health("telephone-voice")
