"""The office responsible for personal data is public once it is whole."""

import pytest
from sqlalchemy import select

from tests.web_admin.manage.forms import Rows, send
from web_admin.privacy.models import PrivacyContact


@pytest.fixture
def compound_begins(now):
    return now


@pytest.fixture
def rows(compound):
    return Rows(compound)


@pytest.fixture
def officer(compound):
    return compound.signed_in("privacy_officer")


def test_who_is_responsible_is_public_once_it_is_whole(compound, officer, rows):
    path = "/manage/privacy/contact"
    half = send(
        officer,
        path,
        responsible_name="秦女士",
        responsible_contact="021-5555 0101",
        channels_zh="市场监管局 12315",
        channels_en="",
    )
    assert (half.status_code, rows(lambda s: s.scalars(select(PrivacyContact)).all())) == (422, [])
    assert "秦女士" in half.text
    send(
        officer,
        path,
        responsible_name="秦女士",
        responsible_contact="021-5555 0101",
        channels_zh="市场监管局 12315",
        channels_en="Market supervision, 12315",
    )
    page = compound.app.test_client().get("/privacy", headers={"Accept-Language": "en"}).text
    for facts in ("秦女士", "021-5555 0101", "Market supervision, 12315"):
        assert facts in page
