"""Cards tapped at the desk, and what is stored of them."""

import re

from sqlalchemy import select

from tests.web_admin.manage.acting_pages import at, hidden_of
from web_admin.compound.models import CredentialRow, Home, Person
from web_admin.core.sealing import card_lookup

BATCH = "/manage/cards/batch"


def state_of(compound, number):
    """Return (state, kind of holder, home) of each card that ever had a number, the newest last."""
    with at(compound) as act:
        rows = act.session.execute(
            select(CredentialRow.state, Person.kind, Home.number)
            .join(Person, Person.person_id == CredentialRow.person_id)
            .outerjoin(Home, Home.home_id == Person.home_id)
            .where(CredentialRow.lookup == card_lookup(act.sealer, number))
            .order_by(CredentialRow.created_at, CredentialRow.state.desc())
        )
        return [tuple(row) for row in rows]


def tap(client, page, number, path=BATCH):
    home_id = re.search(r'name="home_id" value="([^"]+)"', page)[1]
    return client.post(path, data=hidden_of(page) | {"home_id": home_id, "number": number, "building": "9"})
