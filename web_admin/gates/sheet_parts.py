"""Ask a lane sheet in parts: only what this kind of lock and this way out need, and answers that follow."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from gate_controller.contract.lane_sheet import DRIVES, LaneSheet

FOLLOWS = {"fail_secure_strike": "secure", "fail_safe_magnet": "safe"}
"""State of such a lock without power, which follows from its kind, so no one is asked."""
EXIT_FIELDS = ("free_exit", "fire_release", "manual_release")


@dataclass(frozen=True, slots=True)
class SheetPart:
    """One question of a sheet with the fields that belong to it."""

    key: str
    title: LazyString
    fields: tuple[str, ...]


def parts_of(sheet: LaneSheet) -> Sequence[SheetPart]:
    """Return what is to be asked about a lane, given what is known so far; more follows from answers."""
    parts = [SheetPart("lock", _l("Which kind of lock does the lane have?"), ("lock",))]
    if sheet.lock in DRIVES:
        parts.append(SheetPart("power", _l("Without power"), ("fails", "safety_input")))
    elif sheet.lock is not None and sheet.lock not in FOLLOWS:
        parts.append(SheetPart("power", _l("Without power"), ("fails",)))
    parts.append(
        SheetPart("escape", _l("Emergencies"), ("on_escape_route", "emergency_access", "last_drill"))
    )
    if sheet.on_escape_route:
        parts.append(SheetPart("exit", _l("The way out"), EXIT_FIELDS))
        parts.append(
            SheetPart("exit_sign", _l("The sign at the way out"), ("exit_sign_photo", "exit_sign_date"))
        )
    parts.append(
        SheetPart(
            "reach", _l("Reach and width"), ("reader_heights_mm", "opening_width_mm", "is_accessible_lane")
        )
    )
    parts.append(SheetPart("camera", _l("Camera"), ("camera_location",)))
    if sheet.camera_location is not None:
        parts.append(
            SheetPart(
                "camera_sign",
                _l("What the camera sees"),
                ("camera_view", "camera_sign_photo", "camera_sign_date"),
            )
        )
    return parts


def with_what_follows(sheet: LaneSheet) -> LaneSheet:
    """Return the sheet with what follows from the kind of lock filled in."""
    follows = FOLLOWS.get(sheet.lock or "")
    return msgspec.structs.replace(sheet, fails=follows) if follows else sheet
