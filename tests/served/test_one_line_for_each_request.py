"""With `log_requests` each request is one line of the server's log, and the shipped proxy writes none."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
import requests

from tests.served.real_caddy import MISSING, caddy_before, has_caddy
from tests.served.served_compound import ServedCompound, serve_compound
from web_admin.core.config import WebConfig
from web_admin.core.database import current_menjin

pytestmark = pytest.mark.skipif(not has_caddy(), reason=MISSING)

ASKED = (
    ("GET", "/livez", 200),
    ("GET", "/staff/sign-in", 200),
    ("GET", "/nowhere", 404),
    ("GET", "/manage/people", 308),
    ("GET", "/api/v1/people", 401),
    ("POST", "/staff/sign-in", 400),
    ("POST", "/sync/v1/ask", 401),
    ("GET", "/v/none", 404),
    ("GET", "/static/menjin.css", 200),
)


@pytest.fixture
def logging_server(
    web_config: WebConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[ServedCompound, requests.Session, Path]]:
    """Return a server that logs requests, a client behind Caddy and Caddy's log."""
    monkeypatch.setenv("MENJIN_LOG_REQUESTS", "1")
    config = replace(web_config, public_url="https://localhost", trusted_proxies=1)
    with ExitStack() as stack:
        served = stack.enter_context(serve_compound(config, tmp_path))
        proxy = stack.enter_context(caddy_before(served.address, tmp_path))
        client = stack.enter_context(requests.Session())
        client.trust_env, client.verify = False, str(proxy.server_ca)
        yield replace(served, address=proxy.address), client, proxy.log


def lines_of(served: ServedCompound) -> list[dict[str, object]]:
    """Return the log's lines about requests."""
    lines = [json.loads(line) for line in served.log_lines() if line.startswith("{")]
    return [line for line in lines if "request" in line]


def test_each_request_is_one_line_also_where_it_is_refused_or_fails(
    logging_server: tuple[ServedCompound, requests.Session, Path],
) -> None:
    served, client, log_of_caddy = logging_server
    first = len(lines_of(served))
    written_before = log_of_caddy.read_text(encoding="utf-8")
    ids = []
    for method, path, status in ASKED:
        answer = client.request(method, served.address + path, timeout=60, allow_redirects=False)
        assert answer.status_code == status, path
        ids.append(answer.headers["X-Request-ID"])
    with served.compound.app.app_context(), current_menjin().database.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE notice RENAME TO notice_away")
    failed = client.get(served.address + "/privacy", timeout=60)
    assert failed.status_code in (500, 503), "with SQLite a lost table is a database that is away"
    ids.append(failed.headers["X-Request-ID"])
    lines = lines_of(served)[first:]
    assert [line["request"] for line in lines] == ids, "one line for each, in their order"
    assert [line.get("status") for line in lines[:-1]] == [status for _, _, status in ASKED]
    assert [lines[-1]["event"], lines[-1]["page"]] == ["request_failed", "/privacy"]
    assert log_of_caddy.read_text(encoding="utf-8") == written_before, "the proxy writes addresses down"
