"""Age bands by the day at the site: its midnight, years later, and the day a band ends."""

from datetime import UTC, date, datetime, timedelta

import pytest

from web_admin.compound.age_bands import band_has_ended, midnight_at, today_at, years_later
from web_admin.compound.models import Person, Site

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
