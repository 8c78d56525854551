"""Nothing of a gate or a server goes in the clear to another machine, and no redirect changes that."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gate_controller import cli
from gate_controller.contract.https_only import in_the_clear
from gate_controller.contract.messages import ASK_PATH, Accepted
from gate_controller.sync.link import ServerLink, SyncRefused
from tests.support.gates.bench import BenchGate, bench_gate
from tests.support.gates.process import CHECKOUT, COMMAND

ELSEWHERE = "http://gate.example.org"
SENTENCE = "is not encrypted; legal is https://, and http:// to this machine alone"


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[BenchGate]:
    with bench_gate(tmp_path) as bench:
        bench.server_url = ELSEWHERE
        yield bench


@pytest.mark.parametrize(
    "url",
    [
        "https://gate.example.org",
        "https://10.0.0.1:8443/",
        "HTTPS://gate.example.org",
        "http://127.0.0.1",
        "http://127.255.0.9:8000/",
        "http://localhost:8000",
        "http://LOCALHOST",
        "http://[::1]:8000",
    ],
)
def test_encrypted_addresses_and_this_machine_are_taken(url: str) -> None:
    assert in_the_clear(url) is None


@pytest.mark.parametrize(
    "url",
    [
        ELSEWHERE,
        "HTTP://gate.example.org",
        "http://10.0.0.1",
        "http://128.0.0.1",
        "http://0.0.0.0",
        "http://[::]",
        "http://[fe80::1]",
        "http://localhost.example.org",
        "http://127.0.0.1.example.org",
        "http://127.0.0.1@gate.example.org",
        "http://user:127.0.0.1@gate.example.org",
        "http://127.1",
        "http://2130706433",
        "http://127.0.0.1\\@gate.example.org",
        "http://gate.example.org#@127.0.0.1",
        "http://localhost\t.example.org",
        "http://",
        "http:///x",
        "http://[::1",
        "ftp://127.0.0.1",
        "http:127.0.0.1",
        "127.0.0.1",
        "",
    ],
)
def test_any_other_address_is_refused_with_a_sentence(url: str) -> None:
    assert SENTENCE in str(in_the_clear(url))


@pytest.mark.wide
@pytest.mark.parametrize("more", [["run"], ["pair", "--code", "ABCD-EFGH"]], ids=["run", "pair"])
def test_a_gate_that_would_speak_in_the_clear_does_not_begin(gate: BenchGate, more: list[str]) -> None:
    if more[0] == "pair":
        (gate.root / "secrets" / "identity.json").unlink()
    done = subprocess.run(
        [sys.executable, "-c", COMMAND, more[0], str(gate.write_site_file()), *more[1:]],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert done.stderr.strip() == f"menjin gate {more[0]}: gate.server_url: {ELSEWHERE} {SENTENCE}"


@pytest.mark.parametrize(
    ("url", "verdict", "text"),
    [
        (ELSEWHERE, "wrong", SENTENCE),
        ("https://gate.example.org", "ok", "encrypted"),
        ("http://127.0.0.1:9", "ok", "this machine"),
    ],
)
def test_the_check_judges_the_address(
    gate: BenchGate, capsys: pytest.CaptureFixture[str], url: str, verdict: str, text: str
) -> None:
    gate.server_url = url
    code = cli.run(["check", str(gate.write_site_file()), "--json", "--seconds", "0.1"])
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    [line] = [line for line in lines if line["part"] == "server"]
    assert (line["verdict"], text in line["text"]) == (verdict, True)
    assert code == 1 or verdict == "ok"


def test_the_check_reports_a_certificate_authority_that_cannot_be_read(
    gate: BenchGate, capsys: pytest.CaptureFixture[str]
) -> None:
    path = gate.write_site_file()
    own = 'server_url = "https://gate.example.org"\nserver_ca = "/nowhere/ca.pem"'
    path.write_text(path.read_text().replace(f'server_url = "{ELSEWHERE}"', own))
    cli.run(["check", str(path), "--json", "--seconds", "0.1"])
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["text"] for line in lines if line["part"] == "server" and line["verdict"] == "wrong"] == [
        "gate.server_ca: /nowhere/ca.pem: No such file or directory"
    ]


# -- redirects -------------------------------------------------------------------------------------


class _Server(HTTPServer):
    def __init__(self, location: str = "") -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.location, self.asked = location, list[str]()
        self.address = f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        self.server.asked.append(self.path)
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(307 if self.server.location else 200)
        self.send_header("Location", self.server.location + self.path)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_POST  # noqa: N815 - names that http.server asks for

    def log_message(self, format: str, *args: object) -> None:
        """Keep the test's output clean."""


@contextmanager
def serving(server: _Server) -> Iterator[_Server]:
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_no_redirect_is_followed_by_pairing_or_by_the_link(
    gate: BenchGate, capsys: pytest.CaptureFixture[str]
) -> None:
    (gate.root / "secrets" / "identity.json").unlink()
    with serving(_Server()) as elsewhere, serving(_Server(elsewhere.address)) as server:
        gate.server_url = server.address
        assert cli.run(["pair", str(gate.write_site_file()), "--code", "ABCD-EFGH"]) == 1
        assert "HTTP 307" in capsys.readouterr().err
        link = ServerLink(server.address, None, "north", Ed25519PrivateKey.generate(), lambda: 1)
        with pytest.raises(SyncRefused, match="HTTP 307"):
            link.post(ASK_PATH, Accepted(count=0), Accepted)
        link.close()
    assert (len(server.asked), elsewhere.asked) == (2, [])


def test_pairing_takes_no_proxy_from_the_environment(
    gate: BenchGate, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (gate.root / "secrets" / "identity.json").unlink()
    with serving(_Server()) as proxy, serving(_Server()) as server:
        monkeypatch.setenv("HTTP_PROXY", proxy.address)
        monkeypatch.setenv("http_proxy", proxy.address)
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        gate.server_url = server.address
        assert cli.run(["pair", str(gate.write_site_file()), "--code", "ABCD-EFGH"]) == 1
    assert (len(server.asked), proxy.asked) == (1, [])
    assert "is not an answer of Menjin's server" in capsys.readouterr().err


def test_a_link_in_the_clear_cannot_be_made() -> None:
    with pytest.raises(SyncRefused, match="is not encrypted"):
        ServerLink(ELSEWHERE, None, "north", Ed25519PrivateKey.generate(), lambda: 1)
