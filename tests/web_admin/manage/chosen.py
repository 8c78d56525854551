"""People chosen from the list, and a preview of an act on them."""

import re

from sqlalchemy import select

from tests.support.act_previews import done
from tests.support.compounds.desk import hidden_of
from tests.support.compounds.resident import csrf_of
from web_admin.compound.models import CredentialRow, Person
from web_admin.core.database import current_menjin
from web_admin.credentials.actions import end_credential

LIST, BULK, DO = "/manage/people/", "/manage/people/bulk", "/manage/people/bulk/do"


def read(compound, what):
    with compound.app.app_context(), current_menjin().database.open_reading() as session:
        return what(session)


def suspended(compound):
    rows = select(Person.display_name).where(Person.suspended.is_(True))
    return set(read(compound, lambda s: s.scalars(rows).all()))


def take_ways(compound):
    """End what people let themselves in with: who has a way in is left out of a list."""
    with compound.act("manager", "staff-9") as act:
        rows = select(CredentialRow).where(CredentialRow.state != "ended")
        for row in act.session.scalars(rows).all():
            end_credential(act, row.credential_id, "returned")


def preview(client, act, *people, **more):
    token = csrf_of(client.get(LIST).text)
    return client.post(BULK, data={"csrf_token": token, "act": act, "person": list(people), **more})


def confirm(client, shown, **typed):
    """Confirm an act that was shown by name, and what it takes from people where that is shown."""
    return done(client, sent(client, shown, **typed))


def sent(client, shown, **typed):
    assert shown.status_code == 200, shown.text
    people = re.findall(r'name="person" value="([^"]+)"', shown.text)
    lanes = re.findall(r'<input type="hidden" name="lanes" value="([^"]+)"', shown.text)
    return client.post(DO, data=hidden_of(shown.text, DO) | {"person": people, "lanes": lanes, **typed})


def names(page, part):
    section = page.partition(f'id="{part}"')[2].partition("</section>")[0]
    return re.findall(r"<strong>([^<]+)</strong>", section)
