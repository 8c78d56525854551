"""Settings of a site: times and colours."""

import re

import msgspec
import pytest
from sqlalchemy import select

from tests.web_admin.manage.settings_pages import SITE, send
from web_admin.compound.models import Gate, Site
from web_admin.compound.policy_models import PolicyRecordRow
from web_admin.core.database import current_menjin
from web_admin.settings.colours import contrast, is_colour, readable, stylesheet


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


# -- colour and logo ---------------------------------------------------------------------------------


@pytest.mark.parametrize("accent", ["#0b5d4e", "#7a1f3d", "#1d3f8a", "#5a3d00", "#000000", "#333333"])
def test_every_accepted_colour_can_be_read_in_light_and_dark(accent):
    rules = stylesheet(accent)
    light, dark = (
        dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", rules.splitlines()[line])) for line in (0, 1)
    )
    for shades, ground in ((light, "#ffffff"), (dark, "#1a211e")):
        assert contrast(shades["mj-accent"], ground) >= 4.5
        assert contrast(shades["mj-on-accent"], shades["mj-accent"]) >= 4.5
        assert contrast(shades["mj-on-accent"], shades["mj-accent-strong"]) >= 4.5
        assert contrast(shades["mj-accent-strong"], shades["mj-accent-soft"]) >= 4.5
        assert contrast(shades["green-ink"], shades["green"]) >= 4.5
        assert contrast(shades["green-text"], shades["green-soft"]) >= 4.5


def test_black_on_white_is_21_and_a_colour_has_six_digits():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert readable("#ffdd00") < 2
    assert [is_colour(text) for text in ("#0b5d4e", "#0B5D4E", "#fff", "red", "#0b5d4e;x")] == [
        True,
        False,
        False,
        False,
        False,
    ]


def test_a_colour_that_cannot_be_read_is_refused_and_a_good_one_holds(client, compound, rows):
    refused = send(client, "/manage/settings/look", accent="#ffdd00")
    assert refused.status_code == 422
    assert "too hard to read" in refused.text
    assert 'value="#ffdd00"' in refused.text
    assert send(client, "/manage/settings/look", accent="#7A1F3D").status_code == 303
    stranger = compound.app.test_client()
    assert "--mj-accent: #7a1f3d" in stranger.get("/look.css").text
    assert "/look.css" in stranger.get("/r/sign-in").text
    send(client, "/manage/settings/look", accent="")
    assert "/look.css" not in client.get("/manage/settings").text
