"""From a resident's phone to the gate: a pass is made, its link is opened by a visitor, the gate opens."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from sqlalchemy import select

from gate_controller.contract.passes import SignedPass, parse_code
from tests.browser.axe import needs_axe
from tests.browser.phone_pages import look
from tests.browser.resident_screen import PATIENCE_MS, Served, read_code, welcome
from tests.support.suspending import suspend_for_days
from web_admin.core.database import current_menjin
from web_admin.visitors.actions import issue_pass, withdraw_pass
from web_admin.visitors.links import link_text
from web_admin.visitors.models import VisitorPassRow, VisitorUse
from web_admin.visitors.weekly import DAYS, issue_series

pytestmark = pytest.mark.browser

SHANGHAI = ZoneInfo("Asia/Shanghai")
SMALL = {"width": 320, "height": 640}


@pytest.fixture(params=["en-GB", pytest.param("zh-CN", marks=pytest.mark.wide)])
def visitor(request: pytest.FixtureRequest, browser: Browser) -> Iterator[BrowserContext]:
    """Return a stranger's browser on a small phone, without service worker, in each language."""
    made = browser.new_context(
        viewport=SMALL, device_scale_factor=2, locale=request.param, has_touch=True, service_workers="block"
    )
    made.set_default_timeout(PATIENCE_MS)
    yield made
    made.close()


def made_pass(context: BrowserContext, served: Served, *choices: str) -> str:
    """Make a pass as a resident does, and return its link."""
    page = welcome(context, served)
    page.get_by_role("link", name="Visitors").click()
    page.get_by_label("For whom?").fill("Aunt Li")
    page.get_by_text("More: a single gate").click()
    for choice in choices:
        # The same gates are offered once more below, for a code: the pass is asked for first.
        page.get_by_label(choice, exact=True).first.check(force=True)
    page.get_by_role("button", name="Make the pass").click()
    return page.get_by_label("Link for your visitor").input_value()


def shown_as(page: Page, kind: str) -> None:
    expect(page.locator(f"[data-pass][data-kind={kind}]")).to_be_visible(timeout=PATIENCE_MS)


def signed(text: str) -> SignedPass:
    code = parse_code(text)
    assert isinstance(code, SignedPass)
    return code


def test_a_visitor_opens_the_link_and_the_gate_opens(
    context: BrowserContext, visitor: BrowserContext, served: Served
) -> None:
    page = visitor.new_page()
    page.goto(made_pass(context, served, "North gate"))
    shown_as(page, "renewing")
    text = read_code(page)
    assert served.compound.decide(text, "north-in").opens
    assert not served.compound.decide(text, "south-in").opens
    made = signed(text).visitor_pass
    assert (made.valid_until - made.valid_from).total_seconds() <= 75
    page.emulate_media(media="print")
    printed = signed(read_code(page)).visitor_pass
    assert (printed.valid_until - printed.valid_from).total_seconds() == 24 * 3600


def test_without_network_the_code_becomes_the_fixed_one_and_still_opens(
    context: BrowserContext, visitor: BrowserContext, served: Served
) -> None:
    page = visitor.new_page()
    page.goto(made_pass(context, served))
    shown_as(page, "renewing")
    visitor.set_offline(True)
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    page.wait_for_timeout(200)
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    shown_as(page, "fixed")
    text = read_code(page)
    assert served.compound.decide(text).opens
    assert signed(text).visitor_pass.valid_until - datetime.now(UTC) > timedelta(hours=23)


@pytest.mark.wide
def test_a_visitors_screen_is_asked_to_stay_lit(
    context: BrowserContext, visitor: BrowserContext, served: Served
) -> None:
    visitor.add_init_script(
        "window.lit = []; navigator.wakeLock.request = async (kind) => { window.lit.push(kind); };"
    )
    page = visitor.new_page()
    page.goto(made_pass(context, served))
    page.wait_for_function("() => window.lit.length === 1")
    assert page.evaluate("window.lit") == ["screen"]


@pytest.mark.wide
def test_without_scripts_the_fixed_code_shows(
    context: BrowserContext, browser: Browser, served: Served
) -> None:
    link = made_pass(context, served)
    plain = browser.new_context(viewport=SMALL, java_script_enabled=False, locale="zh-CN")
    page = plain.new_page()
    page.goto(link)
    assert served.compound.decide(read_code(page)).opens
    page.get_by_role("link", name="English").click()
    expect(page.get_by_role("heading", name="Visitor pass")).to_be_visible()
    plain.close()


def test_a_page_left_open_learns_that_the_pass_was_withdrawn(
    context: BrowserContext, visitor: BrowserContext, served: Served
) -> None:
    page = visitor.new_page()
    page.goto(made_pass(context, served))
    shown_as(page, "renewing")
    with served.compound.act("manager") as act:
        withdraw_pass(act, act.session.scalars(select(VisitorPassRow.pass_id)).one())
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.locator(".no-code")).to_be_visible()
    assert page.locator(".qr").count() == 0


@pytest.mark.wide
def test_a_weekly_pass_for_today_opens_from_its_one_link(
    context: BrowserContext, visitor: BrowserContext, served: Served
) -> None:
    page = welcome(context, served)
    page.get_by_role("link", name="Visitors").click()
    page.get_by_label("For whom?").fill("Piano teacher")
    page.get_by_label("Every week", exact=True).check(force=True)
    expect(page.get_by_role("group", name="When")).to_be_hidden()
    page.locator("#starts_at").fill("00:00")
    page.locator("#ends_at").fill("23:59")
    page.get_by_role("button", name="Make the pass").click()
    expect(page.get_by_text("This visit began")).to_be_visible()
    link = page.get_by_label("Link for your visitor").input_value()
    guest = visitor.new_page()
    guest.goto(link)
    shown_as(guest, "renewing")
    assert served.compound.decide(read_code(guest), "south-in").opens


