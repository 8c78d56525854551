"""Real telephones on the loopback: Debian's baresip as the gate's telephone program, and as the guard's."""

import array
import contextlib
import math
import os
import secrets
import shutil
import socket
import subprocess
import time
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from hardware.errors import DeviceUnavailable
from hardware.telephones.control import Control, Fields

MODULES = Path("/usr/lib/baresip/modules")
START_SECONDS = 20.0
CONFIG = """\
module_path {modules}
sip_listen 127.0.0.1:{sip_port}
ctrl_tcp_listen 127.0.0.1:{control_port}
audio_source aufile,{folder}/tone.wav
audio_player aufile,{folder}/heard.wav
audio_alert aufile,{folder}/alert.wav
audio_path {folder}
ausrc_srate 8000
auplay_srate 8000
module g711.so
module aufile.so
module account.so
module menu.so
module ctrl_tcp.so
"""


TONE_HZ = (697, 1209)
"""The two tones of the key 1 (ITU-T Q.23): each telephone of the tests has them in its sound all the time."""
RATE_HZ, TONE_SECONDS = 8000, 60


def free_ports(count: int) -> range:
    """Return neighbouring ports of the loopback that were free a moment ago, for UDP and TCP.

    They are below those that a system gives to connections, so that none of these takes one meanwhile.
    """
    while True:
        ports = range(first := 10_000 + secrets.randbelow(20_000), first + count)
        with contextlib.ExitStack() as held, contextlib.suppress(OSError):
            for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
                for port in ports:
                    held.enter_context(socket.socket(type=kind)).bind(("127.0.0.1", port))
            return ports


@dataclass
class Phone:
    """A telephone that runs: its address for others, and its controls, as its owner would press them.

    Its program has one control connection at a time: the newest one ends the one before.
    """

    name: str
    sip_port: int
    control_port: int
    folder: Path
    """`heard.wav` there is what it heard."""
    process: subprocess.Popen[bytes]

    @property
    def address(self) -> str:
        """Return the address under which others call it."""
        return f"sip:{self.name}@127.0.0.1:{self.sip_port}"

    @contextmanager
    def owner(self) -> Iterator["Owner"]:
        """Connect to it as the one who holds it."""
        control = Control(self.control_port)
        try:
            yield Owner(control)
        finally:
            control.close()


class Owner:
    """The person at a telephone: waits for it to ring, answers, presses keys, hangs up."""

    def __init__(self, control: Control) -> None:
        """Take the controls."""
        self._control = control
        self.seen: list[Fields] = []

    def until(self, kind: str, patience_seconds: float = 10.0) -> Fields:
        """Return the next event of a kind; fail when none comes."""
        end = time.monotonic() + patience_seconds
        while time.monotonic() < end:
            self.seen += self._control.read(0.1)
            for index, fields in enumerate(self.seen):
                if fields.get("type") == kind:
                    self.seen = self.seen[index + 1 :]
                    return fields
        raise AssertionError(f"no {kind} within {patience_seconds} s; seen: {self.seen}")

    def press(self, command: str, params: str = "") -> None:
        """Do what a button of the telephone does: accept, hangup, dial, sndcode (a key)."""
        self._control.send(command, params)


@contextmanager
def telephone(
    folder: Path, name: str, *, control_port: int = 0, shipped: str = "", registrar: str = ""
) -> Iterator[Phone]:
    """Run a telephone in a folder of its own, by settings that are `shipped` or the tests' own.

    With the address of a registrar it registers there.

    Skip where baresip is not installed, except in CI.
    """
    program = shutil.which("baresip")
    if program is None and "CI" not in os.environ:
        pytest.skip("baresip is not on this machine: apt install baresip-core")
    assert program is not None, "apt install baresip-core"
    home = folder / name
    home.mkdir()
    sip_port, _for_tls, free = free_ports(3)  # baresip takes the port after its own for TLS
    control_port = control_port or free
    config = CONFIG.format(modules=MODULES, sip_port=sip_port, control_port=control_port, folder=home)
    if shipped:
        config = shipped.replace("127.0.0.1:4444", f"127.0.0.1:{control_port}")
        assert config != shipped
        config += f"sip_listen 127.0.0.1:{sip_port}\n"
    (home / "config").write_text(config, encoding="utf-8")
    place, seconds = (registrar, 60) if registrar else (f"127.0.0.1:{sip_port}", 0)
    account = f"<sip:{name}@{place}>;regint={seconds};audio_codecs=PCMU\n"
    (home / "accounts").write_text(account, encoding="utf-8")
    _write_tone(home / "tone.wav")
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(
            [program, "-f", str(home)], cwd=home, stdout=log, stderr=log, stdin=subprocess.DEVNULL
        )
    try:
        _wait_for(control_port)
        yield Phone(name, sip_port, control_port, home, process)
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(5)
        process.kill()
        process.wait()


def _write_tone(path: Path) -> None:
    second = [
        int(8000 * sum(math.sin(2 * math.pi * hertz * n / RATE_HZ) for hertz in TONE_HZ))
        for n in range(RATE_HZ)
    ]
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(array.array("h", second).tobytes() * TONE_SECONDS)


def write_silence(path: Path, seconds: int = 60) -> None:
    """Write a file of silence, as a gate could say it."""
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE_HZ, 0, "NONE", ""))
        file.writeframes(bytes(2 * seconds * RATE_HZ))


def _wait_for(control_port: int) -> None:
    end = time.monotonic() + START_SECONDS
    while True:
        try:
            Control(control_port).close()
        except DeviceUnavailable:
            assert time.monotonic() < end, "baresip did not start"
            time.sleep(0.05)
        else:
            return
