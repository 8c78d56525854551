"""Messages on a phone in a real browser: switched on by one press, and shown by the real service worker."""

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from sqlalchemy import select

from tests.browser.resident_screen import PATIENCE_MS, PHONE, Served, welcome
from tests.support.chromium import WITH_NOTIFICATIONS, launch
from tests.support.gates.waiting import until
from tests.support.push_browser import PushBrowser
from web_admin.messages.push_models import PushPhone

pytestmark = pytest.mark.wide

ENDPOINT = "https://fcm.googleapis.com/fcm/send/test"
SUBSCRIBED = """
({ endpoint, p256dh, auth }) => {
  const kept = "subscribed at the service";
  const answer = { endpoint, options: {}, toJSON: () => ({ endpoint, keys: { p256dh, auth } }) };
  PushManager.prototype.getSubscription = async () => localStorage.getItem(kept) && answer;
  PushManager.prototype.subscribe = async (options) => {
    if (!options.userVisibleOnly || options.applicationServerKey.length !== 65) throw new Error("options");
    localStorage.setItem(kept, "yes");
    return answer;
  };
}
"""
"""In place of a push service of the internet: the browser's own question and worker stay as they are."""


NOT_INSTALLED = """
ServiceWorkerContainer.prototype.register = async () => {
  const installing = Object.assign(new EventTarget(), { state: "installing" });
  setTimeout(() => {
    installing.state = "redundant";
    installing.dispatchEvent(new Event("statechange"));
  }, 50);
  return { installing, waiting: null, active: null };
};
"""
"""A worker whose parts the browser could not fetch, as the browser reports it."""

WAIT_SHOWN = """
async (text) => {
  const registration = await navigator.serviceWorker.ready;
  const isShown = async () => (await registration.getNotifications()).some((one) => one.body === text);
  for (let tries = 0; tries < 400 && !(await isShown()); tries += 1) {
    await new Promise((go) => { setTimeout(go, 50); });
  }
  return isShown();
}
"""

SETTLED = """
async () => {
  const registration = await navigator.serviceWorker.ready;
  return !registration.installing && !registration.waiting && registration.active.state === "activated";
}
"""
"""Whether no worker is about to replace the one that runs: a message in such a moment is lost."""


def with_service(context: BrowserContext) -> None:
    form = json.dumps(PushBrowser(ENDPOINT).form())
    context.add_init_script(f"({SUBSCRIBED})({form})")


@pytest.fixture
def phone(browser: Browser, served: Served) -> Iterator[Page]:
    whole = launch(browser.browser_type, WITH_NOTIFICATIONS)
    context = whole.new_context(viewport=PHONE, locale="en-GB", has_touch=True)
    context.set_default_timeout(PATIENCE_MS)
    context.grant_permissions(["notifications"], origin=served.address)
    with_service(context)
    page = welcome(context, served)
    page.goto(f"{served.address}/r/messages")
    yield page
    whole.close()


def test_one_press_switches_messages_on_and_the_service_worker_shows_one_that_comes(
    phone: Page, served: Served
) -> None:
    phone.get_by_role("button", name="Switch on messages on this phone").click()
    expect(phone.locator("#phones [data-mark]")).to_contain_text("this phone")
    expect(phone.get_by_role("button", name="Switch on messages on this phone")).to_be_hidden()
    with served.compound.session() as session:
        assert session.scalars(select(PushPhone.service)).all() == ["fcm.googleapis.com"]
    show(phone, "Your visitor has come in.")
    (shown,) = shown_now(phone)
    assert (shown["title"], shown["body"], shown["lang"]) == (
        "Willow Court",
        "Your visitor has come in.",
        "en",
    )
    assert shown["navigate"] == f"{served.address}/r/records/messages"
    show(phone, "Your card was suspended or ended.")
    assert [one["body"] for one in shown_now(phone)] == ["Your card was suspended or ended."]


def show(page: Page, text: str) -> None:
    """Let the browser hand a push message to the worker, as its push service does."""
    session = page.context.new_cdp_session(page)
    registrations: list[str] = []
    session.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda event: registrations.extend(one["registrationId"] for one in event["registrations"]),
    )
    session.send("ServiceWorker.enable")
    until(lambda: page.evaluate(SETTLED) and registrations)
    address = page.url.partition("/r/")[0]
    notification = {
        "title": "Willow Court",
        "body": text,
        "lang": "en",
        "tag": "one",
        "navigate": f"{address}/r/records/messages",
    }
    message = {
        "origin": address,
        "registrationId": registrations[-1],
        "data": json.dumps({"web_push": 8030, "notification": notification}),
    }

    def is_shown() -> bool:
        """Deliver it and wait; a worker that is replaced in this moment loses one, as on any phone."""
        session.send("ServiceWorker.deliverPushMessage", message)
        return bool(page.evaluate(WAIT_SHOWN, text))

    assert any(is_shown() for _time in range(10))


def shown_now(page: Page) -> list[dict[str, str]]:
    found: list[dict[str, str]] = page.evaluate(
        """async () => {
          const registration = await navigator.serviceWorker.ready;
          const shown = await registration.getNotifications();
          return shown.map(({ title, body, lang, data }) => ({ title, body, lang, navigate: data.navigate }));
        }"""
    )
    return found


def test_without_permission_or_support_the_page_says_what_to_do(browser: Browser, served: Served) -> None:
    context = browser.new_context(viewport=PHONE, locale="en-GB", has_touch=True)
    context.set_default_timeout(PATIENCE_MS)
    context.add_init_script("Notification.requestPermission = async () => 'denied'")
    page = welcome(context, served)
    page.goto(f"{served.address}/r/messages")
    expect(page.locator("[data-push-blocked]")).to_be_hidden()
    page.get_by_role("button", name="Switch on messages on this phone").click()
    expect(page.locator("[data-push-blocked]")).to_contain_text("Allow them in the settings")
    context.add_init_script("delete window.PushManager")
    page.reload()
    expect(page.locator("[data-push-missing]")).to_contain_text("Add to Home Screen")
    expect(page.get_by_role("button", name="Switch on messages on this phone")).to_be_hidden()
    context.close()


def test_a_worker_that_is_not_installed_ends_the_press_with_a_sentence(
    browser: Browser, served: Served
) -> None:
    context = browser.new_context(viewport=PHONE, locale="en-GB", has_touch=True)
    context.set_default_timeout(PATIENCE_MS)
    context.add_init_script("Notification.requestPermission = async () => 'granted'")
    context.add_init_script(NOT_INSTALLED)
    page = welcome(context, served)
    page.goto(f"{served.address}/r/messages")
    page.get_by_role("button", name="Switch on messages on this phone").click()
    expect(page.locator("[data-push-failed]")).to_be_visible()
    context.close()
