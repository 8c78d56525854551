"""My code in a real browser: made by the phone, offline too, and read back from pixels."""

import io
from datetime import UTC, datetime, timedelta

import pytest
import zxingcpp
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Route, expect

from gate_controller.contract.passes import ONLINE_CODE, RESIDENT_CODE
from gate_controller.rules.decision import Reason
from tests.browser.resident_screen import (
    PHONE,
    Served,
    personal,
    read_code,
    settled_offline,
    shown,
    switch_on_code,
    welcome,
)
from web_admin.compound.models import CredentialRow
from web_admin.credentials.phones import register_phone_key

pytestmark = pytest.mark.browser

IN_APP_BROWSER = (
    "Object.defineProperty(Navigator.prototype, 'serviceWorker', { get: () => undefined });"
    "delete Navigator.prototype.serviceWorker; delete window.PublicKeyCredential;"
)
NO_WEBCRYPTO = "Object.defineProperty(Crypto.prototype, 'subtle', { get: () => undefined });"


def test_from_the_invitation_to_a_code_that_opens(context: BrowserContext, served: Served) -> None:
    page = welcome(context, served)
    switch_on_code(page)
    text = read_code(page)
    assert personal(text).kind == RESIDENT_CODE
    decision = served.compound.decide(text)
    assert (decision.opens, decision.person_id) == (True, served.compound.person_id)


@pytest.mark.wide
def test_the_code_is_a_version_5_symbol(context: BrowserContext, served: Served) -> None:
    page = welcome(context, served)
    switch_on_code(page)
    quiet_zones_too = 4 + (17 + 4 * 5) + 4
    assert page.locator("canvas").evaluate("c => c.width") == quiet_zones_too


def test_with_the_network_off_a_reloaded_page_makes_a_new_code_that_opens(
    context: BrowserContext, served: Served
) -> None:
    page = welcome(context, served)
    switch_on_code(page)
    first = personal(read_code(page))
    settled_offline(page, context)
    page.reload()
    shown(page, "phone")
    expect(page.get_by_text("There is no network now, or a slow one.")).to_be_visible()
    page.wait_for_timeout(1100)
    page.get_by_label("Your code").click()
    text = read_code(page)
    assert personal(text).second > first.second
    assert served.compound.decide(text).reason is Reason.GRANTED
    page.goto(f"{served.address}/r/visitors")
    again = page.get_by_role("link", name="Try the network again")
    expect(again).to_have_attribute("href", f"{served.address}/r/visitors")


def test_what_is_kept_for_offline_holds_no_name(context: BrowserContext, served: Served) -> None:
    page = welcome(context, served)
    switch_on_code(page)
    page.evaluate("navigator.serviceWorker.ready")
    page.wait_for_function("() => caches.match('/r/language').then(Boolean)")
    kept = page.evaluate(
        """async () => {
          const texts = [];
          for (const name of await caches.keys()) {
            const cache = await caches.open(name);
            for (const request of await cache.keys()) {
              texts.push(request.url + '\\n' + await (await cache.match(request)).text());
            }
          }
          return texts;
        }"""
    )
    assert len(kept) == 14
    for secret in ("Lin Wei", "3-1203", served.compound.person_id, "csrf"):
        assert [text for text in kept if secret in text and "code_page.js" not in text] == []


@pytest.mark.wide
def test_the_private_key_cannot_be_read_out(context: BrowserContext, served: Served) -> None:
    page = welcome(context, served)
    switch_on_code(page)
    outcome = page.evaluate(
        """() => new Promise((resolve) => {
          indexedDB.open('menjin').onsuccess = (event) => {
            event.target.result.transaction('phone').objectStore('phone').get('key').onsuccess = (found) => {
              const key = found.target.result.privateKey;
              crypto.subtle.exportKey('pkcs8', key)
                .then(() => resolve('exported'), (error) => resolve(error.name + ' ' + key.extractable));
            };
          };
        })"""
    )
    assert outcome == "InvalidAccessError false"


