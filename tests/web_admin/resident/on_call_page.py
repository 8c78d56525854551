"""One call of the compound of the tests, and the buttons of its page."""

import re

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.support.compounds.resident import csrf_of

CALL = "/r/call/one"


def do(client: FlaskClient, act: str, **fields: str) -> TestResponse:
    """Press a button of the call's page, or send what an older page of it has."""
    page = client.get(CALL).text
    once = re.search(rf'action="{CALL}/{act}".*?name="once" value="([^"]+)"', page, re.S)
    token = once[1] if once else "an older page's own token"
    return client.post(f"{CALL}/{act}", data={"csrf_token": csrf_of(page), "once": token, **fields})
