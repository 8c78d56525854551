"""A card that is lost at night, and what stops it."""

from sqlalchemy import select

from tests.support.compounds.desk import read
from tests.web_admin.desk.cards import hidden_of_first, look
from web_admin.compound.models import CredentialRow
from web_admin.visitors.models import VisitorPassRow


def state_of(compound, credential_id):
    return read(compound, lambda s: s.get_one(CredentialRow, credential_id).state)


def passes_of(compound, person_id):
    query = select(VisitorPassRow).where(VisitorPassRow.issuer_person_id == person_id)
    return read(compound, lambda s: s.scalars(query).all())


def stop(client, card):
    """Look for the home of a card and press its button with a fresh form; return the answer."""
    look(client, "3-1203")
    return press_stop(client, card)


def press_stop(client, card):
    return client.post(f"/manage/lost-card/{card}", data=hidden_of_first(client))
