"""A site's colour: every accepted one can be read in light and dark, and no other is accepted."""

import re

import pytest

from tests.web_admin.manage.settings_pages import send
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
