"""A compound with life in it, and callers with keys of every kind."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.support.compounds.managed import ManagedCompound
from tests.web_admin.api.calling import Caller
from web_admin.accounts.api_keys import SCOPES, make_api_key
from web_admin.action.base import new_action
from web_admin.core.database import current_menjin


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


@pytest.fixture
def act(compound):
    """Return an action of the office; tests commit, since the interface writes in between."""
    with compound.app.app_context():
        menjin = current_menjin()
    session = menjin.database.open_session()
    yield new_action(menjin, session, compound.site_id, "tests", "system", now=compound.clock())
    session.close()
