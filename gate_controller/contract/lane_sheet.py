"""Lane sheets: what an installer measured and photographed at a lane, and the rules for it.

A sheet is evidence that the way out is free without Menjin: exit and fire release are wired in
hardware, software only observes them. Pure: `must_findings` refuse a lane, whatever the day; the
warnings of `check_sheet` may depend on today and never take a lane down.

Rules are named as in docs/requirements.md. P6: a delayed exit is not offered; no key can say one.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, Literal

import msgspec

Text = Annotated[str, msgspec.Meta(max_length=200)]
Millimetres = Annotated[int, msgspec.Meta(ge=1, le=20_000)]

LOWEST_REACH_MM, HIGHEST_REACH_MM = 380, 1220
"""Reach of a person in a wheelchair, in millimetres above the floor (ADA 308, EN 301 549)."""
NARROWEST_OPENING_MM = 815
"""Clear opening for a wheelchair (ADA 404)."""
DRILL_DAYS = 92
"""Release drills come every quarter."""
DRIVES = ("pulse_motor", "barrier")
PULSED_ONLY = (*DRIVES, "turnstile")
"""Drives that receive one order to open and close automatically; no posture holds them."""


class LaneSheet(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One lane as it was found on the day of fitting; what was not said counts as absent.

    `free_exit`: `handle` opens the lock mechanically; `button_cuts_power` (or a switch in the handle)
    interrupts the lock's own power; `sensor_and_button` does so on approach as well.
    `fire_release`: `wired_to_lock_power` is a contact of the fire panel in the lock's supply, or at a
    drive's own emergency-open input. `*_photo` says where a photograph is kept; none is stored here.
    """

    lock: Literal["fail_secure_strike", "fail_safe_magnet", "pulse_motor", "barrier", "turnstile"] | None = (
        None
    )
    fails: Literal["safe", "secure"] | None = None
    on_escape_route: bool | None = None
    free_exit: Literal["handle", "button_cuts_power", "sensor_and_button", "none"] = "none"
    fire_release: Literal["wired_to_lock_power", "mechanical", "none"] = "none"
    manual_release: bool = False
    exit_sign_photo: Text = ""
    exit_sign_date: date | None = None
    safety_input: Literal["photocell", "edge", "loop", "none"] = "none"
    reader_heights_mm: Annotated[tuple[Millimetres, ...], msgspec.Meta(max_length=8)] = ()
    opening_width_mm: Millimetres | None = None
    is_accessible_lane: bool = False
    emergency_access: Text = ""
    last_drill: date | None = None
    camera_location: Literal["gate_outside", "courtyard", "lobby", "corridor", "private"] | None = None
    camera_view: Text = ""
    camera_sign_photo: Text = ""
    camera_sign_date: date | None = None


@dataclass(frozen=True, slots=True)
class LaneFacts:
    """Facts about the lane from outside its sheet; None where the caller does not know them."""

    lock: str | None = None
    has_camera: bool = False
    direction: str | None = None
    missing_methods: tuple[str, ...] = ()
    """Ways that other lanes of the gate offer in this direction and this one does not."""
    other_accessible_lane: bool = True
    """True if another lane of the gate is recorded as wide enough for a wheelchair."""


@dataclass(frozen=True, slots=True)
class SheetRule:
    """One thing that can be wrong; `key` is the field of the sheet, `sentence` has %-placeholders."""

    rule: str
    key: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with a sheet; `code` is stable and names the sentence in any language."""

    code: str
    must: bool
    values: Mapping[str, str | int] = field(default_factory=dict)

    @property
    def rule(self) -> str:
        """Return the id of the rule, as in docs/requirements.md."""
        return SHEET_RULES[self.code].rule

    @property
    def key(self) -> str:
        """Return the field of the sheet that the finding is about."""
        return SHEET_RULES[self.code].key

    @property
    def text(self) -> str:
        """Return the English sentence with the rule's id."""
        return f"{SHEET_RULES[self.code].sentence % self.values} (rule {self.rule})"


