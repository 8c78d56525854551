"""A home whose number was wrong, and a home that is none any more."""

from flask_babel import lazy_gettext as _
from sqlalchemy import delete, select, update

from web_admin.action.base import Act, begin, finish
from web_admin.action.lookups import home_of
from web_admin.compound.models import Home, Person
from web_admin.compound.ordering import building_of, sort_key
from web_admin.core.refusal import ActRefused
from web_admin.home_models import HomeAddition
from web_admin.homes_and_people import checked_home_number


def correct_home(act: Act, home_id: str, number: str) -> Home:
    """Give a home another number; PINs are typed after the new one from then on."""
    begin(act)
    home = home_of(act, home_id)
    before, number = home.number, checked_home_number(act, number, but=home_id)
    home.number, home.sort_key, home.building = number, sort_key(number), building_of(number)
    living = act.session.scalars(
        select(Person.person_id).where(Person.home_id == home_id, Person.ended_at.is_(None))
    ).all()
    finish(act, "home_corrected", {"home_id": home_id, "before": before, "after": number}, touches=living)
    return home


def end_home(act: Act, home_id: str) -> None:
    """Take a home away that nobody lives in; raise ActRefused while somebody, or a card of it, is there.

    Who lived there stays recorded as moved out, of no home; the ledger keeps the home's number.
    """
    begin(act)
    home = home_of(act, home_id)
    living = select(Person.person_id).where(Person.home_id == home_id, Person.ended_at.is_(None))
    if act.session.scalars(living.limit(1)).first() is not None:
        raise ActRefused(
            "home", _("People live in home %(home)s, or cards belong to it. Let them move out first.",
                      home=home.number)
        )
    number = home.number
    act.session.execute(delete(HomeAddition).where(HomeAddition.home_id == home_id))
    act.session.execute(update(Person).where(Person.home_id == home_id).values(home_id=None))
    act.session.expire_all()
    act.session.execute(delete(Home).where(Home.home_id == home_id))
    finish(act, "home_ended", {"home_id": home_id, "number": number}, touches=())
