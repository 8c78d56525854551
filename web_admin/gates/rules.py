"""Check a lane's settings: numbers, interlock and anti-passback."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from flask_babel import lazy_gettext as _

from gate_controller.contract.calendars import DAY_KINDS, WeeklyHours
from gate_controller.contract.policy import check_promise_one, offered_methods
from gate_controller.contract.records import LaneRecord, Method, PolicyRefused, Posture
from web_admin.action.base import MAX_TEXT_CHARS, checked_text
from web_admin.compound.gate_names import full_name
from web_admin.compound.models import Gate, Lane, Site
from web_admin.core.refusal import ActionRefused


def is_overridden(lane: Lane, now: datetime) -> bool:
    """Return whether a posture that staff set for a while is in force at a lane."""
    return lane.override_posture is not None and (lane.override_until is None or lane.override_until > now)


def check_interlock(gate: Gate, lane: LaneRecord) -> None:
    """Raise ActionRefused unless the lane is a way in that waits for other lanes of its own gate."""
    if not lane.interlock_with:
        return
    if lane.direction != "in":
        raise ActionRefused(
            "interlock_with", _("A way out never waits for another lane. Take the ticks away here.")
        )
    if lane.lane_id in lane.interlock_with:
        raise ActionRefused("interlock_with", _("A lane cannot wait for itself. Choose another one."))
    here = {other.lane_id for other in gate.lanes}
    for lane_id in lane.interlock_with:
        if lane_id not in here:
            raise ActionRefused(
                "interlock_with",
                _(
                    "%(lane)s is no lane of this gate. A lane waits only for lanes of its own gate, "
                    "because each gate works alone.",
                    lane=lane_id,
                ),
            )


def check_closed_area(saved: Lane, other_way_out: Lane | None) -> None:
    """Raise ActionRefused when people may leave by another gate, which this one never learns."""
    if saved.antipassback == "hard" and not saved.area_is_closed and other_way_out is not None:
        raise ActionRefused(
            "antipassback",
            _(
                "People who leave by %(lane)s would be refused here as still inside, because gates do not "
                "share who passed. Choose “report”, or confirm that this area is left through this gate "
                "alone.",
                lane=full_name(other_way_out),
            ),
        )


def check_antipassback(gate: Gate, saved: Lane) -> None:
    """Raise ActionRefused when, with the lane as saved, a lane refuses people whom no way out counts."""
    if saved.direction == "out" and saved.antipassback == "hard":
        raise ActionRefused("antipassback", _("A way out never refuses anyone: choose “off” or “report”."))
    ways_out = [lane for lane in gate.lanes if lane.direction == "out"]
    uncounted = next((lane for lane in ways_out if lane.antipassback == "off"), None)
    relying = [lane for lane in gate.lanes if lane.antipassback == "hard"]
    if not relying or (ways_out and uncounted is None):
        return
    if saved in relying:
        raise ActionRefused(
            "antipassback",
            _(
                "This refuses people who have not left, so every way out must count people, and %(lane)s does"
                " not. Switch it on there first, or choose “report”.",
                lane=full_name(uncounted),
            )
            if uncounted is not None
            else _(
                "This refuses people who have not left, but this gate has no way out that counts people."
                " Add one first, or choose “report”."
            ),
        )
    raise ActionRefused(
        "antipassback" if saved.direction == "out" else "direction",
        _(
            "%(lane)s refuses people who have not left, so every way out of this gate must count people. "
            "Choose “report” for %(lane)s first.",
            lane=full_name(relying[0]),
        ),
    )


SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
MAX_SLUG_CHARS = 40
MAX_NAME_CHARS = 60
INVISIBLE = ("Cc", "Cf")
"""Categories of Unicode: controls, and marks of format and direction."""
PULSE_SECONDS = (0.5, 60.0)
SLOW_PULSE_SECONDS = (0.5, 120.0)
STAFF_HOLD_MINUTES = (1, 480)
DIRECTIONS = ("in", "out")
OTHER_WAYS_BESIDE_FACE = 2


@dataclass(frozen=True, slots=True)
class LaneSpec:
    """A lane as the form gives it; `method_hours` and `posture_hours` are keyed as in `LaneRecord`."""

    lane_id: str
    name: str
    direction: str
    methods: tuple[str, ...]
    method_hours: Mapping[str, str] = field(default_factory=dict)
    pulse_seconds: float = 5.0
    slow_pulse_seconds: float = 15.0
    posture: str = "normal"
    posture_hours: Mapping[str, str] = field(default_factory=dict)
    interlock_with: tuple[str, ...] = ()
    antipassback: str = "off"
    staff_hold_minutes: int = 30
    area_is_closed: bool = False
    """True if the area behind this gate is left through this gate alone; for "hard" anti-passback."""


def wanted_lane(gate: Gate, spec: LaneSpec) -> LaneRecord:
    """Return the record of a lane as its form asks for it; raise ActionRefused on what is out of range."""
    if spec.direction not in DIRECTIONS:
        raise ActionRefused("direction", _("A lane leads in or out."))
    _check_range("pulse_seconds", spec.pulse_seconds, PULSE_SECONDS)
    _check_range("slow_pulse_seconds", spec.slow_pulse_seconds, SLOW_PULSE_SECONDS)
    if spec.slow_pulse_seconds < spec.pulse_seconds:
        raise ActionRefused("slow_pulse_seconds", _("The slow time may not be shorter than the usual one."))
    if set(spec.methods) - set(Method) or set(spec.method_hours) - set(spec.methods):
        raise ActionRefused("methods", _("Choose among card, PIN, QR code and face."))
    if {spec.posture, *spec.posture_hours.values()} - set(Posture):
        raise ActionRefused("posture", _("Choose normal, locked down, held open or out of use."))
    antipassback = ANTIPASSBACKS.get(spec.antipassback)
    if antipassback is None:
        raise ActionRefused("antipassback", _("Choose one of the offered values."))
    low, high = STAFF_HOLD_MINUTES
    if not low <= spec.staff_hold_minutes <= high:
        raise ActionRefused("staff_hold_minutes", _("From 1 to 480 minutes."))
    return LaneRecord(
        lane_id=spec.lane_id,
        gate_id=gate.gate_id,
        gate_number=gate.number,
        name=checked_name("name", spec.name, max_chars=MAX_TEXT_CHARS),
        direction="in" if spec.direction == "in" else "out",
        methods=tuple(method for method in Method if method in spec.methods),
        pulse_seconds=float(spec.pulse_seconds),
        slow_pulse_seconds=float(spec.slow_pulse_seconds),
        method_hours={Method(method): hours_id for method, hours_id in spec.method_hours.items()},
        posture=Posture(spec.posture),
        posture_hours={hours_id: Posture(posture) for hours_id, posture in spec.posture_hours.items()},
        interlock_with=tuple(dict.fromkeys(spec.interlock_with)),
        antipassback=antipassback,
        staff_hold_minutes=spec.staff_hold_minutes,
    )


def check_methods(site: Site, lane: LaneRecord, hours: Mapping[str, WeeklyHours]) -> None:
    """Raise ActionRefused where a lane offers methods that the site or its hours do not allow."""
    if Method.CARD not in lane.methods:
        raise ActionRefused(
            "methods", _("Every lane offers the card: it is the way in that needs neither phone nor memory.")
        )
    if Method.FACE in lane.methods and not site.face_enabled:
        raise ActionRefused("methods", _("Face is switched off for this compound."))
    try:
        check_promise_one({lane.lane_id: lane}, hours)
    except PolicyRefused as err:
        raise ActionRefused(
            "methods",
            _("Face would be the only way in: offer another one at the same hours (%(why)s).", why=str(err)),
        ) from err
    if Method.FACE in lane.methods and not _ways_beside_face(lane, hours):
        raise ActionRefused(
            "methods",
            _(
                "Whenever a lane offers face, it offers the card and one more way as well. "
                "Add PIN or QR code, or widen their hours."
            ),
        )


def check_face_code(gate: Gate) -> None:
    """Raise ActionRefused where the gate's program has no code for faces."""
    if gate.without_face:
        raise ActionRefused(
            "methods",
            _(
                "The program of %(gate)s was installed from the package without face: it has no code that "
                "could look at one. Leave face out here.",
                gate=gate.name,
            ),
        )


