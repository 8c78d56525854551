"""The resident's phone page in a real browser: face by choice, visitors, every page's look.

With MENJIN_SCREENSHOTS=FOLDER every page is also kept there as a picture, in both languages.
"""

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from gate_controller.rules.decision import Reason
from tests.browser.axe import needs_axe
from tests.browser.phone_pages import look, set_language
from tests.browser.resident_screen import PHONE, Served, read_code, shown, welcome
from tests.support.compounds.cards import card_was_shown
from tests.support.compounds.resident import NOTICE_EN, NOTICE_ZH
from web_admin.compound.models import Person
from web_admin.credentials.cards import issue_card
from web_admin.custody.models import Consent
from web_admin.custody.shares import FACE_PURPOSE
from web_admin.face.notices import publish_notice
from web_admin.people.actions import add_person

pytestmark = pytest.mark.browser


def test_saying_no_or_taking_face_back_is_never_more_steps_than_saying_yes(
    context: BrowserContext, served: Served
) -> None:
    page = welcome(context, served)
    page.get_by_role("switch", name="Face").click()
    yes, no = page.locator("[data-face-yes]"), page.locator("[data-face-no]")
    assert page.locator("input[type=checkbox]").count() == 0
    yes_box, no_box = yes.bounding_box(), no.bounding_box()
    assert yes_box is not None
    assert no_box is not None
    assert (yes_box["width"], yes_box["height"]) == pytest.approx((no_box["width"], no_box["height"]), abs=1)
    assert yes.evaluate("e => getComputedStyle(e).backgroundColor") == no.evaluate(
        "e => getComputedStyle(e).backgroundColor"
    )
    refuse = ["switch", "no"]
    no.click()
    expect(page.get_by_role("heading", name="Another way, at once")).to_be_visible()
    page.get_by_role("link", name="My ways in").click()
    give = ["switch", "yes"]
    page.get_by_role("switch", name="Face").click()
    page.locator("[data-face-yes]").click()
    expect(page.get_by_role("heading", name="Face is on")).to_be_visible()
    with served.compound.session() as session:
        (consent,) = session.query(Consent).all()
        assert (consent.channel, consent.language, consent.withdrawn_at) == ("phone", "en", None)
    page.get_by_role("link", name="My ways in").click()
    take = ["switch", "confirm"]
    page.get_by_role("switch", name="Face").click()
    page.get_by_role("button", name="Switch it off").click()
    expect(page.get_by_text("Waiting for the gate; its lease ends")).to_be_visible()
    assert len(refuse) <= len(give)
    assert len(take) <= len(give)


def test_a_visitor_pass_takes_three_taps_and_its_link_opens_the_gate_without_names(
    context: BrowserContext, browser: Browser, served: Served
) -> None:
    page = welcome(context, served)
    page.get_by_role("link", name="Visitors").click()
    page.get_by_label("For whom?").fill("Aunt Li")
    page.get_by_role("button", name="Make the pass").click()
    link = page.get_by_label("Link for your visitor").input_value()
    stranger = browser.new_context(viewport=PHONE, locale="en-GB")
    visitor = stranger.new_page()
    answer = visitor.goto(link)
    assert answer is not None
    assert "noindex" in answer.headers["x-robots-tag"]
    for name in ("Aunt Li", "Lin Wei", "3-1203"):
        assert name not in visitor.content()
    assert served.compound.decide(read_code(visitor)).reason is Reason.GRANTED
    stranger.close()


PAGES = {
    "ways_in": "/r/",
    "my_code": "/r/code",
    "visitors": "/r/visitors",
    "records": "/r/records",
    "help": "/r/help",
    "face_notice": "/r/face",
    "face_off": "/r/face/off",
    "another_way": "/r/another-way",
    "password": "/r/password",
    "policy_on_faces": "/policy/biometrics",
    "offline": "/r/code/offline/{language}",
}


