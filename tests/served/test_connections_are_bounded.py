"""One address has so many connections and no more, and a head is so long and no longer."""

from contextlib import ExitStack

import pytest

from tests.served.served_compound import ServedCompound
from tests.served.slow_clients import connect, whole_answer
from web_admin.serving.connection_limits import CONNECTIONS_OF_AN_ADDRESS, HEAD_BYTES

ASKED = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"

# One worker, whose connections are those of the server.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_one_address_has_no_more_connections_than_its_share(served: ServedCompound) -> None:
    with ExitStack() as kept:
        held = [kept.enter_context(connect(served.address)) for _number in range(CONNECTIONS_OF_AN_ADDRESS)]
        with connect(served.address) as one_more:
            one_more.sendall(ASKED + b"\r\n")
            assert whole_answer(one_more).startswith(b"HTTP/1.1 200 ")
        # The one that has waited longest makes room; those after it stay.
        assert whole_answer(held[0]).startswith(b"HTTP/1.1 503 ")
        held[-1].sendall(ASKED + b"\r\n")
        assert whole_answer(held[-1]).startswith(b"HTTP/1.1 200 ")


def test_a_head_beyond_its_bytes_is_refused(served: ServedCompound) -> None:
    with connect(served.address) as connection:
        connection.sendall(ASKED + b"X-Long: " + b"a" * HEAD_BYTES + b"\r\n\r\n")
        assert whole_answer(connection).startswith((b"HTTP/1.1 431 ", b"HTTP/1.0 431 "))
