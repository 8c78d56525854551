"""Export the list of people as a sheet: the columns of a search, on all its pages."""

from collections.abc import Iterator
from dataclasses import replace
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from web_admin.compound.models import Person
from web_admin.core import texts as core_texts
from web_admin.people.queries import PeopleSearch, whole_list
from web_admin.people.texts import KINDS_OF_PERSON


def rows_of_list(session: Session, site_id: str, wanted: PeopleSearch, zone: ZoneInfo) -> Iterator[list[str]]:
    """Give a row for each person, and for each home without people: home or kind, name, state."""
    for number, person in whole_list(session, site_id, replace(wanted, after="")):
        if person is None:
            yield [number or "", "", ""]
        else:
            first = number if number is not None else str(core_texts.word(KINDS_OF_PERSON, person.kind))
            yield [first, person.display_name, " · ".join(_stands(person, zone))]


def _stands(person: Person, zone: ZoneInfo) -> Iterator[str]:
    if person.suspended:
        yield _("Suspended")
    if person.may_override:
        yield _("Opens in lockdown")
    if person.ended_at is not None:
        yield _("Moved out %(when)s", when=person.ended_at.astimezone(zone).date().isoformat())
