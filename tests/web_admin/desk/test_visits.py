"""The person's own record of visits at the desk: who helped, what was done, until the log forgets."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from tests.support.compounds.desk import (
    card_of,
    press,
    read,
    served_with_card,
)
from tests.web_admin.desk.visits import entries
from web_admin.core.database import current_menjin
from web_admin.desk.models import DeskVisitRow
from web_admin.privacy.retention import STEPS


@pytest.fixture
def wang(compound):
    return compound.persons["王芳"]


# -- what is done in it ----------------------------------------------------------------------------


@pytest.mark.wide
def test_what_is_done_is_the_persons_and_names_the_account_that_helped(compound, wang):
    client = compound.signed_in("guard")
    served_with_card(client)
    fresh = press(client, "/r/", "/r/ways/pin", on="1")
    assert fresh.status_code == 200
    assert "data-pin" in fresh.text
    (issued,) = entries(compound, "pin_issued")
    assert issued.person_id == wang
    assert issued.facts["assisted"] is True
    assert issued.facts["channel"] == "desk"
    assert str(issued.facts["actor_id"]).startswith("staff-")


@pytest.mark.wide
def test_the_person_reads_who_helped_them_and_what_was_done(compound, wang):
    client = compound.signed_in("guard")
    served_with_card(client)
    card = read(compound, lambda s: card_of(s, wang))
    press(client, "/r/", f"/r/cards/{card}/suspend")
    page = client.get("/r/records").text
    assert "Help at the desk" in page
    assert "card or phone suspended" in page
    assert "opened with your card and proved at a gate" in page
    exported = client.get("/r/records/export.json").json["helped_at_the_desk"]
    assert [(visit["by"], visit["opened_with"]) for visit in exported] == [("guard", "card")]
    assert "credential_suspended" in exported[0]["acts"]


def test_visits_are_forgotten_with_the_log(compound, web_config):
    client = compound.signed_in("guard")
    served_with_card(client)
    with compound.app.app_context():
        menjin = current_menjin()
        later = compound.clock() + timedelta(days=menjin.config.log_days, minutes=1)
        assert STEPS["desk_visits_deleted"](menjin, compound.clock()) == 0
        assert STEPS["desk_visits_deleted"](menjin, later) == 1
    assert read(compound, lambda s: s.scalar(select(func.count()).select_from(DeskVisitRow))) == 0
