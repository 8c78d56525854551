"""Draw a gate's policy and an act of an office on it: what the gate is sent before, and what after.

On top of a drawn week: hours that never occur, a lane that no gate has, equal numbers of two cards, faces
with an end, passes for visitors, and records that a later version wrote.
"""

import json
import random  # noqa: TID251 - the same each time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from gate_controller.contract.passes import VisitorPass
from tests.promises.drawn_weeks import DAYS, HOME, LANE, ME, MINUTES, OTHER, WAY_OUT, draw_week

Records = dict[str, Any]
"""By key, as JSON."""


@dataclass(frozen=True)
class DrawnAct:
    """A policy before and after an act; `visitor` is a pass that the person gave out."""

    seed: int
    name: str
    begins: datetime
    issued_at: datetime | None
    before: dict[str, bytes]
    after: dict[str, bytes]
    visitor: VisitorPass | None


def draw_act(seed: int) -> DrawnAct:
    """Return the policies of a seed; some of them no gate takes."""
    chance = random.Random(seed)  # noqa: S311 - the same each time
    week = draw_week(chance.randrange(1 << 40))
    while seed % 5 == 1 and week.begins not in BEFORE_THE_CLOCK_GOES_FORWARD:
        week = draw_week(chance.randrange(1 << 40))
    records: Records = {key: json.loads(value) for key, value in week.wire.items()}
    _widen(chance, records, week.begins)
    OF_EVERY_FIFTH.get(seed % 5, _leave)(records, week.begins)
    before = json.dumps(records)
    act = OWN_ACTS.get(seed % 5) or chance.choice(ACTS)
    act(chance, records, week.begins)
    if chance.random() < 0.2 and f"person:{ME}" in records:
        chance.choice(ACTS)(chance, records, week.begins)
    visitor = None
    if chance.random() < 0.3:
        first = week.begins + timedelta(minutes=chance.randrange(-3000, MINUTES))
        last = first + timedelta(minutes=chance.choice((90, 2000, 9000)))
        numbers = chance.choice(((1,), (1, 2), (2,)))
        visitor = VisitorPass("00000000000000b1", ME, numbers, first, last, chance.choice((0, 1)))
    # A gate in contact is never too old; one that has been silent for weeks may be.
    issued_at = week.issued_at if chance.random() < 0.4 else None
    wires = _wire(json.loads(before)), _wire(records)
    return DrawnAct(seed, act.__name__, week.begins, issued_at, *wires, visitor)


def _wire(records: Records) -> dict[str, bytes]:
    return {key: json.dumps(value).encode() for key, value in records.items()}


def _instant(chance: random.Random, begins: datetime) -> str:
    moment = begins + timedelta(minutes=chance.randrange(-600, MINUTES + 600))
    return moment.isoformat().replace("+00:00", "Z")


def _widen(chance: random.Random, records: Records, begins: datetime) -> None:
    for person_id in (ME, OTHER):
        person = records[f"person:{person_id}"]
        if chance.random() < 0.5:
            records[f"face:{person_id}"]["valid_until"] = _instant(chance, begins)
        if chance.random() < 0.3:
            del records[f"face:{person_id}"]
            person["methods"].remove("face")
        if chance.random() < 0.2:
            person["grants"][0]["lanes"].append("south-in")
    if chance.random() < 0.2:
        holidays = {"days": ["holiday"], "from_minute": 0, "until_minute": 1440}
        records["hours:h1"]["spans"] = [holidays] if chance.random() < 0.5 else []
    cards = [one for key, one in records.items() if key.startswith("credential:") and one["kind"] == "card"]
    if len(cards) > 1 and chance.random() < 0.15:
        cards[0]["tag"] = cards[-1]["tag"]
    if chance.random() < 0.06:
        chance.choice(list(records.values()))["of_a_later_version"] = 1
    if chance.random() < 0.1:
        records["ended_pass:00000000000000b1"] = {
            "pass_id": "00000000000000b1",
            "until": _instant(chance, begins),
        }


# -- what chance finds too seldom -----------------------------------------------------------------------

