"""The office's page of visitors and the people whom homes added, in a real browser."""

from datetime import timedelta

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.axe import needs_axe
from tests.browser.office_screen import SIZES, look, sign_in
from tests.support.compounds.managed import ManagedCompound
from web_admin.action.base import new_action
from web_admin.core.database import current_menjin
from web_admin.people.home_helpers import HelperTimes, add_helper
from web_admin.people.members import invite_member
from web_admin.visitors.actions import issue_pass, withdraw_pass
from web_admin.visitors.models import VisitorPassRow, VisitorUse

pytestmark = [pytest.mark.browser, pytest.mark.wide]


def fill(managed: ManagedCompound) -> dict[str, str]:
    """Give out passes in several states, add a helper and a person who waits; return the two ids."""
    with managed.app.app_context(), current_menjin().database.session() as session:
        menjin, host, now = current_menjin(), managed.persons["王芳"], managed.clock()
        office = new_action(menjin, session, managed.site_id, "staff-1", "manager")
        phone = new_action(menjin, session, managed.site_id, host, "phone")
        issue_pass(office, issuer_person_id=None, label="窗户清洗", gate_numbers=[1, 2])
        gone = issue_pass(office, issuer_person_id=None, label="Gardener", gate_numbers=[1])
        withdraw_pass(office, gone.pass_id)
        issue_pass(phone, issuer_person_id=host, label="李阿姨", gate_numbers=[1])
        used = session.query(VisitorPassRow).filter_by(label="窗户清洗").one()
        session.add(
            VisitorUse(
                gate_id="north", journal_id="j", seq=900, lane_id="north-in", at=now, shown_id=used.pass_id
            )
        )
        times = HelperTimes(now.date() + timedelta(days=60), ("tue", "thu"), 9 * 60, 12 * 60)
        helper = add_helper(phone, host, display_name="小王", lanes=["north-in"], times=times, language="zh")
        waits, _code = invite_member(
            phone, host, display_name="陈立", age_band="adult", language="zh", waits=True
        )
        return {"helper": helper.person_id, "waiting": waits.person_id}


@needs_axe
@pytest.mark.parametrize(
    ("size", "language", "scheme"),
    [
        ("phone", "zh", "light"),
        pytest.param("desktop", "en", "light", marks=pytest.mark.slow),
        pytest.param("desktop", "zh", "dark", marks=pytest.mark.slow),
    ],
)
def test_visitors_and_people_of_homes_pass_axe_and_fit(
    browser: Browser, managed: ManagedCompound, address: str, size: str, language: str, scheme: str
) -> None:
    ids = fill(managed)
    locale = {"en": "en-GB", "zh": "zh-CN"}[language]
    context = browser.new_context(viewport=SIZES[size], locale=locale, color_scheme=scheme)
    page = context.new_page()
    sign_in(page, address)
    problems = []
    for name, path in {
        "visitors": "visitors/",
        "visitors_of_residents": "visitors/?whose=residents",
        "visitors_nothing": "visitors/?q=nobody",
        "people_waiting": "people/",
        "person_waiting": f"people/{ids['waiting']}",
        "person_helper": f"people/{ids['helper']}",
    }.items():
        page.goto(f"{address}/manage/{path}")
        problems += look(page, f"{name}-{language}-{size}-{scheme}")
    page.goto(f"{address}/manage/visitors/")
    page.get_by_role("link", name="窗户清洗").click()
    problems += look(page, f"visitor_used-{language}-{size}-{scheme}")
    expect(page.locator("#link")).to_be_visible()
    assert problems == []
    context.close()
