"""Gates of an older version get the policy as they understand it, and the whole once they are up to date."""

import msgspec
import pytest
from sqlalchemy import select

from gate_controller.contract import features
from gate_controller.contract.features import Feature
from tests.support.acting import add_lane, household, manager
from web_admin.compound.models import Gate
from web_admin.compound.policy_models import PolicyRecordRow
from web_admin.core.database import Menjin
from web_admin.people.actions import edit_person
from web_admin.policy.effects import PolicyEffects
from web_admin.policy.fitting import fit_policies


@pytest.fixture(params=[True, False], ids=["may be ignored", "may not"])
def ignorable(request, monkeypatch):
    newer = Feature("slow_pass", "person", "slow_pass", may_be_ignored=request.param)
    monkeypatch.setattr(features, "FEATURES", (newer,))
    return request.param


@pytest.fixture
def slow_person(database, sealer, site, now, ignorable):
    """Return a person who needs more time, published to a gate that knows nothing newer."""
    with database.session() as session:
        act = manager(session, sealer, site, now)
        add_lane(act)
        _home, person = household(act)
        edit_person(act, person.person_id, display_name="Lin", language="en", slow_pass=True)
        return person.person_id


def record_and_version(database, person_id):
    with database.session() as session:
        value = session.scalars(
            select(PolicyRecordRow.value).where(PolicyRecordRow.key == f"person:{person_id}")).one_or_none()
        record = None if value is None else msgspec.json.decode(value)
        return record, session.get_one(Gate, "north").published_version


def test_a_newer_field_reaches_a_gate_once_its_program_knows_it(
    web_config, database, sealer, now, ignorable, slow_person
):
    menjin = Menjin(web_config, database, sealer, lambda: now, PolicyEffects(sealer))
    record, version = record_and_version(database, slow_person)
    assert (record is not None) is ignorable
    assert record is None or "slow_pass" not in record
    assert fit_policies(menjin, now) == 0, "it knows what it knew"
    with database.session() as session:
        session.get_one(Gate, "north").knows = ["slow_pass"]
    assert fit_policies(menjin, now) == 1
    record, newer = record_and_version(database, slow_person)
    assert record["slow_pass"] is True and newer > version
    assert fit_policies(menjin, now) == 0
