"""What doors, buttons, wires and devices say, as it reaches the journal."""

import sqlite3
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gate_controller.contract.journal_chain import Facts
from gate_controller.lane.device_watch import ALARMS, ALARMS_AT_ONCE, DeviceWatch
from gate_controller.lane.door import Door, DoorState, contact_changed, granted, time_passed
from gate_controller.lane.memory import LaneMemory, Wire
from gate_controller.lane.pending_events import KEPT, PendingEvents
from gate_controller.lane.state import LaneDesk, Passage
from gate_controller.storage.clock import GateClock
from hardware.interfaces import DeviceState, Health, InputChange, InputKind

NORTH, SOUTH = "north-in", "south-out"
START = datetime(2026, 7, 1, 8, 0, tzinfo=UTC)
MOTHER = "a" * 16


@dataclass
class Gatehouse:
    """A watch with its memory, two lanes, and a clock that the test moves."""

    path: Path
    now: float = 1000.0
    recorded: list[tuple[str, Facts]] = field(default_factory=list)
    touched: list[Collection[str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.power_on()

    def power_on(self) -> None:
        """Start as a gate does: everything from the disk."""
        self.memory = LaneMemory(self.path, self.wall())
        self.desks = {lane: LaneDesk(lane, door=Door(self.memory.door(lane))) for lane in (NORTH, SOUTH)}
        clock = GateClock(self.wall, lambda: self.now, floor=None, is_battery_backed=True)
        self.watch = DeviceWatch(clock, self.memory, self.touched.append)

    def power_cut(self) -> None:
        self.memory.close()
        self.power_on()

    def wall(self) -> datetime:
        return START + timedelta(seconds=self.now)

    def record(self, kind: str, facts: Facts, personal: Facts) -> None:
        assert personal == {}
        self.recorded.append((kind, facts))

    def settle(self, *watched: Wire) -> list[str]:
        """Configure these wires in the site file."""
        return self._kinds_after(lambda: self.watch.settle(watched, self.record))

    def wire(self, kind: InputKind, *, active: bool, lane: str = NORTH, at: str = "wires:1") -> list[str]:
        """Report a level of a wire; return the kinds of events that followed."""
        device, _, terminal = at.partition(":")
        change = InputChange(device, lane, kind, active, 0, terminal)
        return self._kinds_after(lambda: self.watch.handle(change, self.desks, self.record))

    def device(self, health: Health, name: str = "wires") -> list[str]:
        state = DeviceState(name, health, "a detail")
        return self._kinds_after(lambda: self.watch.handle(state, self.desks, self.record))

    def state(self, health: Health, detail: str, dropped: int = 0) -> list[str]:
        state = DeviceState("north-card", health, detail, dropped)
        return self._kinds_after(lambda: self.watch.handle(state, self.desks, self.record))

    def wait(self, seconds: float) -> list[str]:
        self.now += seconds
        return self._kinds_after(lambda: self.watch.time_passed(self.desks, self.record))

    def grant(self, direction: Literal["in", "out"] = "in") -> None:
        desk = self.desks[NORTH]
        desk.door = granted(desk.door, self.now, 3.0)
        desk.passage = Passage(MOTHER, direction)

    def _kinds_after(self, act: Callable[[], None]) -> list[str]:
        before = len(self.recorded)
        act()
        return [kind for kind, _ in self.recorded[before:]]


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Gatehouse]:
    house = Gatehouse(tmp_path / "lanes.sqlite3")
    for lane in (NORTH, SOUTH):
        assert house.wire(InputKind.DOOR_OPEN, active=False, lane=lane) == []
    yield house
    house.memory.close()


# -- buttons ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "event"),
    [
        (InputKind.EXIT_BUTTON, "exit_request"),
        (InputKind.GUARD_BUTTON, "guard_button"),
        (InputKind.INTERCOM, "intercom_opening"),
    ],
)
def test_a_button_is_recorded_once_and_its_opening_is_not_forced(
    gate: Gatehouse, kind: InputKind, event: str
) -> None:
    assert gate.wire(kind, active=True, at="wires:2") == [event]
    assert gate.wire(kind, active=True, at="wires:2") == []
    gate.now += 60
    assert gate.wire(InputKind.DOOR_OPEN, active=True) == ["door_opened"]
    assert gate.wire(InputKind.DOOR_OPEN, active=False) == ["door_closed"]
    assert gate.wire(kind, active=False, at="wires:2") == []
    gate.now += 10.1
    assert gate.wire(InputKind.DOOR_OPEN, active=True) == ["alarm_door_forced"]


