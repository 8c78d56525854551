"""Sound and picture of one lane's call: what the page offered, what came back, and what the page may open.

The microphone may be open while a page of the home or of the guard has answered, the camera while in addition
the gate's own program has closed it. Both sides are forgotten with the call.
"""

from dataclasses import dataclass, field

from gate_controller.contract.call_media import MediaRelays, MediaSide
from gate_controller.contract.calls import CallState
from gate_controller.lane.home_call import CallPhase, HomeCall
from gate_controller.terminal.call_sound import SoundNote, SoundSaid, SoundShown, SoundTrouble

NOTES: dict[SoundTrouble, SoundNote] = {
    "lost": "sound_lost",
    "no_microphone": "sound_no_microphone",
    "no_camera": "sound_no_camera",
}
LOOKS_SECONDS = 5.0
"""Time in which the page that answered connects; then one that shows no picture keeps no camera open."""
HERE_SECONDS = 1.0
"""A page that has said nothing for so long is given nothing to open."""


@dataclass(slots=True)
class SoundDesk:
    """The changing part of a lane's sound; without a screen that may speak it stays empty."""

    may_speak: bool = False
    may_film: bool = False
    is_lent: bool = False
    """True while the browser may have the camera: the gate's program has closed it and cannot open it."""
    _call: HomeCall | None = None
    _offer: MediaSide | None = None
    _answer: MediaSide | None = None
    _stale: MediaSide | None = None
    """An answer to an offer before this one."""
    _relays: MediaRelays | None = None
    _said: SoundSaid = field(default_factory=SoundSaid)
    """Its last word in this call."""
    _heard_seconds: float = field(default=float("-inf"))
    _looked_seconds: float = field(default=float("-inf"))
    """When a page that answered was met last, or there was none yet."""
    _is_seen: bool = False
    """True while a page that answered is met, or is about to be."""

    def follow(self, call: HomeCall | None, now_seconds: float) -> None:
        """Take the lane's call as it is now; with another one, or none, forget both sides of the last."""
        live = call if call is not None and not call.is_over and self.may_speak else None
        if live is None or self._call is None or live.call_id != self._call.call_id:
            self._offer = self._answer = self._stale = self._relays = None
            self._said, self._looked_seconds = SoundSaid(), now_seconds
        self._call = live
        if not self.is_answered or self._said.is_connected:
            self._looked_seconds = now_seconds
        self._is_seen = self.is_answered and now_seconds - self._looked_seconds < LOOKS_SECONDS

    def page_said(self, said: SoundSaid, now_seconds: float) -> MediaSide | None:
        """Take the page's word; return an offer that the server does not know."""
        self._heard_seconds = now_seconds
        if self._call is None or said.call != self._call.call_id:
            return None
        self._said = said
        if said.offer is None or said.offer == self._offer:
            return None
        self._offer, self._answer, self._stale = said.offer, None, self._answer
        return said.offer

    def server_said(self, state: CallState) -> None:
        """Take the side of who answered; one to an earlier offer is on its way for a moment still."""
        if self._call is not None and state.call_id == self._call.call_id:
            answer = state.media_answer
            self._answer = answer if answer != self._stale else None
            self._relays = state.media_relays

    @property
    def is_answered(self) -> bool:
        """Return whether a page has answered; a telephone has its sound elsewhere."""
        call = self._call
        by_telephone = call is not None and (call.by_telephone or call.guard_talks)
        return call is not None and call.phase is CallPhase.ANSWERED and not by_telephone

    def wants_camera(self, now_seconds: float) -> bool:
        """Return whether the page is to have the camera: it is there, and someone looks or is about to."""
        is_here = now_seconds - self._heard_seconds < HERE_SECONDS
        return self.may_film and self._is_seen and is_here

    @property
    def shown(self) -> SoundShown | None:
        """Return what the page is to do; None where it is to have nothing open.

        It offers itself once the server has answered: the relays by which it can be reached come with that.
        """
        if self._call is None or self._call.phase is CallPhase.CALLING:
            return None
        return SoundShown(
            call=self._call.call_id,
            answer=self._answer,
            relays=self._relays,
            speaks=self.is_answered,
            picture=self._is_seen and self.may_film and self.is_lent,
        )

    @property
    def speaks(self) -> bool:
        """Return whether the visitor and who answered can speak with each other."""
        is_heard = self._said.trouble in ("", "no_camera")
        return self.is_answered and self._answer is not None and is_heard

    @property
    def said(self) -> SoundSaid:
        """Return the last word in the call that goes on, an empty one without a call."""
        return self._said

    @property
    def note(self) -> SoundNote:
        """Return what the visitor is to know: that the camera will be on, then what does not work."""
        if self._call is None:
            return ""
        if self.is_answered:
            return NOTES.get(self._said.trouble, "")
        # Who has answered by telephone sees nothing.
        rings = self._call.phase is not CallPhase.ANSWERED
        return "camera_in_call" if self.may_film and rings else ""