BEFORE_THE_CLOCK_GOES_FORWARD = {
    datetime(2026, 3, 26, tzinfo=UTC),
    datetime(2027, 3, 11, tzinfo=UTC),
    datetime(2026, 10, 1, tzinfo=UTC),
}
APART = {ME: 1000, OTHER: 4000}
"""Minutes after which each of two people who are otherwise alike may pass."""


def _leave(_records: Records, _begins: datetime) -> None:
    """Leave a policy as chance drew it."""


def _let_hours_end_within_the_hour_that_is_left_out(records: Records, _begins: datetime) -> None:
    """Bind all rights to hours that end at a time which the clock skips on one night of the week."""
    _simplify(records)
    spans = [{"days": list(DAYS), "from_minute": 90, "until_minute": 150}]
    records["hours:h0"]["spans"] = spans
    for person_id in APART:
        records[f"person:{person_id}"]["grants"] = [{"lanes": [LANE, WAY_OUT], "hours_id": "h0"}]


def _make_two_people_alike_but_for_when_they_begin(records: Records, begins: datetime) -> None:
    _simplify(records)
    for person_id, minute in APART.items():
        at = (begins + timedelta(minutes=minute)).isoformat().replace("+00:00", "Z")
        records[f"person:{person_id}"]["grants"] = [{"lanes": [LANE, WAY_OUT], "valid_from": at}]


def _simplify(records: Records) -> None:
    """Give both people a phone each and nothing else, and lanes that always take it."""
    for key in [key for key in records if key.partition(":")[0] in ("credential", "face", "ended_pass")]:
        del records[key]
    for number, person_id in enumerate(APART):
        records[f"person:{person_id}"] = {
            "person_id": person_id,
            "methods": ["card", "qr"],
            "grants": [],
            "home_id": HOME,
        }
        credential_id = f"{number + 20:016x}"
        records[f"credential:{credential_id}"] = {
            "kind": "qr",
            "credential_id": credential_id,
            "person_id": person_id,
        }
    for lane_id in (LANE, WAY_OUT):
        lane = records[f"lane:{lane_id}"]
        for name in ("posture_hours", "posture_override", "of_a_later_version"):
            lane.pop(name, None)
        lane |= {"methods": ["card", "qr"], "method_hours": {}}


def shut_lane(_chance: random.Random, records: Records, _begins: datetime) -> None:
    """Lock a lane down for good."""
    records[f"lane:{LANE}"]["posture"] = "lockdown"


OF_EVERY_FIFTH: dict[int, Callable[[Records, datetime], None]] = {
    1: _let_hours_end_within_the_hour_that_is_left_out,
    2: _make_two_people_alike_but_for_when_they_begin,
}
"""By the rest of the seed: so each of them is among any five acts."""


# -- acts --------------------------------------------------------------------------------------------


def change_hours(chance: random.Random, records: Records, _begins: datetime) -> None:
    """Give named hours other spans, or none."""
    start, end = chance.choice(((480, 1200), (1320, 360), (120, 180), (90, 150), (0, 1440)))
    days = list(chance.choice((DAYS, DAYS[:5], ("sat", "sun"), ("holiday",))))
    spans = [{"days": days, "from_minute": start, "until_minute": end}] if chance.random() < 0.8 else []
    records[f"hours:h{chance.randrange(3)}"]["spans"] = spans


def change_holidays(chance: random.Random, records: Records, begins: datetime) -> None:
    """Make other days holidays."""
    days = [(begins + timedelta(days=number)).date().isoformat() for number in range(-1, 8)]
    records["calendar"]["exceptions"] = {day: chance.choice(DAYS) for day in days if chance.random() < 0.3}


def change_grants(chance: random.Random, records: Records, begins: datetime) -> None:
    """Bind a grant to hours or dates, free it, or take all."""
    grant = chance.choice(records[f"person:{ME}"]["grants"])
    grant.pop("hours_id", None)
    what = chance.randrange(5)
    if what == 0:
        grant["hours_id"] = f"h{chance.randrange(3)}"
    elif what == 1:
        grant["valid_until"] = _instant(chance, begins)
    elif what == 2:
        grant["valid_from"] = _instant(chance, begins)
    elif what == 3:
        grant["lanes"] = [WAY_OUT] if chance.random() < 0.5 else ["south-in"]
    else:
        grant["lanes"] = [LANE, WAY_OUT]