@pytest.mark.wide
def test_a_phone_that_is_left_before_its_key_was_answered_counts_once(
    context: BrowserContext, served: Served
) -> None:
    page = welcome(context, served)

    def send_and_lose_the_answer(route: Route) -> None:
        route.fetch()
        route.abort()

    page.route("**/r/code/key", send_and_lose_the_answer, times=1)
    page.get_by_role("switch", name="QR code").click()
    shown(page, "online")
    page.reload()
    shown(page, "phone")
    text = read_code(page)
    assert served.compound.decide(text).reason is Reason.GRANTED
    page.goto(f"{served.address}/r/")
    page.get_by_role("button", name="Stop its code").click()  # there is one
    page.get_by_role("button", name="Stop it").click()
    expect(page.get_by_text("That phone's code opens nothing any more.")).to_be_visible()
    assert not served.compound.decide(text).opens


@pytest.mark.wide
def test_the_code_renews_itself_after_15_seconds(context: BrowserContext, served: Served) -> None:
    page = context.new_page()
    page.clock.install(time=datetime.now(UTC))
    page.goto(f"{served.address}/r/welcome/{served.compound.invitation(served.compound.person_id)}")
    page.get_by_role("button", name="Open my page").click()
    page.get_by_role("link", name="Not now").click()
    page.get_by_role("link", name="Ways in", exact=True).click()
    switch_on_code(page)
    before = personal(read_code(page))
    page.clock.run_for(16_000)
    expect(page.locator("canvas[data-made='2']")).to_be_visible()
    after = personal(read_code(page))
    assert 14 <= after.second - before.second <= 17


@pytest.mark.wide
def test_a_phone_with_a_wrong_clock_still_makes_a_code_of_the_right_time(
    context: BrowserContext, served: Served
) -> None:
    page = context.new_page()
    page.clock.install(time=datetime.now(UTC) - timedelta(minutes=10))
    page.goto(f"{served.address}/r/welcome/{served.compound.invitation(served.compound.person_id)}")
    page.get_by_role("button", name="Open my page").click()
    page.get_by_role("link", name="Not now").click()
    page.get_by_role("link", name="Ways in", exact=True).click()
    switch_on_code(page)
    assert served.compound.decide(read_code(page)).reason is Reason.GRANTED
    expect(page.get_by_text("The code uses the right time")).to_contain_text("s slow")


@pytest.mark.wide
def test_without_webcrypto_an_online_code_of_the_same_look_opens(
    context: BrowserContext, served: Served
) -> None:
    context.add_init_script(NO_WEBCRYPTO)
    page = welcome(context, served)
    page.get_by_role("switch", name="QR code").click()
    shown(page, "online")
    expect(page.get_by_text("Online code: fetched from the server every 15 seconds.")).to_be_visible()
    text = read_code(page)
    assert personal(text).kind == ONLINE_CODE
    assert served.compound.decide(text).reason is Reason.GRANTED


@pytest.mark.wide
def test_without_worker_passkeys_or_keys_and_on_a_slow_phone_the_invitation_still_ends_at_an_open_gate(
    context: BrowserContext, served: Served
) -> None:
    context.add_init_script(NO_WEBCRYPTO + IN_APP_BROWSER)
    page = context.new_page()
    context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": 6})
    page.goto(f"{served.address}/r/welcome/{served.compound.invitation(served.compound.person_id)}")
    page.get_by_role("button", name="Open my page").click()
    page.get_by_role("link", name="Not now").click()
    page.get_by_role("button", name="Switch on the QR code").click()
    shown(page, "online")
    assert page.evaluate("navigator.serviceWorker === undefined && !window.PublicKeyCredential")
    assert served.compound.decide(read_code(page)).reason is Reason.GRANTED


@pytest.mark.wide
def test_a_slow_phone_makes_its_own_code_in_time(context: BrowserContext, served: Served) -> None:
    page = context.new_page()
    context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": 6})
    page.goto(f"{served.address}/r/welcome/{served.compound.invitation(served.compound.person_id)}")
    page.get_by_role("button", name="Open my page").click()
    page.get_by_role("link", name="Not now").click()
    page.get_by_role("link", name="Ways in", exact=True).click()
    switch_on_code(page)
    assert served.compound.decide(read_code(page)).reason is Reason.GRANTED


