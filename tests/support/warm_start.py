"""Start commands from a process that has loaded their modules: each start takes a second or more less.

What runs is the command itself, forked from one interpreter as a server forks its workers. That it
starts from nothing as well is shown by `tests/web_admin/every_page/test_web_command.py` and by the demo.
"""

import multiprocessing
import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from multiprocessing.connection import Connection
from pathlib import Path

_LOADED_ONCE = multiprocessing.get_context("forkserver")
_LOADED_ONCE.set_forkserver_preload(
    [
        "menjin",
        "gate_controller.cli",
        "gate_controller.assembly.assemble",
        "web_admin.cli.main",
        "web_admin.app",
        "web_admin.serving.installation",
    ]
)

Command = Callable[[list[str]], int]


class WarmProcess:
    """A started command, with the calls of `subprocess.Popen` that tests use."""

    def __init__(
        self,
        command: Command,
        arguments: Sequence[str],
        *,
        environment: Mapping[str, str] | None = None,
        output: Path | None = None,
        ready_fd: int | None = None,
    ) -> None:
        """Run a command; `output` takes what it writes, `ready_fd` becomes its `--ready-fd`."""
        ready = Connection(os.dup(ready_fd), readable=False) if ready_fd is not None else None
        around = {**os.environ, **(environment or {})}
        self._process = _LOADED_ONCE.Process(
            target=_run, args=(command, list(arguments), around, output, ready)
        )
        self._process.start()
        if ready is not None:
            ready.close()

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """Return its status, None while it runs."""
        return self._process.exitcode

    def poll(self) -> int | None:
        """Return its status, None while it runs."""
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end; raise subprocess.TimeoutExpired when it does not come in time."""
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired("menjin", timeout or 0)
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        """Send a signal, as long as it runs."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to stop."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Stop it as a power cut does."""
        self.send_signal(signal.SIGKILL)


def _run(
    command: Command,
    arguments: list[str],
    environment: dict[str, str],
    output: Path | None,
    ready: "Connection[str, str] | None",
) -> None:
    os.environ.clear()
    os.environ.update(environment)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    if output is not None:
        written = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(written, 1)
        os.dup2(written, 2)
    if ready is not None:
        arguments = [*arguments, "--ready-fd", str(os.dup(ready.fileno()))]
        ready.close()
    raise SystemExit(command(arguments))
