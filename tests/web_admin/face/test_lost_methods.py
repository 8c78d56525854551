"""Ending a card as lost looks for the faces that it gave, on both databases."""

from datetime import UTC, datetime

from sqlalchemy import select

from tests.support.clock import SetClock
from tests.support.compounds.managed import make_managed_compound
from web_admin.compound.models import CredentialRow
from web_admin.credentials.actions import end_credential


def test_a_lost_card_ends_on_both_databases(web_config, database):
    compound = make_managed_compound(web_config, SetClock(datetime.now(UTC)))
    with compound.act("manager") as act:
        person_id = compound.persons["林薇"]
        card = act.session.scalars(
            select(CredentialRow).where(CredentialRow.person_id == person_id, CredentialRow.kind == "card")
        ).first()
        end_credential(act, card.credential_id, "lost")
        assert card.state == "ended"
    compound.close()
