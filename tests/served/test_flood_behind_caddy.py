"""One address floods a compound behind the shipped proxy; a browser at another and a gate are answered."""

import ssl
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest
from playwright.sync_api import TimeoutError as NoAnswer
from playwright.sync_api import sync_playwright

from tests.served.held_table import held_table
from tests.served.real_caddy import MISSING, Proxy, caddy_before, has_caddy
from tests.served.served_compound import ServedCompound, serve_compound
from tests.served.slow_clients import NOTHING, AskingGate
from tests.support.chromium import launch
from web_admin.core.config import WebConfig
from web_admin.serving.connection_limits import QUEUED_REQUESTS

pytestmark = [
    pytest.mark.wide,
    pytest.mark.skipif(not has_caddy(), reason=MISSING),
    # A table of PostgreSQL can be locked alone: each call of the interface keeps its thread meanwhile.
    pytest.mark.parametrize(
        "database_url", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True
    ),
]

CROWD = "127.0.0.9"
CALL = (
    "GET /api/v1/people HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: 203.0.113.{}\r\n"
    "Authorization: Bearer mjk_" + "0" * 16 + "_" + "A" * 43 + "\r\n\r\n"
)
PAGE_THREADS = 33
"""Of the one worker with one thread for requests, those for streams included."""
ANSWER_SECONDS = 20


@pytest.fixture
def proxied(web_config: WebConfig, tmp_path: Path) -> Iterator[tuple[ServedCompound, Proxy]]:
    """Return a compound of one worker behind Caddy."""
    config = replace(web_config, public_url="https://localhost", trusted_proxies=1)
    with ExitStack() as stack:
        options = ("--threads", "1", "--workers", "1")
        served = stack.enter_context(serve_compound(config, tmp_path, options=options))
        yield served, stack.enter_context(caddy_before(served.address, tmp_path))


def flood(proxy: Proxy, calls: int, kept: ExitStack) -> list[ssl.SSLSocket]:
    """Send so many calls from one address; by its own words each comes from another client."""
    number = count(1)
    sent = []
    for _call in range(calls):
        connection = kept.enter_context(proxy.connect(CROWD))
        connection.sendall(CALL.format(next(number) % 250).encode())
        sent.append(connection)
    return sent


def read_ahead(connection: ssl.SSLSocket) -> bytes:
    """Return what has arrived; empty where nothing has."""
    connection.settimeout(0.01)
    try:
        return connection.recv(100)
    except TimeoutError:
        return NOTHING


def seen_by_a_browser(proxy: Proxy) -> int:
    """Return the status of the page that Chromium shows at 127.0.0.1; 0 where none comes.

    In a thread of its own: another test's browser may run in this one.
    """
    with ThreadPoolExecutor(1) as apart:
        return apart.submit(_seen_by_a_browser, proxy).result()


def _seen_by_a_browser(proxy: Proxy) -> int:
    with sync_playwright() as playwright:
        browser = launch(playwright.chromium)
        page = browser.new_context(ignore_https_errors=True).new_page()
        try:
            answer = page.goto(f"{proxy.address}/staff/sign-in", timeout=ANSWER_SECONDS * 1000)
        except NoAnswer:
            return 0
        finally:
            browser.close()
        return 0 if answer is None else answer.status


def test_a_browser_is_answered_while_one_address_has_every_place_that_it_gets(
    proxied: tuple[ServedCompound, Proxy], web_config: WebConfig
) -> None:
    served, proxy = proxied
    with held_table(web_config.database_url, "api_key"), ExitStack() as kept:
        sent = flood(proxy, PAGE_THREADS + QUEUED_REQUESTS + 50, kept)
        assert seen_by_a_browser(proxy) == 200
        gate = AskingGate(served.compound, proxy.address, server_ca=proxy.server_ca)
        assert gate.ask().ask_again_seconds > 0
        gate.close()
        # What the crowd sent beyond its places was refused, the rest waits.
        answers = {read_ahead(connection)[:12] for connection in sent}
        assert answers == {b"HTTP/1.1 503", NOTHING}
