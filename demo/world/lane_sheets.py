"""Lane sheets of the demo compound, with an installer's measurements and photographs."""

import json
from datetime import date

import msgspec

from gate_controller.contract.lane_sheet import LaneSheet

FITTED_ON = date(2026, 7, 1)


def sheet_of(lane_id: str, lock: str, *, camera: bool) -> LaneSheet:
    """Return the sheet of a lane; a barrier is no escape route and has a loop in the ground."""
    drive = lock in ("pulse_motor", "barrier")
    sheet = {
        "lock": lock,
        "fails": "safe" if lock == "fail_safe_magnet" else "secure",
        "on_escape_route": not drive,
        "free_exit": "none" if drive else "handle",
        "fire_release": "wired_to_lock_power" if drive else "mechanical",
        "manual_release": True,
        "safety_input": "loop" if drive else "none",
        "exit_sign_photo": "" if drive else f"binder 1, {lane_id}, exit",
        "exit_sign_date": None if drive else FITTED_ON,
        "reader_heights_mm": (1100,),
        "opening_width_mm": 2800 if drive else 950,
        "is_accessible_lane": not drive,
        "emergency_access": "key box at the guard's window",
        "last_drill": FITTED_ON,
    }
    if camera:
        sheet |= {
            "camera_location": "gate_outside",
            "camera_view": "the person at the screen; the road and the windows opposite are masked",
            "camera_sign_photo": f"binder 1, {lane_id}, camera",
            "camera_sign_date": FITTED_ON,
        }
    return msgspec.convert(sheet, LaneSheet)


def sheet_lines(lane_id: str, sheet: LaneSheet) -> list[str]:
    """Return a sheet as the lines of a site file."""
    said = {name: getattr(sheet, name) for name in sheet.__struct_fields__}
    return [
        f"[lane.{lane_id}.sheet]",
        *(f"{name} = {_value(value)}" for name, value in said.items() if value is not None and value != ""),
    ]


def _value(value: object) -> str:
    return value.isoformat() if isinstance(value, date) else json.dumps(value, ensure_ascii=False)
