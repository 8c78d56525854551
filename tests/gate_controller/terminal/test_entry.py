"""Who may reach the page: the gate's own screen, and no other program on this machine."""

import socket
import stat
from pathlib import Path

import pytest
import requests

from gate_controller.terminal.entry_guard import keep_launch_token, write_launch_page
from gate_controller.terminal.server import REFUSED_LINE, TerminalServer
from tests.gate_controller.terminal.conftest import PATIENCE_SECONDS, TOKEN, Served

PATHS = ["/", "/events", "/texts.json", "/static/terminal.js", "/static/terminal.css", "/acts", "/nothing"]
ACT = b'{"act":"help"}'


def raw(served: Served, request: str) -> bytes:
    """Send exactly these bytes and return all that comes back."""
    with socket.create_connection(("127.0.0.1", served.port), timeout=PATIENCE_SECONDS) as line:
        line.sendall(request.encode("latin-1"))
        line.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: line.recv(65536), b""))


@pytest.mark.parametrize("path", PATHS)
def test_without_the_cookie_every_address_is_refused_with_one_line(served: Served, path: str) -> None:
    answer = requests.get(served.origin + path, timeout=PATIENCE_SECONDS)
    assert (answer.status_code, answer.text) == (403, REFUSED_LINE)


@pytest.mark.parametrize("token", ["", "wrong", TOKEN[:-1], TOKEN + "x", "é" * 40])
def test_a_wrong_launch_token_is_refused_even_with_the_cookie(served: Served, token: str) -> None:
    answer = served.client.get(served.origin + "/", params={"token": token}, timeout=PATIENCE_SECONDS)
    assert answer.status_code == 403
    assert "Set-Cookie" not in answer.headers


def test_the_launch_token_buys_a_strict_cookie_and_leads_to_an_address_without_it(served: Served) -> None:
    answer = requests.get(served.server.launch_url, timeout=PATIENCE_SECONDS)
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert TOKEN not in cookie + answer.text
    assert 'content="0;url=/"' in answer.text


def test_the_launch_token_is_taken_at_the_front_address_only(served: Served) -> None:
    answer = requests.get(f"{served.origin}/texts.json?token={TOKEN}", timeout=PATIENCE_SECONDS)
    assert answer.status_code == 403


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1", "127.0.0.1:1", "gate.local:{port}", "127.0.0.1:{port}.evil.example"]
)
@pytest.mark.parametrize("path", ["/", f"/?token={TOKEN}"])
def test_a_foreign_host_name_is_refused_with_cookie_and_with_token(
    served: Served, host: str, path: str
) -> None:
    headers = {"Host": host.format(port=served.port), "Cookie": served.cookie}
    answer = requests.get(served.origin + path, headers=headers, timeout=PATIENCE_SECONDS)
    assert (answer.status_code, answer.text) == (403, REFUSED_LINE)


def test_localhost_is_the_pages_other_own_name(served: Served) -> None:
    headers = {"Host": f"localhost:{served.port}", "Cookie": served.cookie}
    answer = requests.get(served.origin, headers=headers, timeout=PATIENCE_SECONDS)
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": None},
        {"Menjin_Terminal": None},
        {"Menjin_Terminal": "0"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"Cookie": "menjin_terminal_1=x"},
    ],
)
def test_an_act_from_a_foreign_page_does_not_arrive(served: Served, headers: dict[str, str | None]) -> None:
    answer = served.post(ACT, **headers)
    assert (answer.status_code, answer.text) == (403, REFUSED_LINE)
    assert served.actions.empty()


def test_a_page_on_another_port_of_this_machine_cannot_read(served: Served) -> None:
    answer = served.client.get(
        served.origin + "/events", headers={"Sec-Fetch-Site": "same-site"}, timeout=PATIENCE_SECONDS
    )
    assert answer.status_code == 403


@pytest.mark.parametrize("host_lines", ["", "Host: a\r\nHost: b\r\n"])
def test_no_host_or_two_hosts_get_no_page(served: Served, host_lines: str) -> None:
    status = raw(served, f"GET /?token={TOKEN} HTTP/1.1\r\n{host_lines}Connection: close\r\n\r\n").split()[1]
    assert status in {b"400", b"403"}


def test_a_whole_address_in_the_request_line_does_not_stand_in_for_the_host(served: Served) -> None:
    request = f"GET {served.server.launch_url} HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n"
    assert raw(served, request).split()[1] in {b"400", b"403"}


def test_the_page_is_served_on_loopback_only() -> None:
    with pytest.raises(ValueError, match="loopback"):
        TerminalServer(print, port=0, launch_token=TOKEN, host="0.0.0.0")  # noqa: S104 - must be refused


def test_a_short_launch_token_is_refused() -> None:
    with pytest.raises(ValueError, match="32 characters"):
        TerminalServer(print, port=0, launch_token="1234")


def test_the_launch_token_is_made_once_and_kept_from_others(tmp_path: Path) -> None:
    path = tmp_path / "token"
    token = keep_launch_token(path)
    assert keep_launch_token(path) == token
    assert keep_launch_token(tmp_path / "another") != token
    assert stat.S_IMODE(path.stat().st_mode) & 0o027 == 0


def test_an_empty_token_file_is_an_error_that_names_it(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("\n")
    with pytest.raises(ValueError, match=str(path)):
        keep_launch_token(path)


def test_the_launch_page_is_kept_from_others_and_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "terminal.html"
    write_launch_page(path, "http://127.0.0.1:1/?token=old")
    write_launch_page(path, 'http://127.0.0.1:1/?a=1&token="new"')
    assert "a=1&amp;token=&quot;new&quot;" in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) & 0o027 == 0
    assert [entry.name for entry in tmp_path.iterdir()] == ["terminal.html"]
