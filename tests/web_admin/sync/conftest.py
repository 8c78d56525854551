"""A gate with nothing new to say or to be given."""

import msgspec
import pytest

from gate_controller.contract.messages import PolicyManifest
from tests.support.compounds.with_gates import add_person
from web_admin.policy.publish import publish_policy


@pytest.fixture
def quiet(database, sealer, site, north, clock):
    """A gate that has the newest policy and was answered so."""
    with database.session() as session:
        add_person(session, site, None, ["north-in"], clock.now)
        publish_policy(session, sealer, site, clock.now)
    manifest = msgspec.json.decode(north.ask(clock.now).policy.manifest, type=PolicyManifest)
    north.have = (manifest.epoch, manifest.version)
    north.ask(clock.now)
    return north
