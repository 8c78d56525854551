"""Send a form of the office as a browser does, and read the rows behind it."""

import re
from datetime import timedelta

from tests.support.compounds.resident import csrf_of
from web_admin.core.database import current_menjin


class Rows:
    """Reads the compound's database."""

    def __init__(self, compound):
        self.compound = compound

    def __call__(self, work):
        with self.compound.app.app_context(), current_menjin().database.session() as session:
            return work(session)


def once_of(html):
    return re.search(r'name="once"[^>]*value="([^"]+)"', html)[1]


def send(client, page_path, path=None, **data):
    """Open a page, then send its form with what was typed."""
    page = client.get(page_path)
    hidden = {"csrf_token": csrf_of(page.text), "once": once_of(page.text)}
    return client.post(path or page_path, data=hidden | data)


def local(moment):
    return (moment + timedelta(hours=8)).strftime("%Y-%m-%dT%H:%M")