def test_a_button_excuses_its_own_lane_only(gate: Gatehouse) -> None:
    gate.wire(InputKind.GUARD_BUTTON, active=True, at="wires:2")
    for active in (True, False):
        gate.wire(InputKind.EXIT_BUTTON, active=active, lane=SOUTH, at="wires:9")
    gate.now += 10.1
    assert gate.wire(InputKind.DOOR_OPEN, active=True, lane=SOUTH) == ["alarm_door_forced"]
    assert gate.wire(InputKind.DOOR_OPEN, active=True) == ["door_opened"]


def test_of_two_buttons_one_let_go_still_leaves_the_other_pressed(gate: Gatehouse) -> None:
    gate.wire(InputKind.EXIT_BUTTON, active=True, at="wires:2")
    gate.wire(InputKind.GUARD_BUTTON, active=True, at="wires:3")
    gate.wire(InputKind.EXIT_BUTTON, active=False, at="wires:2")
    gate.now += 60
    assert gate.wire(InputKind.DOOR_OPEN, active=True) == ["door_opened"]


def test_a_button_that_hangs_is_reported_for_it_excuses_every_opening(gate: Gatehouse) -> None:
    gate.wire(InputKind.EXIT_BUTTON, active=True, at="wires:2")
    assert gate.wait(120) == []
    assert gate.wait(0.2) == ["alarm_button_stuck"]
    assert gate.wait(600) == []
    assert gate.wire(InputKind.EXIT_BUTTON, active=False, at="wires:2") == ["button_stuck_clear"]


def test_a_button_whose_device_is_lost_counts_as_let_go(gate: Gatehouse) -> None:
    gate.wire(InputKind.DOOR_OPEN, active=False, at="contact:1")
    gate.wire(InputKind.EXIT_BUTTON, active=True, at="buttons:1")
    gate.device(Health.LOST, "buttons")
    gate.now += 10.1
    assert gate.wire(InputKind.DOOR_OPEN, active=True, at="contact:1") == ["alarm_door_forced"]


# -- alarms of wires -------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "events"), ALARMS_AT_ONCE.items())
def test_a_wires_alarm_is_raised_once_and_cleared_once(
    gate: Gatehouse, kind: str, events: tuple[str, str]
) -> None:
    wire = InputKind(kind)
    assert gate.wire(wire, active=False, at="wires:3") == []
    assert gate.wire(wire, active=True, at="wires:3") == [events[0]]
    gate.device(Health.LOST)
    assert gate.wire(wire, active=True, at="wires:3") == []
    assert gate.wire(wire, active=False, at="wires:3") == [events[1]]
    assert gate.wire(wire, active=False, at="wires:3") == []
    assert gate.recorded[-1] == (events[1], {"lane_id": NORTH, "detail": "wires:3"})


def test_tamper_says_which_wire_or_reader(gate: Gatehouse) -> None:
    for at in ("wires:3", "wires:4", "osdp-north"):
        assert gate.wire(InputKind.TAMPER, active=True, at=at) == ["alarm_tamper"]
    assert [facts["detail"] for _, facts in gate.recorded] == ["wires:3", "wires:4", "osdp-north"]


def test_an_alarm_that_stood_before_a_power_cut_is_not_raised_again_and_is_cleared(gate: Gatehouse) -> None:
    gate.wire(InputKind.TAMPER, active=True, at="wires:3")
    gate.wire(InputKind.ON_BATTERY, active=True, at="wires:4")
    gate.power_cut()
    assert gate.wire(InputKind.TAMPER, active=True, at="wires:3") == []
    assert gate.wire(InputKind.ON_BATTERY, active=False, at="wires:4") == ["on_battery_clear"]
    gate.power_cut()
    assert gate.wire(InputKind.TAMPER, active=False, at="wires:3") == ["tamper_clear"]