@pytest.mark.wide
def test_the_screen_is_asked_to_stay_lit_while_a_code_is_shown(
    context: BrowserContext, served: Served
) -> None:
    context.add_init_script(
        "window.lit = []; navigator.wakeLock.request = async (kind) => { window.lit.push(kind); };"
    )
    page = welcome(context, served)
    assert page.evaluate("window.lit") == []
    switch_on_code(page)
    page.wait_for_function("() => window.lit.length === 1")
    assert page.evaluate("window.lit") == ["screen"]


@pytest.mark.wide
def test_an_online_code_without_contact_is_hidden_and_says_so(
    context: BrowserContext, served: Served
) -> None:
    context.add_init_script(NO_WEBCRYPTO)
    page = welcome(context, served)
    page.get_by_role("switch", name="QR code").click()
    shown(page, "online")
    context.set_offline(True)
    page.get_by_label("Your code").click()
    expect(page.get_by_text("No contact with the server")).to_be_visible()
    assert zxingcpp.read_barcodes(Image.open(io.BytesIO(page.screenshot()))) == []


@pytest.mark.wide
def test_without_scripts_the_page_still_shows_a_code_that_opens(browser: Browser, served: Served) -> None:
    context = browser.new_context(viewport=PHONE, java_script_enabled=False, locale="en-GB")
    page = welcome(context, served)
    page.get_by_role("switch", name="QR code").click()
    picture = page.get_by_role("img", name="Your code")
    expect(picture).to_be_visible()
    assert served.compound.decide(read_code(page)).reason is Reason.GRANTED
    context.close()


def test_signing_out_takes_the_key_from_the_phone_and_ends_it(
    context: BrowserContext, served: Served
) -> None:
    page = welcome(context, served)
    switch_on_code(page)
    code = personal(read_code(page))
    held: list[Route] = []
    page.route("**/sign_out.js*", lambda route: held.append(route))  # noqa: PLW0108 - no builtin is taken
    page.get_by_role("link", name="Help").click(no_wait_after=True)
    expect(page.get_by_role("heading", name="This phone")).to_be_visible()
    button = page.get_by_role("button", name="Sign out", exact=True)
    expect(button, "it cannot be pressed before the script that ends the key listens").to_have_count(0)
    while not held:
        page.wait_for_timeout(10)
    held[0].continue_()
    button.click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    with served.compound.session() as session:
        assert session.get_one(CredentialRow, code.credential_id).state == "ended"
    page.goto(f"{served.address}/r/code/offline/en")
    expect(page.get_by_text("There is no code on this phone yet.")).to_be_visible()


@pytest.mark.wide
def test_among_ones_phones_the_one_in_the_hand_is_marked(context: BrowserContext, served: Served) -> None:
    page = welcome(context, served)
    switch_on_code(page)
    with served.compound.act("phone", served.compound.person_id) as act:
        lost = ec.generate_private_key(ec.SECP256R1()).public_key()
        point = lost.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        register_phone_key(act, served.compound.person_id, point, "Android")
    page.get_by_role("link", name="Ways in").click()
    own = page.locator("#qr form").filter(has_text="this phone")
    expect(own.locator("[data-own]:visible")).to_have_count(1)
    expect(page.locator("#qr form").filter(has_text="Android").locator("[data-own]")).to_be_hidden()


@pytest.mark.wide
def test_a_stopped_phone_says_so_and_makes_a_new_code_on_request(
    context: BrowserContext, served: Served
) -> None:
    page = welcome(context, served)
    switch_on_code(page)
    page.get_by_role("link", name="Ways in", exact=True).click()
    page.get_by_role("button", name="Stop its code").click()
    page.get_by_role("button", name="Stop it").click()
    page.get_by_role("link", name="My code", exact=True).click()
    expect(page.get_by_text("The code of this phone was switched off.")).to_be_visible()
    page.get_by_role("button", name="Make a new code").click()
    shown(page, "phone")
    assert served.compound.decide(read_code(page)).reason is Reason.GRANTED
