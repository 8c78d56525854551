"""The resident's phone page in a real browser: real pages over real HTTP, codes read from pixels.

With MENJIN_SCREENSHOTS=FOLDER every page is also kept there as a picture, in both languages.
"""

import io
import os
import secrets
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from werkzeug.serving import make_server

from gate_controller.access import Reason
from gate_controller.passes import ONLINE_CODE, RESIDENT_CODE, PersonalCode, parse_code
from tests.resident_compound import Compound, make_compound
from web_admin.config import WebConfig
from web_admin.models import Consent, CredentialRow

pytestmark = pytest.mark.browser

CHROMIUM = Path("/usr/bin/chromium")
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PHONE = {"width": 390, "height": 844}
PATIENCE_MS = 15_000
AXE = Path(__file__).parents[2] / "node_modules/axe-core/axe.min.js"
NO_WEBCRYPTO = "Object.defineProperty(Crypto.prototype, 'subtle', { get: () => undefined });"


@dataclass
class Served:
    """The compound behind a real web server."""

    compound: Compound
    address: str


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.skip("Chromium is not on this machine: apt install chromium")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=str(CHROMIUM), args=CHROMIUM_ARGUMENTS)
        yield running
        running.close()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    config = WebConfig(
        database_url=f"sqlite:///{tmp_path / 'menjin.sqlite3'}",
        data_dir=tmp_path,
        secrets_dir=tmp_path,
        public_url=f"http://127.0.0.1:{port}",
        **{
            name: secrets.token_bytes(32)
            for name in ("seal_key", "lookup_key", "face_key", "session_key", "totp_key", "password_salt")
        },
    )
    compound = make_compound(config, lambda: datetime.now(UTC))
    server = make_server("127.0.0.1", port, compound.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield Served(compound, config.public_url)
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    made = browser.new_context(viewport=PHONE, device_scale_factor=2, locale="en-GB", has_touch=True)
    made.set_default_timeout(PATIENCE_MS)
    yield made
    made.close()


def welcome(context: BrowserContext, served: Served) -> Page:
    """Open an invitation's link, as the resident does, and skip the password."""
    page = context.new_page()
    code = served.compound.invitation(served.compound.person_id)
    page.goto(f"{served.address}/r/welcome/{code}")
    page.get_by_role("button", name="Open my page").click()
    page.get_by_role("link", name="Not now").click()
    return page


def switch_on_code(page: Page) -> None:
    page.get_by_role("switch", name="QR code").click()
    shown(page, "phone")


def shown(page: Page, kind: str) -> None:
    expect(page.locator(f"[data-code-page][data-state=shown][data-kind={kind}]")).to_be_visible(
        timeout=PATIENCE_MS
    )


def read_code(page: Page) -> str:
    """Return what a scanner reads from the phone's screen."""
    picture = Image.open(io.BytesIO(page.screenshot()))
    found = zxingcpp.read_barcodes(picture)
    assert [code.format.name for code in found] in (["QRCode"], ["QRCodeModel2"]), found
    return found[0].text


def personal(text: str) -> PersonalCode:
    code = parse_code(text)
    assert isinstance(code, PersonalCode)
    return code


def settled_offline(page: Page, context: BrowserContext) -> None:
    """Wait until the service worker holds the shell, then cut the network."""
    page.evaluate("navigator.serviceWorker.ready")
    page.wait_for_function("navigator.serviceWorker.controller !== null")
    context.set_offline(True)


def test_from_the_invitation_to_a_code_that_opens(context: BrowserContext, served: Served) -> None:
    page = welcome(context, served)
    switch_on_code(page)
    text = read_code(page)
    assert personal(text).kind == RESIDENT_CODE
    decision = served.compound.decide(text)
    assert (decision.opens, decision.person_id) == (True, served.compound.person_id)


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
    expect(page.get_by_text("You see this page without network or sign-in. Your code works all the same.")).to_be_visible()
    page.wait_for_timeout(1100)
    page.get_by_label("Your code").click()
    text = read_code(page)
    assert personal(text).second > first.second
    assert served.compound.decide(text).reason is Reason.GRANTED


def test_what_is_kept_for_offline_names_nobody(context: BrowserContext, served: Served) -> None:
    page = welcome(context, served)
    switch_on_code(page)
    page.evaluate("navigator.serviceWorker.ready")
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
    assert len(kept) == 13
    for secret in ("Lin Wei", "3-1203", served.compound.person_id, "csrf"):
        assert [text for text in kept if secret in text and "code_page.js" not in text] == []


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


def test_the_code_renews_itself_after_15_seconds(context: BrowserContext, served: Served) -> None:
    page = context.new_page()
    page.clock.install(time=datetime.now(UTC))
    page.goto(f"{served.address}/r/welcome/{served.compound.invitation(served.compound.person_id)}")
    page.get_by_role("button", name="Open my page").click()
    page.get_by_role("link", name="Not now").click()
    switch_on_code(page)
    before = personal(read_code(page))
    page.clock.run_for(16_000)
    expect(page.locator("canvas[data-made='2']")).to_be_visible()
    after = personal(read_code(page))
    assert 14 <= after.second - before.second <= 17


def test_a_phone_with_a_wrong_clock_still_makes_a_code_of_the_right_time(
    context: BrowserContext, served: Served
) -> None:
    page = context.new_page()
    page.clock.install(time=datetime.now(UTC) - timedelta(minutes=10))
    page.goto(f"{served.address}/r/welcome/{served.compound.invitation(served.compound.person_id)}")
    page.get_by_role("button", name="Open my page").click()
    page.get_by_role("link", name="Not now").click()
    switch_on_code(page)
    assert served.compound.decide(read_code(page)).reason is Reason.GRANTED
    expect(page.get_by_text("The code uses the right time")).to_contain_text("s slow")


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
    page.get_by_role("link", name="Help").click()
    page.get_by_role("button", name="Sign out", exact=True).click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    with served.compound.session() as session:
        assert session.get_one(CredentialRow, code.credential_id).state == "ended"
    page.goto(f"{served.address}/r/code/offline/en")
    expect(page.get_by_text("There is no code on this phone yet.")).to_be_visible()


def test_a_stopped_phone_says_so_and_makes_a_new_code_on_request(
    context: BrowserContext, served: Served
) -> None:
    page = welcome(context, served)
    switch_on_code(page)
    page.get_by_role("link", name="Ways in", exact=True).click()
    page.get_by_role("button", name="Stop this phone").click()
    page.get_by_role("link", name="My code").click()
    expect(page.get_by_text("The code of this phone was switched off.")).to_be_visible()
    page.get_by_role("button", name="Make a new code").click()
    shown(page, "phone")
    assert served.compound.decide(read_code(page)).reason is Reason.GRANTED


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
    no.click()
    expect(page.get_by_role("heading", name="Another way, at once")).to_be_visible()
    page.get_by_role("link", name="Ways in", exact=True).click()
    give = ["switch", "yes"]
    page.get_by_role("switch", name="Face").click()
    page.locator("[data-face-yes]").click()
    expect(page.get_by_role("heading", name="Face is on")).to_be_visible()
    with served.compound.session() as session:
        (consent,) = session.query(Consent).all()
        assert (consent.channel, consent.language, consent.withdrawn_at) == ("phone", "en", None)
    page.get_by_role("link", name="Ways in", exact=True).click()
    take = ["switch", "confirm"]
    page.get_by_role("switch", name="Face").click()
    page.get_by_role("button", name="Switch it off").click()
    expect(page.get_by_text("Waiting for the gate; its lease ends")).to_be_visible()
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
    "ways_in": "/r/", "my_code": "/r/code", "visitors": "/r/visitors", "records": "/r/records",
    "help": "/r/help", "face_notice": "/r/face", "face_off": "/r/face/off", "another_way": "/r/another-way",
    "password": "/r/password", "offline": "/r/code/offline/{language}",
}  # fmt: skip
SIZES = {"phone": (390, 844), "desktop": (1280, 800)}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_page_passes_axe_and_fits_its_screen(
    browser: Browser, served: Served, language: str, scheme: str
) -> None:
    if not AXE.exists():
        pytest.skip("axe-core is not installed: make setup fetches it")
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
    page.goto(f"{served.address}/r/")
    page.locator("#pin [role=switch]").click()
    problems += look(page, "new_pin", language, scheme)
    context.clear_cookies()
    page.goto(f"{served.address}/r/sign-in")
    problems += look(page, "sign_in", language, scheme)
    assert problems == []
    assert served_errors == []
    context.close()


