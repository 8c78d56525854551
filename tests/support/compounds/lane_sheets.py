"""A lane sheet that keeps every rule, for tests that are about something else."""

from datetime import date

from gate_controller.contract.lane_sheet import LaneSheet

FITTED_ON = date(2026, 2, 1)
WHOLE_SHEET = LaneSheet(
    lock="fail_secure_strike",
    fails="secure",
    on_escape_route=True,
    free_exit="handle",
    fire_release="mechanical",
    manual_release=True,
    exit_sign_photo="binder 1, exit",
    exit_sign_date=FITTED_ON,
    reader_heights_mm=(1100,),
    opening_width_mm=950,
    is_accessible_lane=True,
    emergency_access="key box at the guard's window",
    last_drill=FITTED_ON,
    camera_location="gate_outside",
    camera_view="the person at the screen; the windows opposite are masked",
    camera_sign_photo="binder 1, camera",
    camera_sign_date=FITTED_ON,
)
