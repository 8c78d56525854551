"""A lane whose readers are pulled out one after the other, over a real server and a real gate.

The readers are simulated beneath their drivers, over ptys; the face is a look that has ended, as the face
part puts it into the gate's queue. Server and gate share one clock, which the test moves on.
"""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.serving import make_server

from gate_controller.face_control.messages import FaceEnded
from gate_controller.face_control.reasons import FaceReason
from gate_controller.face_control.results import FaceResult
from hardware.simulated.readers import LineCardReader
from tests.support.acting import by_phone
from tests.support.compounds.resident import Compound, make_compound
from tests.support.gates.bench import LANE, BenchGate
from tests.support.gates.gate_time import GateTime
from tests.support.gates.process import decisions_on_disk, wait_for_decisions
from tests.support.gates.waiting import until
from tests.support.gates.with_server import gate_beside
from web_admin.alarms.models import Alarm
from web_admin.compound.models import Gate, Site
from web_admin.core.config import WebConfig
from web_admin.face.actions import give_face_consent

CARD, HOUR = 4_242_001, 3600.0


@dataclass
class Street:
    """The gate, its server, and the phone of a resident with card, code and face."""

    bench: BenchGate
    compound: Compound
    phone: FlaskClient

    def shows_face(self) -> str:
        """Let a look end with the resident's face; return the reason that the gate gives."""
        return self._decided(
            lambda: self.gate.inbox.put(
                FaceEnded(LANE, FaceResult(True, FaceReason.MATCHED, self.compound.person_id))
            )
        )

    def taps(self, reader: LineCardReader) -> str:
        return self._decided(lambda: reader.tap(CARD))

    def _decided(self, show) -> str:
        # A question that was under way while the clock was moved on makes it unsure until the next answer,
        # which may also come between the look at the clock and the decision.
        clock, reason = self.gate.controller._parts.clock, "clock_unsure"
        while reason == "clock_unsure":
            until(lambda: clock.is_sure)
            before = decisions_on_disk(self.bench)
            show()
            wait_for_decisions(self.bench, before + 1)
            reason = [str(entry.facts["reason"]) for entry in self.journal() if entry.kind == "access"][-1]
        return reason

    @property
    def gate(self):
        assert self.bench.gate is not None
        return self.bench.gate

    def journal(self):
        return self.gate.controller._parts.journal.entries_after(0, 10_000)

    def pull_out(self, *readers) -> None:
        for reader in readers:
            reader.unplug()
        until(lambda: all(self.bench.health(reader.name) == "lost" for reader in readers))
        self.bench.handled()

    def passes(self, hours: float) -> None:
        self.bench.passes(hours * HOUR)

    def kinds(self) -> list[str]:
        return [entry.kind for entry in self.journal() if "reader" in entry.kind]

    def server_knows(self, *ways: str) -> None:
        """Wait until the server has heard exactly these ways of the lane as lost."""

        def said() -> list[str]:
            with self.compound.session() as session:
                states = session.get_one(Gate, "north").lane_states
            return [
                one["method"]
                for state in states
                if state["lane_id"] == LANE
                for one in state.get("lost") or ()
            ]

        until(lambda: said() == list(ways), said)

    def alarms(self) -> list[str]:
        with self.compound.session() as session:
            return list(session.scalars(select(Alarm.kind).where(Alarm.kind == "alarm_last_reader_lost")))

    def notice(self) -> str:
        """Return what the resident's page says of readers, "" where it says nothing."""
        page = self.phone.get("/r/").text
        return " ".join(page.partition("data-lost=")[2].partition("</section>")[0].split())


@contextmanager
def running(config: WebConfig, time: GateTime, root: Path, *, pause_hours: int = 48) -> Iterator[Street]:
    # Bound before the app is made, which has to know the port.
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    config = replace(config, public_url=f"http://127.0.0.1:{port}")
    compound = make_compound(config, time.wall, with_phone=True)
    server = make_server("127.0.0.1", port, compound.app, threaded=True, fd=listener.detach())
    server.daemon_threads = False  # type: ignore[attr-defined]  # a mixin's, for threaded servers
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        with compound.act() as act:
            act.session.get_one(Site, act.site_id).face_pause_hours = pause_hours
            give_face_consent(by_phone(act, compound.person_id), compound.person_id, 1, "en")
        with gate_beside(compound, config.public_url, root) as bench:
            bench.time = time
            bench.start()
            store = bench.gate.controller._state  # type: ignore[union-attr]
            until(lambda: store.snapshot is not None)
            yield Street(bench, compound, compound.phone())
            bench.stop()
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def street(web_config: WebConfig, tmp_path: Path) -> Iterator[Street]:
    with running(web_config, GateTime(), tmp_path / "gate") as made:
        yield made


@pytest.mark.publishing
def test_a_lane_without_a_reader_alarms_at_once_reaches_residents_and_pauses_face_after_48_hours(
    street: Street,
) -> None:
    bench = street.bench
    assert street.shows_face() == "granted"
    street.pull_out(bench.card, bench.keys)
    assert street.kinds() == []
    street.pull_out(bench.scanner)
    assert street.kinds() == ["alarm_last_reader_lost"]
    street.server_knows("card", "pin", "qr")
    until(lambda: street.alarms() == ["alarm_last_reader_lost"], street.alarms)
    assert street.notice() == ""

    street.passes(1.1)
    said = street.notice()
    assert "North gate · in" in said, said
    assert "Not working since" in said
    assert "Please use another gate" in said
    assert "South gate · in" in said
    assert "Face works there until" in said

    street.passes(46.5)
    assert street.shows_face() == "granted"
    bench.stop()
    bench.time.move_on(0.2 * HOUR)
    bench.start(without={"card", "keys", "scan"})
    street.passes(0.3)
    assert street.shows_face() == "face_alone"
    street.server_knows("card", "pin", "qr")
    until(lambda: "Face does not work there" in street.notice(), street.notice)

    bench.card.replug()
    until(lambda: bench.health("card") == "ok")
    assert street.shows_face() == "granted"
    assert street.taps(bench.card) == "granted"
    assert street.kinds() == ["alarm_last_reader_lost", "last_reader_clear"]


def test_foreign_cards_at_the_last_reader_are_no_loss_and_a_pulled_reader_is(street: Street) -> None:
    bench = street.bench
    street.pull_out(bench.keys, bench.scanner)
    bench.card.wire.write(b"not a card\r\n" * 3)
    until(lambda: bench.health("card") == "faulty")
    bench.handled()
    assert street.kinds() == [], "a reader that reads cards counts as lost"
    street.pull_out(bench.card)
    assert street.kinds() == ["alarm_last_reader_lost"]
