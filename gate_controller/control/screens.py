"""Put every lane's view on its screen, and each result on the lights and buzzers of its readers."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from gate_controller.contract.policy import Policy
from gate_controller.contract.records import LaneRecord, Method, Posture
from gate_controller.lane.state import SECOND_METHOD, LaneDesk
from gate_controller.terminal.view import Screen, TerminalView
from hardware.interfaces import ReaderFeedback, ReaderResult

STANDING = {
    Posture.NORMAL: Screen.IDLE,
    Posture.LOCKDOWN: Screen.LOCKDOWN,
    Posture.HELD_OPEN: Screen.HELD_OPEN,
    Posture.DISABLED: Screen.DISABLED,
}

RESULTS = {
    Screen.GRANTED: ReaderResult.GRANTED,
    Screen.REFUSED: ReaderResult.REFUSED,
    Screen.FAULT: ReaderResult.REFUSED,
    Screen.DELAYED: ReaderResult.DELAYED,
    Screen.WAITING: ReaderResult.WAIT,
    Screen.CALLING: ReaderResult.WAIT,
    Screen.CALL_OVER: ReaderResult.REFUSED,
}
"""A call that opens shows that it did; every other end of it stays shut."""


class LaneScreen(Protocol):
    """A screen that shows one view at a time."""

    def show(self, view: TerminalView) -> None:
        """Replace what is shown; may be called from any thread."""
        ...


class Screens:
    """The screens of a gate, and the readers that can show a result, by lane."""

    def __init__(
        self,
        screens: Mapping[str, LaneScreen],
        readers: Mapping[str, Sequence[ReaderFeedback]] | None = None,
    ) -> None:
        """Remember them; nothing is shown yet."""
        self._screens = screens
        self._readers = readers or {}
        self._results: dict[str, tuple[Screen, float]] = {}
        self._shown: dict[str, TerminalView] = {}

    def refresh(
        self,
        desk: LaneDesk,
        policy: Policy | None,
        now: datetime,
        now_seconds: float,
        *,
        posture: Posture | None,
        online: bool,
        clock_sure: bool,
        face_ready: bool,
        fire: bool,
        calls_offered: bool = False,
        lost: frozenset[Method] = frozenset(),
        paused: frozenset[Method] = frozenset(),
    ) -> None:
        """Show this lane's view when it has changed; `posture` None where no policy knows the lane.

        A fire that any lane of the gate reads is on each of its screens: who stands there has to leave too.

        `lost` are the ways without a reader, `paused` those of them beside which face does not open.
        """
        self._show_result(desk)
        lane = policy.lanes.get(desk.lane_id) if policy is not None else None
        offered = self._offered(lane, policy, now, face_ready=face_ready)
        if paused.issuperset(set(offered) - {Method.FACE}):
            offered = tuple(method for method in offered if method is not Method.FACE)
        desk.screen.offered = offered
        desk.calls.is_offered = calls_offered and lane is not None and lane.direction == "in"
        screen = self._screens.get(desk.lane_id)
        if screen is None:
            return
        standing = STANDING[posture] if posture is not None else Screen.FAULT
        view = desk.view(
            now_seconds,
            standing=Screen.FIRE if fire else standing,
            online=online,
            clock_sure=clock_sure,
            lane_name=lane.name if lane is not None else "",
            lost=tuple(method for method in offered if method in lost),
        )
        if view != self._shown.get(desk.lane_id):
            self._shown[desk.lane_id] = view
            screen.show(view)

    def _show_result(self, desk: LaneDesk) -> None:
        # Two refusals in a row are two, though they look alike: their ends differ.
        shows = desk.shows
        timed = desk.screen if shows is desk.screen.shows else desk.calls
        result = (shows, timed.until_seconds)
        if result == self._results.get(desk.lane_id):
            return
        self._results[desk.lane_id] = result
        shown = ReaderResult.WAIT if desk.screen.message == SECOND_METHOD else RESULTS.get(shows)
        if shown is not None:
            for reader in self._readers.get(desk.lane_id, ()):
                reader.show(shown)

    @staticmethod
    def _offered(
        lane: LaneRecord | None, policy: Policy | None, now: datetime, *, face_ready: bool
    ) -> tuple[Method, ...]:
        if lane is None or policy is None:
            return ()
        return tuple(
            method
            for method in Method
            if method in lane.methods
            and (
                method not in lane.method_hours
                or policy.calendar.inside(policy.hours[lane.method_hours[method]], now)
            )
            and (method is not Method.FACE or face_ready)
        )
