"""Copies of a served compound."""

from tests.served.served_compound import Browser


def copied(browser: Browser) -> Browser:
    """Return another browser with the same cookies, which keeps them whatever the server answers."""
    copy = Browser(browser.address, csrf_token=browser.csrf_token)
    copy.session.headers.update(browser.session.headers)
    copy.session.cookies.update(browser.session.cookies)
    return copy
