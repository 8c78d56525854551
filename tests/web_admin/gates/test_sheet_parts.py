"""A lane sheet asks one part at a time, and only what the lock and the way out need."""

import pytest

from gate_controller.contract.lane_sheet import LaneSheet
from web_admin.gates.sheet_parts import parts_of, with_what_follows


@pytest.mark.parametrize(
    ("sheet", "asked"),
    [
        (LaneSheet(), ["lock", "escape", "reach", "camera"]),
        (LaneSheet(lock="fail_secure_strike"), ["lock", "escape", "reach", "camera"]),
        (LaneSheet(lock="turnstile"), ["lock", "power", "escape", "reach", "camera"]),
        (LaneSheet(lock="barrier", on_escape_route=False), ["lock", "power", "escape", "reach", "camera"]),
        (
            LaneSheet(lock="fail_safe_magnet", on_escape_route=True, camera_location="lobby"),
            ["lock", "escape", "exit", "exit_sign", "reach", "camera", "camera_sign"],
        ),
    ],
)
def test_only_what_the_lane_needs_is_asked(sheet, asked) -> None:
    assert [part.key for part in parts_of(sheet)] == asked


def test_a_drive_alone_is_asked_for_its_safety_input() -> None:
    fields = {
        lock: {name for part in parts_of(LaneSheet(lock=lock)) for name in part.fields}
        for lock in ("barrier", "turnstile")
    }
    assert "safety_input" in fields["barrier"]
    assert "safety_input" not in fields["turnstile"]


@pytest.mark.parametrize(
    ("lock", "fails"), [("fail_secure_strike", "secure"), ("fail_safe_magnet", "safe"), ("barrier", None)]
)
def test_what_a_lock_does_without_power_follows_from_its_kind(lock, fails) -> None:
    assert with_what_follows(LaneSheet(lock=lock)).fails == fails
