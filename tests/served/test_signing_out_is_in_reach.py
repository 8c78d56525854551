"""The way out of a session is on every page behind a sign-in, and takes along what the browser kept."""

import pytest

from tests.served.served_compound import Browser, ServedCompound

NOT_PAGES = ("/download", ".csv", ".json", ".xlsx", ".svg", ".css", "/stream", "/export", "/live", "/static")


def pages_of_staff(served: ServedCompound, browser: Browser) -> list[str]:
    """Return the addresses, without a variable part, that answer this browser with a page."""
    rules = [rule for rule in served.compound.app.url_map.iter_rules() if "GET" in (rule.methods or ())]
    paths = [rule.rule for rule in rules if rule.rule.startswith("/manage") and "<" not in rule.rule]
    wanted = [path for path in paths if not any(word in path for word in NOT_PAGES)]
    return [
        path
        for path in wanted
        if "html"
        in browser.session.head(browser.address + path, timeout=30, allow_redirects=False).headers.get(
            "Content-Type", ""
        )
    ]


@pytest.mark.wide
def test_every_page_of_staff_has_the_way_out(served: ServedCompound) -> None:
    manager = served.signed_in("manager")
    pages = pages_of_staff(served, manager)
    assert len(pages) > 30
    without = [path for path in pages if 'action="/staff/sign-out"' not in manager.get(path).text]
    assert without == []


def test_signing_out_clears_what_the_browser_kept(served: ServedCompound) -> None:
    manager = served.signed_in("manager")
    shown = manager.get("/manage/people")
    assert shown.headers["Cache-Control"] == "no-store"
    left = manager.post("/staff/sign-out", {})
    assert (left.status_code, left.headers["Clear-Site-Data"]) == (302, '"cache"')
    assert "/staff/sign-in" in manager.get("/manage/people").url
