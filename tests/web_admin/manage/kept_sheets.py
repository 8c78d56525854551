"""Lane sheets that are sent, and what is kept of them."""

import html
import re

from tests.support.compounds.resident import csrf_of
from tests.web_admin.manage.lane_sheet_form import EDIT, FORM
from web_admin.core.database import current_menjin
from web_admin.gates.sheet_models import LaneSheetRow
from web_admin.gates.sheets import sheets_of


def send(client, intent, path=EDIT, **changes):
    page = client.get(path).text
    once = re.search(r'name="once"[^>]*value="([^"]+)"', page)[1]
    data = {**FORM, **changes, "intent": intent, "csrf_token": csrf_of(page), "once": once}
    return client.post(path, data={name: value for name, value in data.items() if value is not None})


def stored(compound, lane_id="garage-out"):
    with compound.app.app_context(), current_menjin().database.session() as session:
        return sheets_of(session.get(LaneSheetRow, lane_id))


def beside(page, field):
    """Return the sentences beside a field."""
    said = re.findall(rf'id="{field}-wrong-\d+">.*?<span>(.*?)</span>', page, re.DOTALL)
    return [html.unescape(sentence) for sentence in said]