def test_an_obstacle_is_traffic_until_it_has_stayed_for_two_minutes(gate: Gatehouse) -> None:
    for _ in range(5):
        assert gate.wire(InputKind.OBSTACLE, active=True, at="wires:5") == []
        assert gate.wait(119) == []
        assert gate.wire(InputKind.OBSTACLE, active=False, at="wires:5") == []
    gate.wire(InputKind.OBSTACLE, active=True, at="wires:5")
    assert gate.wait(120.2) == ["alarm_obstacle"]
    assert gate.wait(120.2) == []
    assert gate.wire(InputKind.OBSTACLE, active=False, at="wires:5") == ["obstacle_clear"]


def test_fire_excuses_and_shows_until_the_last_panel_contact_rests(gate: Gatehouse) -> None:
    gate.wire(InputKind.FIRE, active=True, at="wires:3")
    gate.wire(InputKind.FIRE, active=True, at="wires:4")
    gate.wire(InputKind.FIRE, active=False, at="wires:3")
    gate.now += 3600
    assert gate.desks[NORTH].door.fire
    assert gate.wire(InputKind.DOOR_OPEN, active=True) == ["door_opened"]
    assert gate.wait(3600) == []
    assert gate.wire(InputKind.FIRE, active=False, at="wires:4") == ["fire_clear"]
    assert not gate.desks[NORTH].door.fire
    assert gate.wait(30) == []
    assert gate.wait(0.2) == ["alarm_door_held"]


def test_the_alarm_of_a_wire_that_the_site_file_no_longer_has_is_cleared_at_the_start(
    gate: Gatehouse,
) -> None:
    gate.wire(InputKind.TAMPER, active=True, at="wires:3")
    gate.wire(InputKind.FIRE, active=True, at="wires:4")
    gate.power_cut()
    assert gate.settle(Wire(NORTH, "fire", "wires:4")) == ["tamper_clear"]
    assert gate.recorded[-1][1] == {"lane_id": NORTH, "detail": "wires:3", "ended_by": "not_watched"}
    gate.power_cut()
    assert gate.settle(Wire(NORTH, "fire", "wires:4")) == []
    assert gate.wire(InputKind.FIRE, active=False, at="wires:4") == ["fire_clear"]


# -- doors and who passes --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "before"),
    [(DoorState.OPEN, 0.0), (DoorState.HELD, 30.2)],
)
def test_an_open_door_is_itself_again_after_a_power_cut(
    gate: Gatehouse, state: DoorState, before: float
) -> None:
    gate.grant()
    gate.wire(InputKind.DOOR_OPEN, active=True)
    gate.wait(before)
    for _ in range(2):
        gate.power_cut()
        assert gate.wire(InputKind.DOOR_OPEN, active=True) == []
        assert gate.desks[NORTH].door.state is state


def test_a_forced_door_is_not_forced_again_by_a_power_cut(gate: Gatehouse) -> None:
    assert gate.wire(InputKind.DOOR_OPEN, active=True) == ["alarm_door_forced"]
    gate.power_cut()
    assert gate.wire(InputKind.DOOR_OPEN, active=True) == []
    assert gate.wait(60) == []
    gate.power_cut()
    assert gate.wire(InputKind.DOOR_OPEN, active=False) == ["door_closed"]


def test_a_door_opened_while_the_power_or_the_contacts_cable_was_away_is_found_open(gate: Gatehouse) -> None:
    gate.power_cut()
    assert gate.wire(InputKind.DOOR_OPEN, active=True) == ["door_found_open"]
    assert gate.wire(InputKind.DOOR_OPEN, active=True, lane=SOUTH) == ["door_found_open"]
    gate.wire(InputKind.DOOR_OPEN, active=False)
    gate.device(Health.LOST)
    assert gate.wire(InputKind.DOOR_OPEN, active=True) == ["door_found_open"]


def test_while_the_contact_is_lost_no_missing_entry_is_reported(gate: Gatehouse) -> None:
    gate.grant()
    assert gate.device(Health.LOST) == ["alarm_device_lost"]
    assert gate.wait(60) == []
    assert gate.wire(InputKind.DOOR_OPEN, active=False) == []
    assert gate.wait(60) == []


