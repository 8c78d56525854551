"""The page of the gates' versions: what an update is under way on comes first."""

from sqlalchemy import select

from tests.support.compounds.many_gates import add_stairwells
from web_admin.compound.models import Gate, Site
from web_admin.core.database import current_menjin

FOLD = '<details class="more">'


def test_of_many_gates_those_without_an_update_are_folded(compound):
    few = compound.signed_in("installer").get("/manage/updates/").text
    assert FOLD not in few
    with compound.app.app_context(), current_menjin().database.session() as session:
        site = session.scalars(select(Site)).one()
        add_stairwells(session, current_menjin().sealer, site, compound.clock(), 9)
        session.get_one(Gate, "b1-u4").update_step = "rolled_back"
    page = compound.signed_in("installer").get("/manage/updates/").text
    assert page.index("1栋4单元") < page.index(FOLD) < page.index("1栋3单元")
