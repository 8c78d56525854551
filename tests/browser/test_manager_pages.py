"""The manager's pages in a real browser: two-step sign-in, a day's work, every page's look."""

import pytest
from playwright.sync_api import Browser, BrowserContext, expect
from sqlalchemy import select

from gate_controller.contract.calendars import DAY_KINDS, WEEKDAYS, Span
from tests.browser.axe import needs_axe
from tests.browser.office_screen import SIZES, look, sign_in
from tests.support.compounds.managed import ManagedCompound
from web_admin.accounts.models import User
from web_admin.action.base import new_action
from web_admin.alarms.actions import raise_alarm
from web_admin.core.database import current_menjin
from web_admin.face.models import AssessmentRow
from web_admin.gates.hours import save_hours
from web_admin.gates.schedules import set_schedule

pytestmark = [pytest.mark.browser, pytest.mark.wide]


def test_a_family_moves_in_from_the_empty_home_to_the_invitation(
    context: BrowserContext, managed: ManagedCompound, address: str
) -> None:
    page = context.new_page()
    sign_in(page, address)
    page.goto(f"{address}/manage/people/")
    page.get_by_role("link", name="Add a home").click()
    page.get_by_label("Home number").fill("6-0101")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("link", name="Add a person").click()
    page.get_by_label("Name or nickname").fill("何静")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("link", name="Give a card").click()
    page.get_by_label("Card number").fill("4200001")
    page.get_by_role("button", name="Give this card").click()
    expect(page.locator(".wrong").get_by_text("Home 1-0102 holds this card already")).to_be_visible()
    expect(page.locator("[data-problems]")).to_be_focused()
    expect(page.get_by_label("Card number")).to_have_value("4200001")
    page.get_by_label("Card number").fill("0x6CB26E")
    page.get_by_role("button", name="Give this card").click()
    expect(page.get_by_text("The card is ready.")).to_be_visible()
    page.get_by_role("button", name="Make an invitation").click()
    expect(page.locator("svg.qr")).to_be_visible()


def test_a_page_of_now_shows_an_alarm_without_being_loaded_again(
    context: BrowserContext, managed: ManagedCompound, address: str
) -> None:
    page = context.new_page()
    sign_in(page, address, "guard")
    page.get_by_role("button", name="Seen").click()
    expect(page.get_by_text("Door open too long")).to_be_hidden()
    with managed.app.app_context(), current_menjin().database.session() as session:
        raise_alarm(session, managed.site_id, "alarm_door_forced", managed.clock(), gate_id="north")
    expect(page.get_by_text("Door forced open")).to_be_visible(timeout=15_000)


def test_the_keyboard_alone_reaches_the_content_first(context: BrowserContext, address: str) -> None:
    page = context.new_page()
    page.goto(f"{address}/staff/sign-in")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.locator("#email")).to_be_focused()


def first_assessment(managed: ManagedCompound) -> str:
    with managed.app.app_context(), current_menjin().database.session() as session:
        return session.scalars(select(AssessmentRow.assessment_id)).one()


def hold_by_schedule(managed: ManagedCompound) -> None:
    """Hold a lane open nearly all day, and shut it at night on work days, as a manager sets it."""
    with managed.app.app_context():
        menjin = current_menjin()
        with menjin.database.session() as session:
            manager = session.scalars(select(User).where(User.email == "manager@example.org")).one()
            actor = f"staff-{manager.id}"
            act = new_action(menjin, session, managed.site_id, actor, "manager", now=managed.clock())
            market = save_hours(act, None, "集市 Market", [Span(DAY_KINDS, 0, 1439)])
            night = save_hours(act, None, "夜间 Night", [Span(WEEKDAYS[:5], 1439, 300)])
            set_schedule(act, "north-in", market.hours_id, "held_open")
            set_schedule(act, "north-in", night.hours_id, "lockdown")


