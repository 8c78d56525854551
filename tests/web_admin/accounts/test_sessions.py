"""Sessions end on the server: by their time though a cookie was kept, and old ones are forgotten."""

from datetime import timedelta

import pytest

from tests.web_admin.web.signed_in import resident_client
from web_admin.accounts.sessions import forget_old_sessions
from web_admin.core.database import current_menjin


@pytest.mark.wide
@pytest.mark.parametrize(
    ("sign_in_as", "page", "days"),
    [(lambda made: made.signed_in(), "/manage/", 0.5), (resident_client, "/r/", 365)],
)
def test_a_session_ends_by_its_time_though_its_cookie_was_kept(compound, sign_in_as, page, days):
    client = sign_in_as(compound)
    compound.clock.now += timedelta(days=days) - timedelta(seconds=1)
    assert client.get(page).status_code == 200
    compound.clock.now += timedelta(seconds=1)
    assert client.get(page).status_code == 302


def test_old_sessions_are_forgotten(compound):
    compound.signed_in_by_hand()
    with compound.app.app_context():
        database, now = current_menjin().database, compound.clock()
        assert forget_old_sessions(database, now) == 0
        assert forget_old_sessions(database, now + timedelta(hours=12)) == 1
