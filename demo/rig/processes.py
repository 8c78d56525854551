"""Start the real processes of the demo: the web server and the gates, each in its own process group."""

import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

STOP_SECONDS = 12.0
START_SECONDS = 180.0
"""Of a machine with much else to do; a start ends with its first answer, or with its process."""
LOG_TAIL_LINES = 25
LOOK_EVERY_SECONDS = 0.02


class StartRefused(Exception):
    """Something the demo needs is missing; says what and what to do."""


def free_port() -> int:
    """Return a port on 127.0.0.1 on which no process listens now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def require_free_port(port: int, what: str) -> None:
    """Raise StartRefused when something already listens on the port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as err:
            raise StartRefused(
                f"port {port} on 127.0.0.1 is taken, and {what} needs it: stop what listens there"
            ) from err


class Child:
    """A process of ours with its output in a file."""

    def __init__(self, name: str, log: Path) -> None:
        """Remember the name and where its output goes; nothing runs yet."""
        self.name = name
        self.log = log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def runs(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """Return its process number; raise StartRefused where it was never started."""
        if self._process is None:
            raise StartRefused(f"{self.name} was never started")
        return self._process.pid

    def spawn(
        self, argv: Sequence[str], *, env: Mapping[str, str] | None = None, pass_fds: Sequence[int] = ()
    ) -> None:
        """Start the process; its output is added to the log."""
        with self.log.open("ab") as log:
            # A group of its own: Ctrl-C reaches the demo alone, which then stops everything in order.
            self._process = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env={**os.environ, **(env or {})},
                pass_fds=tuple(pass_fds),
            )

    def wait(self, timeout_seconds: float) -> int:
        """Return the exit status; raise StartRefused when it takes too long."""
        if self._process is None:
            raise StartRefused(f"{self.name} was never started")
        try:
            return self._process.wait(timeout_seconds)
        except subprocess.TimeoutExpired as err:
            raise StartRefused(
                f"{self.name} did not end within {timeout_seconds:g} s; see {self.log}"
            ) from err

    def kill(self) -> None:
        """Pull its power: SIGKILL to the whole group, as no program can be ready for."""
        self._signal(signal.SIGKILL)
        self._reap(STOP_SECONDS)

    def stop(self) -> None:
        """Ask it to end, and make it end when it does not."""
        self._signal(signal.SIGTERM)
        if not self._reap(STOP_SECONDS):
            self.kill()

    def ask_to_stop(self) -> None:
        """Ask it to end and return at once."""
        self._signal(signal.SIGTERM, group=False)

    def tail(self) -> str:
        """Return the last lines of its log."""
        try:
            lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return ""
        return "\n".join(f"    {line}" for line in lines[-LOG_TAIL_LINES:])

    def _signal(self, number: int, *, group: bool = True) -> None:
        if self._process is None:
            return
        # The leader may be gone while one of its workers lives on in the group.
        if group and number == signal.SIGKILL:
            try:
                os.killpg(self._process.pid, number)
            except ProcessLookupError:
                return
        elif self._process.poll() is None:
            self._process.send_signal(number)

    def _reap(self, timeout_seconds: float) -> bool:
        if self._process is None:
            return True
        try:
            self._process.wait(timeout_seconds)
        except subprocess.TimeoutExpired:
            return False
        return True


def menjin(*arguments: str) -> list[str]:
    """Return the command line of `menjin ARGUMENTS` in this very environment."""
    return [sys.executable, "-m", "menjin", *arguments]


def run_menjin(name: str, log: Path, *arguments: str, timeout_seconds: float = START_SECONDS) -> None:
    """Run one menjin command to its end; raise StartRefused with its last lines when it fails."""
    child = Child(name, log)
    child.spawn(menjin(*arguments))
    try:
        status = child.wait(timeout_seconds)
    finally:
        child.kill()
    if status != 0:
        raise StartRefused(f"menjin {' '.join(arguments[:2])} ended with status {status}:\n{child.tail()}")


class WebServer(Child):
    """`menjin web run` on a fixed port of this machine."""

    def __init__(self, data_dir: Path, port: int, log: Path) -> None:
        """Remember where it keeps its data and where it listens."""
        super().__init__("the web server", log)
        self.data_dir = data_dir
        self.port = port

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it and return when it answers; raise StartRefused with its last lines when it does not."""
        require_free_port(self.port, "the web server")
        reader, writer = os.pipe()
        try:
            self.spawn(
                menjin(
                    "web",
                    "run",
                    "--data-dir",
                    str(self.data_dir),
                    "--port",
                    str(self.port),
                    "--ready-fd",
                    str(writer),
                ),
                pass_fds=[writer],
            )
            os.close(writer)
            writer = -1
            ready, _w, _x = select.select([reader], [], [], START_SECONDS)
            if not ready or not os.read(reader, 200):
                self.stop()
                late = "" if ready else f" within {START_SECONDS:g} s"
                raise StartRefused(f"the web server did not start{late}:\n{self.tail()}")
        finally:
            os.close(reader)
            if writer >= 0:
                os.close(writer)


class GateProcess(Child):
    """`menjin gate run SITE.toml`, or the same inside a saboteur."""

    def __init__(self, gate_id: str, site_file: Path, log: Path, *, wrapper: Sequence[str] = ()) -> None:
        """Remember the gate's site file; `wrapper` replaces the command in front of it."""
        super().__init__(f"gate {gate_id}", log)
        self.gate_id = gate_id
        self.site_file = site_file
        self.wrapper = list(wrapper)

    def start(self) -> None:
        """Start it and return at once."""
        self.spawn([*(self.wrapper or menjin("gate", "run")), str(self.site_file)])


def wait_until(check: Callable[[], bool], timeout_seconds: float, what: str) -> None:
    """Look until the check holds; raise TimeoutError that says what was waited for.

    Patience is as many looks as fit into `timeout_seconds`: on a busy machine each takes longer, and so does
    all that is waited for.
    """
    for _look in range(max(1, round(timeout_seconds / LOOK_EVERY_SECONDS))):
        if check():
            return
        time.sleep(LOOK_EVERY_SECONDS)
    if not check():
        raise TimeoutError(f"{what}: not within {timeout_seconds:g} s")
