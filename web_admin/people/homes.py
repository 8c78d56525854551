"""Add, correct and check homes and their numbers."""

import re
import secrets

from flask_babel import lazy_gettext as _
from sqlalchemy import delete, func, select, update

from gate_controller.contract.records import typed_number
from web_admin.action.base import (
    NO_GATE,
    Action,
    begin,
    finish,
    new_id,
    record_many,
)
from web_admin.action.lookups import home_of
from web_admin.compound.models import Home, Person
from web_admin.compound.ordering import building_of, sort_key
from web_admin.core.refusal import ActionRefused
from web_admin.journal.ledger import NewEntry
from web_admin.messages.subscriptions import HOME_NUMBER_TEXT, notify
from web_admin.people.models import HomeAddition
from web_admin.visitors.moved_homes import sign_ways_again


def correct_home(act: Action, home_id: str, number: str) -> Home:
    """Give a home another number; PINs are typed after the new one from then on."""
    begin(act)
    home = home_of(act, home_id)
    before, number = home.number, checked_home_number(act, number, but=home_id)
    home.number, home.sort_key, home.building = number, sort_key(number), building_of(number)
    act.session.flush()
    sign_ways_again(act)
    living = act.session.scalars(
        select(Person.person_id).where(Person.home_id == home_id, Person.ended_at.is_(None))
    ).all()
    for person_id in living:
        notify(act.session, person_id, "card_stopped", act.now, HOME_NUMBER_TEXT, {"number": number})
    record_many(act, [NewEntry("home_number_changed", {"home_id": home_id}, one) for one in living])
    finish(act, "home_corrected", {"home_id": home_id, "before": before, "after": number}, touches=living)
    return home


def end_home(act: Action, home_id: str) -> None:
    """End an empty home; raise ActionRefused while a person lives there or a card belongs to it.

    Who lived there stays recorded as moved out, of no home; the ledger keeps the home's number.
    """
    begin(act)
    home = home_of(act, home_id)
    living = select(Person.person_id).where(Person.home_id == home_id, Person.ended_at.is_(None))
    if act.session.scalars(living.limit(1)).first() is not None:
        raise ActionRefused(
            "home",
            _(
                "People live in home %(home)s, or cards belong to it. Let them move out first.",
                home=home.number,
            ),
        )
    number = home.number
    act.session.execute(delete(HomeAddition).where(HomeAddition.home_id == home_id))
    act.session.execute(update(Person).where(Person.home_id == home_id).values(home_id=None))
    act.session.expire_all()
    act.session.execute(delete(Home).where(Home.home_id == home_id))
    finish(act, "home_ended", {"home_id": home_id, "number": number}, touches=())


HOME_NUMBER = re.compile(r"[0-9]+(-[0-9]+)*")


# -- homes and people ------------------------------------------------------------------------------


def add_home(act: Action, number: str) -> Home:
    """Add a household's unit, such as 3-1203; raise ActionRefused when the number is taken or no number."""
    begin(act)
    number = checked_home_number(act, number)
    home = Home(home_id=new_id(), site_id=act.site_id, number=number, pin_salt=secrets.token_bytes(16))
    act.session.add(home)
    finish(act, "home_added", {"home_id": home.home_id}, gates=NO_GATE)
    return home


def checked_home_number(act: Action, number: str, *, but: str = "") -> str:
    """Return a home's number without blanks; raise ActionRefused when another home than `but` has it."""
    number = number.strip()
    if len(number) > 20 or not HOME_NUMBER.fullmatch(number):
        raise ActionRefused("number", _("Write the home as digits with dashes between them, such as 3-1203."))
    check_not_emergency("number", number)
    # A keypad has no dash, so 3-1203 and 31203 would be the same home to it.
    alike = select(Home.number).where(
        Home.site_id == act.site_id,
        func.replace(Home.number, "-", "") == number.replace("-", ""),
        Home.home_id != but,
    )
    other = act.session.scalars(alike).first()
    if other is not None:
        raise ActionRefused("number", _("Home %(home)s exists already.", home=other))
    return number


def check_not_emergency(field: str, number: str) -> None:
    """Raise ActionRefused for a home's number of zeros alone: emergency codes are typed after it."""
    if not typed_number(number).strip("0"):
        raise ActionRefused(
            field, _("A home's number is not all zeros: 0 is what ambulance and fire brigade type.")
        )
