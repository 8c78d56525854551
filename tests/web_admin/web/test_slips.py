"""Slips of 58 mm: in one language or both, and none of a resident's own visitor for staff."""

import re

import pytest
from sqlalchemy import select

from tests.support.compounds.desk import read
from web_admin.action.base import new_action
from web_admin.core.database import current_menjin
from web_admin.visitors.actions import issue_pass
from web_admin.visitors.models import VisitorPassRow


@pytest.fixture
def wang(compound):
    return compound.persons["王芳"]


def test_no_slip_of_a_residents_own_visitor_is_shown_to_staff(compound, wang):
    with compound.app.app_context(), current_menjin().database.session() as session:
        own = new_action(current_menjin(), session, compound.site_id, wang, "phone", now=compound.clock())
        pass_id = issue_pass(own, issuer_person_id=wang, label="aunt", gate_numbers=[1]).pass_id
    client = compound.signed_in("guard")
    assert client.get(f"/manage/lost-card/slip/{pass_id}").status_code == 404
    assert client.get(f"/manage/visitors/{pass_id}/slip").status_code == 404


def test_the_offices_pass_prints_as_a_slip_in_one_language_or_both(compound):
    client = compound.signed_in("guard")
    pass_id = read(compound, lambda s: s.scalars(select(VisitorPassRow.pass_id)).one())
    both = client.get(f"/manage/visitors/{pass_id}/slip").text
    assert "访客通行证" in both
    assert "Visitor&#39;s pass" in both
    assert "电梯维保" not in both
    assert "Visitor&#39;s pass" not in client.get(f"/manage/visitors/{pass_id}/slip?slip_language=zh").text
    dots, side = re.search(r'width="([\d.]+)mm" height="[\d.]+mm" data-dots="(\d+)"', both).groups()[::-1]
    assert float(side) <= 48
    assert float(side) * 8 % int(dots) == 0
