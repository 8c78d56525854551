"""The page of what an act takes also asks why, where it keeps people out; nothing is done before."""

from sqlalchemy import select

from tests.support.compounds.desk import hidden_of
from tests.web_admin.manage.chosen import read
from tests.web_admin.manage.forms import send
from web_admin.compound.models import GrantRow
from web_admin.compound.suspension_models import LockOut


def grants(compound, person_id):
    rows = select(GrantRow.grant_id).where(GrantRow.person_id == person_id)
    return read(compound, lambda s: s.scalars(rows).all())


def test_taking_all_lanes_asks_why_first_and_goes_on_with_a_reason_of_the_list(compound):
    client, person_id = compound.signed_in("manager"), compound.persons["王芳"]
    path, before = f"/manage/people/{person_id}/grants", grants(compound, person_id)
    asked = send(client, path, lanes=[], hours_id="")
    assert (asked.status_code, grants(compound, person_id)) == (422, before)
    assert "王芳" in asked.text
    assert 'value="moved_out"' in asked.text
    assert 'value="works"' not in asked.text
    again = client.post(path, data=hidden_of(asked.text, path) | {"lock_out": "unpaid"})
    assert (again.status_code, grants(compound, person_id)) == (422, before)
    assert "A debt is none" in again.text
    done = client.post(path, data=hidden_of(again.text, path) | {"lock_out": "moved_out"})
    assert (done.status_code, grants(compound, person_id)) == (303, [])
    kept = read(compound, lambda s: [(row.person_id, row.reason) for row in s.scalars(select(LockOut))])
    assert kept == [(person_id, "moved_out")]