def test_who_opens_the_door_is_counted_and_who_does_not_come_is_not(gate: Gatehouse) -> None:
    gate.grant()
    assert gate.wait(6) == ["no_entry"]
    assert gate.desks[NORTH].passage is None
    assert gate.memory.inside(gate.wall()) == frozenset()
    gate.grant()
    gate.wait(1)
    assert gate.memory.inside(gate.wall()) == frozenset()
    gate.wire(InputKind.DOOR_OPEN, active=True)
    assert gate.desks[NORTH].passage is None
    assert gate.memory.inside(gate.wall()) == {MOTHER}
    gate.grant("out")
    gate.wait(0.2)
    assert gate.memory.inside(gate.wall()) == frozenset()


def test_a_grant_at_a_lane_without_a_contact_counts_as_gone_through(gate: Gatehouse) -> None:
    gate.device(Health.LOST)
    gate.grant()
    gate.wait(0.2)
    assert gate.memory.inside(gate.wall()) == {MOTHER}


def test_who_was_inside_long_ago_is_forgotten_as_time_passes(gate: Gatehouse) -> None:
    gate.grant()
    gate.wire(InputKind.DOOR_OPEN, active=True)
    gate.wait(12 * 3600 + 1)
    gate.memory.close()
    gate.now -= 12 * 3600
    gate.power_on()
    assert gate.memory.inside(gate.wall()) == frozenset()


# -- devices ---------------------------------------------------------------------------------------


def test_a_device_that_goes_and_comes_is_reported_and_shown(gate: Gatehouse) -> None:
    assert gate.device(Health.OK, "card") == []
    assert gate.device(Health.LOST, "card") == ["alarm_device_lost"]
    assert gate.device(Health.OK, "card") == ["device_back"]
    gate.wire(InputKind.DOOR_OPEN, active=True)
    gate.wait(0.2)
    status = gate.watch.status({NORTH: "normal", SOUTH: "normal"})
    assert [(lane.lane_id, lane.door) for lane in status.lanes] == [(NORTH, "forced"), (SOUTH, "closed")]
    assert [(device.device, device.health) for device in status.devices] == [("card", "ok")]


def test_a_faulty_board_hides_no_forced_door_and_lets_no_button_excuse_it(gate: Gatehouse) -> None:
    gate.wire(InputKind.EXIT_BUTTON, active=True, at="wires:2")
    assert gate.device(Health.FAULTY) == ["alarm_device_lost"]
    assert gate.wire(InputKind.DOOR_OPEN, active=True) == ["door_opened"]
    assert gate.wire(InputKind.DOOR_OPEN, active=False) == ["door_closed"]
    gate.now += 10.1
    assert gate.wire(InputKind.DOOR_OPEN, active=True) == ["alarm_door_forced"]
    assert gate.device(Health.OK) == ["device_back"]
    assert gate.wire(InputKind.DOOR_OPEN, active=False) == ["door_closed"]


# -- a contact that flutters -----------------------------------------------------------------------


def flutter(gate: Gatehouse, changes: int, every: float = 1.0) -> list[str]:
    """Change the shut door's contact so often; return the kinds of events that followed."""
    kinds: list[str] = []
    for number in range(changes):
        gate.now += every
        kinds += gate.wire(InputKind.DOOR_OPEN, active=number % 2 == 0)
    return kinds


def test_a_contact_that_flutters_for_hours_is_reported_once_counted_and_reported_when_steady(
    gate: Gatehouse,
) -> None:
    kinds = flutter(gate, 20)
    assert kinds == ["alarm_door_forced", "door_closed"] * 10 + ["alarm_contact_flapping"]
    assert flutter(gate, 7200) == ["alarm_door_forced"]
    assert gate.desks[NORTH].door.state is DoorState.CLOSED
    assert gate.wait(59) == []
    assert gate.wait(1.1) == ["contact_flapping_clear"]
    assert gate.recorded[-1][1] == {"lane_id": NORTH, "count": 7199, "door": "closed"}
    assert flutter(gate, 2) == ["alarm_door_forced", "door_closed"]


