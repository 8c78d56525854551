"""A yes in writing and the yes of both guardians in a browser: every look, and a name typed badly."""

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.axe import needs_axe
from tests.browser.phone_pages import look, set_language
from tests.browser.resident_screen import PHONE, Served
from tests.support.compounds.cards import card_was_shown
from web_admin.compound.models import Person
from web_admin.credentials.cards import issue_card
from web_admin.face.consent_rules import set_consent_rules
from web_admin.people.actions import add_person

pytestmark = [pytest.mark.browser, pytest.mark.wide]

NAMES = {"en": ("Lin Wei", "Lin Tao", "Bao"), "zh": ("林薇", "林涛", "林宝")}


def family(served: Served, language: str) -> tuple[str, str]:
    """Ask for signatures and both guardians; add a father and a son of 15 and return their ids."""
    with served.compound.act() as act:
        set_consent_rules(act, written_release=True, both_guardians=True)
        mother = act.session.get_one(Person, served.compound.person_id)
        mother.display_name = NAMES[language][0]
        home_id = mother.home_id
        father = add_person(act, display_name=NAMES[language][1], home_id=home_id).person_id
        son = add_person(act, display_name=NAMES[language][2], home_id=home_id, age_band="14_17").person_id
        for number, person_id in enumerate((father, son), start=4_242_020):
            issue_card(act, person_id, number)
    return father, son


def phone_of(browser: Browser, served: Served, person_id: str, language: str, scheme: str) -> Page:
    """Return a resident's phone, signed in and proved."""
    locale = {"en": "en-GB", "zh": "zh-CN"}[language]
    made = browser.new_context(viewport=PHONE, locale=locale, color_scheme=scheme, bypass_csp=True)
    page = made.new_page()
    page.goto(f"{served.address}/r/welcome/{served.compound.invitation(person_id)}")
    page.locator("main form button").click()
    card_was_shown(served.compound.app, person_id)
    set_language(page, language)
    return page


@needs_axe
@pytest.mark.parametrize(
    ("scheme", "language"), [("light", "zh"), pytest.param("dark", "en", marks=pytest.mark.slow)]
)
def test_a_signature_and_both_guardians_from_the_question_to_the_file(
    browser: Browser, served: Served, scheme: str, language: str
) -> None:
    father_id, son_id = family(served, language)
    son, mother, father = (
        phone_of(browser, served, who, language, scheme)
        for who in (son_id, served.compound.person_id, father_id)
    )
    son.goto(f"{served.address}/r/face")
    problems = look(son, "both_notice", language, scheme)
    son.locator("[data-face-yes]").click()
    problems += look(son, "both_waiting", language, scheme)
    mother.goto(f"{served.address}/r/")
    mother.locator("a[href^='/r/guardian/']").click()
    problems += look(mother, "both_guardian", language, scheme)
    mother.locator("[data-face-yes]").click()
    assert mother.locator("#signed-name:invalid").count() == 1, "a yes went out without a name"
    mother.locator("#signed-name").evaluate("field => field.removeAttribute('maxlength')")
    mother.locator("#signed-name").fill("x" * 90)
    mother.locator("[data-face-yes]").click()
    problems += look(mother, "both_guardian_problem", language, scheme)
    assert mother.locator("#signed-name").input_value() == "x" * 90
    mother.locator("#signed-name").fill(NAMES[language][0])
    mother.locator("[data-face-yes]").click()
    problems += look(mother, "both_half", language, scheme)
    mother.locator("a[href^='/r/guardian/']").click()
    problems += look(mother, "both_take_back", language, scheme)
    son.reload()
    problems += look(son, "both_half_waiting", language, scheme)
    father.goto(f"{served.address}/r/")
    father.locator("a[href^='/r/guardian/']").click()
    father.locator("#signed-name").fill(NAMES[language][1])
    father.locator("[data-face-yes]").click()
    son.goto(f"{served.address}/r/records")
    son.locator("a[href*='/records/consents/']").first.click()
    problems += look(son, "both_consent", language, scheme)
    mother.goto(f"{served.address}/r/face")
    problems += look(mother, "signed_notice", language, scheme)
    mother.locator("#signed-name").fill(NAMES[language][0])
    mother.locator("[data-face-yes]").click()
    mother.goto(f"{served.address}/r/records")
    mother.locator("a[href*='/records/consents/']").first.click()
    problems += look(mother, "signed_consent", language, scheme)
    with mother.expect_download() as download:
        mother.locator("a[href*='/records/releases/']").click()
    assert download.value.suggested_filename.startswith("signed-")
    assert problems == []
    for page in (son, mother, father):
        page.context.close()
