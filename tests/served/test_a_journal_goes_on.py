"""No entry of a gate's journal holds up the ones after it: a real gate beside the served server."""

import json
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select

from hardware.interfaces import InputKind
from tests.served.served_compound import ServedCompound
from tests.support.compounds.managed import ManagedCompound
from tests.support.gates.bench import LANE, BenchGate
from tests.support.gates.process import GateProcess
from tests.support.gates.with_server import gate_beside
from web_admin.alarms.models import Alarm
from web_admin.compound.models import Gate, Person, Site
from web_admin.credentials.pins import issue_duress_pin, issue_pin

pytestmark = pytest.mark.wide

PATIENCE_SECONDS = 90
SIX_CHARACTERS = "parcel \\u0000"


def wait_until(what: Callable[[], bool], why: Callable[[], object]) -> None:
    """Wait for something that a gate and a server bring about together."""
    give_up = time.monotonic() + PATIENCE_SECONDS
    while not what():
        assert time.monotonic() < give_up, why()
        time.sleep(0.05)


def alarms_of(compound: ManagedCompound, gate_id: str = "north") -> list[str]:
    with compound.act() as act:
        return list(act.session.scalars(select(Alarm.kind).where(Alarm.gate_id == gate_id)))


def has_policy(compound: ManagedCompound) -> bool:
    with compound.act() as act:
        gate = act.session.get_one(Gate, "north")
        return (gate.have_epoch, gate.have_version) >= (1, gate.published_version) and gate.have_version > 0


def duress_pin(compound: ManagedCompound, name: str = "林薇") -> str:
    """Give a resident a duress PIN and return what is typed: home, then PIN."""
    with compound.act() as act:
        act.session.get_one(Site, compound.site_id).ask_again_seconds = 0.3
        person = act.session.get_one(Person, compound.persons[name])
        issue_pin(act, person.person_id)
        assert person.home is not None
        return f"{person.home.number.replace('-', '')}#{issue_duress_pin(act, person.person_id)}#"


def kinds_at(bench: BenchGate) -> list[str]:
    connection = sqlite3.connect(bench.root / "data" / "journal.sqlite3", timeout=5)
    try:
        return [json.loads(row[0])["kind"] for row in connection.execute("SELECT entry FROM journal")]
    finally:
        connection.close()


def test_alarms_arrive_after_a_guard_gave_six_odd_characters_as_the_reason_of_an_opening(
    served: ServedCompound, tmp_path: Path
) -> None:
    typed = duress_pin(served.compound)
    with gate_beside(served.compound, served.address, tmp_path / "gate") as bench:
        gate = GateProcess.start(bench)
        try:
            wait_until(lambda: has_policy(served.compound), served.log_lines)
            guard = served.signed_in("guard")
            guard.get(f"/manage/lanes/{LANE}")
            ordered = guard.post(f"/manage/lanes/{LANE}/open", {"reason": SIX_CHARACTERS})
            assert ordered.status_code == 303, ordered.text
            wait_until(lambda: "no_entry" in kinds_at(bench), lambda: kinds_at(bench))
            bench.inputs.set(LANE, InputKind.DOOR_OPEN, True)
            wait_until(lambda: "alarm_door_forced" in kinds_at(bench), lambda: kinds_at(bench))
            bench.keys.type(typed)
            wait_until(
                lambda: {"alarm_duress", "alarm_door_forced"} <= set(alarms_of(served.compound)),
                lambda: (alarms_of(served.compound), kinds_at(bench), served.log_lines()[-5:]),
            )
        finally:
            gate.end()


def test_every_opening_that_a_guard_orders_is_taken_while_the_gate_asks_without_a_pause(
    served: ServedCompound, tmp_path: Path
) -> None:
    """Question and order lock the same two rows; no key is changed, so neither has to wait for the other."""
    with served.compound.act() as act:
        act.session.get_one(Site, served.compound.site_id).ask_again_seconds = 0.1
    with gate_beside(served.compound, served.address, tmp_path / "gate") as bench:
        gate = GateProcess.start(bench)
        try:
            wait_until(lambda: has_policy(served.compound), served.log_lines)
            guard = served.signed_in("guard")
            guard.get(f"/manage/lanes/{LANE}")
            answers = []
            for number in range(60):
                guard.get(f"/manage/lanes/{LANE}")
                sent = guard.post(f"/manage/lanes/{LANE}/open", {"reason": f"parcel {number}"})
                answers.append(sent.status_code)
            assert set(answers) == {303}, served.log_lines()[-20:]
        finally:
            gate.end()
