"""A resident who may pass many gates: no page shows them all at once, and each list of many has a search."""

import re

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.support.compounds.many_gates import add_stairwells
from tests.support.compounds.resident import Compound
from tests.web_admin.resident.homes import HELPER, named
from tests.web_admin.resident.pressing import press
from web_admin.compound.models import Lane, Person, Site
from web_admin.web.gate_sets import LONG_LIST

STAIRS = 40
GATE = re.compile(r'<input[^>]* name="(gate_numbers|gate_number|gates)"')


@pytest.fixture
def many(small_compound: Compound, phone: FlaskClient) -> FlaskClient:
    """Let the phone's owner pass forty stairwells more."""
    with small_compound.act() as act:
        add_stairwells(act.session, act.sealer, act.session.get_one(Site, act.site_id), act.now, STAIRS)
        (grant,) = act.session.get_one(Person, small_compound.person_id).grants
        stairs = act.session.scalars(select(Lane.lane_id).where(Lane.lane_id.like("b%")))
        grant.lanes = [*grant.lanes, *stairs]
    return phone


def folded(page: str) -> str:
    """Return the innermost folded parts of a page."""
    return "".join(re.findall(r'<details class="more-gates[^>]*>.*?</details>', page, re.DOTALL))


@pytest.mark.parametrize(("path", "lists"), [("/r/visitors", 2), ("/r/home", 1), ("helper", 1)])
def test_more_than_eight_gates_are_folded_with_a_search(
    small_compound: Compound, many: FlaskClient, path: str, lists: int
) -> None:
    press(many, "/r/home/helpers", seen_on="/r/home", **HELPER)
    helper = f"/r/home/with/{named(small_compound, 'Xiao Wang').person_id}"
    page = many.get(helper if path == "helper" else path).text
    hidden = folded(page)
    at_once = len(GATE.findall(page)) - len(GATE.findall(hidden))
    assert 0 < at_once <= LONG_LIST + 2, "a way and all gates stand beside them"
    assert len(GATE.findall(hidden)) >= lists * (STAIRS - LONG_LIST)
    assert hidden.count("data-narrow=") == hidden.count('class="choices many"') == lists
    assert "js/narrow.js" in page
