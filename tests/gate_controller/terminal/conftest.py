"""A real terminal server on a free port, and a queue in the controller's place."""

import queue
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
import requests

from gate_controller.terminal.server import TerminalServer
from gate_controller.terminal.view import TerminalAction

TOKEN = "launch-token-of-these-tests-0123456789abcdef"
PATIENCE_SECONDS = 60.0


@dataclass
class Served:
    """A running page, the actions it handed up, and a signed-in client."""

    server: TerminalServer
    actions: "queue.Queue[TerminalAction]"
    client: requests.Session

    @property
    def origin(self) -> str:
        return self.server.address.rstrip("/")

    @property
    def port(self) -> int:
        return int(self.origin.rpartition(":")[2])

    @property
    def cookie(self) -> str:
        """The signed-in cookie as a header, which `requests` would hold back from another host."""
        return "; ".join(f"{name}={value}" for name, value in self.client.cookies.items())

    def post(self, body: bytes, **headers: str | None) -> requests.Response:
        """Post as the page does; a header given here replaces the page's, None leaves it out."""
        usual = {
            "Content-Type": "application/json",
            "Menjin-Terminal": "1",
            "Origin": self.origin,
            "Sec-Fetch-Site": "same-origin",
        }
        changed = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.post(
            f"{self.origin}/acts", data=body, headers={**usual, **changed}, timeout=PATIENCE_SECONDS
        )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def served() -> Iterator[Served]:
    with serving() as running:
        yield running


@contextmanager
def serving(*, call_sound: bool = False, call_picture: bool = False) -> Iterator[Served]:
    """Serve the page of a lane whose site file says so much of calls."""
    actions: queue.Queue[TerminalAction] = queue.Queue()
    server = TerminalServer(
        actions.put,
        port=free_port(),
        launch_token=TOKEN,
        site_name="Willow Court",
        heartbeat_seconds=0.1,
        call_sound=call_sound,
        call_picture=call_picture,
    )
    server.start()
    with requests.Session() as client:
        client.get(server.launch_url, timeout=PATIENCE_SECONDS).raise_for_status()
        yield Served(server, actions, client)
    server.stop()
