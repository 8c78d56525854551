"""What an act changes for many people is compared without a transaction, and few times for one account."""

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.support.act_previews import is_preview
from tests.support.compounds.desk import read
from tests.support.gates.waiting import until
from tests.web_admin.manage.forms import send
from web_admin.compound.models import Lane
from web_admin.core.limits import COMPARISONS
from web_admin.people.actions import GrantSpec, set_grants
from web_admin.web import comparison_turns
from web_admin.web.comparison_turns import turn_to_compare

PAGE = "/manage/lanes/north-in"


@pytest.fixture
def guard(compound):
    return compound.signed_in("guard")


def disable(client):
    return send(
        client, PAGE, f"{PAGE}/posture", posture="disabled", hours="1", until="", reason="Broken glass"
    )


def people_in(shown):
    return int(re.search(r"(\d+) people can no longer enter", shown.text)[1])


def posture(compound):
    return read(compound, lambda s: s.get_one(Lane, "north-in").override_posture)


def test_another_act_is_done_while_one_is_compared_and_the_page_knows_it(compound, guard):
    people = people_in(disable(guard))
    with ThreadPoolExecutor(1) as pool:
        with turn_to_compare(None):  # so that the guard's act waits for its turn
            shown = pool.submit(disable, guard)
            until(lambda: comparison_turns._under_way)
            with compound.act("manager") as act:  # it would wait for a lock that the guard's act held
                outside = [GrantSpec(("north-out",))]
                set_grants(replace(act, because="asked"), compound.persons["林薇"], outside)
        assert people_in(shown.result()) == people - 1
    assert posture(compound) is None


def test_an_account_has_one_act_compared_at_a_time_and_keeps_its_form(compound, guard):
    with ThreadPoolExecutor(1) as pool:
        with turn_to_compare(None):
            shown = pool.submit(disable, guard)
            until(lambda: comparison_turns._under_way)
            second = disable(compound.signed_in_again("guard"))
        assert is_preview(shown.result())
    assert second.status_code == 422
    assert "Another act of this account is being worked out." in second.text
    assert "Broken glass" in second.text


def test_an_account_that_has_too_many_acts_compared_waits_and_keeps_its_form(compound, guard):
    for _press in range(COMPARISONS.most):
        assert is_preview(disable(guard))
    refused = disable(guard)
    assert refused.status_code == 422
    assert "send this again in 60 seconds" in refused.text
    assert "Broken glass" in refused.text
    assert is_preview(disable(compound.signed_in("manager")))
    assert send(guard, "/manage/lockdown", reason="Forced entry", hours="1", until="").status_code == 303
    compound.clock.now += timedelta(minutes=1)
    assert is_preview(disable(guard))
