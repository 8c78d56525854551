"""The bell, as it runs: the served server, real brokers with TLS, gates that hear and ask."""

import json
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gate_controller.contract.bell import account_of
from tests.served.ringing_gates import all_ask_after, are_quiet, run_gates
from tests.served.served_compound import ServedCompound, serve_compound
from tests.support.broker import Brokers, run_brokers
from tests.support.compounds.with_gates import add_card, add_home, add_person
from tests.support.gates.bench import LANE, BenchGate
from tests.support.gates.process import GateProcess
from tests.support.gates.waiting import until
from tests.support.gates.with_server import gate_beside
from web_admin.compound.models import Gate
from web_admin.core.bell import account_key
from web_admin.core.config import WebConfig
from web_admin.core.database import current_menjin
from web_admin.policy.publish import publish_policy

pytestmark = pytest.mark.wide

GATES = [f"stair-{number}" for number in range(6)]


@pytest.fixture
def brokers(web_config: WebConfig, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Brokers]:
    account = account_of(account_key(web_config.seal_key))
    with run_brokers(tmp_path / "brokers", [account], getattr(request, "param", 1)) as running:
        yield running


@pytest.fixture
def rung(web_config: WebConfig, brokers: Brokers, tmp_path: Path) -> Iterator[ServedCompound]:
    config = replace(web_config, bell_servers=brokers.addresses, bell_ca=brokers.ca)
    with serve_compound(config, tmp_path) as made:
        yield made


def kinds_at(bench: BenchGate) -> list[str]:
    connection = sqlite3.connect(bench.root / "data" / "journal.sqlite3", timeout=5)
    try:
        return [json.loads(row[0])["kind"] for row in connection.execute("SELECT entry FROM journal")]
    finally:
        connection.close()


def asks_of(served: ServedCompound, gate_id: str) -> int:
    with served.compound.app.app_context(), current_menjin().database.session() as session:
        return session.get_one(Gate, gate_id).request_counter


class Quiet:
    """Whether a gate has asked nothing for a while: longer than it would be quiet without a bell."""

    def __init__(self, served: ServedCompound, gate_id: str, seconds: float = 8.0) -> None:
        self.served, self.gate_id, self.seconds = served, gate_id, seconds
        self.last, self.since = 0, time.monotonic()

    def __call__(self) -> bool:
        asked = asks_of(self.served, self.gate_id)
        if asked != self.last:
            self.last, self.since = asked, time.monotonic()
        return self.last > 0 and time.monotonic() - self.since > self.seconds


def publish_all(served: ServedCompound) -> None:
    with served.compound.app.app_context():
        menjin = current_menjin()
        with menjin.database.session() as session:
            publish_policy(session, menjin.sealer, served.compound.site_id, menjin.clock())


def understand(served: ServedCompound, gate_ids: Sequence[str]) -> bool:
    """Return whether the server knows of each gate what it understands."""
    with served.compound.app.app_context(), current_menjin().database.session() as session:
        return all(session.get_one(Gate, gate_id).knows for gate_id in gate_ids)


def published_versions(served: ServedCompound, gate_ids: Sequence[str]) -> list[int]:
    with served.compound.app.app_context(), current_menjin().database.session() as session:
        return [session.get_one(Gate, gate_id).published_version for gate_id in gate_ids]


def someone_more(served: ServedCompound, number: int, gate_ids: Sequence[str]) -> float:
    """Let someone with a card pass these gates and publish that; return when it was committed."""
    now = datetime.now(UTC)
    with served.compound.app.app_context():
        menjin = current_menjin()
        with menjin.database.session() as session:
            site_id = served.compound.site_id
            home = add_home(session, site_id, f"9-{number}")
            person = add_person(session, site_id, home, [f"{gate_id}-in" for gate_id in gate_ids], now)
            add_card(session, menjin.sealer, person, number, now)
            publish_policy(session, menjin.sealer, site_id, now, person_ids=[person.person_id])
    return time.monotonic()


@pytest.mark.wide
def test_a_gate_that_waits_for_its_bell_carries_out_an_order_that_lives_for_ten_seconds(
    rung: ServedCompound, brokers: Brokers, tmp_path: Path
) -> None:
    """Between two questions it waits for a minute: without the ring the order would be over."""
    with gate_beside(rung.compound, rung.address, tmp_path / "gate") as bench:
        bench.server_ca = brokers.ca
        gate = GateProcess.start(bench)
        try:
            guard = rung.signed_in("guard")
            guard.get(f"/manage/lanes/{LANE}")
            # Last: most of a minute is left until its next question.
            until(Quiet(rung, "north"), lambda: (brokers.each[0].log, rung.log_lines()[-5:]))
            ordered = guard.post(f"/manage/lanes/{LANE}/open", {"reason": "a parcel"})
            assert ordered.status_code == 303, ordered.text
            until(lambda: "no_entry" in kinds_at(bench), lambda: kinds_at(bench))
        finally:
            gate.end()


def test_only_the_gates_that_a_change_concerns_are_rung(
    rung: ServedCompound, brokers: Brokers, tmp_path: Path
) -> None:
    with run_gates(rung, tmp_path / "gates", GATES[:3], brokers.ca) as gates:
        # What a gate says it understands changes its records with the next publication, of any person.
        until(lambda: understand(rung, GATES[:3]))
        publish_all(rung)
        until(lambda: [gate.version for gate in gates] == published_versions(rung, GATES[:3]))
        until(are_quiet(gates))
        before, version = [gate.bell.wake_ups for gate in gates], gates[0].version
        someone_more(rung, 61_000, GATES[:1])
        until(lambda: gates[0].version > version)
        assert [gate.bell.wake_ups - was for gate, was in zip(gates, before, strict=True)] == [1, 0, 0]


@pytest.mark.wide
@pytest.mark.parametrize("brokers", [3], indirect=True)
def test_gates_ask_as_ever_while_brokers_of_a_cluster_are_killed(
    rung: ServedCompound, brokers: Brokers, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    said = []

    def noted(what: str, seconds: dict[str, float]) -> None:
        line = f"{what}: {min(seconds.values())} to {max(seconds.values())} s"
        said.append(line)
        record_property("bell", line)
        print(line)

    with run_gates(rung, tmp_path / "gates", GATES, brokers.ca) as gates:
        publish_all(rung)
        until(are_quiet(gates))
        noted("three brokers, someone more", all_ask_after(gates, someone_more(rung, 61_001, GATES)))
        until(are_quiet(gates))
        began = time.monotonic()
        brokers.each[0].kill()
        until(lambda: sum(not gate.bell.is_heard for gate in gates) == 0 or time.monotonic() - began > 1)
        noted("one killed, someone more", all_ask_after(gates, someone_more(rung, 61_002, GATES)))
        until(are_quiet(gates))
        brokers.each[1].kill()
        noted("two killed, someone more", all_ask_after(gates, someone_more(rung, 61_003, GATES)))
        until(are_quiet(gates))
        brokers.each[2].kill()
        until(lambda: not any(gate.bell.is_heard for gate in gates))
        noted("all killed, someone more", all_ask_after(gates, someone_more(rung, 61_004, GATES)))
        for one in brokers.each:
            one.start()
        until(are_quiet(gates))
        noted("all back, someone more", all_ask_after(gates, someone_more(rung, 61_005, GATES)))
