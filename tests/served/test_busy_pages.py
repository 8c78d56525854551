"""A gate that asks is answered while whole requests that take their time have every page thread."""

import socket
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.served.held_table import held_table
from tests.served.served_compound import serve_compound
from tests.served.slow_clients import AskingGate, connect, whole_answer
from web_admin.core.config import WebConfig

# A table of PostgreSQL can be locked alone: calls of the interface wait for it, a gate's question does not.
pytestmark = pytest.mark.parametrize(
    "database_url", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True
)

CALL = (
    b"GET /api/v1/people HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
    b"Authorization: Bearer mjk_" + b"0" * 16 + b"_" + b"A" * 43 + b"\r\n\r\n"
)
PAGE = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
IN_A_ROW = 8
"""Pages that are not answered, one after the other, before every thread of both workers counts as busy."""
CALLS_AT_ONCE, CALLS_AT_MOST = 40, 800
MOMENT_SECONDS = 0.5


class Crowd:
    """Clients of many addresses, each with one whole request that was sent."""

    def __init__(self, address: str, kept: ExitStack) -> None:
        """Begin with no client; connections are closed with `kept`."""
        self._address, self._kept = address, kept
        self.sockets: list[socket.socket] = []

    def send(self, request: bytes) -> socket.socket:
        """Send one more request from another address."""
        source = f"127.0.{1 + len(self.sockets) // 250}.{2 + len(self.sockets) % 250}"
        connection = self._kept.enter_context(connect(self._address, source))
        connection.sendall(request)
        self.sockets.append(connection)
        return connection

    def fill_pages(self) -> None:
        """Send calls that wait until no page is answered at either worker."""
        while len(self.sockets) < CALLS_AT_MOST:
            for _number in range(CALLS_AT_ONCE):
                self.send(CALL)
            if not any(self.is_answered() for _number in range(IN_A_ROW)):
                return
        raise AssertionError(f"{CALLS_AT_MOST} calls do not have all threads of pages")

    def is_answered(self) -> bool:
        """Return whether a page is answered at once."""
        page = self.send(PAGE)
        page.settimeout(MOMENT_SECONDS)
        try:
            return bool(page.recv(1))
        except TimeoutError:
            return False
        finally:
            page.settimeout(60)


def test_a_gate_is_answered_while_whole_requests_have_every_page_thread(
    web_config: WebConfig, tmp_path: Path
) -> None:
    with (
        serve_compound(web_config, tmp_path, options=("--threads", "1")) as served,
        ExitStack() as kept,
    ):
        with held_table(web_config.database_url, "api_key"):
            crowd = Crowd(served.address, kept)
            crowd.fill_pages()
            for gate_id in ("north", "east"):
                for _time in range(5):  # each on a connection of its own, which either worker takes
                    gate = AskingGate(served.compound, served.address, gate_id)
                    assert gate.ask().ask_again_seconds > 0
                    gate.close()
            assert not crowd.is_answered(), "a page had a thread meanwhile"
        assert whole_answer(crowd.sockets[0]).startswith(b"HTTP/1.1 401 ")
        assert served.browser().get("/staff/sign-in").status_code == 200
