"""What people have in their pocket or on the table: a good phone, WeChat's browser, a small one.

WeChat's browser has no service worker, no passkey, no keys of its own and no camera for a page; here it also
runs on a phone six times slower than this machine. The narrow one is all that at 320 px, with the letters
twice their size.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from _pytest.mark import ParameterSet
from playwright.sync_api import Browser, BrowserContext, CDPSession, Page, expect

from tests.browser.office_screen import sign_in
from tests.browser.resident_screen import PATIENCE_MS, PHONE, Served, read_code, settled_offline

NOT_IN_WECHAT = """
Object.defineProperty(Navigator.prototype, "serviceWorker", { get: () => undefined });
delete Navigator.prototype.serviceWorker;
delete window.PublicKeyCredential;
Object.defineProperty(Crypto.prototype, "subtle", { get: () => undefined });
Object.defineProperty(Navigator.prototype, "mediaDevices", { get: () => undefined });
"""
LOCALES = {"zh": "zh-CN", "en": "en-GB"}
SIZES = {"phone": PHONE, "desktop": {"width": 1280, "height": 800}, "narrow": {"width": 320, "height": 640}}
SLOWER = 6
PASSWORD = "a quiet gate at noon"
USUAL_LETTERS_PX = 16
STICKING_OUT = """() => [...document.querySelectorAll("main *, header *, nav *")].filter((part) => {
  const box = part.getBoundingClientRect();
  return part.checkVisibility() && !part.closest(".table-box, svg, [data-scrolls]") && box.width > 1
    && (box.right > document.documentElement.clientWidth + 1 || box.left < -1);
}).map((part) => `${location.pathname} ${part.outerHTML.slice(0, 90)}`)"""


@dataclass(frozen=True)
class Pocket:
    """One browser of a person, and what it cannot do."""

    size: str
    language: str
    wechat: bool = False
    letters: int = 1

    def __str__(self) -> str:
        """Return the name under which pytest lists it."""
        return "-".join(("wechat" if self.wechat else "good", self.size, self.language))

    @property
    def code_kind(self) -> str:
        """Return the kind of code its page of codes must come to show."""
        return "online" if self.wechat else "phone"

    @contextmanager
    def opened(self, browser: Browser) -> Iterator["Hands"]:
        """Open the browser, with nothing in it, until the block ends."""
        context = browser.new_context(
            viewport=SIZES[self.size],  # type: ignore[arg-type]  # a width and a height
            device_scale_factor=2,
            locale=LOCALES[self.language],
            has_touch=self.size != "desktop",
        )
        context.set_default_timeout(2 * PATIENCE_MS)
        if self.wechat:
            context.add_init_script(NOT_IN_WECHAT)
        yield Hands(self, context, self._page(context))
        context.close()

    def _page(self, context: BrowserContext) -> Page:
        page = context.new_page()
        devtools: CDPSession = context.new_cdp_session(page)
        if self.wechat:
            devtools.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
        if self.letters > 1:
            size = USUAL_LETTERS_PX * self.letters
            devtools.send("Page.setFontSizes", {"fontSizes": {"standard": size, "fixed": size}})
        return page


@dataclass
class Hands:
    """A person with a browser open; looks at every page on the way for what sticks out."""

    pocket: Pocket
    context: BrowserContext
    page: Page
    steps: int = 0
    """How often something was pressed."""

    def goes(self, address: str) -> None:
        self.page.goto(address)
        self.looks()

    def presses(self, selector: str) -> None:
        """Press what a selector finds, and look at the page it leads to."""
        self.steps += 1
        with self.page.expect_navigation():
            self.page.locator(selector).first.click()
        self.looks()

    def comes_to(self, address: str) -> None:
        """Open an address again and again until it is shown without a redirect."""
        give_up = time.monotonic() + PATIENCE_MS / 1000
        while True:
            self.goes(address)
            if self.page.url == address:
                return
            assert time.monotonic() < give_up, self.page.url
            time.sleep(0.3)

    def looks(self) -> None:
        """Fail where something is cut off at the edge, or the letters are not as large as asked."""
        self.page.wait_for_load_state("load")
        letters = self.page.evaluate("parseFloat(getComputedStyle(document.documentElement).fontSize)")
        assert letters == USUAL_LETTERS_PX * self.pocket.letters
        assert self.page.evaluate(STICKING_OUT) == []

    def enters(self, served: Served, invitation: str) -> None:
        """Open an invitation's link, skip the password, and speak the own language."""
        self.goes(f"{served.address}/r/welcome/{invitation}")
        self.presses("main form button")
        self.speaks()
        self.goes(f"{served.address}/r/")

    def works_as(self, served: Served, name: str) -> None:
        """Sign in as a member of staff, with password and authenticator, and speak the own language."""
        sign_in(self.page, served.address, name)
        self.speaks()

    def speaks(self) -> None:
        """Switch the page to the own language, if it is not in it."""
        if self.page.locator(f"button[name=language][value={self.pocket.language}]").count():
            self.presses(f"button[name=language][value={self.pocket.language}]")
        tag = {"zh": "zh-Hans", "en": "en"}[self.pocket.language]
        expect(self.page.locator("html")).to_have_attribute("lang", tag)

    def is_trusted(self, served: Served, show_card: Callable[[], object]) -> None:
        """Say on the page that a card is shown now, show it at the gate, and wait until the page knows."""
        self.goes(f"{served.address}/r/records")
        self.presses("form[action$='/at-gate'] button")  # it led back to the pass card: the card comes first
        show_card()
        self.comes_to(f"{served.address}/r/records")

    def keeps(self, name: str) -> None:
        """Choose a name and a password for the next sign-in, here or on another phone."""
        self.page.goto(f"{self.page.url.partition('/r/')[0]}/r/password")
        self.looks()
        self._types(name, "form[action$='/password']")

    def signs_in(self, served: Served, name: str) -> None:
        """Sign in with the name and password of the other phone."""
        self.goes(f"{served.address}/r/sign-in")
        self._types(name, "form[action$='/sign-in']")
        self.speaks()

    def _types(self, name: str, form: str) -> None:
        self.page.locator(f"{form} #name").fill(name)
        self.page.locator(f"{form} #password").fill(PASSWORD)
        self.presses(f"{form} button[type=submit]")

    def loses_network(self) -> None:
        """Wait until the service worker holds the page, then switch on flight mode."""
        settled_offline(self.page, self.context)

    def next_code(self) -> str:
        """Open the page of codes again in flight mode, and return what a scanner reads from it."""
        self.page.reload()
        return self.reads("[data-code-page][data-state=shown][data-kind=phone] canvas")

    def switches(self, method: str) -> None:
        """Press the switch of a way in."""
        self.presses(f"#{method} [role=switch]")

    def sees_code(self, served: Served) -> str:
        """Open the page of codes and return what a scanner reads from it."""
        self.page.goto(f"{served.address}/r/code")
        return self.reads(f"[data-code-page][data-state=shown][data-kind={self.pocket.code_kind}] canvas")

    def reads(self, shown: str) -> str:
        """Wait for a code, bring it into view and read it from the screen's pixels."""
        code = self.page.locator(shown)
        expect(code).to_be_visible(timeout=2 * PATIENCE_MS)
        code.scroll_into_view_if_needed()
        self.looks()
        return read_code(self.page)


GOOD = Pocket("phone", "en")
POCKETS = (
    GOOD,
    Pocket("phone", "zh"),
    Pocket("desktop", "en"),
    Pocket("desktop", "zh"),
    Pocket("phone", "en", wechat=True),
    Pocket("phone", "zh", wechat=True),
    Pocket("desktop", "zh", wechat=True),
    Pocket("desktop", "en", wechat=True),
    Pocket("narrow", "en", wechat=True, letters=2),
    Pocket("narrow", "zh", wechat=True, letters=2),
)


def marked(pockets: Iterable[Pocket]) -> list[ParameterSet]:
    """Return pockets as parameters: all but the usual phone in English take long together."""
    return [pytest.param(one, marks=[pytest.mark.slow] if one != GOOD else []) for one in pockets]


OFFICE = tuple(Pocket(size, language) for size in ("phone", "desktop") for language in ("zh", "en"))
