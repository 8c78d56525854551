"""Clients of the pages in the gallery."""

from flask.testing import FlaskClient

from tests.browser.gallery.world import World
from tests.support.compounds.cards import card_was_shown
from tests.support.compounds.lived_in import NEWLY_INVITED, RESIDENTS
from tests.support.compounds.managed import ROLES
from tests.support.compounds.resident import csrf_of


def client_of(world: World, who: str, language: str) -> FlaskClient:
    """Return a client on which this person is signed in."""
    app = world.compound.app
    if who in ROLES:
        return world.compound.signed_in(who, language)
    client = app.test_client()
    with client.session_transaction() as session:
        session["language"] = language
    if who in RESIDENTS:
        page = client.get("/r/welcome")
        client.post("/r/welcome", data={"code": world.invitations[who], "csrf_token": csrf_of(page.text)})
        if who not in NEWLY_INVITED:
            card_was_shown(app, world.compound.persons[RESIDENTS[who]])
    return client
