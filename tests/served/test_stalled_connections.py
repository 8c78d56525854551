"""Connections that stall hold up no other client: neither a gate that asks nor a person who reads."""

import pytest

from tests.served.served_compound import ServedCompound
from tests.served.slow_clients import (
    HALF_A_BODY,
    HALF_A_HEAD,
    NOTHING,
    AskingGate,
    connect,
    stalled,
    whole_answer,
)

MANY = 120
"""More than a server's threads; spread over addresses, so that no limit of one address helps."""


@pytest.mark.parametrize("begun", [HALF_A_HEAD, HALF_A_BODY], ids=["head", "body"])
def test_a_gate_and_a_page_are_answered_beside_stalled_requests(served: ServedCompound, begun: bytes) -> None:
    gate = AskingGate(served.compound, served.address)
    with stalled(served.address, MANY, begun, addresses=60):
        assert gate.ask().ask_again_seconds > 0
        assert served.browser().get("/staff/sign-in").status_code == 200
    gate.close()


@pytest.mark.wide
def test_requests_that_do_not_come_to_an_end_are_closed_with_a_sentence(served: ServedCompound) -> None:
    with (
        stalled(served.address, 1, HALF_A_HEAD) as [head],
        stalled(served.address, 1, HALF_A_BODY) as [body],
        stalled(served.address, 1, NOTHING) as [silent],
    ):
        assert whole_answer(head).startswith(b"HTTP/1.1 408 ")
        assert whole_answer(silent) == b""
        assert whole_answer(body).startswith(b"HTTP/1.1 408 ")


def test_no_answer_says_what_software_serves(served: ServedCompound) -> None:
    whole = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    for begun in (whole, b"nonsense\r\n\r\n"):
        with connect(served.address) as connection:
            connection.sendall(begun)
            received = whole_answer(connection).lower()
        assert received.startswith(b"http/1.")
        assert b"server:" not in received
        assert b"gunicorn" not in received
        assert b"waitress" not in received
