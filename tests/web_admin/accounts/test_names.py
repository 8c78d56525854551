"""The name of staff that residents read: chosen, or the role, and never an address."""

import pytest

from tests.support.compounds.managed import PASSWORD
from tests.support.compounds.resident import csrf_of
from tests.web_admin.manage.staff_accounts import send
from web_admin.accounts import staff
from web_admin.accounts.names import shown_names
from web_admin.accounts.residents import set_resident_password
from web_admin.compound.models import Person
from web_admin.core.database import current_menjin


@pytest.fixture
def client(compound):
    return compound.signed_in("manager")


@pytest.fixture
def rows(compound):
    def read(work):
        with compound.app.app_context(), current_menjin().database.session() as session:
            return work(session)

    return read


def test_without_a_name_of_their_own_residents_read_the_role_and_never_an_address(compound, rows):
    numbers = rows(lambda s: [account.id for account in staff.staff_accounts(s)])
    with compound.app.test_request_context(headers={"Accept-Language": "en"}):
        names = rows(lambda s: dict(shown_names(s, [f"staff-{number}" for number in numbers])))
    assert set(names.values()) == {"Property manager", "Guard", "Installer", "Privacy officer"}


@pytest.mark.wide
def test_a_resident_reads_that_name_beside_the_reason_of_a_look(client, compound, rows):
    send(client, "/manage/account", shown_name="Office, Mrs Chen", language="en")
    person_id = compound.persons["王芳"]
    send_plain(client, f"/manage/events/person/{person_id}", reason="She asked where her card was used")
    page = resident(compound, rows, person_id).get("/r/records").text
    assert "Office, Mrs Chen" in page
    assert "She asked where her card was used" in page
    assert "manager@example.org" not in page


def send_plain(client, path, **data):
    return client.post(path, data={"csrf_token": csrf_of(client.get(path).text)} | data)


def resident(compound, rows, person_id):
    """Return a browser in which the person is signed in."""
    rows(lambda s: set_resident_password(s, s.get_one(Person, person_id), "wangfang", PASSWORD))
    browser = compound.app.test_client()
    with browser.session_transaction() as session:
        session["language"] = "en"
    assert send_plain(browser, "/r/sign-in", name="wangfang", password=PASSWORD).status_code in (302, 303)
    return browser
