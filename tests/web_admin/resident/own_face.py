"""Consents of a person, and a yes on the phone."""

from sqlalchemy import select

from tests.support.compounds.resident import Compound
from web_admin.custody.models import Consent


def consents(compound: Compound) -> list[Consent]:
    with compound.session() as session:
        return list(session.scalars(select(Consent)).all())
