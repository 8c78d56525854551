"""A reader that shows results, and its controller."""

from datetime import UTC, datetime

from gate_controller.control.screens import Screens
from gate_controller.lane.state import LaneDesk
from hardware.interfaces import ReaderResult

NOW = datetime(2026, 5, 4, 8, tzinfo=UTC)


class Reader:
    """Remembers what it was to show."""

    name = "north"

    def __init__(self) -> None:
        self.shown: list[ReaderResult] = []

    def show(self, result: ReaderResult) -> None:
        self.shown.append(result)


def refresh(screens: Screens, desk: LaneDesk, now_seconds: float) -> None:
    screens.refresh(
        desk, None, NOW, now_seconds, posture=None, online=True, clock_sure=True, face_ready=False, fire=False
    )
