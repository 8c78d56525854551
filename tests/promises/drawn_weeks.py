"""Draw a gate's policy and a week at it: plain JSON as it travels, and what the gate goes through meanwhile.

Hours, holidays, both nights on which the clock is changed, windows, ends, grants with hours, two-method
requests, interlocks, anti-passback, emergency codes, postures, PINs that are stopped or wait, lost
readers and an unsure clock. Records are written with the json module alone.
"""

import base64
import hashlib
import json
import random  # noqa: TID251 - the same each time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from gate_controller.contract.pins import card_tag

MINUTES = 7 * 24 * 60
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun", "holiday")
WEEKS = (
    ("Europe/Berlin", datetime(2026, 3, 26, tzinfo=UTC)),
    ("Europe/Berlin", datetime(2026, 10, 22, tzinfo=UTC)),
    ("America/New_York", datetime(2026, 10, 29, tzinfo=UTC)),
    ("America/New_York", datetime(2027, 3, 11, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2026, 10, 1, tzinfo=UTC)),
    ("Asia/Shanghai", datetime(2026, 9, 28, tzinfo=UTC)),
    ("Asia/Shanghai", datetime(2026, 12, 3, tzinfo=UTC)),
)
"""Zones, and Thursdays after which a clock is changed, a holiday comes or nothing happens."""
EVENTS = (
    "lost_card",
    "lost_pin",
    "lost_qr",
    "stopped",
    "delayed",
    "unsure",
    "inside",
    "busy",
    "offline",
    "fire",
)
CARD_KEY = b"c" * 32
ME, OTHER = "00000000000000a1", "00000000000000a2"
HOME, SALT = "home-1", b"s" * 16
LANE, WAY_OUT = "north-in", "north-out"


@dataclass(frozen=True)
class DrawnWeek:
    """A week at a gate; `events` are (first minute, end minute, what)."""

    seed: int
    zone: ZoneInfo
    begins: datetime
    issued_at: datetime
    wire: dict[str, bytes]
    lane_id: str
    events: tuple[tuple[int, int, str], ...]

    def read(self, key: str) -> Any:
        """Return one record, decoded with the json module."""
        return json.loads(self.wire[key])

    def of_kind(self, kind: str) -> list[Any]:
        return [json.loads(value) for key, value in self.wire.items() if key.startswith(f"{kind}:")]


def draw_week(seed: int) -> DrawnWeek:
    """Return the week of a seed; some of them no gate takes, since a lane has face alone at some hour."""
    chance = random.Random(seed)  # noqa: S311 - the same each time
    zone_name, begins = chance.choice(WEEKS)
    records = _site(chance, zone_name, begins)
    records |= _people(chance, begins)
    wire = {key: json.dumps(value).encode() for key, value in records.items()}
    events = tuple((*_spell(chance), chance.choice(EVENTS)) for _ in range(chance.randrange(5)))
    issued_at = begins - timedelta(days=chance.choice((0, 0, 1, 26)))
    lane_id = chance.choice((LANE, LANE, WAY_OUT))
    return DrawnWeek(seed, ZoneInfo(zone_name), begins, issued_at, wire, lane_id, events)


def _spell(chance: random.Random) -> tuple[int, int]:
    begins = chance.randrange(MINUTES)
    return begins, begins + chance.choice((1, 30, 600, 3000))


def _instant(begins: datetime, minute: int) -> str:
    return (begins + timedelta(minutes=minute)).isoformat().replace("+00:00", "Z")


def _window(chance: random.Random, begins: datetime, share: float) -> dict[str, str]:
    window = {}
    if chance.random() < share / 2:
        window["valid_from"] = _instant(begins, chance.randrange(-2000, MINUTES))
    if chance.random() < share:
        window["valid_until"] = _instant(begins, chance.randrange(-500, MINUTES + 500))
    return window


def _span(chance: random.Random) -> dict[str, Any]:
    any_two = chance.randrange(1440), chance.randrange(1, 1441)
    start, end = chance.choice(((480, 1200), (420, 1380), (1320, 360), (0, 1440), (120, 180), any_two))
    days = chance.choice((DAYS, DAYS[:7], DAYS[:5], ("sat", "sun", "holiday"), tuple(chance.sample(DAYS, 3))))
    return {"days": list(days), "from_minute": start, "until_minute": end}


