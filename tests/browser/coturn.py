"""Debian's coturn as the relay of a test, by the lines that docs/calls.md has for it."""

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.project.pages import ROOT
from tests.support.telephones import free_ports

START_SECONDS = 30.0


@contextmanager
def coturn(folder: Path, secret: str) -> Iterator[str]:
    """Run a relay at the machine's own address, and yield its address as browsers write it."""
    program = shutil.which("turnserver")
    own = _own_address()
    if program is None and "CI" not in os.environ:
        pytest.skip("coturn is not on this machine: apt install coturn")
    assert program is not None, "apt install coturn"
    port = free_ports(1)[0]
    config = folder / "turnserver.conf"
    config.write_text(_lines(own, port, secret), encoding="utf-8")
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [program, "-c", str(config), "--log-file=stdout", f"--pidfile={folder / 'pid'}", "--no-tls"],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        _wait_for(own, port, folder / "log")
        yield f"turn:{own}:{port}"
    finally:
        process.terminate()
        process.wait(20)


def _own_address() -> str:
    """Return where others of the network find this machine; nothing is sent for that."""
    with socket.socket(type=socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("198.51.100.1", 9))
        except OSError:
            pytest.skip("this machine is in no network: browsers offer no address of it")
        return str(probe.getsockname()[0])


def _lines(own: str, port: int, secret: str) -> str:
    page = (ROOT / "docs/calls.md").read_text(encoding="utf-8")
    found = re.search(r"```ini\n(.*?static-auth-secret.*?)```", page, re.DOTALL)
    assert found is not None
    lines = found[1].replace("203.0.113.5", own).replace("=3478", f"={port}")
    return lines.replace("static-auth-secret=SECRET", f"static-auth-secret={secret}")


def _wait_for(own: str, port: int, log: Path) -> None:
    give_up = time.monotonic() + START_SECONDS
    while True:
        try:
            socket.create_connection((own, port), 1).close()
        except OSError:
            assert time.monotonic() < give_up, log.read_text(errors="replace")[-2000:]
            time.sleep(0.05)
        else:
            return