def _ways_beside_face(lane: LaneRecord, hours: Mapping[str, WeeklyHours]) -> bool:
    """Return whether face is never offered without the card and another way in the same minute."""
    edges = {0, *(edge for hours_id in lane.method_hours.values() for edge in hours[hours_id].edges())}
    return all(
        Method.FACE not in offered or (Method.CARD in offered and len(offered) > OTHER_WAYS_BESIDE_FACE)
        for day_kind in DAY_KINDS
        for eve_kind in DAY_KINDS
        for minute in edges
        for offered in [offered_methods(lane, hours, day_kind, eve_kind, minute)]
    )


def spec_of(lane: Lane) -> LaneSpec:
    """Return a stored lane as the form shows it."""
    return LaneSpec(
        lane.lane_id,
        lane.name,
        lane.direction,
        tuple(lane.methods),
        dict(lane.method_hours),
        lane.pulse_seconds,
        lane.slow_pulse_seconds,
        lane.posture,
        dict(lane.posture_hours),
        tuple(lane.interlock_with),
        lane.antipassback,
        lane.staff_hold_minutes,
        lane.area_is_closed,
    )


# -- shared ----------------------------------------------------------------------------------------


def check_slug(field_name: str, slug: str) -> None:
    """Raise ActionRefused unless this is a short name of small letters, digits and dashes."""
    if len(slug) > MAX_SLUG_CHARS or not SLUG.fullmatch(slug):
        raise ActionRefused(
            field_name, _("Use small letters, digits and dashes, at most 40, such as north or north-in.")
        )


def checked_name(field: str, name: str, *, max_chars: int = MAX_NAME_CHARS) -> str:
    """Return a name on one line; raise ActionRefused when it is empty, too long or has invisible signs."""
    line = " ".join(name.split())
    if any(unicodedata.category(char) in INVISIBLE for char in line):
        raise ActionRefused(
            field, _("There is an invisible sign in this name. Type it by hand instead of pasting it.")
        )
    return checked_text(field, line, max_chars=max_chars)


def name_key(name: str) -> str:
    """Return what two names share that people take for one."""
    return unicodedata.normalize("NFKC", name).casefold()


def _check_range(field_name: str, seconds: float, legal: tuple[float, float]) -> None:
    if not legal[0] <= seconds <= legal[1]:
        raise ActionRefused(
            field_name, _("Choose %(low)s to %(high)s seconds.", low=f"{legal[0]:g}", high=f"{legal[1]:g}")
        )


ANTIPASSBACKS: Mapping[str, Literal["off", "soft", "hard"]] = {"off": "off", "soft": "soft", "hard": "hard"}
