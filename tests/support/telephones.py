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
from tests.support.peers import make_certificate

RTP_PORTS = 8
START_SECONDS = 20.0
SHIPPED = Path(__file__).parents[2] / "deploy/telephone"
CERTIFICATE = "telephones.pem"
SDES, DTLS, PLAIN = "srtp-mand", "dtls_srtp", ""
"""How the two sides of a call encrypt its sound; PLAIN not at all, and no TLS between them either."""


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
    """Where others call it: by TLS, unless it is plain."""
    control_port: int
    folder: Path
    """`heard.wav` there is what it heard."""
    rtp_ports: range
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
    folder: Path,
    name: str,
    *,
    encryption: str = SDES,
    control_port: int = 0,
    shipped: str = "",
    registrar: str = "",
) -> Iterator[Phone]:
    """Run a telephone in a folder of its own, by the shipped settings or by `shipped` in their place.

    With the address of a registrar it registers there, without encryption.

    Skip where baresip is not installed, except in CI.
    """
    program = shutil.which("baresip")
    if program is None and "CI" not in os.environ:
        pytest.skip("baresip is not on this machine: apt install baresip-core")
    assert program is not None, "apt install baresip-core"
    home = folder / name
    home.mkdir()
    listens, by_tls, free, *rtp = free_ports(3 + RTP_PORTS)  # baresip takes the port after its own for TLS
    control_port = control_port or free
    rtp_ports = range(rtp[0], rtp[-1] + 1)
    config = shipped or (SHIPPED / "config").read_text(encoding="utf-8")
    for line, ours in {
        "127.0.0.1:4444": f"127.0.0.1:{control_port}",
        "audio_player alsa,default": f"audio_player aufile,{home}/heard.wav",
        "audio_source alsa,default": f"audio_source aufile,{home}/tone.wav",
        "audio_alert alsa,default": f"audio_alert aufile,{home}/alert.wav",
        "audio_path /usr/share/baresip": f"audio_path {home}",
        "/etc/ssl/certs/ca-certificates.crt": str(_certificate(folder)),
    }.items():
        assert line in config
        config = config.replace(line, ours)
    config += f"""
sip_listen 127.0.0.1:{listens}
sip_certificate {folder / CERTIFICATE}
rtp_ports {rtp_ports.start}-{rtp_ports.stop - 1}
ausrc_srate 8000
auplay_srate 8000
"""
    (home / "config").write_text(config, encoding="utf-8")
    is_plain = bool(registrar) or encryption == PLAIN
    place, seconds = (registrar, 60) if registrar else (f"127.0.0.1:{listens}", 0)
    is_by_tls = "" if is_plain else ";transport=tls"
    account = f"<sip:{name}@{place}{is_by_tls}>;regint={seconds};audio_codecs=PCMU"
    account += "" if is_plain else f";mediaenc={encryption}"
    (home / "accounts").write_text(f"{account}\n", encoding="utf-8")
    _write_tone(home / "tone.wav")
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(
            [program, "-f", str(home)], cwd=home, stdout=log, stderr=log, stdin=subprocess.DEVNULL
        )
    try:
        _wait_for(control_port)
        yield Phone(name, listens if is_plain else by_tls, control_port, home, rtp_ports, process)
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(5)
        process.kill()
        process.wait()


def _certificate(folder: Path) -> Path:
    """Return a certificate that the telephones of a folder have and trust."""
    path = folder / CERTIFICATE
    if not path.exists():
        certificate, key = make_certificate(folder, "telephones-of-tests")
        path.write_bytes(key.read_bytes() + certificate.read_bytes())
    return path


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
