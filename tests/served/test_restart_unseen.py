"""Restarted and upgraded under load, behind the real Caddy, the server loses no request."""

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
import requests

from tests.served.real_caddy import MISSING, Proxy, caddy_before, has_caddy
from tests.served.served_compound import fill_data_dir
from tests.served.supervisor import Supervisor
from tests.support.gates.waiting import until
from web_admin.core.config import WebConfig

pytestmark = pytest.mark.skipif(not has_caddy(), reason=MISSING)

CALLERS = 6
AROUND = 10
"""Requests of each caller before, between and after."""
PAGE = {"Accept": "text/html", "Accept-Language": "en"}


@dataclass
class Caller:
    """Asks for pages and sends forms, one after another, each on a connection of its own."""

    proxy: Proxy
    done: int = 0
    longest_seconds: float = 0.0
    failures: list[str] = field(default_factory=list)

    def call(self, stopping: threading.Event) -> None:
        """Ask until it is time to stop."""
        while not stopping.is_set():
            for method, path in (("GET", "/"), ("POST", "/staff/sign-in"), ("GET", "/privacy")):
                began = time.monotonic()
                try:
                    answer = requests.request(
                        method,
                        self.proxy.address + path,
                        headers=PAGE,
                        timeout=120,
                        verify=str(self.proxy.server_ca),
                        data={"email": "guard@example.org"} if method == "POST" else None,
                    )
                except requests.RequestException as err:
                    self.failures.append(f"{method} {path}: {type(err).__name__}")
                else:
                    if answer.status_code >= 500:
                        self.failures.append(f"{method} {path}: {answer.status_code}")
                self.longest_seconds = max(self.longest_seconds, time.monotonic() - began)
                self.done += 1


@pytest.fixture
def service(web_config: WebConfig, tmp_path: Path) -> Iterator[Supervisor]:
    """Return a service with a filled compound that runs."""
    data_dir = tmp_path / "data"
    data_dir.mkdir()
    config = replace(
        web_config,
        public_url="https://localhost",
        trusted_proxies=1,
        data_dir=data_dir,
        secrets_dir=data_dir / "secrets",
    )
    compound = fill_data_dir(config)
    supervisor = Supervisor(data_dir, tmp_path / "server.log")
    supervisor.start()
    yield supervisor
    supervisor.close()
    compound.close()


@pytest.mark.wide
def test_no_request_fails_while_the_server_is_restarted_and_upgraded(
    service: Supervisor, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with ExitStack() as stack:
        proxy = stack.enter_context(caddy_before(service.address, tmp_path))
        stopping = threading.Event()
        callers = [Caller(proxy) for _ in range(CALLERS)]
        threads = [threading.Thread(target=one.call, args=(stopping,)) for one in callers]

        def each_asked_more() -> None:
            goals = [one.done + AROUND for one in callers]
            until(lambda: all(one.done >= goal for one, goal in zip(callers, goals, strict=True)))

        for thread in threads:
            thread.start()
        try:
            each_asked_more()
            service.stop()
            service.start()
            each_asked_more()
            service.stop()
            service.upgrade()
            service.start()
            each_asked_more()
        finally:
            stopping.set()
            for thread in threads:
                thread.join()
    failures = [failure for one in callers for failure in one.failures]
    total, longest = sum(one.done for one in callers), max(one.longest_seconds for one in callers)
    with capsys.disabled():
        print(f"\n{total} requests, {len(failures)} failures, longest wait {longest:.1f} s")
    assert failures == [], (tmp_path / "server.log").read_text(encoding="utf-8")[-4000:]
