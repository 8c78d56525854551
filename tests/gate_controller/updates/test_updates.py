"""An update goes on at quiet moments alone, and each step of it is on the disk before it is done."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from gate_controller.contract.event_kinds import EventKind
from gate_controller.contract.updates import UpdateOrder
from gate_controller.updates.launcher import (
    FETCHED,
    KEPT,
    ROLLED_BACK,
    SWITCHED,
    TRIAL,
    TRIAL_SECONDS,
    State,
    read_state,
    write_state,
)
from gate_controller.updates.updates import FETCH_AGAIN_SECONDS, GateUpdates, NotFetched
from tests.support.gates.waiting import until

ORDER = UpdateOrder(version="2", order_id="o.1")
GRANTED = (EventKind.ACCESS, {"opens": True}, {"person_id": "p"})
REFUSED = (EventKind.ACCESS, {"opens": False}, {"person_id": "p"})


class Gate:
    """A gate's updates with a clock, a journal and relays that the test sets."""

    def __init__(self, root: Path, fetch: Callable[[str], None] = lambda _version: None) -> None:
        self.root, self.now, self.relays_rest, self.fetches = root, 0.0, True, 0
        self.entries: list[tuple[EventKind, dict[str, object]]] = []
        self._given = fetch
        self.updates = GateUpdates(root, self._fetch, lambda: self.relays_rest, {"card"}, lambda: self.now)

    def _fetch(self, version: str) -> None:
        self.fetches += 1
        (self.root / "versions" / version / "lib").mkdir(parents=True, exist_ok=True)
        self._given(version)

    def tick(self, *, is_quiet: bool = True, well: tuple[str, ...] = ("card", "board")) -> bool:
        return self.updates.time_passed(
            lambda kind, facts, _personal: self.entries.append((kind, dict(facts))),
            is_quiet=is_quiet,
            well=well,
            has_policy=True,
        )

    def until_step(self, step: str) -> None:
        until(lambda: self.updates.status().step == step, self.updates.status)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "versions" / "1" / "lib").mkdir(parents=True)
    write_state(tmp_path, State(KEPT, "1"))
    return tmp_path


def on_trial(root: Path, *, healthy: tuple[str, ...] = ("card",)) -> Gate:
    (root / "versions" / "2" / "lib").mkdir(parents=True, exist_ok=True)
    write_state(root, State(TRIAL, "2", "1", "o.1", starts=1, healthy=healthy, had_policy=True))
    gate = Gate(root)
    gate.updates.reported()
    return gate


def test_it_is_fetched_while_the_gate_runs_and_begun_in_a_quiet_moment(root: Path) -> None:
    gate = Gate(root)
    gate.updates.ordered(ORDER)
    gate.until_step(FETCHED)
    assert not gate.tick(is_quiet=False)
    assert read_state(root).running == "1"
    assert gate.tick()
    state = read_state(root)
    assert (state.step, state.running, state.healthy, state.had_policy) == (SWITCHED, "2", ("card",), True)


def test_an_order_that_was_taken_back_is_not_begun(root: Path) -> None:
    gate = Gate(root)
    gate.updates.ordered(ORDER)
    gate.until_step(FETCHED)
    gate.updates.ordered(None)
    assert not gate.tick()


def test_what_cannot_be_fetched_is_said_and_tried_again_later(root: Path) -> None:
    def fails(_version: str) -> None:
        raise NotFetched("no wheel fits")

    gate = Gate(root, fails)
    gate.updates.ordered(ORDER)
    gate.until_step("failed")
    assert gate.updates.status().why == "no wheel fits"
    gate.updates.ordered(ORDER)
    assert gate.fetches == 1
    gate.now = FETCH_AGAIN_SECONDS
    gate.updates.ordered(ORDER)
    until(lambda: gate.fetches == 2)