@pytest.mark.wide
def test_the_resident_copies_the_link_where_nothing_can_be_shared(
    context: BrowserContext, served: Served
) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    link = made_pass(context, served)
    page = context.pages[0]
    page.get_by_role("button", name="Copy the link").click()
    expect(page.get_by_text("Copied.")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == link


@pytest.mark.wide
@pytest.mark.parametrize(("copies", "said"), [("true", "Copied."), ("false", "Press and hold")])
def test_a_browser_without_a_clipboard_copies_the_old_way_or_says_how(
    context: BrowserContext, served: Served, copies: str, said: str
) -> None:
    context.add_init_script(
        "Object.defineProperty(Navigator.prototype, 'clipboard', { get: () => undefined });"
        f"document.execCommand = () => {copies};"
    )
    made_pass(context, served)
    page = context.pages[0]
    page.get_by_role("button", name="Copy the link").click()
    expect(page.locator("[data-share-done]")).to_contain_text(said)


@pytest.mark.wide
def test_a_pass_for_one_visit_names_the_gate_that_it_is_for(context: BrowserContext, served: Served) -> None:
    page = welcome(context, served)
    page.goto(f"{served.address}/r/visitors")
    everywhere = page.locator(".choice", has_text="All my gates")
    expect(everywhere).to_be_visible()
    page.get_by_label("Once, at one gate", exact=True).check(force=True)
    expect(everywhere).to_be_hidden()
    expect(page.get_by_text("The way to my home", exact=True)).to_be_hidden()
    expect(page.get_by_role("radio", name="North gate").first).to_be_checked()
    expect(page.get_by_text("Once means at one gate.")).to_be_visible()


@pytest.mark.wide
def test_the_phones_own_share_sheet_gets_the_link_and_the_picture(
    context: BrowserContext, served: Served
) -> None:
    context.add_init_script(
        "navigator.canShare = () => true;"
        "navigator.share = async ({ url, files }) => {"
        "  document.body.dataset[url ? 'sharedUrl' : 'sharedBytes'] = url ?? files[0].size; };"
    )
    link = made_pass(context, served)
    page = context.pages[0]
    page.get_by_role("button", name="Share the link").click()
    page.get_by_role("link", name="Send or save the picture").click()
    expect(page.locator("body[data-shared-bytes]")).to_have_attribute("data-shared-url", link)
    assert int(page.locator("body").get_attribute("data-shared-bytes") or 0) > 500


@pytest.mark.wide
@needs_axe
@pytest.mark.parametrize(
    ("scheme", "language"),
    [pytest.param("light", "en", marks=pytest.mark.slow), ("light", "zh"), ("dark", "zh")],
)
def test_every_state_of_a_visitors_page_passes_axe_and_fits_its_screen(
    browser: Browser, served: Served, language: str, scheme: str
) -> None:
    made = browser.new_context(
        viewport=SMALL, locale={"en": "en-GB", "zh": "zh-CN"}[language], color_scheme=scheme, bypass_csp=True
    )
    page = made.new_page()
    problems = []
    for name, link in links_in_every_state(served).items():
        page.goto(link)
        problems += look(page, f"visitor_{name}", language, scheme)
    assert problems == []
    made.close()


def links_in_every_state(served: Served) -> dict[str, str]:
    """Make passes in every state and return the links to them."""
    with served.compound.act() as act:
        person_id, now = served.compound.person_id, act.now
        today = now.astimezone(SHANGHAI).date()

        def once(**changes: object) -> str:
            row = issue_pass(
                act,
                issuer_person_id=person_id,
                label="x",
                **{"gate_numbers": [1], **changes},  # type: ignore[arg-type]
            )
            return row.pass_id

        def weekly(issuer: str, day: date) -> str:
            return issue_series(
                act,
                issuer_person_id=issuer,
                label="x",
                gate_numbers=[1, 2],
                days=[DAYS[day.weekday()]],
                starts_minute=0,
                ends_minute=24 * 60,
                last_day=today + timedelta(days=60),
            ).series_id

        ids = {
            "live": once(),
            "not_yet": once(valid_from=now + timedelta(days=2)),
            "withdrawn": once(uses=1),
            "used": once(uses=1),
            "ended": once(valid_until=now + timedelta(seconds=1)),
        }
        act.session.get_one(VisitorPassRow, ids["ended"]).valid_until = now - timedelta(minutes=1)
        withdraw_pass(act, ids["withdrawn"])
        act.session.add(
            VisitorUse(
                gate_id="north", journal_id="j", seq=1, lane_id="north-in", at=now, shown_id=ids["used"]
            )
        )
        series = {
            "weekly_today": weekly(person_id, today),
            "weekly_later": weekly(person_id, today + timedelta(days=3)),
            "weekly_paused": weekly(served.compound.neighbour_id, today),
        }
        suspend_for_days(act, served.compound.neighbour_id)
        sealer = current_menjin().sealer
        texts = {name: link_text(sealer, "pass", key) for name, key in ids.items()}
        texts |= {name: link_text(sealer, "series", key) for name, key in series.items()}
    return {name: f"{served.address}/v/{text}" for name, text in texts.items()}
