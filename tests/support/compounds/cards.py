"""A person who opened an invitation shows their card at the desk, so that their phone is believed."""

from flask import Flask

from web_admin.action.base import new_action
from web_admin.action.phone_verification import INVITED
from web_admin.compound.models import Person
from web_admin.core.database import current_menjin
from web_admin.people.invitations import confirm_identity


def card_was_shown(app: Flask, person_id: str) -> None:
    """Confirm a person whose first invitation was opened; a person invited again stays as they are."""
    with app.app_context():
        menjin = current_menjin()
        with menjin.database.session() as session:
            person = session.get_one(Person, person_id)
            if person.phone_unproven == INVITED:
                act = new_action(menjin, session, person.site_id, "tests", "desk", now=menjin.clock())
                confirm_identity(act, person_id)