def pages_of(managed: ManagedCompound) -> dict[str, str]:
    person = f"/manage/people/{managed.persons['王芳']}"
    return {
        "now": "/manage/",
        "lane": "/manage/lanes/north-in",
        "lockdown": "/manage/lockdown",
        "schedule_new": "/manage/lanes/north-in/schedules/new",
        "sheet": "/manage/lanes/north-in/sheet",
        "no_sheet": "/manage/lanes/garage-out/sheet",
        "sheet_edit": "/manage/lanes/north-in/sheet/edit",
        "people": "/manage/people/",
        "nothing_found": "/manage/people/?q=zzz",
        "person": person,
        "person_new": "/manage/people/new",
        "move_in": "/manage/people/move-in",
        "staff_new": "/manage/people/staff/new",
        "people_staff": "/manage/people/?kind=staff",
        "people_import": "/manage/people/import",
        "grants": f"{person}/grants",
        "move_out": f"{person}/move-out",
        "card_give": f"/manage/cards/give/{managed.persons['王芳']}",
        "cards": "/manage/cards/",
        "visitors": "/manage/visitors/",
        "visitor_new": "/manage/visitors/new",
        "gates": "/manage/gates/",
        "gate": "/manage/gates/north",
        "lane_edit": "/manage/gates/north/lanes/north-in",
        "gates_like": "/manage/gates/north/more",
        "emergency": "/manage/emergency/",
        "emergency_new": "/manage/emergency/new",
        "staff": f"/manage/people/{managed.persons['保安队长']}",
        "held": "/manage/events/?kind=held",
        "who": "/manage/events/who/north/101?journal=j",
        "hours": "/manage/hours/new",
        "day": "/manage/hours/days/new",
        "events": "/manage/events/",
        "passages": f"/manage/events/person/{managed.persons['王芳']}",
        "why": "/manage/events/why",
        "try": f"/manage/try?person={managed.persons['王芳']}",
        "week_of_lane": "/manage/access/lanes/north-in",
        "week_of_person": f"/manage/access/people/{managed.persons['王芳']}",
        "privacy": "/manage/privacy",
        "notice": "/manage/privacy/notice",
        "public": "/privacy",
        "policy_on_faces": "/policy/biometrics",
        "assessments": "/manage/privacy/assessments",
        "assessment_new": "/manage/privacy/assessments/new",
        "person_face": f"{person}/face",
        "assessment": f"/manage/privacy/assessments/{first_assessment(managed)}",
        "accounts": "/manage/staff/",
        "account_new": "/manage/staff/new",
        "account": "/manage/staff/2",
        "settings": "/manage/settings",
        "settings_site": "/manage/settings/site",
        "settings_look": "/manage/settings/look",
        "settings_mail": "/manage/settings/mail",
        "health": "/manage/health",
        "webhook_new": "/manage/settings/webhooks/new",
        "roles": "/manage/staff/roles",
        "own_account": "/manage/account",
        "join": "/staff/join?code=ABCD-EFGH-2345-WXYZ",
        "not_found": "/manage/nothing",
    }


@pytest.mark.wide
@needs_axe
@pytest.mark.parametrize(
    ("size", "language", "scheme"),
    [
        ("phone", "zh", "light"),
        pytest.param("phone", "en", "dark", marks=pytest.mark.slow),
        pytest.param("desktop", "en", "light", marks=pytest.mark.slow),
        pytest.param("desktop", "zh", "dark", marks=pytest.mark.slow),
    ],
)
def test_every_page_is_accessible_fits_its_screen_and_runs_under_the_strict_policy(
    browser: Browser, managed: ManagedCompound, address: str, size: str, language: str, scheme: str
) -> None:
    locale = {"en": "en-GB", "zh": "zh-CN"}[language]
    context = browser.new_context(viewport=SIZES[size], locale=locale, color_scheme=scheme)
    page = context.new_page()
    problems: list[str] = []
    page.on("console", lambda m: problems.append(m.text) if "Content Security Policy" in m.text else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    hold_by_schedule(managed)
    sign_in(page, address)
    for name, path in pages_of(managed).items():
        page.goto(address + path)
        problems += look(page, f"{name}-{language}-{size}-{scheme}")
    context.close()
    assert problems == []
