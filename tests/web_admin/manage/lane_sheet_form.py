"""The form of a lane sheet."""

SHEET = "/manage/lanes/garage-out/sheet"

EDIT = f"{SHEET}/edit"

FORM = {
    "lock": "fail_secure_strike",
    "fails": "secure",
    "safety_input": "",
    "on_escape_route": "yes",
    "free_exit": "handle",
    "fire_release": "mechanical",
    "manual_release": "y",
    "exit_sign_photo": "binder 1, exit",
    "exit_sign_date": "2026-02-01",
    "reader_heights_mm": "1100",
    "opening_width_mm": "950",
    "is_accessible_lane": "y",
    "emergency_access": "key box at the guard's window",
    "last_drill": "2026-02-01",
    "camera_location": "gate_outside",
    "camera_view": "the person at the screen; the windows opposite are masked",
    "camera_sign_photo": "binder 1, camera",
    "camera_sign_date": "2026-02-01",
}
