"""Write instants and days on the site's clock, in the page's language."""

from datetime import date, datetime
from typing import Literal
from zoneinfo import ZoneInfo

from babel.dates import format_skeleton, get_timezone_name
from flask_babel import format_date, get_locale

from web_admin.compound.queries import the_site
from web_admin.core.database import request_session
from web_admin.web.site import request_now, site_zone

_WITHOUT_PLACE = frozenset({"UTC", "Etc/UTC"})


def zone_name() -> str | None:
    """Return the name of the site's time zone, None before there is a site."""
    site = the_site(request_session())
    return site.timezone if site is not None else None


def zone_in_words(name: str) -> str:
    """Return what a time zone such as Asia/Shanghai is called in the page's language."""
    kind: Literal["standard", "generic"] = "standard" if name in _WITHOUT_PLACE else "generic"
    text: str = get_timezone_name(name, zone_variant=kind, locale=get_locale())
    return text


def local_time(moment: datetime | None, shape: str = "short") -> str:
    """Return an instant on the site's wall clock, in the page's language; "—" for none."""
    if moment is None:
        return "—"
    if shape == "clock":
        return moment.astimezone(site_zone()).strftime("%H:%M:%S")
    if shape == "minute":
        return moment.astimezone(site_zone()).strftime("%H:%M")
    here = moment.astimezone(site_zone())
    if shape == "short" and here.date() == request_now().astimezone(site_zone()).date():
        return here.strftime("%H:%M")
    # The month by its name, and 24 hours as everywhere: 11/12/26 is another day to half of the readers.
    day_here = local_date(moment)
    return f"{day_here} {here:%H:%M:%S}" if shape == "long" else f"{day_here} {here:%H:%M}"


def local_day(moment: datetime | None) -> str:
    """Return the day of an instant at the site, with its weekday, in the page's language; "—" for none."""
    if moment is None:
        return "—"
    local = moment.astimezone(site_zone())
    text: str = format_skeleton("yMMMEd", local, locale=get_locale())
    return text


def weekday(day: date) -> str:
    """Return a day as a picture's row is named: weekday and day of the month, short."""
    text: str = format_skeleton("Ed", day, locale=get_locale())
    return text


def month_day(day: date) -> str:
    """Return month and day in figures, in the page's language."""
    text: str = format_skeleton("Md", day, locale=get_locale())
    return text


def local_date(day: date | datetime) -> str:
    """Return a day in the page's language: of an instant, the one on the site's calendar."""
    here = day.astimezone(site_zone()).date() if isinstance(day, datetime) else day
    text: str = format_date(here, "medium")
    return text


def month_of_year(day: date) -> str:
    """Return the month of a day, with its year."""
    text: str = format_skeleton("yMMM", day, locale=get_locale())
    return text


# -- for residents and visitors ----------------------------------------------------------------------


def moment(value: datetime, timezone: str) -> str:
    """Return a point in time as the site's people read it, with weekday."""
    locale, zone = get_locale(), ZoneInfo(timezone)
    local = value.astimezone(zone)
    return f"{format_skeleton('MMMEd', local, locale=locale)} {local:%H:%M}"


def day(value: datetime, timezone: str) -> str:
    """Return the day of a point in time as the site's people read it."""
    locale = get_locale()
    text: str = format_skeleton("yMMMd", value.astimezone(ZoneInfo(timezone)), locale=locale)
    return text


def date_name(value: date) -> str:
    """Return a day of the site's calendar as people read it, with weekday."""
    text: str = format_skeleton("yMMMEd", value, locale=get_locale())
    return text


def moment_in_figures(value: datetime) -> str:
    """Return day and time on the site's wall clock in figures that read alike in both languages."""
    return value.astimezone(site_zone()).strftime("%Y-%m-%d %H:%M")
