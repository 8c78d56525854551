"""Ways in, credentials of ones own, and bands of ages."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pytest

from gate_controller.contract.records import CredentialKind
from web_admin.compound.age_bands import band_has_ended, midnight_at, today_at, years_later
from web_admin.compound.models import Gate, Person, Site
from web_admin.compound.own_credentials import GUARDIAN, STAFF, is_own_yes
from web_admin.compound.place_models import Place
from web_admin.compound.ways import Places, nearest_gate

PLACES = Places(
    [
        Place(place_id="outer", kind="outer", name="Outer gates", code=""),
        Place(place_id="three", kind="building", name="3", code="3"),
        Place(place_id="unit", kind="unit", name="3-1", code="3-1", parent_id="three"),
        Place(place_id="four", kind="building", name="4", code="4"),
    ]
)


def gates(*places: str, new: str = "") -> list[Gate]:
    return [
        Gate(gate_id=f"at-{place}", number=number, place_id=place, state="new" if place == new else "paired")
        for number, place in enumerate(places, 1)
    ]


@pytest.mark.parametrize(
    ("offered", "nearest"),
    [
        (gates("outer", "three", "unit", "four"), "at-unit"),
        (gates("four", "outer", "three"), "at-three"),
        (gates("four", "outer"), "at-outer"),
        (gates("four"), "at-four"),
        (gates("outer", "unit", new="unit"), "at-outer"),
        ([], None),
    ],
)
def test_the_gate_for_one_visit_is_the_one_nearest_the_home(offered: list[Gate], nearest: str | None) -> None:
    found = nearest_gate(offered, PLACES.way(PLACES.by_id["unit"]))
    assert (None if found is None else found.gate_id) == nearest


@dataclass(frozen=True)
class Shown:
    """A card or PIN, and who has seen it."""

    kind: str
    known_to_home: bool = False
    seen_by: str | None = None


@pytest.mark.parametrize("kind", [CredentialKind.CARD, CredentialKind.PIN])
@pytest.mark.parametrize("of_minor", [False, True])
def test_what_no_other_person_has_seen_is_an_own_yes(kind: str, of_minor: bool) -> None:
    assert is_own_yes(Shown(kind), of_minor=of_minor)


@pytest.mark.parametrize("of_minor", [False, True])
def test_what_the_home_gave_or_staff_have_seen_is_no_ones_yes(of_minor: bool) -> None:
    assert not is_own_yes(Shown(CredentialKind.PIN, known_to_home=True), of_minor=of_minor)
    assert not is_own_yes(Shown(CredentialKind.PIN, seen_by=STAFF), of_minor=of_minor)


def test_what_a_guardian_has_seen_is_an_adults_yes_and_no_minors() -> None:
    seen = Shown(CredentialKind.CARD, seen_by=GUARDIAN)
    assert is_own_yes(seen, of_minor=False)
    assert not is_own_yes(seen, of_minor=True)


def test_a_visitors_code_is_its_hosts_yes_at_no_gate() -> None:
    assert not is_own_yes(Shown(CredentialKind.VISITOR_CODE), of_minor=False)


SHANGHAI = Site(timezone="Asia/Shanghai")


def test_the_day_at_the_site_begins_at_its_own_midnight() -> None:
    midnight = midnight_at(SHANGHAI, date(2026, 3, 5))
    assert midnight == datetime(2026, 3, 4, 16, tzinfo=UTC)
    assert today_at(SHANGHAI, midnight) == date(2026, 3, 5)
    assert today_at(SHANGHAI, midnight - timedelta(microseconds=1)) == date(2026, 3, 4)


@pytest.mark.parametrize(
    ("day", "years", "later"),
    [
        (date(2026, 3, 4), 4, date(2030, 3, 4)),
        (date(2024, 2, 29), 4, date(2028, 2, 29)),
        (date(2024, 2, 29), 1, date(2025, 3, 1)),
    ],
)
def test_a_day_that_a_later_year_lacks_is_the_first_of_march(day: date, years: int, later: date) -> None:
    assert years_later(day, years) == later


@pytest.mark.parametrize(
    ("until", "has_ended"),
    [(None, False), (date(2026, 3, 3), True), (date(2026, 3, 4), True), (date(2026, 3, 5), False)],
)
def test_a_band_ends_with_the_beginning_of_its_day(until: date | None, has_ended: bool) -> None:
    assert band_has_ended(Person(age_band_until=until), date(2026, 3, 4)) is has_ended
