"""Parse numbers, days and moments from addresses and forms; return None for invalid ones.

Dates reach from year 1 to 9999 and numbers have no end, while zones, databases and sums do: what is outside
of these bounds is nothing that a page ever wrote.
"""

from datetime import date, datetime

FIRST_YEAR, LAST_YEAR = 1971, 2199
"""A zone's offset or a day more or less stays between 1970 and 2200."""
MAX_DIGITS = 15


def number_of(text: str) -> int | None:
    """Return a whole number of up to 15 digits."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS else None


def day_of(text: str) -> date | None:
    """Return a day such as 2026-03-05."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if makes_sense(day) else None


def moment_of(text: str) -> datetime | None:
    """Return an instant with its offset, such as 2026-03-05T10:00+08:00."""
    moment = _read(text)
    return moment if moment is not None and moment.tzinfo is not None else None


def wall_clock_of(text: str) -> datetime | None:
    """Return a time without offset, as a page's field has it: 2026-03-05T10:00."""
    moment = _read(text)
    return moment if moment is not None and moment.tzinfo is None else None


def makes_sense(day: date) -> bool:
    """Return whether a day or moment is in a year in which this system can have anything."""
    return FIRST_YEAR <= day.year <= LAST_YEAR


def _read(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if makes_sense(moment) else None
