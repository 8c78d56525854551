"""A real gate whose screen stays lit while another program of its machine holds connections open."""

import html
import re
import socket
from contextlib import ExitStack
from pathlib import Path

import pytest
import requests

from tests.promises.screen_visitor import TERMINAL
from tests.support.compounds.people import card, lane, person, records
from tests.support.gates.bench import CARD_KEY, bench_gate
from tests.support.gates.process import GateProcess
from tests.support.gates.waiting import PATIENCE_SECONDS

pytestmark = pytest.mark.wide

MANY = 60


def test_the_screen_of_a_gate_is_served_beside_connections_that_stall(tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    with bench_gate(tmp_path, more=TERMINAL.format(root=tmp_path)) as bench, ExitStack() as held:
        bench.give_policy(records(person(), card(7, CARD_KEY), lane()))
        gate = GateProcess.start(bench)
        held.callback(gate.end)
        written = html.unescape((tmp_path / "run" / "terminal.html").read_text(encoding="utf-8"))
        (launch, port) = re.findall(r"(http://127\.0\.0\.1:(\d+)/\?token=[\w-]+)", written)[0]
        for number in range(MANY):
            connection = held.enter_context(socket.create_connection(("127.0.0.1", int(port))))
            connection.sendall((b"", b"GET / HTTP/1.1\r\nHost: ")[number % 2])
        assert requests.get(launch, timeout=PATIENCE_SECONDS).status_code == 200
