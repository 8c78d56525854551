"""Real brokers of NATS with TLS on loopback, by the file that `menjin web bell config` would write."""

import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from tests.support.gates.waiting import until
from tests.support.peers import make_certificate
from web_admin.operations.broker_config import BrokerSettings, broker_config

NATS_SERVER = Path(sys.executable).with_name("nats-server")


def free_ports(count: int) -> list[int]:
    """Return ports that are free now."""
    taken = [socket.socket() for _ in range(count)]
    try:
        for one in taken:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in taken]
    finally:
        for one in taken:
            one.close()


@dataclass
class Broker:
    """One process of nats-server."""

    config: Path
    port: int
    process: "subprocess.Popen[bytes] | None" = field(default=None)

    @property
    def address(self) -> str:
        """Return where gates and server find it."""
        return f"localhost:{self.port}"

    @property
    def log(self) -> str:
        return self.config.with_suffix(".log").read_text(errors="replace")

    def start(self) -> None:
        """Start it and wait until it takes connections."""
        with self.config.with_suffix(".log").open("ab") as log:
            self.process = subprocess.Popen([NATS_SERVER, "-c", self.config], stdout=log, stderr=log)
        until(lambda: "Server is ready" in self.log)

    def kill(self) -> None:
        """Kill it, as a power cut does."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


@dataclass
class Brokers:
    """One broker or a cluster, and whose certificates to trust."""

    each: list[Broker]
    ca: Path

    @property
    def addresses(self) -> str:
        """Return all, as web.toml has them."""
        return " ".join(one.address for one in self.each)


@contextmanager
def run_brokers(folder: Path, accounts: Sequence[str], count: int = 1) -> Iterator[Brokers]:
    """Run brokers for these accounts until the block ends."""
    folder.mkdir(exist_ok=True)
    certificate, key = make_certificate(folder)
    ports, routes = free_ports(count), free_ports(count)
    cluster = [f"localhost:{port}" for port in routes] if count > 1 else []
    now, made = datetime.now(UTC), []
    whole = broker_config(_settings("127.0.0.1:1", certificate, key, accounts, cluster), now)
    for number, (port, route) in enumerate(zip(ports, routes, strict=True)):
        config = folder / f"broker-{number}.conf"
        text = whole.replace('"127.0.0.1:1"', f'"127.0.0.1:{port}"')
        config.write_text(text.replace('"127.0.0.1:2"', f'"127.0.0.1:{route}"'))
        made.append(Broker(config, port))
    try:
        for one in made:
            one.start()
        if cluster:
            until(lambda: all(one.log.count("Route connection created") >= count - 1 for one in made))
        yield Brokers(made, certificate)
    finally:
        for one in made:
            one.kill()


def _settings(
    listen: str, certificate: Path, key: Path, accounts: Sequence[str], cluster: Sequence[str]
) -> BrokerSettings:
    return BrokerSettings(
        listen=listen,
        certificate=str(certificate),
        key=str(key),
        accounts=accounts,
        cluster_listen="127.0.0.1:2" if cluster else "",
        cluster=cluster,
        cluster_ca=str(certificate) if cluster else "",
    )
