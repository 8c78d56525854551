"""A gate on the bench beside a real server, and people of the homes at their pages."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from werkzeug.serving import make_server

from gate_controller.lane.home_call import CallPhase
from gate_controller.lane.state import LaneDesk
from tests.support.compounds.resident import Compound, make_compound
from tests.support.gates.bench import LANE, BenchGate, obeyed
from tests.support.gates.gate_time import GateTime
from tests.support.gates.process import decisions_on_disk
from tests.support.gates.waiting import until
from tests.support.gates.with_server import gate_beside
from web_admin.calls.models import HomeCall
from web_admin.compound.models import Site
from web_admin.core.config import WebConfig

CALL, COURIER = "##7", "##8"


@dataclass
class Street:
    """A gate, its server, and people of the homes at their pages."""

    bench: BenchGate
    compound: Compound

    @property
    def desk(self) -> LaneDesk:
        assert self.bench.gate is not None
        return self.bench.gate.controller._parts.desks[LANE]

    def call(self, keys: str = CALL, home: str = "31203") -> None:
        gate = self.bench.gate
        until(lambda: self.desk.calls.is_offered and gate is not None and gate.controller._state.online)
        self.bench.keys.type(f"{keys}{home}#")
        until(lambda: self.desk.calls.call is not None or decisions_on_disk(self.bench) > 0)

    def is_at(self, phase: CallPhase) -> None:
        calls = self.desk.calls
        until(lambda: calls.call is not None and calls.call.phase is phase, lambda: calls.call)

    def passes(self, seconds: float) -> None:
        """Let time pass, and wait until the gate has an answer of then: a silent server ends a call."""
        before = self.bench.time.clocks.monotonic()
        self.bench.time.move_on(seconds)

        def is_answered() -> bool:
            call = self.desk.calls.call
            return call is None or call.is_over or call.heard_seconds > before + seconds / 2

        until(is_answered)

    def row(self) -> HomeCall:
        """Return the newest call as the server has it."""
        with self.compound.session() as session:
            row = session.scalars(select(HomeCall).order_by(HomeCall.started_at.desc())).first()
            assert row is not None
            session.expunge(row)
            return row

    def on_page(self, do: Callable[..., Any], *more: Any, person_id: str = "") -> None:
        """Do something on the page of a person, by default the first resident."""
        with self.compound.act("phone", person_id or self.compound.person_id) as act:
            do(act, self.row().call_id, *more)

    def openings(self) -> int:
        return sum(change.on for change in obeyed(self.bench.relay).changes)

    def decisions(self) -> list[tuple[str, str, bool]]:
        self.bench.stop()
        return self.bench.decisions()


@contextmanager
def running(config: WebConfig, root: Path, *, more: str = "", is_day: bool = True) -> Iterator[Street]:
    """Start server and gate; by day it is some minutes after ten at the site, when couriers are let in."""
    time = GateTime()
    if is_day:
        time.move_on((10 - time.wall().astimezone(ZoneInfo("Asia/Shanghai")).hour) % 24 * 3600.0)
    # Bound before the app is made, which has to know the port.
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    config = replace(config, public_url=f"http://127.0.0.1:{port}")
    compound = make_compound(config, time.wall)
    server = make_server("127.0.0.1", port, compound.app, threaded=True, fd=listener.detach())
    server.daemon_threads = False  # type: ignore[attr-defined]  # a mixin's, for threaded servers
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        with compound.act() as act:
            act.session.get_one(Site, act.site_id).ask_again_seconds = 0.3
        with gate_beside(compound, config.public_url, root, more=more) as bench:
            bench.time = time
            bench.start()
            state = bench.gate.controller._state  # type: ignore[union-attr]
            until(lambda: state.snapshot is not None)
            yield Street(bench, compound)
            bench.stop()
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
