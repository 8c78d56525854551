"""One Chromium for every test of pages, and the residents' compound behind a real web server."""

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from werkzeug.serving import make_server

from tests.browser.media_ends import an_end
from tests.browser.resident_screen import PATIENCE_MS, PHONE, Served
from tests.browser.seen_and_heard import MOVING_BAR, TONE
from tests.support.chromium import CHROMIUM, SPEAKING, launch
from tests.support.clock import SetClock
from tests.support.compounds.filled_once import SERVER_KEYS
from tests.support.compounds.managed import ManagedCompound, make_managed_compound
from tests.support.compounds.resident import make_compound
from web_admin.core.config import WebConfig
from web_admin.core.database import current_menjin
from web_admin.manage.live import live_watch
from web_admin.resident.call_stream import call_watch

_RUNNING = pytest.StashKey[Browser]()


@pytest.fixture(scope="session")
def browser(request: pytest.FixtureRequest) -> Iterator[Browser]:
    """Start the browser once: Playwright cannot run twice in one process."""
    if not CHROMIUM.exists() and "CI" not in os.environ:
        pytest.skip("Chromium is not on this machine: make browser")
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        request.session.stash[_RUNNING] = running = launch(playwright.chromium)
        yield running
        running.close()
        del request.session.stash[_RUNNING]


@pytest.fixture(autouse=True, scope="module")
def _pages_of_a_module_end_with_it(request: pytest.FixtureRequest) -> Iterator[None]:
    """Close what a test that failed left open: such a page draws on, and takes time from all later modules.

    Not after each test: tests of a module may share the pages of those who are signed in.
    """
    yield
    running = request.session.stash.get(_RUNNING, None)
    for context in running.contexts if running is not None else ():
        context.close()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path, "127.0.0.1") as running:
        yield running


@pytest.fixture
def served_by_name(tmp_path: Path) -> Iterator[Served]:
    """Serve under a name: browsers bind passkeys to names and refuse bare addresses."""
    with serving(tmp_path, "localhost") as running:
        yield running


@contextmanager
def serving(tmp_path: Path, host: str) -> Iterator[Served]:
    """Serve the residents' compound on a free port of this machine."""
    # Bound before the app is made, which has to know the port, and never given back: another could take it.
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    config = WebConfig(
        webhook_ports=range(1, 65536),
        database_url=f"sqlite:///{tmp_path / 'menjin.sqlite3'}",
        data_dir=tmp_path,
        secrets_dir=tmp_path,
        public_url=f"http://{host}:{port}",
        **SERVER_KEYS,
    )
    compound = make_compound(config, lambda: datetime.now(UTC))
    server = make_server("127.0.0.1", port, compound.app, threaded=True, fd=listener.detach())
    # Joined at the end, so that no request still holds a connection when the engine lets go of all.
    server.daemon_threads = False  # type: ignore[attr-defined]  # a mixin's, for threaded servers
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield Served(compound, config.public_url)
    call_watch(compound.app).stop_when(lambda: True)
    server.shutdown()
    thread.join()
    server.server_close()
    with compound.app.app_context():
        current_menjin().database.engine.dispose()


@pytest.fixture
def managed(tmp_path: Path) -> Iterator[ManagedCompound]:
    """The compound as its office sees it, with life in it."""
    config = WebConfig(
        webhook_ports=range(1, 65536),
        database_url=f"sqlite:///{tmp_path / 'menjin.sqlite3'}",
        data_dir=tmp_path,
        secrets_dir=tmp_path,
        public_url="http://127.0.0.1",
        **SERVER_KEYS,
    )
    made = make_managed_compound(config, SetClock(datetime.now(UTC)))
    yield made
    made.close()


@pytest.fixture
def address(managed: ManagedCompound) -> Iterator[str]:
    """Serve that compound; at the end its streams are ended as a server's are that stops."""
    server = make_server("127.0.0.1", 0, managed.app, threaded=True)
    server.daemon_threads = False  # type: ignore[attr-defined]  # joined: no request may outlive the database
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    live_watch(managed.app).stop_when(lambda: True)
    call_watch(managed.app).stop_when(lambda: True)
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    made = browser.new_context(viewport=PHONE, device_scale_factor=2, locale="en-GB", has_touch=True)
    made.set_default_timeout(PATIENCE_MS)
    yield made
    made.close()


@pytest.fixture(scope="module")
def speaking(browser: Browser) -> Iterator[Browser]:
    """Give a browser with a microphone, and a person who lets the page have it."""
    running = launch(browser.browser_type, more=SPEAKING)
    yield running
    running.close()


@pytest.fixture
def gate(browser: Browser) -> Iterator[Page]:
    """Give the gate's end of a call, which sends a tone and a moving bar."""
    page = an_end(browser)
    page.evaluate(TONE, 880)
    page.evaluate(MOVING_BAR)
    yield page
    page.context.close()
