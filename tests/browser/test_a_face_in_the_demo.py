"""The README's lines about a face in the demo, done word for word on the pages of `make demo`."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.office_screen import SIZES
from tests.project.pages import ROOT
from tests.support.faces.fixtures import require_portraits

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PATIENCE_MS = 600_000
"""Of a busy machine; a wait ends with what it waits for."""


def readme_lines() -> list[list[str]]:
    """Return the names of what each line of the README has a person look for, press or read."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    part = readme.partition("To see a face open, with `make demo`:")[2].partition("\n\n`")[0]
    return [re.findall(r"\*([^*]+)\*", line) for line in re.findall(r"^\d\. (.*)$", part, re.MULTILINE)]


@pytest.fixture
def start_address(tmp_path: Path) -> Iterator[str]:
    """Run what `make demo` runs and return the address after the words that the README names."""
    require_portraits()
    ((words, _street), *_others) = readme_lines()
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert re.search(r"^demo: .*\n\t@\$\(BIN\)/menjin demo$", makefile, re.MULTILINE)
    demo = subprocess.Popen(
        [sys.executable, "-m", "menjin", "demo"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    assert demo.stdout is not None
    with demo:
        line = next(line for line in demo.stdout if words in line)
        yield line.partition(f"{words}: ")[2].split()[0]
        demo.send_signal(signal.SIGINT)


@pytest.fixture
def page(browser: Browser, start_address: str) -> Iterator[Page]:
    """The page that `make demo` begins with."""
    context = browser.new_context(viewport=SIZES["desktop"], locale="en-GB")
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.goto(start_address)
    yield page
    context.close()


@pytest.fixture
def street(page: Page) -> Page:
    ((_words, link), *_others) = readme_lines()
    page.get_by_role("link", name=link).click()
    return page


def test_one_press_enters_as_each_of_four_people(page: Page) -> None:
    """Each page is the person's own: it names what no other of the four has."""
    start = page.url
    for door, own in (
        ("Manager", "People and homes"),
        ("Guard", "Sign out · Guard"),
        ("Resident", "Suspend my card"),
        ("Visitor", "Visitor pass"),
        ("Manager", "People and homes"),
    ):
        page.goto(start)
        page.get_by_role("button", name=re.compile(f"^{door} ")).click()
        expect(page.locator("html")).to_contain_text(own)
        assert page.url.partition("/")[0] == start.partition("/")[0]
        assert page.url.split("/")[2] != start.split("/")[2]
    page.get_by_role("button", name="Sign out").click()
    page.goto(start)
    page.get_by_role("button", name=re.compile("^Manager ")).click()
    expect(page.locator("html")).to_contain_text("People and homes")


def test_a_face_opens_in_the_lines_of_the_readme(street: Page) -> None:
    page = street
    _start, (picture, show, face), (offered, done) = readme_lines()
    lane, said = page.locator('[data-lane="north-in"]'), page.locator("#said")
    camera = lane.locator('[data-form="hold"]')

    lane.get_by_role("button", name="Register Chen Jie's face").click()
    expect(said).to_contain_text("The gate keeps Chen Jie's face", timeout=PATIENCE_MS)

    camera.get_by_label("Before the camera").select_option(picture)
    camera.get_by_role("button", name=show).click()
    expect(said).to_contain_text(f"The camera is closed: press {face} on the gate's screen first")
    page.get_by_role("button", name=offered).click()
    expect(said).to_have_text(done, timeout=PATIENCE_MS)
    expect(lane.locator("[data-journal], [data-relay]").first).to_be_visible()

    camera.get_by_label("Before the camera").select_option("A stranger")
    camera.get_by_role("button", name=show).click()
    page.get_by_role("button", name=offered).click()
    expect(said).to_contain_text("Refused: Face · ", timeout=PATIENCE_MS)


def test_done_is_said_only_where_something_opened(street: Page) -> None:
    page = street
    lane, said = page.locator('[data-lane="north-in"]'), page.locator("#said")
    lane.locator('[data-form="tap"]').get_by_role("button", name="Hold to reader", exact=True).click()
    expect(said).to_have_text("Done: it opened.")

    lane.locator('[data-form="tap"]').get_by_label("Card").fill("A card without an owner")
    lane.locator('[data-form="tap"]').get_by_role("button", name="Hold to reader", exact=True).click()
    expect(said).to_contain_text("Refused: Card · ")

    lane.locator('[data-form="type"]').get_by_label("Keypad").fill("31")
    lane.locator('[data-form="type"]').get_by_role("button", name="Press", exact=True).click()
    expect(said).to_have_text("Typed. The gate waits for more: # ends a number.")

    lane.locator('[data-form="hold"]').get_by_label("Before the camera").select_option("This phone's code")
    lane.locator('[data-form="hold"]').get_by_role("button", name="Show").click()
    expect(said).to_have_text("The camera is closed: press QR code on the gate's screen first.")
    page.get_by_role("button", name="Press QR code, and show").click()
    expect(said).to_have_text("Done: it opened.")

    lane.get_by_role("button", name="Exit", exact=True).click()
    expect(said).not_to_contain_text("Done")
    gate = page.locator('[data-gate="north"]')
    gate.get_by_role("button", name="Pull the power").click()
    expect(said).to_have_text("Carried out.")
    lane.locator('[data-form="tap"]').get_by_role("button", name="Hold to reader", exact=True).click()
    expect(said).to_contain_text("The gate has no power")
