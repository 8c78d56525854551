"""The listening socket is handed to systemd, and taken back by the next process."""

import select
import socket
import subprocess
import sys

import pytest

from tests.served.supervisor import with_descriptor
from web_admin.serving.kept_socket import listening_socket

NEXT = """
import os, sys
from web_admin.serving.kept_socket import listening_socket
port = listening_socket("127.0.0.1", 0).getsockname()[1]
print(port, sorted({"LISTEN_FDS", "LISTEN_PID"} & set(os.environ)))
"""


def next_port(stored, before=""):
    """Return the port that the next process listens on, and what is left in its environment."""
    command = [*with_descriptor(stored.fileno()), sys.executable, "-c", before + NEXT]
    done = subprocess.run(command, pass_fds=(stored.fileno(),), capture_output=True, text=True, check=True)
    port, rest = done.stdout.strip().split(" ", 1)
    return int(port), rest


@pytest.mark.wide
def test_it_is_stored_with_systemd_and_the_next_process_listens_on_the_same(tmp_path, monkeypatch):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        first = listening_socket("127.0.0.1", 0)
        port = first.getsockname()[1]
        said, (kept,), _flags, _address = socket.recv_fds(systemd, 200, 1)
    first.close()
    with select.epoll() as poll:
        # What systemd drops a stored descriptor at; these two come unasked.
        poll.register(kept, 0)
        assert poll.poll(timeout=0) == []
    assert said == b"FDSTORE=1\nFDNAME=menjin-web"
    with socket.socket(fileno=kept) as stored:
        assert stored.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN) == 1
        with socket.create_connection(("127.0.0.1", port)) as waiting:
            assert waiting.getpeername()[1] == port, "it is accepted by the next process"
        assert next_port(stored) == (port, "[]")
        of_another = "import os; os.environ['LISTEN_PID'] = '1'"
        assert next_port(stored, of_another)[0] != port, "it was meant for another process"


def test_without_systemd_nothing_is_asked(monkeypatch):
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    with listening_socket("127.0.0.1", 0) as listener:
        assert listener.getsockname()[1] > 0
