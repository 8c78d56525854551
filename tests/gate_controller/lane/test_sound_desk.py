"""Sound of a lane's call: the page is given the relays of this call, and forgets them with it."""

from dataclasses import replace

from gate_controller.contract.call_media import MediaRelays
from gate_controller.contract.calls import CallFor, CallState
from gate_controller.lane.home_call import CallPhase, begun, cancelled
from gate_controller.lane.sound_desk import SoundDesk
from tests.support.media_side import SIDE

RELAYS = MediaRelays(
    urls=("turn:turn.example.org:3478",), username="1796000000:one", credential="A" * 27 + "="
)


def test_the_page_offers_itself_once_the_server_has_answered_with_the_relays_of_the_call() -> None:
    desk, call = SoundDesk(may_speak=True), begun("one", "in", "31203", "3-1203", CallFor.HOME, 0.0)
    desk.follow(call)
    assert desk.shown is None
    call = replace(call, phase=CallPhase.RINGING)
    desk.server_said(CallState(call_id="one", stage="ringing", media_relays=RELAYS))
    desk.follow(call)
    assert desk.shown is not None
    assert desk.shown.relays == RELAYS
    desk.follow(cancelled(call).call)
    assert desk.shown is None
    desk.follow(replace(call, call_id="two"))
    assert desk.shown is not None
    assert desk.shown.relays is None


def test_a_page_of_the_guard_speaks_as_one_of_the_home_and_their_telephone_does_not() -> None:
    desk = SoundDesk(may_speak=True, may_film=True)
    call = replace(begun("one", "in", "31203", "3-1203", CallFor.HOME, 0.0), at_guard=True)
    desk.follow(replace(call, phase=CallPhase.RINGING))
    assert desk.shown is not None
    assert not desk.shown.speaks
    desk.follow(replace(call, phase=CallPhase.ANSWERED))
    desk.server_said(CallState(call_id="one", stage="answered", to_guard=True, media_answer=SIDE))
    assert (desk.shown.speaks, desk.shown.answer, desk.speaks) == (True, SIDE, True)
    desk.follow(replace(call, phase=CallPhase.ANSWERED, guard_talks=True))
    assert not desk.shown.speaks
    assert not desk.is_answered
