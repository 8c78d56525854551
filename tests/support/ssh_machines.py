"""A machine that one signs in to: Debian's own sshd on a free port of the loopback, with keys of its own.

Never the system's sshd. What runs "there" runs as who runs the tests, in a folder of its own.
"""

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.gates.waiting import until

SSHD = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
TRIES = 5


@dataclass(frozen=True)
class SshMachine:
    """A running sshd and what signs in to it."""

    port: int
    key_file: Path
    known_hosts: Path
    process: "subprocess.Popen[bytes]"

    def table(self, name: str) -> str:
        user = pwd.getpwuid(os.geteuid()).pw_name
        return (
            f'[machines.{name}]\naddress = "127.0.0.1"\nport = {self.port}\nuser = "{user}"\n'
            f'key_file = "{self.key_file}"\nknown_hosts = "{self.known_hosts}"\n'
            f'python = "{sys.executable}"\n\n'
        )

    def stop(self) -> None:
        """Let it go away with its connections, as a machine without power."""
        if self.process.poll() is None:
            for pid in [self.process.pid, *_below(self.process.pid)]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        self.process.wait(60)


def _below(pid: int) -> list[int]:
    """Return the processes of its connections, and what runs in them."""
    try:
        children = [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []
    return [one for child in children for one in (child, *_below(child))]


def _key(path: Path) -> None:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path)], check=True)


@contextmanager
def ssh_machine(folder: Path) -> Iterator[SshMachine]:
    """Run an sshd with its files in a new folder."""
    assert SSHD is not None, "sudo apt install openssh-server"
    folder.mkdir(parents=True)
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # it asks for it; Debian's unit makes it
    _key(folder / "host_key")
    _key(folder / "user_key")
    (folder / "authorized_keys").write_text((folder / "user_key.pub").read_text())
    for _try in range(TRIES):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        process = _start(folder, port)
        if process is not None:
            break
    else:
        raise AssertionError((folder / "sshd.log").read_text())
    host_key = (folder / "host_key.pub").read_text().split()[:2]
    (folder / "known_hosts").write_text(f"[127.0.0.1]:{port} {' '.join(host_key)}\n")
    machine = SshMachine(port, folder / "user_key", folder / "known_hosts", process)
    try:
        yield machine
    finally:
        machine.stop()


def _start(folder: Path, port: int) -> "subprocess.Popen[bytes] | None":
    (folder / "sshd_config").write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {folder / 'host_key'}\nPidFile none\nUsePAM no\n"
        f"AuthorizedKeysFile {folder / 'authorized_keys'}\nStrictModes no\nPasswordAuthentication no\n"
        "KbdInteractiveAuthentication no\nPermitRootLogin prohibit-password\n"
        "MaxStartups 100\nMaxSessions 100\n"
        "Subsystem sftp internal-sftp\n"
    )
    with (folder / "sshd.log").open("wb") as log:
        process = subprocess.Popen(
            [str(SSHD), "-D", "-e", "-f", str(folder / "sshd_config")], stderr=log, stdin=subprocess.DEVNULL
        )
    until(lambda: process.poll() is not None or _answers(port))
    return process if process.poll() is None else None


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as asked:
            return asked.recv(4) == b"SSH-"
    except OSError:
        return False
