"""Residents and staff are kept apart: each is refused on the other's pages and sign-in."""

from sqlalchemy import update

from tests.support.compounds.managed import PASSWORD
from tests.web_admin.web.signed_in import resident_client, session_of, sign_in
from web_admin.accounts.models import User


def test_a_resident_cannot_use_the_staffs_sign_in(compound):
    resident_client(compound)
    with compound.app.app_context(), session_of(compound) as session:
        session.execute(update(User).where(User.username == "linwei").values(email="lin@example.org"))
    client = compound.app.test_client()
    answer = sign_in(client, "lin@example.org", PASSWORD)
    assert "E-mail address or password is wrong." in answer.text
