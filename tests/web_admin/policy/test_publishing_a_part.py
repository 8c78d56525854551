"""A publication to one gate, or after another transaction's, leaves nothing behind that is out of date."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from tests.support.compounds.with_gates import add_card, add_gate, add_person
from tests.web_admin.policy.test_publish import ALL_METHODS, give_face, stored
from web_admin.compound.models import Gate, Site
from web_admin.face.ways_in import NO_OTHER_WAY
from web_admin.policy.publish import publish_policy

pytestmark = pytest.mark.both_databases


def test_a_publication_goes_on_from_the_version_that_another_one_left_meanwhile(
    database, sealer, site, now
):
    with database.session() as session:
        add_gate(session, sealer, site, "north", 1, ALL_METHODS)
        held = session.get_one(Site, site)
        assert held.version == 0
        # As another transaction's publication: this session still holds the row that it read before.
        session.connection().execute(update(Site.__table__).values(version=6))
        assert publish_policy(session, sealer, site, now).version == 7
        assert session.get_one(Gate, "north").published_version == 7


def test_a_face_without_another_way_ends_at_all_gates_though_one_is_published(database, sealer, site, now):
    with database.session() as session:
        for number, gate_id in enumerate(("north", "south"), 1):
            add_gate(session, sealer, site, gate_id, number, ALL_METHODS)
        person = add_person(session, site, None, ["north-in", "south-in"], now)
        card = add_card(session, sealer, person, 7, now)
        card.valid_until = now + timedelta(hours=1)
        give_face(session, sealer, site, person, now)
        publish_policy(session, sealer, site, now)
        face = f"face:{person.person_id}"
        assert face in stored(session, "north") and face in stored(session, "south")
        later = now + timedelta(hours=2)
        published = publish_policy(session, sealer, site, later, gate_ids=["north"])
        assert person.face_paused_reason == NO_OTHER_WAY
        assert face not in stored(session, "north") and face not in stored(session, "south")
        assert set(published.gates) == {"north", "south"}
        versions = {session.get_one(Gate, gate_id).published_version for gate_id in published.gates}
        assert max(versions) == published.version == session.get_one(Site, site).version
