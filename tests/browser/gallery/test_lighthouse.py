"""What Lighthouse says about ten pages, three of them open to everyone; performance is printed, not judged.

Pages of staff and residents and the front page say `noindex` on purpose (`docs/ui.md`): search is asked of
the others. Staff's pages are measured as on a desktop, the others as on a phone with a slow network.
"""

import json
import os
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from werkzeug.test import Client

from tests.browser.gallery.clients import client_of
from tests.browser.gallery.world import World, opened_world
from tests.browser.layout_shift import MOST
from tests.browser.validators.html import FETCHED, NODE
from tests.support.chromium import CHROMIUM

LIGHTHOUSE = FETCHED / "lighthouse/cli/index.js"

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(not LIGHTHOUSE.exists(), reason="Lighthouse is not here: make validators"),
]

LEAST = 98
PAGES = (
    ("manager", "/manage/"),
    ("manager", "/manage/people/"),
    ("manager", "/manage/events/"),
    ("manager", "/manage/alarms/"),
    ("resident", "/r/"),
    ("resident_with_code", "/r/visitors"),
    ("stranger", "/"),
    ("stranger", "/privacy"),
    ("stranger", "/policy/biometrics"),
    ("stranger", "/report"),
)
SEARCHED = ("/privacy", "/policy/biometrics", "/report")
"""Pages that search engines may keep."""


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with opened_world() as opened:
        yield opened


def measured(address: str, client: Client, *more: str) -> dict[str, Any]:
    """Return Lighthouse's report on a page, with the cookies and the name of a client that is signed in."""
    cookies = "; ".join(f"{cookie.key}={cookie.value}" for cookie in (client._cookies or {}).values())
    name = str(client.environ_base["HTTP_USER_AGENT"])  # a session is bound to it
    ran = subprocess.run(
        [
            NODE,
            LIGHTHOUSE,
            address,
            "--output=json",
            "--quiet",
            *more,
            f"--emulated-user-agent={name}",
            f"--extra-headers={json.dumps({'Cookie': cookies})}",
            "--chrome-flags=--headless --no-sandbox --disable-gpu --disable-quic",
        ],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "CHROME_PATH": str(CHROMIUM)},
    )
    assert ran.returncode == 0, ran.stderr
    report: dict[str, Any] = json.loads(ran.stdout)
    return report


def lost_points(report: dict[str, Any]) -> list[str]:
    return [audit["id"] for audit in report["audits"].values() if audit["score"] not in (1, None)]


@pytest.mark.parametrize(("who", "path"), PAGES)
def test_a_page_keeps_its_points(world: World, who: str, path: str) -> None:
    size = ["--preset=desktop"] if who == "manager" else []
    report = measured(world.address + path, client_of(world, who, "en"), *size)
    assert report["finalDisplayedUrl"] == world.address + path
    points = {name: round(100 * (part["score"] or 0)) for name, part in report["categories"].items()}
    shift = report["audits"]["cumulative-layout-shift"]["numericValue"]
    print(f"{path}: {points}, shift {shift:.3f}")
    judged = ["accessibility", "best-practices", *(["seo"] if path in SEARCHED else [])]
    assert {name: points[name] for name in judged if points[name] < LEAST} == {}, lost_points(report)
    assert shift <= MOST