def change_person(chance: random.Random, records: Records, _begins: datetime) -> None:
    """Suspend, choose other ways, ask for two, become staff, or move out."""
    person = records[f"person:{ME}"]
    what = chance.randrange(5)
    if what == 0:
        person["suspended"] = not person.get("suspended", False)
    elif what == 1:
        kept = [one for one in ("card", "pin", "qr") if chance.random() < 0.5]
        person["methods"] = [*kept, *(["face"] if "face" in person["methods"] else [])]
    elif what == 2:
        person["two_methods"] = {"from_minute": chance.choice((0, 130, 1320)), "until_minute": 400}
    elif what == 3:
        person["may_override"] = not person.get("may_override", False)
    else:
        del records[f"person:{ME}"]
        records.pop(f"face:{ME}", None)


def change_credential(chance: random.Random, records: Records, begins: datetime) -> None:
    """Suspend, end, bind, free or take something that a person holds."""
    keys = [key for key in records if key.startswith("credential:")]
    if not keys:
        return
    key = chance.choice(keys)
    what = chance.randrange(5)
    if what == 0:
        records[key]["state"] = chance.choice(("active", "suspended", "ended"))
    elif what == 1:
        records[key]["valid_until"] = _instant(chance, begins)
    elif what == 2:
        records[key]["valid_from"] = _instant(chance, begins)
    elif what == 3:
        records[key].pop("valid_until", None)
        records[key].pop("valid_from", None)
    else:
        del records[key]


def change_lane(chance: random.Random, records: Records, begins: datetime) -> None:
    """Give a lane other ways, hours of ways, a posture, or take it off."""
    lane = records[f"lane:{chance.choice((LANE, LANE, WAY_OUT))}"]
    what = chance.randrange(5)
    if what == 0:
        lane["methods"] = ["card", *(one for one in ("pin", "qr", "face") if chance.random() < 0.6)]
        lane["method_hours"] = {}
    elif what == 1:
        lane["method_hours"] = {one: f"h{chance.randrange(3)}" for one in lane["methods"][:2]}
    elif what == 2:
        posture = chance.choice(("lockdown", "disabled", "held_open", "normal"))
        until = _instant(chance, begins)
        lane["posture_override"] = {"posture": posture, "author_id": "a", "reason": "r", "until": until}
    elif what == 3:
        lane["posture"] = chance.choice(("lockdown", "normal"))
        lane["posture_hours"] = {f"h{chance.randrange(3)}": chance.choice(("lockdown", "normal", "disabled"))}
    elif lane["lane_id"] == LANE:
        del records[f"lane:{LANE}"]


def change_face(chance: random.Random, records: Records, begins: datetime) -> None:
    """Give a face another end, or take it from the gate."""
    if f"face:{ME}" not in records:
        return
    if chance.random() < 0.5:
        records[f"face:{ME}"]["valid_until"] = _instant(chance, begins)
    else:
        del records[f"face:{ME}"]


def issue_card(chance: random.Random, records: Records, _begins: datetime) -> None:
    """Give the person one more PIN or phone."""
    kind = chance.choice(("qr", "pin"))
    record = {"kind": kind, "credential_id": f"{9:016x}", "person_id": ME}
    if kind == "pin":
        typed = [one for one in records.values() if isinstance(one, dict) and one.get("kind") == "pin"]
        record |= {"home_id": HOME, "tag": typed[0]["tag"] if typed else "A" * 43 + "="}
    records[f"credential:{9:016x}"] = record


def withdraw_pass(chance: random.Random, records: Records, begins: datetime) -> None:
    """Withdraw the visitor's pass."""
    until = _instant(chance, begins)
    records["ended_pass:00000000000000b1"] = {"pass_id": "00000000000000b1", "until": until}


ACTS: tuple[Callable[[random.Random, Records, datetime], None], ...] = (
    change_hours,
    change_holidays,
    change_grants,
    change_person,
    change_credential,
    change_lane,
    change_face,
    issue_card,
    withdraw_pass,
)
OWN_ACTS: dict[int, Callable[[random.Random, Records, datetime], None]] = {2: shut_lane}
"""By the rest of the seed: what shows the difference of all people at once."""
