"""Sound of a lane's call: the page is given the relays of this call, and forgets them with it."""

from dataclasses import replace

from gate_controller.contract.call_media import MediaRelays
from gate_controller.contract.calls import CallFor, CallState
from gate_controller.lane.home_call import CallPhase, begun, cancelled
from gate_controller.lane.sound_desk import SoundDesk

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
