"""The first hour: from an empty server to a card that opens, along the list of *Now*, with steps counted."""

import os
import re
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.axe import axe
from tests.browser.office_screen import SIZES, sign_in
from tests.browser.tasks.person import Person
from tests.support.compounds.managed import PASSWORD, TOTP_SECRET
from tests.support.gates.bench import BenchGate, bench_gate
from tests.support.gates.process import CHECKOUT, COMMAND, GateProcess

pytestmark = [pytest.mark.browser, pytest.mark.wide]

PATIENCE_SECONDS = 60
PATIENCE_MS = PATIENCE_SECONDS * 1000
CARD = 4_242_001
ANSWERS = (
    {"#lock": "fail_secure_strike"},
    {"[name=on_escape_route][value=yes]": "", "#emergency_access": "key box at the guard's window"},
    {
        "[name=free_exit][value=handle]": "",
        "[name=fire_release][value=mechanical]": "",
        "#manual_release": "",
    },
    {"#exit_sign_photo": "binder 1, page 2"},
    {"#reader_heights_mm": "1100"},
    {},
)
"""What is said in each part of the lane sheet: a strike on an escape route, without a camera."""


@dataclass
class Server:
    """An empty server as `menjin web init` leaves it, running."""

    address: str
    data_dir: Path

    def has_the_newest(self) -> bool:
        """Return whether the gate holds what was published last."""
        with sqlite3.connect(f"file:{self.data_dir / 'menjin.sqlite3'}?mode=ro", uri=True) as connection:
            [(have, published)] = connection.execute("SELECT have_version, published_version FROM gate")
        return bool(have) and have >= published


class Manager(Person):
    """A new manager at a desk."""

    def answer(self, answers: dict[str, str]) -> None:
        """Type into fields, choose and tick."""
        for selector, value in answers.items():
            field = self.page.locator(selector)
            if value and field.evaluate("field => field.tagName") == "SELECT":
                self.choose(field, value)
            elif value:
                self.fill(field, value)
            else:
                self.tick(field)

    def take_step(self, done: int) -> None:
        """Press the step that the list offers next, once so many are done."""
        expect(self.page.locator("#first-hour .done")).to_have_count(done)
        self.press(self.page.locator("#first-hour .btn-accent"))

    def send(self) -> None:
        """Press the main button of a form."""
        self.press(self.page.locator("main form .btn-accent").first)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    for name, content in (("passphrase", PASSWORD), ("totp", TOTP_SECRET)):
        (tmp_path / name).write_text(f"{content}\n", encoding="utf-8")
    data_dir = tmp_path / "data"
    subprocess.run(
        [
            sys.executable,
            "-m",
            "menjin",
            "web",
            "init",
            "--data-dir",
            data_dir,
            "--name",
            "Willow Court",
            "--language",
            "en",
            "--timezone",
            "Asia/Shanghai",
            "--public-url",
            "http://127.0.0.1:8000",
            "--root-key",
            tmp_path / "root.pem",
            "--root-passphrase-file",
            tmp_path / "passphrase",
            "--manager-email",
            "manager@example.org",
            "--manager-password-file",
            tmp_path / "passphrase",
            "--manager-totp-file",
            tmp_path / "totp",
        ],
        cwd=CHECKOUT,
        check=True,
        stdin=subprocess.DEVNULL,
        capture_output=True,
    )
    readable, writable = os.pipe()
    with subprocess.Popen(
        [
            sys.executable,
            "-m",
            "menjin",
            "web",
            "run",
            "--data-dir",
            data_dir,
            "--port",
            "0",
            "--ready-fd",
            str(writable),
        ],
        cwd=CHECKOUT,
        pass_fds=[writable],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    ) as running:
        os.close(writable)
        with os.fdopen(readable) as ready:
            yield Server(ready.readline().strip(), data_dir)
        running.terminate()


@pytest.fixture
def controller(server: Server, tmp_path: Path) -> Iterator[BenchGate]:
    """Return a controller as from the box: cabled, and not paired."""
    with bench_gate(tmp_path / "controller") as bench:
        bench.server_url, bench.lane = server.address, "west-in"
        for secret in (bench.root / "secrets").iterdir():
            secret.unlink()
        yield bench


def is_paired(manager: Manager, controller: BenchGate) -> None:
    """Carry the code to the controller; the page shows its characters without a press."""
    manager.press(manager.page.locator("form[action*='/west/pair'] button"))
    code = manager.page.locator(".once .code").inner_text()
    with subprocess.Popen(
        [sys.executable, "-c", COMMAND, "pair", str(controller.write_site_file()), "--code", code],
        cwd=CHECKOUT,
        stdout=subprocess.PIPE,
        text=True,
    ) as pairing:
        assert pairing.stdout is not None
        printed = ""
        while not (shown := re.search(r": ((?:\w{4} ){3}\w{4})$", printed, re.MULTILINE)):
            line = pairing.stdout.readline()
            assert line, printed
            printed += line
        expect(manager.page.locator(".once .code")).to_have_text(shown.group(1), timeout=PATIENCE_MS)
        manager.press(manager.page.locator("form:has([value=approve]) button"))
        pairing.communicate(timeout=PATIENCE_SECONDS)
        assert pairing.returncode == 0


def test_from_an_empty_server_to_a_card_that_opens(
    browser: Browser, server: Server, controller: BenchGate, request: pytest.FixtureRequest
) -> None:
    context = browser.new_context(viewport=SIZES["desktop"], locale="en-GB")
    manager = Manager(context.new_page(), request.node.name)
    sign_in(manager.page, server.address)
    page = manager.begin(f"{server.address}/manage/")
    assert axe(page) == []
    manager.take_step(1)
    manager.answer({"#name": "West gate", "#gate_id": "west"})
    manager.send()
    manager.answer({"#name": "West gate, in", "#lane_id": "west-in"})
    manager.send()
    manager.take_step(2)
    for answers in ANSWERS:
        manager.answer(answers)
        manager.send()
    manager.take_step(3)
    is_paired(manager, controller)
    manager.take_step(4)
    manager.answer({"#number": "3-1203", "#members-0-name": "Ana", "#members-0-card": str(CARD)})
    manager.press(page.get_by_role("button", name="Move them in"))
    manager.press(page.get_by_role("link", name="Done"))
    expect(page.locator("#first-hour .done")).to_have_count(6)
    life = GateProcess.start(controller)
    try:
        give_up = time.monotonic() + PATIENCE_SECONDS
        while not server.has_the_newest():
            assert time.monotonic() < give_up
            page.wait_for_timeout(200)
        began_ns = controller.card.tap(CARD)
        assert controller.relay.wait_for_on(1, PATIENCE_SECONDS, after_ns=began_ns)
        expect(page.locator("#first-hour section")).to_have_count(0, timeout=PATIENCE_MS)
    finally:
        life.end()
    manager.done()
    context.close()
