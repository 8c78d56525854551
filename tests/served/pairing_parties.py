"""The parties of a pairing over real sockets: the gate's command, the manager's page, a machine between."""

import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import requests

from tests.served.served_compound import Browser
from tests.support.gates.bench import BenchGate, bench_gate
from tests.support.gates.process import CHECKOUT, COMMAND

PATIENCE_SECONDS = 60.0
_SHOWN = re.compile(r'<p class="code">([^<]+)</p>')
_ANSWERED = re.compile(r'action="(/manage/gates/pairings/[^"]+)"')
_PHRASE = re.compile(r": (\S{4}(?: \S{4}){2,3})$")


@dataclass(frozen=True)
class Call:
    """One request as it passes the machine in the middle, or as that machine makes it."""

    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Answer:
    """What comes back for a request."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    """Passed on to the gate; a machine in the middle sends those alone that a test names."""


Between = Callable[[Call], Answer]


@dataclass
class Middle:
    """A machine between gate and server: what went through it, and where it listens."""

    server_address: str
    address: str = ""
    passed: list[tuple[Call, Answer]] = field(default_factory=list)

    def forward(self, call: Call) -> Answer:
        """Send a request to the real server and return its answer."""
        url, headers = self.server_address + call.path, dict(call.headers)
        answer = requests.post(url, data=call.body, headers=headers, timeout=PATIENCE_SECONDS)
        return Answer(answer.status_code, answer.content)

    def everything(self) -> bytes:
        """Return every byte of every body that went through, both ways."""
        return b"\n".join(call.body + b"\n" + answer.body for call, answer in self.passed)


@contextmanager
def machine_between(server_address: str, between: Between | None = None) -> Iterator[Middle]:
    """Listen where a gate takes the server to be; `between` answers, by default by passing on."""
    middle = Middle(server_address)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            wanted = ("menjin-", "content-type")
            kept = {k: v for k, v in self.headers.items() if k.lower().startswith(wanted)}
            call = Call(self.path, kept, body)
            answer = (between or middle.forward)(call)
            middle.passed.append((call, answer))
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, format: str, *args: object) -> None:
            """Keep the test's output clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    middle.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield middle
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def unpaired_gate(root: Path, server_address: str) -> Iterator[BenchGate]:
    """Lay out a controller as from the box."""
    with bench_gate(root) as bench:
        bench.server_url = server_address
        for secret in (root / "secrets").iterdir():
            secret.unlink()
        yield bench


@dataclass
class PairingProcess:
    """`menjin gate pair` in a process of its own."""

    process: "subprocess.Popen[str]"
    screen: str = ""
    """All lines that it has shown up to the characters."""

    def phrase(self) -> str:
        """Return the characters on the gate's screen, "" when it ended without any."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.screen += line
            if (found := _PHRASE.search(line.rstrip())) is not None:
                return found[1].replace(" ", "")
        return ""

    def end(self) -> tuple[int, str]:
        """Wait for its end; return the exit code and what it printed as errors."""
        _, said = self.process.communicate(timeout=PATIENCE_SECONDS)
        return self.process.returncode, said


@contextmanager
def pairing(bench: BenchGate, code: str) -> Iterator[PairingProcess]:
    """Begin `menjin gate pair`, and end it at the latest with the block."""
    command = [sys.executable, "-c", COMMAND, "pair", str(bench.write_site_file()), "--code", code]
    with subprocess.Popen(
        command, cwd=CHECKOUT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield PairingProcess(process)
        finally:
            process.kill()


def new_code(manager: Browser, gate_id: str) -> str:
    """Press for a code as the manager does and return it."""
    manager.get(f"/manage/gates/{gate_id}")
    page = manager.post(f"/manage/gates/{gate_id}/pair", {})
    [code] = _SHOWN.findall(page.text)
    return str(code)


def phrase_on_the_page(manager: Browser, gate_id: str) -> str:
    """Return the characters that the manager is asked about, "" when no controller waits."""
    shown = _SHOWN.findall(manager.get(f"/manage/gates/{gate_id}").text)
    return str(shown[0]).replace(" ", "") if shown else ""


def approve(manager: Browser, gate_id: str) -> None:
    """Press "Yes, they are the same"."""
    address = _ANSWERED.findall(manager.get(f"/manage/gates/{gate_id}").text)[0]
    assert manager.post(address, {"answer": "approve"}).status_code == 303
