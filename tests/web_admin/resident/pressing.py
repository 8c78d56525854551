"""Press a button of a page, as a person would: load the page, send its form with its token."""

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.support.compounds.resident import csrf_of


def press(client: FlaskClient, path: str, *, seen_on: str = "/r/", **fields: str) -> TestResponse:
    """Post a form with the token of the page it is on."""
    token = csrf_of(client.get(seen_on).text)
    assert token
    return client.post(path, data={"csrf_token": token, **fields})


def switch(client: FlaskClient, method: str, on: bool) -> TestResponse:
    """Turn a way in on or off."""
    return press(client, f"/r/ways/{method}", on=str(int(on)))
