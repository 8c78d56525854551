"""People of a home by their names, and their pages."""

from sqlalchemy import select

from tests.support.compounds.resident import Compound
from web_admin.compound.models import Person

HELPER = {
    "display_name": "Xiao Wang",
    "gates": "north",
    "hours": "typed",
    "days": "thu",
    "starts_at": "09:00",
    "ends_at": "12:00",
    "last_day": "2026-05-31",
}


def named(compound: Compound, name: str) -> Person:
    with compound.session() as session:
        return session.scalars(select(Person).where(Person.display_name == name)).one()