def test_one_is_fetched_at_a_time(root: Path) -> None:
    goes_on = threading.Event()
    gate = Gate(root, lambda _version: goes_on.wait(60) and None)
    gate.updates.ordered(ORDER)
    gate.until_step("fetching")
    gate.updates.ordered(ORDER)
    goes_on.set()
    gate.until_step(FETCHED)
    assert gate.fetches == 1


def test_a_version_is_on_trial_until_a_card_opens(root: Path) -> None:
    assert not Gate(root).updates.is_on_trial
    gate = on_trial(root)
    assert gate.updates.is_on_trial
    gate.updates.entry_written(*GRANTED)
    gate.tick()
    assert not gate.updates.is_on_trial


def test_a_card_that_opens_keeps_it_and_the_journal_says_so_once(root: Path) -> None:
    gate = on_trial(root)
    assert not gate.tick()
    gate.updates.entry_written(*GRANTED)
    assert not gate.tick()
    assert gate.entries == [(EventKind.UPDATE_KEPT, {"version": "2"})]
    assert read_state(root).step == KEPT
    gate.tick()
    assert len(gate.entries) == 1


def test_a_lock_that_did_not_answer_is_no_card_that_opened(root: Path) -> None:
    gate = on_trial(root)
    gate.updates.entry_written(*GRANTED)
    gate.updates.entry_written(EventKind.ALARM_GRANTED_NOT_OPENED, {}, {})
    assert gate.tick()
    assert read_state(root).step == ROLLED_BACK


def test_it_goes_back_in_a_quiet_moment_alone_and_says_meanwhile_that_it_waits(root: Path) -> None:
    gate = on_trial(root)
    gate.updates.entry_written(EventKind.ALARM_GATE_FAILED, {}, {})
    assert not gate.tick(is_quiet=False)
    assert read_state(root).waits, "so that the launcher stops no gate while people pass"
    assert gate.tick()
    assert (read_state(root).step, read_state(root).running) == (ROLLED_BACK, "1")


def test_the_version_before_reports_that_it_is_back(root: Path) -> None:
    why = "it recorded alarm_gate_failed"
    write_state(root, State(ROLLED_BACK, "2", "1", "o.1", why=why, reported=False))
    gate = Gate(root)
    gate.tick()
    gate.tick()
    facts = {"version": "2", "detail": "it recorded alarm_gate_failed"}
    assert gate.entries == [(EventKind.ALARM_UPDATE_ROLLED_BACK, facts)]
    gate.updates.ordered(ORDER)
    assert gate.fetches == 0, "the same order is not tried twice"
    gate.updates.ordered(UpdateOrder(version="2", order_id="o.2"))
    gate.until_step(FETCHED)


def test_at_night_the_relays_are_tried_in_a_quiet_moment(root: Path) -> None:
    gate = on_trial(root)
    gate.now = TRIAL_SECONDS
    assert not gate.tick(is_quiet=False)
    assert read_state(root).step == TRIAL
    assert not gate.tick()
    assert read_state(root).step == KEPT


def test_at_night_a_relay_that_does_not_answer_takes_it_back(root: Path) -> None:
    gate = on_trial(root)
    gate.now, gate.relays_rest = TRIAL_SECONDS, False
    assert gate.tick()
    assert read_state(root).step == ROLLED_BACK


def test_a_disk_that_takes_nothing_changes_nothing(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = Gate(root)
    gate.updates.ordered(ORDER)
    gate.until_step(FETCHED)

    def full(*_words: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("gate_controller.updates.updates.write_state", full)
    assert not gate.tick()
    assert read_state(root).running == "1"


def test_people_who_are_refused_count_only_where_the_rules_know_them(root: Path) -> None:
    gate = on_trial(root)
    gate.updates.entry_written(EventKind.ACCESS, {"opens": False}, {"person_id": None})
    gate.now = TRIAL_SECONDS
    assert not gate.tick()
    assert read_state(root).step == KEPT
    other = on_trial(root)
    other.updates.entry_written(*REFUSED)
    other.now = TRIAL_SECONDS
    assert other.tick()
