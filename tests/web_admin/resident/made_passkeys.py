"""Passkeys made and used by browsers of tests."""

from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from tests.support.compounds.passkey import SoftPasskey
from tests.support.compounds.resident import Compound, csrf_of
from web_admin.accounts.models import Passkey
from web_admin.core.database import current_menjin

DOES_NOT_FIT = "This passkey does not fit. Try again, or sign in with name and password."


def origin_of(compound: Compound) -> str:
    with compound.app.app_context():
        return current_menjin().config.public_url


def send(client: FlaskClient, path: str, body: object) -> TestResponse:
    token = csrf_of(client.get("/r/password", follow_redirects=True).text)
    assert token
    return client.post(path, json=body, headers={"X-CSRFToken": token})


def made_on(phone: FlaskClient, compound: Compound) -> SoftPasskey:
    """Make a passkey on the phone, as the page's script does."""
    passkey = SoftPasskey(origin_of(compound))
    kept = send(phone, "/r/passkeys", passkey.make(asked(phone, "/r/passkeys/options")))
    assert (kept.status_code, kept.json) == (200, {"next": "/r/password"})
    return passkey


def asked(client: FlaskClient, path: str) -> dict[str, Any]:
    options = send(client, path, {}).json
    assert options is not None
    return options


def sign_in(client: FlaskClient, passkey: SoftPasskey) -> TestResponse:
    return send(client, "/r/sign-in/passkey", passkey.answer(asked(client, "/r/sign-in/passkey/options")))


def english(compound: Compound) -> FlaskClient:
    client = compound.app.test_client()
    with client.session_transaction() as session:
        session["language"] = "en"
    return client


def kept_of(compound: Compound, person_id: str) -> list[str]:
    with compound.session() as session:
        query = select(Passkey.passkey_id).where(Passkey.person_id == person_id)
        return list(session.scalars(query.order_by(Passkey.created_at, Passkey.passkey_id)))
