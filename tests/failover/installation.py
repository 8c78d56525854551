"""Two web machines with folders of their own over one cluster, behind Caddy with the shipped files."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import requests
from requests.adapters import HTTPAdapter

from gate_controller.contract.bell import account_of
from tests.failover.cluster import SHIPPED, Cluster
from tests.served.real_caddy import CADDYFILE, Proxy, free_port, wait_until_up
from tests.served.served_compound import Browser, fill_data_dir
from tests.served.supervisor import Supervisor
from tests.support.broker import Broker, run_brokers
from tests.support.compounds.managed import ManagedCompound
from tests.support.gates.waiting import until
from web_admin.core.bell import account_key
from web_admin.core.config import WebConfig

PASSPHRASE = "a long passphrase of backups"
MACHINES = ("web1", "web2")


class FromAddress(HTTPAdapter):
    """Connect from an address of this machine: the proxy shares machines out by it."""

    def __init__(self, source: str) -> None:
        """Take the address."""
        self._source = source
        super().__init__()

    def init_poolmanager(self, *given: object, **more: object) -> None:
        """Bind every connection to the address."""
        super().init_poolmanager(*given, source_address=(self._source, 0), **more)  # type: ignore[no-untyped-call]


@dataclass
class WebMachine:
    """One web machine: its folder, its port and its service."""

    name: str
    folder: Path
    port: int
    service: Supervisor | None = None

    def start(self) -> None:
        """Start the service, at the first time or after it was killed."""
        if self.service is None:
            self.service = Supervisor(self.folder, self.folder.parent / f"{self.name}.log", self.port)
        self.service.start()
        until(lambda: self.says() == "ok")

    def restart(self) -> None:
        """Stop and start it as systemd does, which keeps its socket meanwhile."""
        assert self.service is not None
        self.service.stop()
        self.start()

    def kill(self) -> None:
        """End it as a machine without power."""
        assert self.service is not None
        self.service.is_killed()

    def says(self) -> str:
        """Return what the machine says of itself to the proxy."""
        try:
            return requests.get(f"http://127.0.0.1:{self.port}/readyz", timeout=10).text.strip()
        except requests.RequestException as err:
            return type(err).__name__


@dataclass
class Installation:
    """The cluster, the web machines, the proxy, and the compound on them."""

    cluster: Cluster
    folder: Path
    proxy_port: int
    web: list[WebMachine] = field(default_factory=list)
    compound: ManagedCompound | None = None
    proxy: Proxy | None = None
    broker: Broker | None = None
    """The one that rings gates, and whose certificate to trust."""
    broker_ca: Path | None = None
    _caddy: "subprocess.Popen[bytes] | None" = None

    @property
    def address(self) -> str:
        """Return what a browser types."""
        return f"https://localhost:{self.proxy_port}"

    def client(self, number: int) -> requests.Session:
        """Return a browser's connections, from an address of their own."""
        assert self.proxy is not None
        made = requests.Session()
        made.verify = str(self.proxy.server_ca)
        made.trust_env = False  # an authority that the environment names would win
        made.headers["Accept-Language"] = "en"
        made.mount("https://", FromAddress(f"127.0.0.{10 + number}"))
        return made

    def browser(self, number: int) -> Browser:
        """Return a browser without a session."""
        return Browser(self.address, self.client(number))

    def start_proxy(self) -> None:
        """Start Caddy; a second start is of the same address and certificate."""
        home, log = self.folder / "caddy", self.folder / "caddy.log"
        home.mkdir(exist_ok=True)
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "XDG_DATA_HOME": str(home),
            "XDG_CONFIG_HOME": str(home),
            "MENJIN_HOST": "localhost",
            "MENJIN_HTTPS_PORT": str(self.proxy_port),
            "MENJIN_HTTP_PORT": str(free_port()),
            "MENJIN_UPSTREAM": " ".join(f"127.0.0.1:{one.port}" for one in self.web),
            "MENJIN_BALANCE": f"import {SHIPPED / 'balance.caddy'}",
        }
        with log.open("ab") as written:
            self._caddy = subprocess.Popen(
                ["caddy", "run", "--config", str(CADDYFILE), "--adapter", "caddyfile"],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=written,
                stderr=written,
            )
        self.proxy = Proxy(self.proxy_port, home / "caddy/pki/authorities/local/root.crt", log)
        wait_until_up(self.proxy, self._caddy)

    def kill_proxy(self) -> None:
        """End Caddy at once."""
        assert self._caddy is not None
        self._caddy.kill()
        self._caddy.wait()

    def close(self) -> None:
        """End everything but the cluster."""
        for one in self.web:
            if one.service is not None:
                one.service.close()
        if self._caddy is not None:
            self._caddy.kill()
            self._caddy.wait()
        if self.compound is not None:
            self.compound.close()


@contextmanager
def installed(cluster: Cluster, folder: Path) -> Iterator[Installation]:
    """Set the machines up as docs/staying_up.md says, and start them and the proxy."""
    made, keys = Installation(cluster, folder, free_port()), {name: os.urandom(32) for name in _KEYS}
    with ExitStack() as stack:
        brokers = stack.enter_context(
            run_brokers(folder / "brokers", [account_of(account_key(keys["seal_key"]))])
        )
        made.broker, made.broker_ca = brokers.each[0], brokers.ca
        stack.callback(made.close)
        first = WebMachine("web1", folder / "web1", free_port())
        first.folder.mkdir()
        config = WebConfig(
            # The filling connects to it in a way of its own, which does not know of standbys.
            database_url=cluster.address() + "&target_session_attrs=read-write",
            data_dir=first.folder,
            secrets_dir=first.folder / "secrets",
            public_url=made.address,
            trusted_proxies=1,
            bell_servers=brokers.addresses,
            bell_ca=brokers.ca,
            **keys,
        )
        made.compound = fill_data_dir(config)
        made.web.append(first)
        first.start()
        made.web.append(_joined(made, first))
        made.start_proxy()
        until(lambda: made.client(0).get(made.address, timeout=60).status_code == 200)
        yield made


_KEYS = ("seal_key", "lookup_key", "face_key", "session_key", "totp_key", "password_salt")


def _joined(made: Installation, first: WebMachine) -> WebMachine:
    second = WebMachine("web2", made.folder / "web2", free_port())
    phrase = made.folder / "passphrase"
    phrase.write_text(PASSPHRASE + "\n", encoding="ascii")
    backup = made.folder / f"{datetime.now(UTC):%Y%m%d}.menjin"
    menjin_web("backup", str(backup), "--data-dir", str(first.folder), "--passphrase-file", str(phrase))
    menjin_web(
        "join",
        str(backup),
        "--data-dir",
        str(second.folder),
        "--passphrase-file",
        str(phrase),
        "--database-url",
        made.cluster.address(),
        "--public-url",
        made.address,
        "--name",
        second.name,
        "--behind-proxy",
    )
    assert made.broker is not None
    with (second.folder / "web.toml").open("a", encoding="utf-8") as settings:  # by hand, alike on each
        settings.write(f'bell_servers = "{made.broker.address}"\nbell_ca = "{made.broker_ca}"\n')
    second.start()
    return second


def menjin_web(*arguments: str) -> str:
    """Run a command of the server and return what it prints."""
    done = subprocess.run(
        [sys.executable, "-m", "menjin", "web", *arguments],
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
        timeout=300,
        env={**os.environ, "LANGUAGE": "en"},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