SHEET_RULES: Mapping[str, SheetRule] = {
    # refused
    "lock_not_said": SheetRule("P5", "lock", "Say what hangs on the lane's output."),
    "lock_differs": SheetRule(
        "P5",
        "lock",
        "The sheet says %(said)s and the lane says %(known)s: look at the lock and correct the wrong one.",
    ),
    "fails_not_said": SheetRule(
        "P5", "fails", "Say whether the lane is free (safe) or locked (secure) when its power is gone."
    ),
    "magnet_fails_safe": SheetRule(
        "P5", "fails", "A magnet lets go when its power is gone: it fails safe. Correct the lock or this."
    ),
    "strike_fails_secure": SheetRule(
        "P5",
        "fails",
        "A fail-secure strike stays locked when its power is gone: it fails secure. Correct the lock or "
        "this.",
    ),
    "escape_not_said": SheetRule(
        "P2", "on_escape_route", "Say whether people leave through this lane in an emergency."
    ),
    "escape_no_free_exit": SheetRule(
        "P2",
        "free_exit",
        "An escape route opens from inside without card, PIN, phone or face. Fit a handle that opens the "
        "lock, or a button that cuts its power.",
    ),
    "escape_no_fire_release": SheetRule(
        "P1",
        "fire_release",
        "On an escape route a fire alarm opens the way out by wire. Put the fire panel's contact into the "
        "lock's power, or fit a lock that always opens from inside.",
    ),
    "escape_no_manual_release": SheetRule(
        "P3",
        "manual_release",
        "An escape route needs a hand release on the spot that works without card and without Menjin.",
    ),
    "escape_magnet_handle": SheetRule(
        "P4",
        "free_exit",
        "A handle alone does not open a magnet. Fit an exit button that cuts the magnet's power, with a "
        "sensor where you can.",
    ),
    "escape_magnet_fire": SheetRule(
        "P4",
        "fire_release",
        "A magnet on an escape route lets go on fire alarm. Put the fire panel's contact into its power.",
    ),
    "escape_fail_secure": SheetRule(
        "P5",
        "fails",
        "A lock that stays locked without power may hang on an escape route only where a handle opens it "
        "from inside.",
    ),
    "escape_turnstile": SheetRule(
        "P7",
        "fails",
        "A turnstile on an escape route turns freely when its power is gone. Choose one that does.",
    ),
    "drive_no_safety_input": SheetRule(
        "P9",
        "safety_input",
        "A powered gate or barrier needs its own photocell, safety edge or loop, wired to its drive.",
    ),
    "camera_not_placed": SheetRule("B9", "camera_location", "Say where the lane's camera hangs."),
    "camera_private": SheetRule(
        "B9",
        "camera_location",
        "No camera may hang in a private place such as a home, toilet or changing room. Take it down.",
    ),
    "camera_no_view": SheetRule(
        "B9", "camera_view", "Write what the camera sees and what is masked, such as a neighbour's windows."
    ),
    "camera_no_sign": SheetRule(
        "B9",
        "camera_sign_photo",
        "Put up a sign at the camera that says who films what for, and write down where its photo is kept.",
    ),
    "camera_no_sign_date": SheetRule(
        "B9", "camera_sign_date", "Write on which day the sign was photographed."
    ),
    # warned
    "magnet_no_sensor": SheetRule(
        "P4", "free_exit", "A magnet is best released by a sensor on approach as well as by the button."
    ),
    "no_exit_sign": SheetRule(
        "P2", "exit_sign_photo", "Put up a sign that says how to get out, and write down photo and date."
    ),
    "turnstile_locks": SheetRule(
        "P7", "fails", "A turnstile should turn freely when its power is gone, also outside escape routes."
    ),
    "no_emergency_access": SheetRule(
        "P11",
        "emergency_access",
        "Say how ambulance and fire brigade get in without a resident: key box or emergency code.",
    ),
    "no_heights": SheetRule("A6", "reader_heights_mm", "Measure how high readers, keypad and buttons are."),
    "reader_too_high": SheetRule(
        "A6",
        "reader_heights_mm",
        "The reader at %(height)d mm is out of reach from a wheelchair (at most %(limit)d mm). Fit a second, "
        "lower one.",
    ),
    "reader_too_low": SheetRule(
        "A6",
        "reader_heights_mm",
        "The reader at %(height)d mm is out of reach (at least %(limit)d mm). Fit it higher.",
    ),
    "no_width": SheetRule("A7", "opening_width_mm", "Measure the clear opening of the accessible lane."),
    "too_narrow": SheetRule(
        "A7",
        "opening_width_mm",
        "The opening of %(width)d mm is too narrow for a wheelchair (at least %(limit)d mm).",
    ),
    "no_accessible_lane": SheetRule(
        "A7", "is_accessible_lane", "No lane of this gate is recorded as wide enough for a wheelchair."
    ),
    "accessible_lacks_ways": SheetRule(
        "A7",
        "is_accessible_lane",
        "The accessible lane does not offer every way that its neighbours offer. Missing: %(methods)s.",
    ),
    "no_drill": SheetRule("P12", "last_drill", "Try all releases and write down the day of the drill."),
    "drill_old": SheetRule(
        "P12",
        "last_drill",
        "The last release drill was %(days)d days ago: try all releases again (every %(limit)d days).",
    ),
    "date_ahead": SheetRule("P12", "last_drill", "A date on this sheet lies in the future. Correct it."),
}


def must_findings(sheet: LaneSheet, facts: LaneFacts) -> tuple[Finding, ...]:
    """Return why the lane may not go live; empty when it may. Depends on no day."""
    return tuple(Finding(code, True, values) for code, values in _wrong(sheet, facts))


