"""The page of health: what needs staff comes first."""

import pytest
from sqlalchemy import select

from tests.support.compounds.many_gates import add_stairwells
from web_admin.compound.models import Gate, Site
from web_admin.core.database import current_menjin
from web_admin.custody.models import GateFaceRow

# -- pages -------------------------------------------------------------------------------------------


def test_the_page_says_what_needs_staff_first(compound):
    with compound.app.app_context(), current_menjin().database.session() as session:
        session.add(GateFaceRow(gate_id="east", tamper_id="t", tampered_at=compound.clock()))
        session.scalars(select(Gate).where(Gate.gate_id == "north")).one().device_states = [
            {"device": "reader-1", "health": "lost", "detail": "no answer for 9 s"}
        ]
    page = compound.signed_in("installer").get("/manage/health").text
    words, raw = page.index("reader-1: Does not answer"), page.index("no answer for 9 s")
    assert page.index("It may have been opened.") < words < raw
    assert page[words:raw].count("<details>") == 1
    assert "things need attention" in page
    assert "None was ever made here." in page


@pytest.mark.wide
@pytest.mark.parametrize(("language", "says"), [("en", "Without face"), ("zh", "它的程序不含人脸代码。")])
def test_the_page_names_a_gate_without_face(compound, language, says):
    client = compound.signed_in("manager", language)
    assert says not in client.get("/manage/health").text
    with compound.act() as act:
        act.session.get_one(Gate, "north").without_face = True
    assert says in client.get("/manage/health").text


def test_of_many_gates_those_that_are_well_are_folded(compound):
    with compound.app.app_context(), current_menjin().database.session() as session:
        site = session.scalars(select(Site)).one()
        add_stairwells(session, current_menjin().sealer, site, compound.clock(), 9)
        session.get_one(Gate, "b1-u4").last_seen_at = None
    page = compound.signed_in("installer").get("/manage/health").text
    first, fold, well = (page.index(part) for part in ("1栋4单元", "gates are well", "1栋3单元"))
    assert first < page.index('<details class="more">') < fold < well
