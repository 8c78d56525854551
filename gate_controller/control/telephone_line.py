"""Share the gate's one telephone: one call at a time, to the guard, a home, or a number to be proved."""

import logging
from collections.abc import Callable

from gate_controller.contract.telephone_numbers import country_of, is_callable
from gate_controller.control.parts import GateParts, GateState
from hardware.errors import DeviceUnavailable
from hardware.interfaces import DeviceState

GUARD = "guard"
"""The holder whose numbers are the site file's; all others call what the server sends."""
TASKS = "tasks"
"""The holder that gives way to every other."""

log = logging.getLogger(__name__)


def _nothing() -> None:
    """Give nothing away."""


class TelephoneLine:
    """The telephone and whose call it carries; used from the controller's thread only."""

    def __init__(self, parts: GateParts, state: GateState) -> None:
        """Begin with no call."""
        self._state = state
        self._telephone = parts.telephone.telephone if parts.telephone is not None else None
        self.is_lost = False
        """True while its program has not answered since it was asked last."""
        self._holder = ""
        self._give_way = _nothing

    def gives_way(self, give_way: Callable[[], None]) -> None:
        """Remember what ends a call of `TASKS`."""
        self._give_way = give_way

    def device_said(self, state: DeviceState) -> None:
        """Take the report of a device: of the telephone, whether its program answers."""
        if self._telephone is not None and state.device == self._telephone.name:
            self.is_lost = state.is_lost

    def is_free_for(self, holder: str) -> bool:
        """Return whether there is a telephone that answers, and no other call is on it."""
        is_there = self._telephone is not None and not self.is_lost
        return is_there and self._holder in ("", holder, TASKS)

    def dial(self, holder: str, address: str, spoken: str = "") -> int | None:
        """Call a number for a holder, who keeps the line until `leave`; None where it is away or used.

        No number of the server is called that is none of a telephone (`is_callable`), whatever it sends.
        `spoken` is a file that is played in place of the microphone. Calls of `TASKS` never hear that.
        """
        if self._telephone is None or not self.is_free_for(holder):
            return None
        if holder != GUARD and not self._is_callable(address):
            log.warning("a number that the server sent is not called: it is none of a telephone")
            return None
        if holder != TASKS and self._holder == TASKS:
            self._give_way()
        try:
            call_number = self._telephone.dial(address, spoken, only_spoken=holder == TASKS)
        except DeviceUnavailable:
            return None
        self._holder = holder
        return call_number

    def _is_callable(self, number: str) -> bool:
        snapshot = self._state.snapshot
        return snapshot is not None and is_callable(number, country_of(snapshot.policy.site.timezone))

    def say(self, call_number: int, spoken: str) -> None:
        """Let the called side hear a file in place of the microphone, "" for the microphone again."""
        if self._telephone is not None:
            self._telephone.say(call_number, spoken)

    def hang_up(self, call_number: int) -> None:
        """End a call; one that is over needs nothing."""
        if self._telephone is not None:
            self._telephone.hang_up(call_number)

    def leave(self, holder: str) -> None:
        """Free the line of a holder whose calls are over."""
        if self._holder == holder:
            self._holder = ""
