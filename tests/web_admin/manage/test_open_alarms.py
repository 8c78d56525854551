"""Every page of staff says how many alarms wait; a threat is counted for those who answer it alone."""

import pytest

from tests.support.compounds.desk import read
from web_admin.alarms.actions import raise_alarm

ASK = "/manage/live/alarms"


def ring(compound, *kinds):
    for kind in kinds:
        read(
            compound,
            lambda s, kind=kind: raise_alarm(
                s, compound.site_id, kind, compound.clock(), gate_id="north", lane_id="north-in"
            ),
        )


def count_on(page):
    return int(page.partition("<span data-number>")[2].partition("<")[0])


@pytest.mark.parametrize(("role", "page"), [("guard", "/manage/people/"), ("installer", "/manage/gates/")])
def test_a_page_shows_how_many_wait_and_a_threat_to_those_who_answer_it(compound, role, page):
    ring(compound, "alarm_help", "alarm_duress")
    shown = compound.signed_in(role).get(page).text
    assert count_on(shown) == {"guard": 3, "installer": 2}[role]
    assert "under threat" not in shown


def test_what_pages_ask_for_is_figures_and_never_what_an_alarm_is(compound):
    client = compound.signed_in("guard")
    before = client.get(ASK).json
    ring(compound, "alarm_duress")
    threat = client.get(ASK).json
    assert (threat["count"], threat["calls"]) == (2, 0)
    assert threat["newest"] > before["newest"]
    assert threat["ringing"] == before["ringing"]  # a threat makes no sound anywhere
    ring(compound, "alarm_help")
    helped = client.get(ASK).json
    assert (helped["count"], helped["calls"], helped["ringing"] > before["ringing"]) == (3, 1, True)
    assert set(helped) == {"count", "newest", "ringing", "calls"}


def test_a_quiet_compound_shows_no_number(compound):
    client = compound.signed_in("privacy_officer")
    assert "data-alarm-count" not in client.get("/manage/privacy").text
    assert client.get(ASK).status_code == 403
