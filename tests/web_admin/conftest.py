"""A compound with two gates, and the gates themselves; a small one, and people signed in on their phones."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import msgspec
import pytest
from flask.testing import FlaskClient

from gate_controller.contract.messages import PolicyManifest
from tests.support.clock import SetClock
from tests.support.compounds.managed import ManagedCompound
from tests.support.compounds.resident import Compound, make_compound
from tests.support.compounds.with_gates import PlayedGate, add_gate, add_person, app_of_gates, sync_app
from tests.support.quick_hashes import Cost, hashed_quickly
from tests.web_admin.api.calling import Caller
from web_admin.accounts.api_keys import SCOPES, make_api_key
from web_admin.action.base import new_action
from web_admin.core.config import WebConfig
from web_admin.core.database import Menjin, current_menjin
from web_admin.operations import backup
from web_admin.policy.effects import PolicyEffects
from web_admin.policy.publish import publish_policy

SCRYPT_COST_OF_TESTS = 2**10


@pytest.fixture(scope="session", autouse=True)
def real_scrypt_cost() -> Iterator[int]:
    """Stretch the passphrases of tests less, since they protect nothing; return the product's own cost."""
    real, backup.SCRYPT_COST = backup.SCRYPT_COST, SCRYPT_COST_OF_TESTS
    yield real
    backup.SCRYPT_COST = real


@pytest.fixture(scope="module", autouse=True)
def real_code_cost() -> Iterator[Cost]:
    """Hash PINs and one-time codes quickly, as no server or gate of another process checks them here."""
    with hashed_quickly() as real:
        yield real


@pytest.fixture
def clock(now: datetime) -> SetClock:
    return SetClock(now)


@pytest.fixture
def way(request):
    """Say how gates are answered: in batches, or each alone in its thread, by `both_ways`."""
    return getattr(request, "param", "batched")


@pytest.fixture
def gates_app(web_config, database, sealer, clock, way):
    menjin = Menjin(web_config, database, sealer, clock, PolicyEffects(sealer))
    return sync_app(menjin) if way == "batched" else app_of_gates(menjin)


@pytest.fixture
def north(gates_app, database, sealer, site):
    with database.session() as session:
        key = add_gate(session, sealer, site, "north", 1, ["card", "pin", "qr", "face"])
    return PlayedGate(gates_app.test_client(), site, "north", key)


@pytest.fixture
def south(gates_app, database, sealer, site):
    with database.session() as session:
        key = add_gate(session, sealer, site, "south", 2, ["card", "pin", "qr", "face"])
    return PlayedGate(gates_app.test_client(), site, "south", key)


@pytest.fixture
def quiet(database, sealer, site, north, clock):
    """A gate that has the newest policy and was answered so: it has nothing to say or to be given."""
    with database.session() as session:
        add_person(session, site, None, ["north-in"], clock.now)
        publish_policy(session, sealer, site, clock.now)
    manifest = msgspec.json.decode(north.ask(clock.now).policy.manifest, type=PolicyManifest)
    north.have = (manifest.epoch, manifest.version)
    north.ask(clock.now)
    return north


@pytest.fixture
def small_compound(
    request: pytest.FixtureRequest, web_config: WebConfig, clock: SetClock
) -> Iterator[Compound]:
    """The whole server with a small compound: two gates, two homes, a notice, an invitation."""
    made = make_compound(web_config, clock, with_phone="phone" in request.fixturenames)
    yield made
    with made.app.app_context():
        current_menjin().database.engine.dispose()


@pytest.fixture
def phone(small_compound: Compound) -> FlaskClient:
    return small_compound.phone()


@pytest.fixture
def neighbour(small_compound: Compound) -> FlaskClient:
    return small_compound.signed_in(small_compound.neighbour_id)


@pytest.fixture
def caller_with(compound: ManagedCompound) -> Callable[..., Caller]:
    """Return a call that makes a key with these scopes and gives a client that calls with it."""

    def make(*scopes: str) -> Caller:
        with compound.app.app_context():
            menjin = current_menjin()
            with menjin.database.session() as session:
                act = new_action(menjin, session, compound.site_id, "tests", "manager", now=compound.clock())
                made = make_api_key(
                    act, name="Property software", scopes=scopes, valid_until=act.now + timedelta(days=30)
                )
                return Caller(compound.app.test_client(), made.text, made.row.key_id)

    return make


@pytest.fixture
def caller(caller_with) -> Caller:
    """Return a caller that may do everything."""
    return caller_with(*SCOPES)
