"""Passkeys in a real browser, with the authenticator that Chromium plays; and the same without any."""

import pytest
from playwright.sync_api import Browser, BrowserContext, CDPSession, Page, expect

from tests.browser.resident_screen import PHONE, Served, welcome

pytestmark = [pytest.mark.browser, pytest.mark.wide]

NO_PASSKEYS = "delete window.PublicKeyCredential;"


@pytest.fixture
def phone_lock(context: BrowserContext, served_by_name: Served) -> tuple[Page, CDPSession, str]:
    """Return a page, the browser's line and the id of a phone's own authenticator, unlocked."""
    page = context.new_page()
    line = context.new_cdp_session(page)
    line.send("WebAuthn.enable")
    made = line.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )
    return page, line, made["authenticatorId"]


def open_invitation(page: Page, served: Served) -> None:
    page.goto(f"{served.address}/r/welcome/{served.compound.invitation(served.compound.person_id)}")
    page.get_by_role("button", name="Open my page").click()


def sign_out(page: Page, served: Served) -> None:
    page.goto(f"{served.address}/r/help")
    page.get_by_role("button", name="Sign out", exact=True).click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_from_the_invitation_to_a_passkey_and_in_again_with_it(
    phone_lock: tuple[Page, CDPSession, str], served_by_name: Served
) -> None:
    page, line, lock = phone_lock
    open_invitation(page, served_by_name)
    page.get_by_role("button", name="Make a passkey on this phone").click()
    expect(page.get_by_text("Saved. This phone signs you in with its own lock.")).to_be_visible()
    expect(page.get_by_text("this phone", exact=False).first).to_be_visible()
    (kept,) = line.send("WebAuthn.getCredentials", {"authenticatorId": lock})["credentials"]
    assert (kept["rpId"], kept["isResidentCredential"]) == ("localhost", True)
    assert served_by_name.compound.person_id not in str(kept)
    sign_out(page, served_by_name)
    page.get_by_role("button", name="Sign in with this phone").click()
    expect(page.get_by_role("heading", name="My code")).to_be_visible()


def test_a_phone_that_is_not_unlocked_stays_out_and_the_page_says_what_to_do(
    phone_lock: tuple[Page, CDPSession, str], served_by_name: Served
) -> None:
    page, line, lock = phone_lock
    open_invitation(page, served_by_name)
    page.get_by_role("button", name="Make a passkey on this phone").click()
    expect(page.get_by_text("Saved. This phone signs you in")).to_be_visible()
    sign_out(page, served_by_name)
    line.send("WebAuthn.setUserVerified", {"authenticatorId": lock, "isUserVerified": False})
    page.get_by_role("button", name="Sign in with this phone").click()
    expect(page.get_by_text("That did not work. Try again, or use your name and password.")).to_be_visible()
    line.send("WebAuthn.setUserVerified", {"authenticatorId": lock, "isUserVerified": True})
    page.get_by_role("button", name="Sign in with this phone").click()
    expect(page.get_by_role("heading", name="My code")).to_be_visible()


def test_after_a_new_invitation_the_old_passkey_is_refused_in_words(
    phone_lock: tuple[Page, CDPSession, str], served_by_name: Served
) -> None:
    page, _line, _lock = phone_lock
    open_invitation(page, served_by_name)
    page.get_by_role("button", name="Make a passkey on this phone").click()
    expect(page.get_by_text("Saved. This phone signs you in")).to_be_visible()
    sign_out(page, served_by_name)
    served_by_name.compound.invitation(served_by_name.compound.person_id)
    page.get_by_role("button", name="Sign in with this phone").click()
    expect(page.get_by_text("This passkey does not fit.")).to_be_visible()


def test_a_browser_without_passkeys_shows_no_button_and_signs_in_by_password(
    context: BrowserContext, served_by_name: Served
) -> None:
    context.add_init_script(NO_PASSKEYS)
    page = context.new_page()
    open_invitation(page, served_by_name)
    expect(page.get_by_role("heading", name="Hello, Lin Wei")).to_be_visible()
    expect(page.get_by_role("button", name="Make a passkey on this phone")).to_be_hidden()
    page.get_by_label("Name to sign in with").fill("linwei")
    page.get_by_label("Password, at least 10 characters").fill("a long enough one")
    page.get_by_role("button", name="Save").click()
    sign_out(page, served_by_name)
    expect(page.get_by_role("button", name="Sign in with this phone")).to_be_hidden()
    page.get_by_label("Name").fill("linwei")
    page.get_by_label("Password").fill("a long enough one")
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", name="My code")).to_be_visible()


def test_without_scripts_neither_page_shows_a_button_that_does_nothing(
    browser: Browser, served_by_name: Served
) -> None:
    context = browser.new_context(viewport=PHONE, java_script_enabled=False, locale="en-GB")
    page = welcome(context, served_by_name)
    page.goto(f"{served_by_name.address}/r/password")
    assert page.locator("main button:visible").all_inner_texts() == ["Save"]
    context.close()
