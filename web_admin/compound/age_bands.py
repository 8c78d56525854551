"""Age bands, counted by the day at the site."""

from datetime import date, datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from web_admin.compound.models import Site

CHILD, MINOR, ADULT = "under_14", "14_17", "adult"
YEARS_OF_MINORS = 4


class HasBand(Protocol):
    """A person, as a row or as an object."""

    @property
    def age_band_until(self) -> date | None:
        """Return the day on which their band ends."""


def today_at(site: Site, now: datetime) -> date:
    return now.astimezone(ZoneInfo(site.timezone)).date()


def midnight_at(site: Site, day: date) -> datetime:
    """Return the instant at which a day begins at the site."""
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(site.timezone))


def years_later(day: date, years: int) -> date:
    """Return the same day some years later; 1 March for a 29 February that is missing."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 3, 1)


def band_has_ended(person: HasBand, today: date) -> bool:
    """Return whether a person's band has ended but is not settled yet: no face until then."""
    return person.age_band_until is not None and person.age_band_until <= today