@pytest.mark.wide
@pytest.mark.parametrize(
    ("kind", "each", "recorded", "clear"),
    [
        (
            InputKind.EXIT_BUTTON,
            ["exit_request"],
            [*["exit_request"] * 60, "alarm_button_stuck"],
            "button_stuck_clear",
        ),
        (
            InputKind.TAMPER,
            ["alarm_tamper", "tamper_clear"],
            [*["alarm_tamper", "tamper_clear"] * 59, "alarm_tamper"],
            "tamper_clear",
        ),
    ],
)
def test_a_loose_wire_is_reported_once_and_again_when_it_is_at_rest(
    gate: Gatehouse, kind: InputKind, each: list[str], recorded: list[str], clear: str
) -> None:
    def chatter(changes: int) -> list[str]:
        kinds: list[str] = []
        for number in range(changes):
            gate.now += 0.04
            kinds += gate.wire(kind, active=number % 2 == 0, at="wires:7")
        return kinds

    assert chatter(120) == recorded
    assert chatter(20_000) == []
    assert gate.wait(59) == []
    assert gate.wait(1.2) == [clear]
    assert chatter(2) == each


def test_a_busy_door_is_no_fluttering_one(gate: Gatehouse) -> None:
    gate.wire(InputKind.GUARD_BUTTON, active=True, at="wires:2")
    assert flutter(gate, 400, every=3.2) == ["door_opened", "door_closed"] * 200


def test_one_lane_that_flutters_leaves_the_other_lanes_door_reported(gate: Gatehouse) -> None:
    flutter(gate, 30)
    assert gate.wire(InputKind.DOOR_OPEN, active=True, lane=SOUTH) == ["alarm_door_forced"]
    assert gate.wire(InputKind.DOOR_OPEN, active=False, lane=SOUTH) == ["door_closed"]


def test_a_door_that_stays_open_while_it_flutters_is_still_reported_as_open_too_long(gate: Gatehouse) -> None:
    gate.wire(InputKind.GUARD_BUTTON, active=True, at="wires:2")
    gate.wire(InputKind.GUARD_BUTTON, active=False, at="wires:2")
    gate.now += 1
    flutter(gate, 31, every=0.2)
    assert gate.wait(30.2) == ["alarm_door_held"]
    assert gate.wire(InputKind.DOOR_OPEN, active=False) == ["door_held_clear"]


def test_what_fluttered_before_a_power_cut_is_reported_steady_after_it_once(
    gate: Gatehouse,
) -> None:
    flutter(gate, 40)
    gate.power_cut()
    assert gate.settle(Wire(NORTH, "door_open", "wires:1")) == []
    assert gate.wait(61) == []
    assert gate.wire(InputKind.DOOR_OPEN, active=False) == []
    assert gate.wait(60.2) == ["contact_flapping_clear"]
    flutter(gate, 40)
    gate.power_cut()
    assert gate.settle() == ["contact_flapping_clear"]
    gate.power_cut()
    assert gate.settle() == []


CONTACT_STEPS = st.lists(
    st.tuples(
        st.sampled_from(("open", "shut", "flutter", "grant", "wait")),
        st.floats(0.05, 5.0),
        st.integers(1, 60),
    ),
    max_size=30,
)


@pytest.mark.wide
@settings(max_examples=60, deadline=None)
@given(CONTACT_STEPS)
def test_over_any_history_a_contact_writes_little_hides_no_first_forcing_and_leaves_the_door_right(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, float, int]]
) -> None:
    gate = Gatehouse(tmp_path_factory.mktemp("watch") / "lanes.sqlite3")
    gate.wire(InputKind.DOOR_OPEN, active=False)
    unsifted = gate.desks[NORTH].door
    changes: list[tuple[float, bool]] = []
    forced_at: list[float] = []

    def contact(is_open: bool, seconds: float) -> None:
        nonlocal unsifted
        gate.wait(seconds)
        unsifted, _ = time_passed(unsifted, gate.now)
        unsifted, kinds = contact_changed(unsifted, is_open, gate.now)
        recorded = gate.wire(InputKind.DOOR_OPEN, active=is_open)
        changes.extend((gate.now, bool(recorded)) for _ in kinds)
        forced_at.extend(gate.now for kind in kinds if kind == "alarm_door_forced")
        assert gate.desks[NORTH].door == unsifted

    for what, seconds, times in steps:
        match what:
            case "open" | "shut":
                contact(what == "open", seconds)
            case "flutter":
                for number in range(times):
                    contact(number % 2 == 0, seconds / 10)
            case "grant":
                gate.grant()
                unsifted = granted(unsifted, gate.now, 3.0)
            case "wait":
                gate.wait(seconds * times)
                unsifted, _ = time_passed(unsifted, gate.now)
    gate.wait(0.0)
    gate.memory.close()
    kinds = [kind for kind, _ in gate.recorded]
    story = [kind for kind in kinds if kind in ("alarm_contact_flapping", "contact_flapping_clear")]
    assert story == ["alarm_contact_flapping", "contact_flapping_clear"] * (len(story) // 2) + (
        ["alarm_contact_flapping"] * (len(story) % 2)
    )
    hidden = sum(not recorded for _, recorded in changes)
    counted = sum(
        int(str(facts["count"])) for kind, facts in gate.recorded if kind == "contact_flapping_clear"
    )
    assert gate.watch.status({NORTH: "normal"}).lanes[0].door == unsifted.state.value
    assert counted <= hidden
    assert len(story) % 2 or counted == hidden
    assert not forced_at or "alarm_door_forced" in kinds
    # Within any minute: 20 changes, the one forcing and at most two ends of a door held open.
    recorded_at = [at for at, recorded in changes if recorded]
    assert all(sum(start <= at < start + 60 for at in recorded_at) <= 20 + 1 + 2 for start in recorded_at)


