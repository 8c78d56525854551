"""One change more, and a gate that takes it."""

import msgspec

from tests.support.compounds.with_gates import add_card
from web_admin.compound.models import Person
from web_admin.policy.publish import publish_policy


def take(gate, reply):
    """Note what version an answer brings the gate to."""
    manifest = msgspec.json.decode(reply.policy.manifest)
    gate.have = (manifest["epoch"], manifest["version"])


def one_card_more(database, sealer, site, person_id, number, now):
    with database.session() as session:
        add_card(session, sealer, session.get_one(Person, person_id), number, now)
        publish_policy(session, sealer, site, now, person_ids=[person_id])
