"""An ended credential is published to the gates as ended; one that may merely not pass is left out."""

from datetime import timedelta

from sqlalchemy import select

from gate_controller.contract.records import CredentialRecord, CredentialState, decode_record
from tests.support.compounds.with_gates import add_card, add_gate, add_home, add_person
from web_admin.compound.policy_models import ENDED_PUBLISHED_FOR, PolicyRecordRow
from web_admin.policy.publish import publish_policy


def published(session, gate_id, credential_id):
    value = session.scalars(
        select(PolicyRecordRow.value).where(
            PolicyRecordRow.gate_id == gate_id, PolicyRecordRow.key == f"credential:{credential_id}"
        )
    ).one()
    return None if value is None else decode_record("credential:", value)


def test_an_ended_card_is_published_as_ended_for_sixty_days(database, sealer, site, now):
    with database.session() as session:
        add_gate(session, sealer, site, "north", 1, ["card"])
        person = add_person(session, site, add_home(session, site, "3-1502"), ["north-in"], now)
        card = add_card(session, sealer, person, 111, now)
        publish_policy(session, sealer, site, now)
        card.state, card.ended_at, card.ended_reason = "ended", now, "lost"
        first = publish_policy(session, sealer, site, now, person_ids=[person.person_id])
        record = published(session, "north", card.credential_id)
        assert isinstance(record, CredentialRecord)
        assert record.state is CredentialState.ENDED
        assert publish_policy(session, sealer, site, now).version == first.version
        publish_policy(session, sealer, site, now + ENDED_PUBLISHED_FOR + timedelta(days=1))
        assert published(session, "north", card.credential_id) is None


def test_a_card_that_may_no_longer_pass_one_gate_is_left_out_there_and_not_called_ended(
    database, sealer, site, now
):
    with database.session() as session:
        add_gate(session, sealer, site, "north", 1, ["card"])
        add_gate(session, sealer, site, "south", 2, ["card"])
        person = add_person(session, site, add_home(session, site, "3-1502"), ["north-in", "south-in"], now)
        card = add_card(session, sealer, person, 111, now)
        publish_policy(session, sealer, site, now)
        person.grants[0].lanes = ["south-in"]
        publish_policy(session, sealer, site, now)
        assert published(session, "north", card.credential_id) is None
        record = published(session, "south", card.credential_id)
        assert isinstance(record, CredentialRecord)
        assert record.state is CredentialState.ACTIVE