def set_language(page: Page, language: str) -> None:
    """Take the person's page to a language by its own button."""
    button = page.locator(f".language button[value={language}]")
    if button.count():
        button.click()


def look(page: Page, name: str, language: str, scheme: str) -> list[str]:
    """Return what axe finds and what sticks out; keep a picture when asked to."""
    page.wait_for_timeout(350)
    problems = []
    for size, (width, height) in SIZES.items():
        page.set_viewport_size({"width": width, "height": height})
        folder = os.environ.get("MENJIN_SCREENSHOTS")
        if folder:
            Path(folder).mkdir(parents=True, exist_ok=True)
            page.screenshot(path=f"{folder}/{name}-{language}-{size}-{scheme}.png", full_page=size == "phone")
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        problems += [f"{name} {size}: {wide} px too wide"] * (wide > 0)
    page.set_viewport_size(PHONE)
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate(
        "axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']})"
    )["violations"]
    return problems + [f"{name}: {v['id']} {[n['html'][:120] for n in v['nodes']][:3]}" for v in found]


def test_the_first_visit_is_at_most_250_kilobytes(context: BrowserContext, served: Served) -> None:
    page = context.new_page()
    sizes: list[int] = []
    page.on("response", lambda answer: sizes.append(len(answer.body()) if answer.ok else 0))
    page.goto(f"{served.address}/r/welcome/{served.compound.invitation(served.compound.person_id)}")
    page.wait_for_load_state("networkidle")
    assert 0 < sum(sizes) <= 250_000
