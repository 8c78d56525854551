"""Start and stop `menjin web run` as systemd does for a service with a descriptor store (sd_notify(3)).

The server hands its listening socket over; it is kept while no server runs, and the next one gets it. As
systemd 257 does (`service_add_fd_store` and `on_fd_store_io` of its src/core/service.c; the machines of
`tests/debian` show it), the store polls what is in it all the while and drops what says EPOLLHUP or EPOLLERR.
"""

import os
import select
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


class DescriptorStore:
    """What systemd keeps for a service with `FileDescriptorStoreMax=1`."""

    def __init__(self) -> None:
        """Keep nothing yet."""
        self.kept: int | None = None
        self.dropped: list[int] = []
        """The events at which a descriptor was dropped."""
        # Without an interest in anything EPOLLHUP and EPOLLERR are reported all the same (epoll_ctl(2)).
        self._poll = select.epoll()
        self._changes = threading.Lock()
        threading.Thread(target=self._drop_the_dead, name="store", daemon=True).start()

    def _drop_the_dead(self) -> None:
        with suppress(OSError, ValueError):
            while True:
                for descriptor, events in self._poll.poll():
                    with self._changes:
                        if descriptor == self.kept:
                            self.dropped.append(events)
                            self._drop()

    def add(self, descriptor: int) -> None:
        """Keep a descriptor; where there is one already, the second is closed."""
        with self._changes:
            if self.kept is not None:
                os.close(descriptor)
                return
            self.kept = descriptor
            self._poll.register(descriptor, 0)

    def _drop(self) -> None:
        if self.kept is not None:
            self._poll.unregister(self.kept)
            os.close(self.kept)
            self.kept = None

    def clear(self) -> None:
        """Keep nothing any more."""
        with self._changes:
            self._drop()

    def close(self) -> None:
        """Keep nothing, and look no more."""
        self.clear()
        self._poll.close()


class Supervisor:
    def __init__(self, data_dir: Path, log: Path, port: int = 0) -> None:
        """Listen for what the service says of itself; it listens on a free port where none is given."""
        self._data_dir = data_dir
        self._port = port
        self._log = log.open("ab")
        self._said = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._said.bind(str(data_dir / "notify"))
        self.store = DescriptorStore()
        self._ready = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        threading.Thread(target=self._listen, name="supervisor", daemon=True).start()

    def _listen(self) -> None:
        with suppress(OSError):
            while True:
                said, descriptors, _flags, _address = socket.recv_fds(self._said, 4096, 4)
                for descriptor in descriptors:
                    self.store.add(descriptor) if FDSTORE in said else os.close(descriptor)
                if READY in said:
                    self._ready.set()

    @property
    def address(self) -> str:
        """Return where the service listens."""
        assert self.store.kept is not None, "no socket is kept"
        with socket.socket(fileno=os.dup(self.store.kept)) as listener:
            return f"http://127.0.0.1:{listener.getsockname()[1]}"

    def start(self) -> None:
        """Start the service and return once it says that it is ready."""
        self._ready.clear()
        run = [sys.executable, "-m", "menjin", "web", "run", "--data-dir", str(self._data_dir)]
        run += ["--port", str(self._port)]
        environment = os.environ | {"NOTIFY_SOCKET": str(self._data_dir / "notify")}
        kept = () if self.store.kept is None else (self.store.kept,)
        command = [*with_descriptor(*kept), *run] if kept else run
        self._process = subprocess.Popen(
            command,
            env=environment,
            pass_fds=kept,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
        )
        until(self._ready.is_set)
        assert (self.store.kept is not None, self.store.dropped) == (True, []), "the socket was not kept"

    def stop(self) -> None:
        """End the service as systemd does, and wait for it; its socket stays."""
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
        self.store.clear()

    def upgrade(self) -> None:
        """Bring the tables up to date while no server runs."""
        upgrade = [sys.executable, "-m", "menjin", "web", "upgrade", "--data-dir", str(self._data_dir)]
        subprocess.run([*upgrade, "--no-backup"], stdin=subprocess.DEVNULL, stdout=self._log, check=True)

    def close(self) -> None:
        """Stop the service and give the socket back."""
        self.stop()
        self._said.shutdown(socket.SHUT_RDWR)
        self._said.close()
        self.store.close()
        self._log.close()
