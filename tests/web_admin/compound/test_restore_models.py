"""Rows of a policy and of a restore are read as they were written."""

from datetime import timedelta

import msgspec
from sqlalchemy import select

from tests.support.compounds.with_gates import add_person
from web_admin.compound.models import Gate
from web_admin.compound.policy_models import PolicyRecordRow, change_of, forget_published
from web_admin.compound.restore_models import RestoreReview, is_held
from web_admin.policy.publish import publish_policy


def test_only_what_staff_have_not_decided_is_held(database, site, now):
    def review(number, subject_id, decided_at):
        return RestoreReview(
            review_id=str(number),
            site_id=site,
            kind="credential",
            subject_id=subject_id,
            before={},
            after={},
            found_at=now,
            decided_at=decided_at,
        )

    later = now + timedelta(hours=1)
    with database.session() as session:
        session.add_all([review(1, "open", None), review(2, "done", later)])
        session.add_all([review(3, "again", later), review(4, "again", None)])
        session.flush()
        assert [is_held(session, "credential", one) for one in ("open", "done", "again", "other")] == [
            True,
            False,
            True,
            False,
        ]
        assert not is_held(session, "person", "open"), "of another kind"


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
