"""The real Caddy with the shipped Caddyfile and an authority of its own, before a served compound."""

import os
import secrets
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

CADDYFILE = Path(__file__).resolve().parents[2] / "deploy" / "Caddyfile"
LONGEST_START_SECONDS = 60.0
MISSING = "Caddy is not installed: sudo apt install caddy"


def has_caddy() -> bool:
    """Return whether Caddy can be started here."""
    return shutil.which("caddy") is not None


@dataclass(frozen=True)
class Proxy:
    """Where Caddy listens, the root that its certificate leads to and its log."""

    port: int
    server_ca: Path
    log: Path
    pid: int = 0

    @property
    def address(self) -> str:
        """Return what a browser types."""
        return f"https://localhost:{self.port}"

    def connect(self, source: str = "127.0.0.1", protocols: tuple[str, ...] = ("http/1.1",)) -> ssl.SSLSocket:
        """Return a connection from an address of this machine, its certificate checked."""
        context = ssl.create_default_context(cafile=str(self.server_ca))
        context.set_alpn_protocols(list(protocols))
        plain = socket.create_connection(("127.0.0.1", self.port), 60, source_address=(source, 0))
        return context.wrap_socket(plain, server_hostname="localhost")


def free_port() -> int:
    """Return a port below those that the system gives to outgoing connections, of which tests make many."""
    while True:
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port := 10_000 + secrets.randbelow(22_000)))
            except OSError:
                continue
            return port


@contextmanager
def caddy_before(address: str, folder: Path) -> Iterator[Proxy]:
    """Start Caddy before the server at this http address; everything it writes lies in the folder."""
    port, log = free_port(), folder / "caddy.log"
    home = folder / "caddy"
    home.mkdir()
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "XDG_DATA_HOME": str(home),
        "XDG_CONFIG_HOME": str(home),
        "MENJIN_HOST": "localhost",
        "MENJIN_UPSTREAM": address.removeprefix("http://"),
        "MENJIN_HTTPS_PORT": str(port),
        "MENJIN_HTTP_PORT": str(free_port()),
    }
    with log.open("wb") as written:
        process = subprocess.Popen(
            ["caddy", "run", "--config", str(CADDYFILE), "--adapter", "caddyfile"],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=written,
            stderr=written,
        )
    try:
        proxy = Proxy(port, home / "caddy/pki/authorities/local/root.crt", log, process.pid)
        wait_until_up(proxy, process)
        yield proxy
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_until_up(proxy: Proxy, process: "subprocess.Popen[bytes]") -> None:
    """Return once the proxy takes connections; fail with its log where it ends."""
    give_up = time.monotonic() + LONGEST_START_SECONDS
    while True:
        try:
            proxy.connect().close()
        except OSError:
            log = proxy.log.read_text(encoding="utf-8", errors="replace")
            assert process.poll() is None and time.monotonic() < give_up, log
            time.sleep(0.05)
        else:
            return
