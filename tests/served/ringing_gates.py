"""Gates that are only what asks and what hears: the real threads, the real stores, without lanes."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gate_controller.contract.messages import ASK_PATH
from gate_controller.face_control.retention import FaceKeeper
from gate_controller.lane.status import GateStatus
from gate_controller.storage.clock import GateClock
from gate_controller.storage.disk_room import DiskState
from gate_controller.storage.journal import Journal
from gate_controller.storage.policy_store import GateIdentity, PolicyStore
from gate_controller.storage.tamper_mark import TamperMark
from gate_controller.sync.bell import GateBell
from gate_controller.sync.client import SyncClient
from gate_controller.sync.link import ServerLink
from gate_controller.sync.news import SyncNews
from gate_controller.sync.numbers import NumbersFile
from tests.served.served_compound import ServedCompound
from tests.support.compounds.with_gates import add_gate
from tests.support.gates.waiting import until
from web_admin.compound.models import Site
from web_admin.core.database import current_menjin

T = TypeVar("T")


@dataclass
class RingingGate:
    """One gate, and when it asked."""

    gate_id: str
    bell: "CountedBell"
    store: PolicyStore
    asked_at: list[float] = field(default_factory=list)
    news: list[SyncNews] = field(default_factory=list)

    @property
    def version(self) -> int:
        return self.store.have[1]


class CountedBell(GateBell):
    """The real bell, which counts its wake-ups."""

    wake_ups = 0

    def took_wake_up(self) -> bool:
        came = super().took_wake_up()
        self.wake_ups += came
        return came


class _Link(ServerLink):
    """The real link, which notes when a question was answered."""

    noted: list[float]

    def post(self, path: str, message: msgspec.Struct, reply_type: type[T]) -> T:
        reply = super().post(path, message, reply_type)
        if path == ASK_PATH:
            self.noted.append(time.monotonic())
        return reply


@contextmanager
def run_gates(
    served: ServedCompound,
    folder: Path,
    gate_ids: Sequence[str],
    ca: Path,
    server_ca: Path | None = None,
) -> Iterator[list[RingingGate]]:
    """Let gates ask until the block ends; the server has published nothing for them yet."""
    keys, identity = {}, {}
    with served.compound.app.app_context(), current_menjin().database.session() as session:
        site = session.get_one(Site, served.compound.site_id)
        for number, gate_id in enumerate(gate_ids, start=70):
            keys[gate_id] = add_gate(
                session, current_menjin().sealer, site.site_id, gate_id, number, ["card"]
            )
            identity[gate_id] = GateIdentity(site.site_id, gate_id, site.root_public_key)
    with ExitStack() as closing:
        made = [
            _started(
                served.address, folder / gate_id, identity[gate_id], keys[gate_id], (ca, server_ca), closing
            )
            for gate_id in gate_ids
        ]
        yield made


def _started(
    address: str,
    folder: Path,
    identity: GateIdentity,
    key: Ed25519PrivateKey,
    trusted: tuple[Path, Path | None],
    closing: ExitStack,
) -> RingingGate:
    folder.mkdir(parents=True)
    now = datetime.now(UTC)
    store = PolicyStore(folder / "policy.sqlite3", identity, now)
    journal = Journal(folder / "journal.sqlite3", now)
    clock = GateClock(lambda: datetime.now(UTC), time.monotonic, floor=None, is_battery_backed=False)
    nudge = threading.Event()
    ca, server_ca = trusted
    bell = CountedBell(identity.site_id, identity.gate_id, ca, time.monotonic, nudge.set)
    gate = RingingGate(identity.gate_id, bell, store)
    link = _Link(address, server_ca, identity.gate_id, key, store.next_counter)
    link.noted = gate.asked_at
    client = SyncClient(
        link,
        identity,
        key,
        store,
        journal,
        clock,
        FaceKeeper(None, store, journal, clock, identity, key, TamperMark(folder / "tampered")),
        time.monotonic,
        lambda: GateStatus((), ()),
        gate.news.append,
        nudge,
        {},
        "0.2.0",
        lambda: DiskState(5 * 2**30, 8 * 2**30, reserve_in_use=False),
        NumbersFile(None),
        bell,
    )
    closing.callback(store.close)
    closing.callback(journal.close)
    client.start()
    closing.callback(client.stop)
    return gate


def are_quiet(gates: Sequence[RingingGate], seconds: float = 6.0) -> Callable[[], bool]:
    """Return a condition: each gate hears its bell and has not asked for longer than without one."""

    def quiet() -> bool:
        now = time.monotonic()
        return all(
            gate.asked_at and gate.bell.is_heard and now - gate.asked_at[-1] > seconds for gate in gates
        )

    return quiet


def all_ask_after(gates: Sequence[RingingGate], moment: float) -> dict[str, float]:
    """Wait until every gate has asked after a moment; return how many seconds after it."""

    def first(gate: RingingGate) -> float | None:
        return next((at for at in list(gate.asked_at) if at > moment), None)

    until(
        lambda: all(first(gate) is not None for gate in gates),
        lambda: {gate.gate_id: first(gate) for gate in gates},
    )
    return {gate.gate_id: round((first(gate) or 0.0) - moment, 2) for gate in gates}
