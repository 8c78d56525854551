"""Carry out sound and picture of calls: pass both sides on, lend the camera while someone looks."""

from gate_controller.contract.calls import CallState
from gate_controller.control.parts import GateParts
from gate_controller.lane.camera_lease import CameraLent
from gate_controller.lane.sound_health import SoundHealth
from gate_controller.terminal.call_sound import SoundSaid


class CallSound:
    """Sound of all lanes' calls; used from the controller's thread only."""

    def __init__(self, parts: GateParts) -> None:
        self._parts = parts
        self._health = {lane_id: SoundHealth(lane_id) for lane_id in parts.desks}

    def page_said(self, lane_id: str, said: SoundSaid, now_seconds: float) -> None:
        """Take the word of a screen's page: its offer goes to the server, the camera back to the gate."""
        sound = self._parts.desks[lane_id].sound
        offer = sound.page_said(said, now_seconds)
        if offer is not None:
            self._parts.call_reports.offer_media(said.call, offer)
        is_wanted = sound.wants_camera(now_seconds)
        self._parts.camera_leases.page_said(lane_id, is_open=said.camera_open, is_wanted=is_wanted)

    def server_said(self, state: CallState) -> None:
        """Take the side of who answered, and the relays."""
        for desk in self._parts.desks.values():
            desk.sound.server_said(state)

    def camera_lent(self, message: CameraLent) -> None:
        """Let the page open the camera, which the gate has closed; or say that the gate has it back."""
        self._parts.desks[message.lane_id].sound.is_lent = message.is_lent

    def settle(self, now_seconds: float) -> None:
        """Follow the calls of all lanes, lend the camera where someone looks, report devices that fail."""
        for desk in self._parts.desks.values():
            desk.sound.follow(desk.calls.call, now_seconds)
            if desk.sound.wants_camera(now_seconds):
                self._parts.camera_leases.lend(desk.lane_id)
            for state in self._health[desk.lane_id].news(desk.sound.said, now_seconds):
                self._parts.watch.handle(state, self._parts.desks, self._parts.recorder.record)
