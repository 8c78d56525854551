"""Sound of a lane's call: the page is given the relays of this call, and forgets them with it."""

from dataclasses import replace

from gate_controller.contract.call_media import MediaRelays
from gate_controller.contract.calls import CallFor, CallState
from gate_controller.lane.home_call import CallPhase, begun, cancelled
from gate_controller.lane.sound_desk import SoundDesk
from gate_controller.terminal.call_sound import SoundSaid, SoundTrouble
from tests.support.media_side import SIDE

RELAYS = MediaRelays(
    urls=("turn:turn.example.org:3478",), username="1796000000:one", credential="A" * 27 + "="
)


def test_the_page_offers_itself_once_the_server_has_answered_with_the_relays_of_the_call() -> None:
    desk, call = SoundDesk(may_speak=True), begun("one", "in", "31203", "3-1203", CallFor.HOME, 0.0)
    desk.follow(call, 0.0)
    assert desk.shown is None
    call = replace(call, phase=CallPhase.RINGING)
    desk.server_said(CallState(call_id="one", stage="ringing", media_relays=RELAYS))
    desk.follow(call, 0.0)
    assert desk.shown is not None
    assert desk.shown.relays == RELAYS
    desk.follow(cancelled(call).call, 0.0)
    assert desk.shown is None
    desk.follow(replace(call, call_id="two"), 0.0)
    assert desk.shown is not None
    assert desk.shown.relays is None


def test_a_page_of_the_guard_speaks_as_one_of_the_home_and_their_telephone_does_not() -> None:
    desk = SoundDesk(may_speak=True, may_film=True)
    call = replace(begun("one", "in", "31203", "3-1203", CallFor.HOME, 0.0), at_guard=True)
    desk.follow(replace(call, phase=CallPhase.RINGING), 0.0)
    assert desk.shown is not None
    assert not desk.shown.speaks
    desk.follow(replace(call, phase=CallPhase.ANSWERED), 0.0)
    desk.server_said(CallState(call_id="one", stage="answered", to_guard=True, media_answer=SIDE))
    assert (desk.shown.speaks, desk.shown.answer, desk.speaks) == (True, SIDE, True)
    desk.follow(replace(call, phase=CallPhase.ANSWERED, guard_talks=True), 0.0)
    assert not desk.shown.speaks
    assert not desk.is_answered


def test_the_camera_is_for_a_page_that_is_met_or_is_about_to_be() -> None:
    desk = SoundDesk(may_speak=True, may_film=True)
    call = replace(begun("one", "in", "31203", "3-1203", CallFor.HOME, 0.0), phase=CallPhase.ANSWERED)
    desk.follow(call, 0.0)
    desk.server_said(CallState(call_id="one", stage="answered", media_answer=SIDE))

    def wants(at_seconds: float, *, is_met: bool, trouble: SoundTrouble = "") -> bool:
        desk.page_said(SoundSaid(call="one", is_connected=is_met, trouble=trouble), at_seconds)
        desk.follow(call, at_seconds)
        return desk.wants_camera(at_seconds)

    assert [wants(at, is_met=False) for at in (0.0, 4.9)] == [True, True], "the page may be connecting"
    assert not wants(5.0, is_met=False), "it shows no picture, and no one sees the visitor"
    assert wants(20.0, is_met=True)
    assert wants(60.0, is_met=True)
    lost = [wants(at, is_met=False, trouble="lost") for at in (64.9, 65.0)]
    assert lost == [True, False], "another page may come"
