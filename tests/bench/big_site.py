"""A large invented site as policy records: many persons, weekly hours, holidays, twenty gates."""

import hashlib
from datetime import date, timedelta

from gate_controller.contract.calendars import Span
from gate_controller.contract.pins import card_tag
from gate_controller.contract.records import (
    CalendarRecord,
    CardCredential,
    Grant,
    HomeRecord,
    HoursRecord,
    PersonRecord,
    Record,
)
from tests.support.compounds.people import ALL_METHODS, SITE, lane

WORKDAYS = ("mon", "tue", "wed", "thu", "fri")


def card_number(index: int) -> int:
    """Return the invented number of the index-th card."""
    return int.from_bytes(hashlib.sha256(b"card %d" % index).digest()[:4], "big")


def records_of(credentials: int, card_key: bytes, *, gates: int = 20) -> dict[str, Record]:
    """Return a site with that many cards, one a person, four persons a home; hours bind every second."""
    day = date(2026, 1, 1)
    keyed: dict[str, Record] = {
        "site": SITE,
        "calendar": CalendarRecord(exceptions={day + timedelta(days=12 * n): "holiday" for n in range(30)}),
        "hours:day": HoursRecord(
            hours_id="day",
            name="day",
            spans=(Span(WORKDAYS, 360, 1320), Span(("sat", "sun", "holiday"), 420, 60)),
        ),
    }
    lanes = tuple(f"gate-{n}-in" for n in range(gates))
    for number, lane_id in enumerate(lanes, 1):
        keyed[f"lane:{lane_id}"] = lane(lane_id, gate_id=f"gate-{number}", gate_number=number)
    for index in range(credentials):
        person_id, home_id = f"{index:016x}", f"home-{index // 4}"
        if index % 4 == 0:
            salt = hashlib.sha256(home_id.encode()).digest()[:16]
            keyed[f"home:{home_id}"] = HomeRecord(home_id=home_id, number=f"9-{index // 4}", pin_salt=salt)
        grant = Grant(lanes=lanes, hours_id="day" if index % 2 else None)
        keyed[f"person:{person_id}"] = PersonRecord(
            person_id=person_id, methods=ALL_METHODS, grants=(grant,), home_id=home_id
        )
        tag = card_tag(card_number(index), card_key)
        keyed[f"credential:c{index:x}"] = CardCredential(
            credential_id=f"c{index:x}", person_id=person_id, tag=tag
        )
    return keyed
