"""Promise 1, of readers: a broken one is no gain for face.

Random histories of three readers, power cuts, clocks that are set, sites that choose hours (also too many)
and people with different ways. The oracle keeps its own account of real time: how long each way has had no
reader that worked for an hour without a break.

Does not cover: a reader that its gate takes for whole and that reads nothing.
"""

import tempfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from gate_controller.contract.policy import Policy, compile_policy
from gate_controller.contract.records import Method
from gate_controller.lane.lost_readers import LostReaders
from gate_controller.lane.memory import LaneMemory
from gate_controller.rules.access import decide
from gate_controller.rules.decision import Claim, GateMemory, Reason
from gate_controller.storage.clock import GateClock
from tests.support.compounds.people import SITE, Phone, card, lane, person, pin, qr, records
from tests.support.examples import examples
from tests.support.gates.bench import CARD_KEY, LANE, PIN_KEY
from tests.support.gates.site_keys import encoded

START = datetime(2026, 11, 30, 8, 0, tzinfo=UTC)
HOUR, LONGEST = 3600.0, 48
READER_OF = {"card": Method.CARD, "keys": Method.PIN, "scan": Method.QR}
TAKES = {LANE: {method: {reader} for reader, method in READER_OF.items()}}
WITH_A_CARD, WITH_A_PIN, WITH_ALL = "00000000000000a1", "00000000000000a2", "00000000000000a3"
WAYS = {
    WITH_A_CARD: {Method.CARD},
    WITH_A_PIN: {Method.PIN},
    WITH_ALL: {Method.CARD, Method.PIN, Method.QR},
}
PEOPLE = records(
    *(person(one, methods=(*ways, Method.FACE)) for one, ways in WAYS.items()),
    card(7, CARD_KEY, WITH_A_CARD, "card-1"),
    card(8, CARD_KEY, WITH_ALL, "card-3"),
    pin("482915", PIN_KEY, WITH_A_PIN, "pin-2"),
    pin("719304", PIN_KEY, WITH_ALL, "pin-3"),
    msgspec.structs.replace(qr(Phone()), person_id=WITH_ALL),
    lane(),
)


class Account:
    """What really happened to one reader, in hours while the gate ran."""

    def __init__(self) -> None:
        self.works, self.lost_for, self.well_for = True, 0.0, 0.0

    def passes(self, hours: float) -> None:
        self.well_for = self.well_for + hours if self.works else 0.0
        if self.lost_for or not self.works:
            self.lost_for += hours
        if self.well_for >= 1.0:
            self.lost_for = 0.0


class ReadersThatBreak(RuleBasedStateMachine):
    """One lane, three readers, and everything that may happen to them and to the gate's clocks."""

    @initialize(hours=st.sampled_from([0, 1, 12, 48, 49, 10_000]))
    def begin(self, hours: int) -> None:
        self.folder = tempfile.TemporaryDirectory(prefix="menjin-readers-")
        self.path = Path(self.folder.name) / "lanes.sqlite3"
        self.wall, self.seconds, self.hours = START, 0.0, hours
        site = msgspec.structs.replace(SITE, face_pause_hours=hours)
        whole = compile_policy(encoded({**PEOPLE, "site": site}), epoch=1, version=1, issued_at=START)
        self.policy: Policy = whole.policy
        self.accounts = {reader: Account() for reader in READER_OF}
        self.kinds: list[str] = []
        self._start()

    def teardown(self) -> None:
        if hasattr(self, "folder"):
            self.memory.close()
            self.folder.cleanup()

    def _start(self) -> None:
        self.memory = LaneMemory(self.path, self.wall)
        self.clock = GateClock(lambda: self.wall, lambda: self.seconds, floor=None, is_battery_backed=True)
        self.readers = LostReaders(self.clock, self.memory, TAKES)
        self._report()

    def _report(self) -> None:
        for reader, account in self.accounts.items():
            self.readers.note(reader, is_well=account.works)
        self.readers.settle(self.policy, lambda kind, _facts, _personal: self.kinds.append(kind.value))

    @rule(reader=st.sampled_from(sorted(READER_OF)))
    def breaks(self, reader: str) -> None:
        self.accounts[reader].works = False
        self._report()

    @rule(reader=st.sampled_from(sorted(READER_OF)))
    def is_plugged_in(self, reader: str) -> None:
        self.accounts[reader].works = True
        self._report()

    @rule(
        hours=st.sampled_from([0.1, 0.5, 2.0, 11.0, 24.0]), clock=st.sampled_from([1.0, 1.0, 0.0, -1.0, 9.0])
    )
    def time_passes(self, hours: float, clock: float) -> None:
        """Let hours pass, the wall clock right, stopped, backwards or racing; reports come each tenth."""
        for _ in range(10):
            self.seconds += hours * HOUR / 10
            self.wall += timedelta(hours=hours * clock / 10)
            for account in self.accounts.values():
                account.passes(hours / 10)
            self._report()

    @rule(days=st.integers(-40, 40))
    def clock_is_set(self, days: int) -> None:
        self.wall += timedelta(days=days)
        self._report()

    @rule(hours_off=st.sampled_from([0.0, 0.2, 5.0, 72.0]))
    def power_is_cut(self, hours_off: float) -> None:
        self.memory.close()
        self.wall += timedelta(hours=hours_off)
        self.seconds = 3.0
        for account in self.accounts.values():
            # No one knows what a reader did meanwhile: the hour of work begins again.
            account.well_for = 0.0
        self._start()

    @invariant()
    def no_face_opens_beside_ways_that_were_lost_for_too_long(self) -> None:
        most = min(self.hours, LONGEST)
        for person_id, ways in WAYS.items():
            accounts = [self.accounts[reader] for reader, method in READER_OF.items() if method in ways]
            if all(not one.works and one.lost_for > most + 0.001 for one in accounts):
                assert self._face(person_id) == Reason.FACE_ALONE, (person_id, most, self.readers.said(LANE))
            elif any(one.works for one in accounts):
                assert self._face(person_id) == Reason.GRANTED

    @invariant()
    def the_alarm_is_up_exactly_while_no_reader_works(self) -> None:
        none_works = not any(account.works for account in self.accounts.values())
        last = self.kinds[-1] if self.kinds else "last_reader_clear"
        assert (last == "alarm_last_reader_lost") is none_works
        in_turn = ["alarm_last_reader_lost", "last_reader_clear"] * len(self.kinds)
        assert self.kinds == in_turn[: len(self.kinds)]

    def _face(self, person_id: str) -> Reason:
        memory = GateMemory(lost_methods=self.readers.paused(LANE))
        policy = replace(self.policy, issued_at=self.wall)
        return decide(Claim(Method.FACE, person_id), LANE, policy, memory, self.wall).reason


def test_no_history_of_readers_clocks_and_restarts_opens_by_face_alone_after_48_hours() -> None:
    run_state_machine_as_test(
        ReadersThatBreak, settings=settings(max_examples=examples(60), stateful_step_count=40, deadline=None)
    )
