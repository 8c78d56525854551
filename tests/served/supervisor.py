"""Start and stop `menjin web run` as systemd does for a service with a descriptor store (sd_notify(3)).

The server hands its listening socket over; it is kept while no server runs, and the next one gets it.
"""

import os
import signal
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

from tests.support.gates.waiting import until

AS_SYSTEMD = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ |= {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "1"}
os.execv(sys.argv[2], sys.argv[2:])
"""
"""The id that a descriptor is meant for is known only once the process is there."""
FDSTORE = b"FDSTORE=1"
READY = b"READY=1"


def with_descriptor(descriptor: int) -> list[str]:
    """Return what a command begins with that gets this descriptor as systemd hands it over."""
    return [sys.executable, "-c", AS_SYSTEMD, str(descriptor)]


def children_of(pid: int) -> list[int]:
    """Return the processes that a process started, and those that they did."""
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    return [each for child in map(int, found) for each in (child, *children_of(child))]


class Supervisor:
    """One service."""

    def __init__(self, data_dir: Path, log: Path, port: int = 0) -> None:
        """Listen for what the service says of itself; it listens on a free port where none is given."""
        self._data_dir = data_dir
        self._port = port
        self._log = log.open("ab")
        self._said = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._said.bind(str(data_dir / "notify"))
        self._kept: int | None = None
        self._ready = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        threading.Thread(target=self._listen, name="supervisor", daemon=True).start()

    def _listen(self) -> None:
        with suppress(OSError):
            while True:
                said, descriptors, _flags, _address = socket.recv_fds(self._said, 4096, 4)
                if FDSTORE in said and self._kept is None:
                    self._kept = descriptors.pop()
                for spare in descriptors:
                    os.close(spare)
                if READY in said:
                    self._ready.set()

    @property
    def address(self) -> str:
        """Return where the service listens."""
        assert self._kept is not None, "no socket was handed over"
        with socket.socket(fileno=os.dup(self._kept)) as listener:
            return f"http://127.0.0.1:{listener.getsockname()[1]}"

    def start(self) -> None:
        """Start the service and return once it says that it is ready."""
        self._ready.clear()
        run = [sys.executable, "-m", "menjin", "web", "run", "--data-dir", str(self._data_dir)]
        run += ["--port", str(self._port)]
        environment = os.environ | {"NOTIFY_SOCKET": str(self._data_dir / "notify")}
        kept = () if self._kept is None else (self._kept,)
        command = [*with_descriptor(*kept), *run] if kept else run
        self._process = subprocess.Popen(
            command, env=environment, pass_fds=kept, stdin=subprocess.DEVNULL, stdout=self._log,
            stderr=self._log)
        until(lambda: self._ready.is_set() and self._kept is not None)

    def stop(self) -> None:
        """End the service as systemd does, and wait for it."""
        if self._process is not None:
            self._process.terminate()
            assert self._process.wait(timeout=60) == 0
            self._process = None

    def is_killed(self) -> None:
        """Let the service end as its machine does without power: at once, and its socket with it."""
        assert self._process is not None
        for pid in [*children_of(self._process.pid), self._process.pid]:
            os.kill(pid, signal.SIGKILL)
        self._process.wait()
        self._process = None
        if self._kept is not None:
            os.close(self._kept)
            self._kept = None

    def upgrade(self) -> None:
        """Bring the tables up to date while no server runs."""
        upgrade = [sys.executable, "-m", "menjin", "web", "upgrade", "--data-dir", str(self._data_dir)]
        subprocess.run([*upgrade, "--no-backup"], stdin=subprocess.DEVNULL, stdout=self._log, check=True)

    def close(self) -> None:
        """Stop the service and give the socket back."""
        self.stop()
        self._said.shutdown(socket.SHUT_RDWR)
        self._said.close()
        if self._kept is not None:
            os.close(self._kept)
        self._log.close()
