"""Actions of the office beside its pages, and the fields that a page hides."""

import re
from contextlib import contextmanager

from tests.support.compounds.resident import csrf_of
from web_admin.action.base import new_action
from web_admin.core.database import current_menjin


@contextmanager
def at(compound):
    """Give an action of the manager in a transaction of its own."""
    with compound.app.app_context():
        menjin = current_menjin()
        with menjin.database.session() as session:
            yield new_action(menjin, session, compound.site_id, "tests", "manager", now=compound.clock())


def hidden_of(page):
    once = re.search(r'name="once"[^>]*value="([^"]+)"', page)[1]
    return {"csrf_token": csrf_of(page), "once": once}