@pytest.mark.wide
@needs_axe
@pytest.mark.parametrize(
    ("language", "scheme"),
    [
        pytest.param("en", "light", marks=pytest.mark.slow),
        ("zh", "dark"),
        pytest.param("en", "dark", marks=pytest.mark.slow),
        pytest.param("zh", "light", marks=pytest.mark.slow),
    ],
)
def test_every_page_passes_axe_and_fits_its_screen(
    browser: Browser, served: Served, language: str, scheme: str
) -> None:
    context = browser.new_context(
        viewport=PHONE, locale={"en": "en-GB", "zh": "zh-CN"}[language], color_scheme=scheme, bypass_csp=True
    )
    page = context.new_page()
    served_errors: list[str] = []
    page.on("pageerror", lambda error: served_errors.append(str(error)))
    page.goto(f"{served.address}/r/welcome/{served.compound.invitation(served.compound.person_id)}")
    problems = look(page, "welcome", language, scheme)
    page.locator("main form button").click()
    set_language(page, language)
    page.goto(f"{served.address}/r/")
    problems += look(page, "ways_in_first_invited", language, scheme)
    page.locator("form[action$='/at-gate'] button").click()
    problems += look(page, "ways_in_at_gate", language, scheme)
    card_was_shown(served.compound.app, served.compound.person_id)
    page.goto(f"{served.address}/r/")
    page.locator("#qr [role=switch]").click()
    shown(page, "phone")
    page.goto(f"{served.address}/r/visitors")
    page.locator("#label").fill({"en": "Aunt Li", "zh": "李阿姨"}[language])
    page.locator("main form button").first.click()
    problems += look(page, "visitor_pass", language, scheme)
    page.goto(page.locator("#link").input_value())
    problems += look(page, "visitor_link", language, scheme)
    for name, path in PAGES.items():
        page.goto(served.address + path.format(language=language))
        problems += look(page, name, language, scheme)
    page.goto(f"{served.address}/r/face")
    page.locator("[data-face-yes]").click()
    problems += look(page, "face_on", language, scheme)
    page.goto(f"{served.address}/r/face/off")
    page.locator("[data-face-off-now]").click()
    problems += look(page, "face_forgotten", language, scheme)
    problems += look_at_guardians(page, served, language, scheme)
    page.goto(f"{served.address}/r/")
    page.locator("#pin [role=switch]").click()
    problems += look(page, "new_pin", language, scheme)
    page.goto(f"{served.address}/r/")
    page.locator(".wish summary").click()
    problems += look(page, "two_ways", language, scheme)
    page.locator("form[action='/r/large-type'] button").click()
    problems += look(page, "ways_in_large", language, scheme)
    context.clear_cookies()
    page.goto(f"{served.address}/r/sign-in")
    problems += look(page, "sign_in", language, scheme)
    assert problems == []
    assert served_errors == []
    context.close()


def look_at_guardians(page: Page, served: Served, language: str, scheme: str) -> list[str]:
    """Look at what a changed notice, a son of 15 and his guardian see."""
    page.goto(f"{served.address}/r/face")
    page.locator("[data-face-yes]").click()
    changed = {
        "en": {**NOTICE_EN, "retention": "Until the year ends."},
        "zh": {**NOTICE_ZH, "retention": "至年底。"},
    }
    with served.compound.act() as act:
        publish_notice(act, FACE_PURPOSE, changed)
        home_id = act.session.get_one(Person, served.compound.person_id).home_id
        son = add_person(act, display_name="Bao", home_id=home_id, age_band="14_17", language=language)
        issue_card(act, son.person_id, 4_242_017)
        son_id = son.person_id
    page.goto(f"{served.address}/r/face")
    problems = look(page, "face_changed", language, scheme)
    phone = page.context.browser.new_context(viewport=PHONE, color_scheme=scheme, bypass_csp=True)  # type: ignore[union-attr]
    young = phone.new_page()
    young.goto(f"{served.address}/r/welcome/{served.compound.invitation(son_id)}")
    young.locator("main form button").click()
    card_was_shown(served.compound.app, son_id)
    young.goto(f"{served.address}/r/face")
    problems += look(young, "face_notice_minor", language, scheme)
    young.locator("[data-face-yes]").click()
    problems += look(young, "face_waiting", language, scheme)
    phone.close()
    page.goto(f"{served.address}/r/")
    problems += look(page, "ways_in_asked", language, scheme)
    page.locator("a[href^='/r/guardian/']").click()
    problems += look(page, "guardian", language, scheme)
    page.locator("[data-face-yes]").click()
    page.goto(f"{served.address}/r/guardian/of/{son_id}/off")
    return problems + look(page, "ward_off", language, scheme)
