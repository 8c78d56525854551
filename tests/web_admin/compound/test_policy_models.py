"""Published records as a change, and a gate of which nothing is published any more."""

import msgspec
from sqlalchemy import select

from tests.support.compounds.with_gates import add_person
from web_admin.compound.models import Gate
from web_admin.compound.policy_models import PolicyRecordRow, change_of, forget_published
from web_admin.policy.publish import publish_policy


def test_a_record_without_a_value_is_a_deleted_one():
    change = change_of([("person/1", b'{"a":1}'), ("person/2", None)], (3, 7))
    assert (change.base_epoch, change.base_version) == (3, 7)
    assert change.puts == {"person/1": msgspec.Raw(b'{"a":1}')}
    assert change.deletes == ("person/2",)


def test_what_was_published_to_one_gate_is_forgotten_and_another_keeps_its_own(
    database, sealer, site, north, south, now
):
    with database.session() as session:
        add_person(session, site, None, ["north-in", "south-in"], now)
        publish_policy(session, sealer, site, now)
        gate = session.get_one(Gate, "north")
        assert gate.published_version > 0
        gate.published_digest = b"of what was published"
        forget_published(session, gate)
        assert (gate.published_version, gate.published_digest) == (0, None)
        assert set(session.scalars(select(PolicyRecordRow.gate_id))) == {"south"}
