"""Acts on a site's settings: what holds at once, what is published, and what is fixed."""

import msgspec
import pytest
from sqlalchemy import select

from tests.web_admin.manage.settings_pages import SITE, send
from web_admin.compound.models import Gate, Site
from web_admin.compound.policy_models import PolicyRecordRow
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


def the_site(rows):
    return rows(lambda s: s.scalars(select(Site)).one())


def test_another_time_zone_needs_a_yes_and_is_published(client, rows):
    wanted = SITE | {"timezone": "Asia/Singapore"}
    refused = send(client, "/manage/settings/site", **wanted)
    assert refused.status_code == 422
    assert 'id="zone_confirmed-wrong-1"' in refused.text
    before = the_site(rows).version
    assert send(client, "/manage/settings/site", zone_confirmed="y", **wanted).status_code == 303
    assert (the_site(rows).timezone, the_site(rows).version > before) == ("Asia/Singapore", True)


@pytest.mark.wide
@pytest.mark.parametrize(
    ("typed", "status", "kept"),
    [("0", 303, 0), ("6", 303, 6), ("48", 303, 48), ("49", 422, 48), ("-1", 422, 48), ("", 422, 48)],
)
def test_face_pauses_after_48_hours_at_most(client, rows, typed, status, kept):
    rows(lambda s: setattr(s.get_one(Gate, "north"), "knows", ["lost_readers"]))
    answer = send(client, "/manage/settings/site", **SITE | {"face_pause_hours": typed})
    assert (answer.status_code, the_site(rows).face_pause_hours) == (status, kept)
    published = rows(lambda s: [s.get_one(PolicyRecordRow, (one, "site")).value for one in ("north", "east")])
    hours = [msgspec.json.decode(value).get("face_pause_hours", 48) for value in published]
    assert hours == [kept, 48], "a gate of an earlier version could not read it"


def test_the_form_of_cards_is_fixed_once_a_card_was_given(client, rows):
    refused = send(client, "/manage/settings/site", **SITE | {"card_bits": "24"})
    assert refused.status_code == 422
    assert the_site(rows).card_bits == 32