def _site(chance: random.Random, zone_name: str, begins: datetime) -> dict[str, Any]:
    day: Callable[[int], date] = lambda number: begins.date() + timedelta(days=number)  # noqa: E731
    special = [day(number).isoformat() for number in range(-1, 8) if chance.random() < 0.2]
    records: dict[str, Any] = {
        "site": {"site_id": "site-1", "name": "Court", "timezone": zone_name, "max_policy_age_days": 30},
        "calendar": {"exceptions": {iso: chance.choice((*DAYS, "holiday")) for iso in special}},
        f"home:{HOME}": {"home_id": HOME, "number": "3-1203", "pin_salt": _b64(SALT)},
        "home:home-0": {"home_id": "home-0", "number": "0", "pin_salt": _b64(SALT)},
    }
    for number in range(3):
        spans = [_span(chance) for _ in range(chance.choice((1, 1, 2)))]
        records[f"hours:h{number}"] = {"hours_id": f"h{number}", "name": "h", "spans": spans}
    counted = chance.choice(("off", "off", "soft", "hard"))
    for lane_id, direction in ((LANE, "in"), (WAY_OUT, "out")):
        records[f"lane:{lane_id}"] = _lane(chance, begins, lane_id, direction, counted)
    return records


def _lane(
    chance: random.Random, begins: datetime, lane_id: str, direction: str, counted: str
) -> dict[str, Any]:
    methods = ["card", *(m for m in ("pin", "qr") if chance.random() < 0.7), "face"]
    lane: dict[str, Any] = {
        "lane_id": lane_id,
        "gate_id": "north",
        "gate_number": 1,
        "name": lane_id,
        "direction": direction,
        "methods": methods,
        "pulse_seconds": 1.0,
        "antipassback": counted,
        "method_hours": {m: f"h{chance.randrange(3)}" for m in methods if chance.random() < 0.4},
    }
    if chance.random() < 0.15:
        lane["posture_hours"] = {"h0": chance.choice(("lockdown", "held_open"))}
    if chance.random() < 0.1:
        lane["posture_override"] = {
            "posture": chance.choice(("lockdown", "held_open")),
            "author_id": "a",
            "reason": "r",
            "until": _instant(begins, chance.randrange(MINUTES)),
        }
    if direction == "in" and chance.random() < 0.3:
        lane["interlock_with"] = [WAY_OUT]
    return lane


def _people(chance: random.Random, begins: datetime) -> dict[str, Any]:
    records: dict[str, Any] = {}
    for person_id in (ME, OTHER):
        grants = [
            {
                "lanes": [LANE, WAY_OUT],
                **_window(chance, begins, 0.2),
                **({"hours_id": f"h{chance.randrange(3)}"} if chance.random() < 0.25 else {}),
            }
            for _ in range(chance.choice((1, 1, 2)))
        ]
        chosen = [m for m in ("card", "pin", "qr") if chance.random() < 0.6]
        person = {"person_id": person_id, "methods": [*chosen, "face"], "grants": grants, "home_id": HOME}
        if chance.random() < 0.05:
            person["suspended"] = True
        if chance.random() < 0.05:
            person["may_override"] = True
        if chance.random() < 0.25:
            ends = chance.choice(((0, 0), (1320, 360), (600, 900)))
            person["two_methods"] = {"from_minute": ends[0], "until_minute": ends[1]}
        records[f"person:{person_id}"] = person
        records[f"face:{person_id}"] = {"person_id": person_id, "consent_id": f"c-{person_id}", "engine": "e"}
    for number, (kind, person_id) in enumerate(_held(chance)):
        credential_id = f"{number:016x}"
        record = {
            "kind": kind,
            "credential_id": credential_id,
            "person_id": person_id,
            "state": chance.choice(("active",) * 8 + ("suspended", "ended")),
            **_window(chance, begins, 0.35),
        }
        if kind == "card":
            record["tag"] = _b64(card_tag(number, CARD_KEY))
        elif kind == "qr":
            record["printed"] = chance.random() < 0.6  # the others are the server's, which may be away
        else:
            record["tag"] = _b64(typed_mark(number))
            record["home_id"] = HOME if chance.random() < 0.95 else "home-9"
        if kind == "pin" and chance.random() < 0.15:
            record["duress"] = True
        if kind in ("visitor_code", "emergency_code"):
            record["lanes"] = [LANE, WAY_OUT]
        if kind == "emergency_code":
            record |= {"home_id": "home-0", "person_id": "emergency"}
        records[f"credential:{credential_id}"] = record
    return records


def _held(chance: random.Random) -> list[tuple[str, str]]:
    kinds = ("card", "card", "pin", "pin", "qr", "visitor_code")
    held = [(kind, ME) for kind in kinds if chance.random() < 0.45]
    held += [(kind, OTHER) for kind in ("card", "pin") if chance.random() < 0.5]
    return [*held, *([("emergency_code", "emergency")] if chance.random() < 0.3 else [])]


def typed_mark(number: int) -> bytes:
    """Return what a gate makes of one credential's digits; hashing them is not what is played."""
    return hashlib.sha256(str(number).encode()).digest()


def _b64(value: bytes) -> str:
    return base64.b64encode(value).decode()
