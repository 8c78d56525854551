"""Texts of lane sheets: each field's question and answers, and every rule's sentence."""

from collections.abc import Mapping

from flask_babel import LazyString
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from gate_controller.contract.lane_sheet import Finding
from web_admin.core import texts as core_texts
from web_admin.credentials.texts import METHODS
from web_admin.gates.sheet_status import LaneStatus

LOCKS: Mapping[str, LazyString] = {
    "fail_secure_strike": _l("Electric strike that stays locked without power"),
    "fail_safe_magnet": _l("Magnetic lock or fail-safe strike"),
    "pulse_motor": _l("Gate motor"),
    "barrier": _l("Barrier"),
    "turnstile": _l("Turnstile"),
}
FAILS: Mapping[str, LazyString] = {
    "safe": _l("The lane is free"),
    "secure": _l("The lane stays locked"),
}
YES_NO: Mapping[str, LazyString] = {"yes": _l("Yes"), "no": _l("No")}
FREE_EXITS: Mapping[str, LazyString] = {
    "handle": _l("A handle opens the lock"),
    "button_cuts_power": _l("A button, or a switch in the handle, cuts the lock's power"),
    "sensor_and_button": _l("A sensor on approach and a button cut the lock's power"),
    "none": _l("Nothing"),
}
FIRE_RELEASES: Mapping[str, LazyString] = {
    "wired_to_lock_power": _l("The fire panel's contact is wired into the lock's power or the drive"),
    "mechanical": _l("The lock always opens from inside"),
    "none": _l("Nothing"),
}
SAFETY_INPUTS: Mapping[str, LazyString] = {
    "photocell": _l("Photocell"),
    "edge": _l("Safety edge"),
    "loop": _l("Loop in the ground"),
    "none": _l("None"),
}
CAMERA_LOCATIONS: Mapping[str, LazyString] = {
    "gate_outside": _l("Outside at the gate"),
    "courtyard": _l("Courtyard"),
    "lobby": _l("Lobby"),
    "corridor": _l("Corridor"),
    "private": _l("A private place"),
}
CHOICES: Mapping[str, Mapping[str, LazyString]] = {
    "lock": LOCKS,
    "fails": FAILS,
    "on_escape_route": YES_NO,
    "free_exit": FREE_EXITS,
    "fire_release": FIRE_RELEASES,
    "safety_input": SAFETY_INPUTS,
    "camera_location": CAMERA_LOCATIONS,
}
LABELS: Mapping[str, LazyString] = {
    "lock": _l("Kind of lock"),
    "fails": _l("When the power is gone"),
    "on_escape_route": _l("People leave here in an emergency"),
    "free_exit": _l("What lets people out without card or phone"),
    "fire_release": _l("What a fire alarm does"),
    "manual_release": _l("A hand release on the spot works without Menjin"),
    "exit_sign_photo": _l("Photo of the exit sign"),
    "exit_sign_date": _l("Photographed on"),
    "safety_input": _l("What stops it when someone is in the way"),
    "reader_heights_mm": _l("Heights of readers, keypad and buttons (mm)"),
    "opening_width_mm": _l("Clear opening (mm)"),
    "is_accessible_lane": _l("This is the gate's lane for wheelchairs"),
    "emergency_access": _l("How ambulance and fire brigade get in"),
    "last_drill": _l("Last release drill"),
    "camera_location": _l("Where the camera hangs"),
    "camera_view": _l("What it sees, and what is masked"),
    "camera_sign_photo": _l("Photo of the sign at the camera"),
    "camera_sign_date": _l("Photographed on"),
}
GROUPS: tuple[tuple[LazyString, tuple[str, ...]], ...] = (
    (_l("The lock"), ("lock", "fails", "safety_input")),
    (
        _l("The way out"),
        (
            "on_escape_route",
            "free_exit",
            "fire_release",
            "manual_release",
            "exit_sign_photo",
            "exit_sign_date",
        ),
    ),
    (_l("Reach and width"), ("reader_heights_mm", "opening_width_mm", "is_accessible_lane")),
    (_l("Camera"), ("camera_location", "camera_view", "camera_sign_photo", "camera_sign_date")),
    (_l("Emergencies"), ("emergency_access", "last_drill")),
)
SENTENCES: Mapping[str, LazyString] = {
    "lock_not_said": _l("Say what hangs on the lane's output."),
    "lock_differs": _l(
        "The sheet says %(said)s and the lane says %(known)s: look at the lock and correct the wrong one."
    ),
    "fails_not_said": _l("Say whether the lane is free (safe) or locked (secure) when its power is gone."),
    "magnet_fails_safe": _l(
        "A magnet lets go when its power is gone: it fails safe. Correct the lock or this."
    ),
    "strike_fails_secure": _l(
        "A fail-secure strike stays locked when its power is gone: it fails secure. Correct the lock or this."
    ),
    "escape_not_said": _l("Say whether people leave through this lane in an emergency."),
    "escape_no_free_exit": _l(
        "An escape route opens from inside without card, PIN, phone or face. Fit a handle that opens the "
        "lock, or a button that cuts its power."
    ),
    "escape_no_fire_release": _l(
        "On an escape route a fire alarm opens the way out by wire. Put the fire panel's contact into the "
        "lock's power, or fit a lock that always opens from inside."
    ),
    "escape_no_manual_release": _l(
        "An escape route needs a hand release on the spot that works without card and without Menjin."
    ),
    "escape_magnet_handle": _l(
        "A handle alone does not open a magnet. Fit an exit button that cuts the magnet's power, with a "
        "sensor where you can."
    ),
    "escape_magnet_fire": _l(
        "A magnet on an escape route lets go on fire alarm. Put the fire panel's contact into its power."
    ),
    "escape_fail_secure": _l(
        "A lock that stays locked without power may hang on an escape route only where a handle opens it "
        "from inside."
    ),
    "escape_turnstile": _l(
        "A turnstile on an escape route turns freely when its power is gone. Choose one that does."
    ),
    "drive_no_safety_input": _l(
        "A powered gate or barrier needs its own photocell, safety edge or loop, wired to its drive."
    ),
    "camera_not_placed": _l("Say where the lane's camera hangs."),
    "camera_private": _l(
        "No camera may hang in a private place such as a home, toilet or changing room. Take it down."
    ),
    "camera_no_view": _l("Write what the camera sees and what is masked, such as a neighbour's windows."),
    "camera_no_sign": _l(
        "Put up a sign at the camera that says who films what for, and write down where its photo is kept."
    ),
    "camera_no_sign_date": _l("Write on which day the sign was photographed."),
    "magnet_no_sensor": _l("A magnet is best released by a sensor on approach as well as by the button."),
    "no_exit_sign": _l("Put up a sign that says how to get out, and write down photo and date."),
    "turnstile_locks": _l(
        "A turnstile should turn freely when its power is gone, also outside escape routes."
    ),
    "no_emergency_access": _l(
        "Say how ambulance and fire brigade get in without a resident: key box or emergency code."
    ),
    "no_heights": _l("Measure how high readers, keypad and buttons are."),
    "reader_too_high": _l(
        "The reader at %(height)d mm is out of reach from a wheelchair (at most %(limit)d mm). Fit a second, "
        "lower one."
    ),
    "reader_too_low": _l(
        "The reader at %(height)d mm is out of reach (at least %(limit)d mm). Fit it higher."
    ),
    "no_width": _l("Measure the clear opening of the accessible lane."),
    "too_narrow": _l("The opening of %(width)d mm is too narrow for a wheelchair (at least %(limit)d mm)."),
    "no_accessible_lane": _l("No lane of this gate is recorded as wide enough for a wheelchair."),
    "accessible_lacks_ways": _l(
        "The accessible lane does not offer every way that its neighbours offer. Missing: %(methods)s."
    ),
    "no_drill": _l("Try all releases and write down the day of the drill."),
    "drill_old": _l(
        "The last release drill was %(days)d days ago: try all releases again (every %(limit)d days)."
    ),
    "date_ahead": _l("A date on this sheet lies in the future. Correct it."),
}
"""By code: the sentence of `lane_sheet.SHEET_RULES`, word for word, so that it is translated."""


def finding_text(finding: Finding) -> LazyString:
    return LazyString(_finding_text, finding)


def _finding_text(finding: Finding) -> str:
    values = dict(finding.values)
    if "methods" in values:
        missing = str(values["methods"]).split(", ")
        values["methods"] = ", ".join(str(core_texts.word(METHODS, method)) for method in missing)
    return str(SENTENCES[finding.code]) % values


def lane_status_text(status: LaneStatus) -> str:
    """Return the text of a lane that is not fully live; "" for one that is."""
    if status.word == "missing":
        return str(_("Not live: lane sheet missing"))
    if status.word == "broken":
        return str(_("Not live: lane sheet against the rules"))
    return str(_("Lane sheet missing")) if status.word == "inherited" else ""
