"""Headers, cookies and addresses of every answer, on the server as it is served behind a proxy over TLS."""

import re
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from tests.served.served_compound import ServedCompound, serve_compound
from web_admin.core.config import WebConfig

PUBLIC_NAME = "gate.example.org"
OVER_TLS = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": PUBLIC_NAME, "X-Forwarded-For": "192.0.2.7"}
ANSWERS = (
    "/",
    "/privacy",
    "/staff/sign-in",
    "/r/sign-in",
    "/r/",
    "/manage/people",
    "/v/none",
    "/api/v1/people",
    "/api/v1/openapi.json",
    "/sync/v1/ask",
    "/healthz",
    "/static/menjin.css",
    "/static/",
    "/.git/config",
    "/no/such/page",
    "/look.css",
    "/staff/join?code=x",
)
YEAR_SECONDS = 31_536_000


@pytest.fixture(scope="module")
def behind_tls(
    tmp_path_factory: pytest.TempPathFactory, sqlite_with_tables: Path
) -> Iterator[ServedCompound]:
    """Return a compound served for https://gate.example.org behind one proxy."""
    from tests.support.compounds.filled_once import SERVER_KEYS

    folder = tmp_path_factory.mktemp("behind_tls")
    path = folder / "menjin.sqlite3"
    path.write_bytes(sqlite_with_tables.read_bytes())
    config = WebConfig(
        database_url=f"sqlite:///{path}",
        data_dir=folder,
        secrets_dir=folder / "secrets",
        public_url=f"https://{PUBLIC_NAME}",
        trusted_proxies=1,
        **SERVER_KEYS,
    )
    with serve_compound(config, folder) as made:
        yield made


def get(served: ServedCompound, path: str, **headers: str) -> requests.Response:
    """Ask as the proxy does."""
    sent = {**OVER_TLS, **headers}
    return requests.get(served.address + path, headers=sent, allow_redirects=False, timeout=30)


@pytest.mark.parametrize("path", ANSWERS)
def test_every_answer_forbids_sniffing_framing_foreign_code_and_plain_http(
    behind_tls: ServedCompound, path: str
) -> None:
    answer = get(behind_tls, path)
    headers = answer.headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    parts = [part.strip() for part in headers["Content-Security-Policy"].split(";") if part.strip()]
    policy = dict(part.split(" ", 1) for part in parts)
    for directive in ("object-src", "base-uri", "frame-ancestors"):
        assert policy[directive] == "'none'"
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["Referrer-Policy"] == "same-origin"
    life, *more = headers["Strict-Transport-Security"].split(";")
    assert int(life.partition("=")[2]) >= YEAR_SECONDS
    assert "includeSubDomains" in [word.strip() for word in more]
    assert "Access-Control-Allow-Origin" not in headers


@pytest.mark.parametrize("path", ANSWERS)
def test_every_answer_with_text_says_its_type_and_charset(behind_tls: ServedCompound, path: str) -> None:
    answer = get(behind_tls, path)
    assert not answer.content or re.match(
        r"text/[\w.+-]+; ?charset=utf-8$|application/(problem\+)?json$|image/|application/[\w.+-]+$",
        answer.headers["Content-Type"],
        re.IGNORECASE,
    )


@pytest.mark.parametrize(
    "path", ["/static/", "/static/../config.py", "/.git/config", "/web.toml", "/secrets/"]
)
def test_no_folder_is_listed_and_no_file_beside_the_program_is_served(
    behind_tls: ServedCompound, path: str
) -> None:
    assert get(behind_tls, path).status_code == 404


def test_every_cookie_is_bound_to_this_host_secure_and_closed_to_scripts_and_other_sites(
    behind_tls: ServedCompound,
) -> None:
    pages = [get(behind_tls, path) for path in ("/", "/staff/sign-in", "/r/sign-in", "/r/welcome")]
    cookies = [cookie for page in pages for cookie in page.raw.headers.getlist("Set-Cookie")]
    assert cookies
    for cookie in cookies:
        name, *attributes = [part.strip() for part in cookie.split(";")]
        assert name.startswith("__Host-")
        assert {"Secure", "HttpOnly", "Path=/"} <= set(attributes)
        assert {"SameSite=Lax", "SameSite=Strict"} & set(attributes)
        assert not [part for part in attributes if part.startswith("Domain")]


def test_a_redirect_leads_to_this_host_alone(behind_tls: ServedCompound) -> None:
    for path in ("/manage/people", "/r/", "//evil.example/", "/staff/sign-in?next=https://evil.example/"):
        target = urlsplit(get(behind_tls, path).headers.get("Location", "/"))
        assert target.netloc in {"", PUBLIC_NAME}


def test_gates_and_systems_are_not_redirected(behind_tls: ServedCompound) -> None:
    """A client that would follow to TLS has sent its secret in the clear before."""
    for path in ("/sync/v1/ask", "/api/v1/people"):
        answer = requests.post(behind_tls.address + path, data=b"{}", allow_redirects=False, timeout=30)
        assert 400 <= answer.status_code < 500


@pytest.mark.parametrize("method", ["TRACE", "TRACK", "CONNECT", "DEBUG"])
def test_odd_methods_are_refused_and_echo_nothing(behind_tls: ServedCompound, method: str) -> None:
    answer = requests.request(
        method, behind_tls.address + "/privacy", headers={"X-Secret": "echo-me"}, timeout=30
    )
    assert 400 <= answer.status_code < 500
    assert "echo-me" not in answer.text


def test_a_request_with_two_lengths_is_refused_whole(behind_tls: ServedCompound) -> None:
    """RFC 9112 section 6.3: a message with both framings ends the connection."""
    where = urlsplit(behind_tls.address)
    smuggled = b"0\r\n\r\nGET /privacy HTTP/1.1\r\nHost: x\r\n\r\n"
    request = (
        b"POST /staff/sign-in HTTP/1.1\r\nHost: gate.example.org\r\nContent-Type: text/plain\r\n"
        b"Content-Length: "
        + str(len(smuggled)).encode()
        + b"\r\nTransfer-Encoding: chunked\r\n\r\n"
        + smuggled
    )
    with socket.create_connection((where.hostname, where.port), timeout=20) as connection:
        connection.sendall(request)
        answered = b""
        while part := connection.recv(65536):
            answered += part
            if answered.count(b"HTTP/1.1 ") > 1:
                break
    assert answered.count(b"HTTP/1.1 200") == 0


def test_a_client_cannot_forge_its_address(behind_tls: ServedCompound) -> None:
    """Of two forwarded addresses the one that the trusted proxy added is believed."""
    forged = {"X-Forwarded-For": "198.51.100.1, 192.0.2.7", "X-Real-IP": "198.51.100.2"}
    for _ in range(3):
        get(behind_tls, "/manage/people", **forged)
    page = get(behind_tls, "/api/v1/people", **forged)
    assert page.status_code == 401
    assert not [line for line in behind_tls.log_lines() if "198.51.100" in line]


def test_a_line_break_in_a_request_starts_no_line_in_the_log(behind_tls: ServedCompound) -> None:
    get(behind_tls, "/no%0d%0aFORGED%20entry/page?x=%0aFORGED%20entry")
    assert not [line for line in behind_tls.log_lines() if line.startswith("FORGED")]