def check_sheet(sheet: LaneSheet, facts: LaneFacts, today: date) -> tuple[Finding, ...]:
    """Return everything that is wrong with a sheet, what refuses it first."""
    warned = (Finding(code, False, values) for code, values in _doubtful(sheet, facts, today))
    return (*must_findings(sheet, facts), *warned)


_Wrong = Iterator[tuple[str, Mapping[str, str | int]]]


def _wrong(sheet: LaneSheet, facts: LaneFacts) -> _Wrong:
    lock = facts.lock or sheet.lock
    if lock is None:
        yield "lock_not_said", {}
    if facts.lock is not None and sheet.lock is not None and sheet.lock != facts.lock:
        yield "lock_differs", {"said": sheet.lock, "known": facts.lock}
    if sheet.fails is None:
        yield "fails_not_said", {}
    elif lock == "fail_safe_magnet" and sheet.fails != "safe":
        yield "magnet_fails_safe", {}
    elif lock == "fail_secure_strike" and sheet.fails != "secure":
        yield "strike_fails_secure", {}
    if sheet.on_escape_route is None:
        yield "escape_not_said", {}
    if sheet.on_escape_route:
        yield from _wrong_on_escape_route(sheet, lock)
    if lock in DRIVES and sheet.safety_input == "none":
        yield "drive_no_safety_input", {}
    if facts.has_camera or sheet.camera_location is not None:
        yield from _wrong_with_camera(sheet)


def _wrong_on_escape_route(sheet: LaneSheet, lock: str | None) -> _Wrong:
    magnet = lock == "fail_safe_magnet"
    if sheet.free_exit == "none":
        yield "escape_no_free_exit", {}
    elif magnet and sheet.free_exit == "handle":
        yield "escape_magnet_handle", {}
    if sheet.fire_release == "none":
        yield "escape_no_fire_release", {}
    elif magnet and sheet.fire_release != "wired_to_lock_power":
        yield "escape_magnet_fire", {}
    if not sheet.manual_release:
        yield "escape_no_manual_release", {}
    if sheet.fails == "secure" and lock == "turnstile":
        yield "escape_turnstile", {}
    elif sheet.fails == "secure" and sheet.free_exit != "handle" and not magnet:
        yield "escape_fail_secure", {}


def _wrong_with_camera(sheet: LaneSheet) -> _Wrong:
    if sheet.camera_location is None:
        yield "camera_not_placed", {}
    if sheet.camera_location == "private":
        yield "camera_private", {}
    if not sheet.camera_view.strip():
        yield "camera_no_view", {}
    if not sheet.camera_sign_photo.strip():
        yield "camera_no_sign", {}
    if sheet.camera_sign_date is None:
        yield "camera_no_sign_date", {}


def _doubtful(sheet: LaneSheet, facts: LaneFacts, today: date) -> _Wrong:
    lock = facts.lock or sheet.lock
    if sheet.on_escape_route:
        if lock == "fail_safe_magnet" and sheet.free_exit == "button_cuts_power":
            yield "magnet_no_sensor", {}
        if not sheet.exit_sign_photo.strip() or sheet.exit_sign_date is None:
            yield "no_exit_sign", {}
    elif lock == "turnstile" and sheet.fails == "secure":
        yield "turnstile_locks", {}
    if facts.direction != "out" and not sheet.emergency_access.strip():
        yield "no_emergency_access", {}
    yield from _doubtful_measures(sheet, facts)
    dates = (sheet.last_drill, sheet.exit_sign_date, sheet.camera_sign_date)
    if any(day is not None and day > today for day in dates):
        yield "date_ahead", {}
    if sheet.last_drill is None:
        yield "no_drill", {}
    elif (days := (today - sheet.last_drill).days) > DRILL_DAYS:
        yield "drill_old", {"days": days, "limit": DRILL_DAYS}


def _doubtful_measures(sheet: LaneSheet, facts: LaneFacts) -> _Wrong:
    heights = sheet.reader_heights_mm
    if not heights:
        yield "no_heights", {}
    elif not any(LOWEST_REACH_MM <= height <= HIGHEST_REACH_MM for height in heights):
        highest = max(heights)
        if highest > HIGHEST_REACH_MM:
            yield "reader_too_high", {"height": highest, "limit": HIGHEST_REACH_MM}
        else:
            yield "reader_too_low", {"height": highest, "limit": LOWEST_REACH_MM}
    if not sheet.is_accessible_lane:
        if not facts.other_accessible_lane:
            yield "no_accessible_lane", {}
        return
    if sheet.opening_width_mm is None:
        yield "no_width", {}
    elif sheet.opening_width_mm < NARROWEST_OPENING_MM:
        yield "too_narrow", {"width": sheet.opening_width_mm, "limit": NARROWEST_OPENING_MM}
    if facts.missing_methods:
        yield "accessible_lacks_ways", {"methods": ", ".join(facts.missing_methods)}
