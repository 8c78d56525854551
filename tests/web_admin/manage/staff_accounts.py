"""Staff accounts on the pages: invited, joined, signed in."""

import re

from sqlalchemy import select

from tests.support.compounds.resident import csrf_of
from web_admin.accounts.models import User

NEW_PASSWORD = "three words nobody owns"


def account_of(rows, email):
    return rows(lambda s: s.scalars(select(User).where(User.email == email)).one())


def send(client, page_path, path=None, form=0, **data):
    """Open a page, then send one of its forms with what was typed."""
    page = client.get(page_path).text
    once = re.findall(r'name="once"[^>]*value="([^"]+)"', page)[form]
    return client.post(path or page_path, data={"csrf_token": csrf_of(page), "once": once} | data)


def invite(client, email="li@example.org", role="guard", **more):
    return send(
        client,
        "/manage/staff/new",
        email=email,
        role=role,
        shown_name="Guard at the north gate",
        language="en",
        **more,
    )


def sign_in(compound, email, password):
    stranger = compound.app.test_client()
    page = stranger.get("/staff/sign-in")
    return stranger.post(
        "/staff/sign-in", data={"email": email, "password": password, "csrf_token": csrf_of(page.text)}
    )


def is_signed_in(client):
    return client.get("/manage/account").status_code == 200
