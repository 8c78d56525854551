"""The office's action in a compound with life in it."""

import pytest

from web_admin.action.base import new_action
from web_admin.core.database import current_menjin


@pytest.fixture
def act(compound):
    """Return an action of the office; tests commit, since the interface writes in between."""
    with compound.app.app_context():
        menjin = current_menjin()
    session = menjin.database.open_session()
    yield new_action(menjin, session, compound.site_id, "tests", "system", now=compound.clock())
    session.close()
