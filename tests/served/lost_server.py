"""A served compound with a real gate beside it, whose server is lost and restored from an older backup."""

import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.orm import Session

from gate_controller.contract.signing import public_bytes
from gate_controller.storage.policy_store import GateIdentity
from gate_controller.storage.secrets import gate_private_key, write_secret
from tests.served.served_compound import ROOT, Browser, ServedCompound, serve_compound, serve_data_dir
from tests.support.gates.bench import CARD_KEY, PIN_KEY, BenchGate, bench_gate
from tests.support.gates.process import GateProcess
from web_admin.action.base import Action, publish
from web_admin.compound.models import Gate, Site
from web_admin.core.config import WebConfig, load_config
from web_admin.core.database import Database, current_menjin, make_engine
from web_admin.core.sealing import Sealer
from web_admin.core.wrapping_keys import WrapKeys
from web_admin.policy.effects import PolicyEffects

LONGEST_WAIT_SECONDS = 240.0
PASSPHRASE = "correct horse battery"


@dataclass
class LostServer:
    """The compound, the gate that goes on alone, and the present server."""

    config: WebConfig
    folder: Path
    port: int
    bench: BenchGate
    served: ServedCompound | None = None
    back: WebConfig | None = None
    said: str = ""
    taps: int = 0
    database: Database | None = None
    servers: ExitStack = field(default_factory=ExitStack)

    @property
    def address(self) -> str:
        """Return where the server listens, before the loss and after it."""
        return f"http://127.0.0.1:{self.port}"

    @contextmanager
    def act(self, actor_id: str = "tests") -> Iterator[Action]:
        """Give an action of the office on the server that there is."""
        with self.session() as session:
            config = self.back or self.config
            sealer = Sealer(config.seal_key, config.lookup_key, WrapKeys(config.face_key, config.secrets_dir))
            site_id = session.query(Site.site_id).scalar()
            yield Action(
                session,
                sealer,
                site_id,
                actor_id,
                "system",
                self.served.compound.clock(),
                effects=PolicyEffects(sealer),
            )

    @contextmanager
    def session(self) -> Iterator[Session]:
        """Give one transaction on the database of the server that there is."""
        with self._any_database() as database, database.session() as session:
            yield session

    @contextmanager
    def _any_database(self) -> Iterator[Database]:
        assert self.served is not None
        with self.served.compound.app.app_context():
            yield self.database or current_menjin().database

    def browser(self) -> Browser:
        """Return a browser without a session."""
        made = Browser(self.address)
        made.session.headers["Accept-Language"] = "en"
        return made

    # -- the gate ------------------------------------------------------------------------------

    def wait_synced(self) -> None:
        """Return once the gate holds what the server has published for it."""
        self.wait_for(self._is_synced, "the gate holds the newest policy")

    def _is_synced(self) -> bool:
        # A look that takes no lock: what is waited for has to write meanwhile.
        with self._any_database() as database, database.snapshot() as session:
            gate = session.get_one(Gate, "north")
            site = session.get_one(Site, gate.site_id)
            return not site.restoring and (gate.have_epoch, gate.have_version) == (
                site.epoch,
                gate.published_version,
            )

    def wait_for(self, holds: Callable[[], bool], what: str) -> None:
        """Return once something holds; fail saying what did not."""
        give_up = time.monotonic() + LONGEST_WAIT_SECONDS
        while not holds():
            assert time.monotonic() < give_up, what
            time.sleep(0.05)

    def tap(self, number: int) -> str:
        """Show a card at the gate and return the reason of its decision."""
        before = self._reasons()
        self.bench.card.tap(number)
        self.wait_for(lambda: len(self._reasons()) > len(before), "the gate has decided")
        return self._reasons()[-1]

    def _reasons(self) -> list[str]:
        path = self.bench.root / "data" / "journal.sqlite3"
        connection = sqlite3.connect(path, timeout=5)
        try:
            rows = connection.execute("SELECT CAST(entry AS TEXT) FROM journal").fetchall()
        finally:
            connection.close()
        entries = [msgspec.json.decode(row[0]) for row in rows]
        return [entry["facts"]["reason"] for entry in entries if entry["kind"] == "access"]

    # -- backup, loss, restore -----------------------------------------------------------------

    def menjin(self, *arguments: object) -> str:
        """Run one `menjin web` command; return what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "menjin", "web", *map(str, arguments)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def back_up(self) -> None:
        """Write a backup of what the server has now."""
        word = self.folder / "passphrase"
        word.write_text(PASSPHRASE + "\n", encoding="utf-8")
        self.menjin(
            "backup", "--data-dir", self.config.data_dir, "--passphrase-file", word, self.folder / "backup"
        )

    def lose_and_restore(self, *options: str) -> None:
        """End the server and start another one from the backup, at the same address."""
        assert self.served is not None
        self.servers.close()
        data_dir = self.folder / "restored"
        url = empty_beside(self.config.database_url, data_dir)
        self.said = self.menjin(
            "restore",
            "--data-dir",
            data_dir,
            "--passphrase-file",
            self.folder / "passphrase",
            "--public-url",
            self.address,
            "--database-url",
            url,
            *options,
            self.folder / "backup",
        )
        self.back = load_config({}, data_dir)
        self.database = Database(make_engine(self.back.database_url))
        self.servers.enter_context(
            serve_data_dir(self.back, self.folder / "restored.log", options=("--port", str(self.port)))
        )

    def log(self) -> str:
        """Return what the restored server wrote."""
        return (self.folder / "restored.log").read_text(encoding="utf-8", errors="replace")


def empty_beside(url: str, data_dir: Path) -> str:
    """Return the address of another empty database of the same kind, a file in `data_dir` for SQLite."""
    if url.startswith("sqlite"):
        return f"sqlite:///{data_dir / 'menjin.sqlite3'}"
    name = f"restored_{time.monotonic_ns()}"
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE template0"))
    engine.dispose()
    return make_url(url).set(database=name).render_as_string(hide_password=False)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


@contextmanager
def compound_to_lose(config: WebConfig, folder: Path) -> Iterator[LostServer]:
    """Serve a compound whose north gate is a process of its own and whose other gate is not there."""
    port = _free_port()
    with ExitStack() as servers, bench_gate(folder / "gate") as bench:
        served = servers.enter_context(serve_compound(config, folder, options=("--port", str(port))))
        lost = LostServer(config, folder, port, bench, served, servers=servers)
        bench.server_url = lost.address
        _pair(lost)
        gate = GateProcess.start(bench)
        try:
            lost.wait_synced()
            yield lost
        finally:
            gate.end()
            if lost.database is not None:
                lost.database.engine.dispose()


def _pair(lost: LostServer) -> None:
    with lost.act() as act:
        site = act.session.get_one(Site, act.site_id)
        gate = act.session.get_one(Gate, "north")
        gate.public_key = public_bytes(gate_private_key(lost.bench.root / "secrets"))
        gate.journal_id = "north.1"
        gate.card_key_sealed = act.sealer.seal(CARD_KEY, purpose="gate-key")
        gate.pin_key_sealed = act.sealer.seal(PIN_KEY, purpose="gate-key")
        act.session.get_one(Gate, "east").state = "new"
        publish(act)
        identity = GateIdentity(site.site_id, "north", site.root_public_key)
    write_secret(lost.bench.root / "secrets", "identity.json", msgspec.json.encode(identity))