# -- random histories ------------------------------------------------------------------------------

STEPS = st.lists(
    st.one_of(
        st.tuples(
            st.just("wire"),
            st.sampled_from(sorted(kind.value for kind in InputKind)),
            st.booleans(),
            st.sampled_from(("wires:1", "wires:2")),
        ),
        st.tuples(st.just("wait"), st.floats(0.1, 200.0)),
        st.tuples(st.sampled_from(("lost", "power"))),
    ),
    max_size=40,
)


@pytest.mark.wide
@settings(max_examples=60, deadline=None)
@given(STEPS)
def test_over_any_history_each_wires_alarm_begins_and_ends_in_turn(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[Any, ...]]
) -> None:
    gate = Gatehouse(tmp_path_factory.mktemp("watch") / "lanes.sqlite3")
    for what, *more in steps:
        match what:
            case "wire":
                gate.wire(InputKind(more[0]), active=more[1], at=more[2])
            case "wait":
                gate.wait(more[0])
            case "lost":
                gate.device(Health.LOST)
            case "power":
                gate.power_cut()
    for kind in ALARMS:
        for at in ("wires:1", "wires:2"):
            gate.wire(InputKind(kind), active=False, at=at)
    gate.memory.close()
    for begins, ends in set(ALARMS.values()):
        for at in ("wires:1", "wires:2"):
            story = [
                kind for kind, facts in gate.recorded if facts.get("detail") == at and kind in (begins, ends)
            ]
            kinds_here = sum(value == (begins, ends) for value in ALARMS.values())
            assert story.count(begins) == story.count(ends)
            assert kinds_here > 1 or story == [begins, ends] * (len(story) // 2)


# -- tampering -------------------------------------------------------------------------------------


def test_each_change_of_a_tamper_contact_reports_which_are_active(gate: Gatehouse) -> None:
    assert gate.wire(InputKind.TAMPER, active=False, at="wires:7") == []
    assert gate.wire(InputKind.TAMPER, active=True, at="wires:7") == ["alarm_tamper"]
    assert gate.wire(InputKind.TAMPER, active=True, at="wires:7") == []
    assert gate.wire(InputKind.TAMPER, active=True, at="osdp-1") == ["alarm_tamper"]
    assert gate.wire(InputKind.TAMPER, active=False, at="wires:7") == ["tamper_clear"]
    assert gate.touched == [["wires:7"], ["wires:7", "osdp-1"], ["osdp-1"]]


def test_a_tamper_contact_active_at_the_start_is_reported_though_its_alarm_is_open(
    gate: Gatehouse,
) -> None:
    gate.wire(InputKind.TAMPER, active=True, at="wires:7")
    gate.power_cut()
    assert gate.wire(InputKind.TAMPER, active=True, at="wires:7") == []
    assert gate.touched == [["wires:7"], ["wires:7"]]


# -- a journal that cannot be written ------------------------------------------------------------------


@contextmanager
def full_disk(gate: Gatehouse) -> Iterator[None]:
    """Make every write fail meanwhile."""

    def refuse(kind: str, facts: Facts, personal: Facts) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    gate.record = refuse  # type: ignore[method-assign]  # the journal is the edge that fails
    try:
        yield
    finally:
        del gate.record


@pytest.mark.parametrize(
    ("kind", "alarm", "after_restart"),
    [
        (InputKind.DOOR_OPEN, "alarm_door_forced", []),
        (InputKind.FIRE, "alarm_fire", []),
        (InputKind.TAMPER, "alarm_tamper", []),
        (InputKind.GUARD_BUTTON, "guard_button", ["guard_button"]),
    ],
)
def test_what_could_not_be_written_down_is_recorded_once_it_can_be(
    gate: Gatehouse, kind: InputKind, alarm: str, after_restart: list[str]
) -> None:
    with full_disk(gate):
        with pytest.raises(sqlite3.Error):
            gate.wire(kind, active=True)
        assert gate.wait(5) == gate.wait(5) == [], "it is tried again and hinders no other"
    assert gate.wait(5) == [alarm]
    assert gate.recorded[-1][1]["late_seconds"] == 15
    assert gate.wire(kind, active=True) == []
    gate.power_cut()
    assert gate.wire(kind, active=True) == after_restart


def test_a_door_forced_and_shut_while_nothing_could_be_written_is_recorded_in_order(gate: Gatehouse) -> None:
    with full_disk(gate):
        for active in (True, False):
            with pytest.raises(sqlite3.Error):
                gate.wire(InputKind.DOOR_OPEN, active=active)
    assert gate.wait(0) == ["alarm_door_forced", "door_closed"]
    assert gate.memory.door(NORTH) is DoorState.CLOSED


def test_an_alarm_that_was_not_written_before_a_power_cut_is_recorded_after_it(gate: Gatehouse) -> None:
    with full_disk(gate), pytest.raises(sqlite3.Error):
        gate.wire(InputKind.TAMPER, active=True)
    gate.power_cut()
    assert gate.wire(InputKind.TAMPER, active=True) == ["alarm_tamper"]


def test_an_alarm_that_begins_with_time_and_cannot_be_written_is_an_error_once(gate: Gatehouse) -> None:
    gate.grant()
    gate.wire(InputKind.DOOR_OPEN, active=True)
    with full_disk(gate):
        with pytest.raises(sqlite3.Error):
            gate.wait(31)
        gate.wait(1)
    assert gate.wait(1) == ["alarm_door_held"]


def test_of_too_much_that_waits_what_is_no_alarm_goes_first() -> None:
    pending, recorded = PendingEvents(), []
    pending.add("alarm_door_forced", {}, 0.0)
    for n in range(KEPT + 5):
        pending.add("door_opened", {"n": n}, 0.0)
    pending.write(lambda kind, facts, _personal: recorded.append((kind, facts)), 0.0)
    assert len(recorded) == KEPT
    assert recorded[:2] == [("alarm_door_forced", {}), ("door_opened", {"n": 6})]


# -- devices that say the same again -------------------------------------------------------------------


def test_a_faulty_device_that_goes_on_dropping_frames_is_one_alarm_with_a_count(gate: Gatehouse) -> None:
    kinds = [
        *gate.state(Health.FAULTY, "only unreadable frames", 3),
        *(kind for n in range(60) for kind in gate.state(Health.FAULTY, "frames were dropped", 4 + n)),
    ]
    assert kinds == ["alarm_device_lost"]
    (device,) = gate.watch.status({}).devices
    assert (device.health, device.detail) == ("faulty", "only unreadable frames; 63 frames dropped")
    assert gate.state(Health.OK, "reading again", 63) == ["device_back"]
    assert gate.state(Health.OK, "frames were dropped", 64) == []


def test_a_lost_device_is_reported_again_where_it_is_lost_for_another_reason(gate: Gatehouse) -> None:
    assert gate.state(Health.LOST, "lost its secure channel") == ["alarm_device_lost"]
    assert gate.state(Health.LOST, "lost its secure channel") == []
    assert gate.state(Health.LOST, "answers, but not under its key") == ["alarm_device_lost"]
    assert gate.state(Health.FAULTY, "its power is failing") == ["alarm_device_lost"]
    assert gate.state(Health.OK, "in its secure channel") == ["device_back"]
