"""The shipped Caddyfile in the real Caddy, before the real server: a stalled client delays no other."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import requests

from tests.served.real_caddy import MISSING, Proxy, caddy_before, has_caddy
from tests.served.served_compound import ServedCompound, serve_compound
from tests.served.slow_clients import HALF_A_BODY, HALF_A_HEAD, AskingGate, whole_answer
from web_admin.core.config import WebConfig

pytestmark = pytest.mark.skipif(not has_caddy(), reason=MISSING)

MANY = 120
FORM = {"Content-Type": "application/x-www-form-urlencoded", "Accept-Language": "en"}


@dataclass(frozen=True)
class Proxied:
    """A served compound and the proxy before it."""

    served: ServedCompound
    proxy: Proxy

    def get(self, path: str, **headers: str) -> requests.Response:
        """Ask for a page as a browser does."""
        return requests.get(
            self.proxy.address + path, headers=headers, timeout=60, verify=str(self.proxy.server_ca)
        )


@pytest.fixture
def proxied(web_config: WebConfig, tmp_path: Path) -> Iterator[Proxied]:
    """Return a compound behind Caddy."""
    config = replace(web_config, public_url="https://localhost", trusted_proxies=1)
    with ExitStack() as stack:
        served = stack.enter_context(serve_compound(config, tmp_path))
        yield Proxied(served, stack.enter_context(caddy_before(served.address, tmp_path)))


def test_a_gate_and_a_page_are_answered_beside_stalled_requests(proxied: Proxied) -> None:
    gate = AskingGate(proxied.served.compound, proxied.proxy.address, server_ca=proxied.proxy.server_ca)
    with ExitStack() as held:
        for number in range(MANY):
            connection = held.enter_context(proxied.proxy.connect(f"127.0.0.{2 + number % 60}"))
            connection.sendall((HALF_A_HEAD, HALF_A_BODY)[number % 2])
        assert gate.ask().ask_again_seconds > 0
        assert proxied.get("/staff/sign-in").status_code == 200
    gate.close()


def test_a_body_that_is_too_large_is_answered_in_words(proxied: Proxied) -> None:
    page = requests.post(
        f"{proxied.proxy.address}/staff/sign-in",
        data=b"email=" + b"a" * 12_000_000,
        headers=FORM,
        timeout=60,
        verify=str(proxied.proxy.server_ca),
    )
    assert page.status_code == 413
    assert "That is too large" in page.text


def test_headers_keep_browsers_on_tls_and_hide_the_servers_program(proxied: Proxied) -> None:
    answer = proxied.get("/staff/sign-in")
    assert "max-age=" in answer.headers["Strict-Transport-Security"]
    assert {"Server", "Via", "X-Powered-By"}.isdisjoint(answer.headers)
    cookies = answer.headers["Set-Cookie"].lower()
    assert "secure" in cookies
    assert "httponly" in cookies
    assert "samesite=" in cookies


def test_a_server_that_is_away_is_reported_in_words(proxied: Proxied) -> None:
    proxied.served.process.terminate()
    proxied.served.process.wait(timeout=20)
    answer = proxied.get("/staff/sign-in")
    assert answer.status_code == 502
    assert "The server cannot be reached" in answer.text
    assert "Server" not in answer.headers


@pytest.mark.slow
def test_a_request_that_does_not_come_to_an_end_is_closed_by_caddy_too(proxied: Proxied) -> None:
    with proxied.proxy.connect() as head, proxied.proxy.connect("127.0.0.3") as body:
        head.sendall(HALF_A_HEAD)
        body.sendall(HALF_A_BODY)
        assert b" 200 " not in whole_answer(head)
        body.settimeout(120)
        assert whole_answer(body).startswith(b"HTTP/1.1 408 ")
