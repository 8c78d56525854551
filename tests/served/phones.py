"""Phones of residents at a server that runs."""

from datetime import UTC, datetime

from tests.served.served_compound import Browser, ServedCompound
from web_admin.action.base import new_action
from web_admin.core.database import current_menjin
from web_admin.people.invitations import invite


def phone_of(served: ServedCompound, name: str) -> Browser:
    """Return a phone that opened a person's invitation and showed nothing since."""
    with served.compound.app.app_context(), current_menjin().database.session() as session:
        menjin = current_menjin()
        act = new_action(menjin, session, served.compound.site_id, "tests", "manager", now=datetime.now(UTC))
        code = invite(act, served.compound.persons[name])
    phone = served.browser()
    phone.get(f"/r/welcome/{code}")
    phone.post("/r/welcome", {"code": code})
    assert phone.get("/r/").status_code == 200
    return phone
