"""Staff and residents who sign in, and whose session it is."""

from tests.support.compounds.managed import PASSWORD
from tests.support.compounds.resident import csrf_of
from web_admin.accounts.residents import set_resident_password
from web_admin.compound.models import Person
from web_admin.core.database import current_menjin


def session_of(compound):
    return current_menjin().database.session()


def sign_in(client, email, password):
    with client.session_transaction() as session:
        session["language"] = "en"
    page = client.get("/staff/sign-in")
    return client.post(
        "/staff/sign-in", data={"email": email, "password": password, "csrf_token": csrf_of(page.text)}
    )


def resident_client(compound, name="林薇"):
    client = compound.app.test_client()
    with compound.app.test_request_context("/"), session_of(compound) as session:
        person = session.get_one(Person, compound.persons[name])
        set_resident_password(session, person, "linwei", PASSWORD)
    page = client.get("/r/sign-in")
    answer = client.post(
        "/r/sign-in", data={"name": "linwei", "password": PASSWORD, "csrf_token": csrf_of(page.text)}
    )
    assert answer.status_code in (302, 303), answer.text
    return client
