"""A compound with two gates, and the gates themselves."""

from collections.abc import Iterator

import pytest

from tests.support.compounds.with_gates import PlayedGate, add_gate, app_of_gates, sync_app
from web_admin.core.database import Menjin
from web_admin.operations import backup
from web_admin.policy.effects import PolicyEffects

SCRYPT_COST_OF_TESTS = 2**10


@pytest.fixture(scope="session", autouse=True)
def real_scrypt_cost() -> Iterator[int]:
    """Stretch the passphrases of tests less, since they protect nothing; return the product's own cost."""
    real, backup.SCRYPT_COST = backup.SCRYPT_COST, SCRYPT_COST_OF_TESTS
    yield real
    backup.SCRYPT_COST = real


class Clock:
    """A clock that tests set."""

    def __init__(self, now):
        self.now = now

    def __call__(self):
        return self.now


@pytest.fixture
def clock(now):
    return Clock(now)


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
