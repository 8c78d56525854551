"""A version goes to one gate, then a tenth, then all, and to none any more once a gate went back."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from web_admin.updates.rules import WATCHED_FOR, GateAt, settle, size_of

NOW = datetime(2026, 7, 6, 9, 0, tzinfo=UTC)
NEW, ORDER = "0.3.0", "r.1"


def gates(count: int) -> list[GateAt]:
    return [
        GateAt(f"g{n}", n, "0.2.0", "kept", "", "", is_ordered=False, in_contact=True)
        for n in range(1, count + 1)
    ]


def ordered(found: list[GateAt], names: frozenset[str]) -> list[GateAt]:
    return [replace(gate, is_ordered=gate.is_ordered or gate.gate_id in names) for gate in found]


def kept(found: list[GateAt], names: frozenset[str]) -> list[GateAt]:
    return [
        replace(gate, program=NEW, step="kept", order_id=ORDER) if gate.gate_id in names else gate
        for gate in found
    ]


@pytest.mark.parametrize(
    ("count", "sizes"),
    [
        (1, (1, 1, 1)),
        (2, (1, 2, 2)),
        (3, (1, 2, 3)),
        (20, (1, 2, 20)),
        (21, (1, 3, 21)),
        (100, (1, 10, 100)),
    ],
)
def test_how_many_gates_a_stage_has(count: int, sizes: tuple[int, ...]) -> None:
    assert tuple(size_of(stage, count) for stage in ("one", "tenth", "all")) == sizes


def test_thirty_gates_get_it_in_three_stages_a_day_apart() -> None:
    found, stage, since, now = gates(30), "one", None, NOW
    seen = []
    for _step in range(12):
        settled = settle(NEW, ORDER, stage, since, found, now)
        seen.append((settled.state, settled.stage, len(settled.ordered)))
        found = kept(ordered(found, settled.ordered), settled.ordered)
        stage, since = settled.stage, settled.kept_since
        now += WATCHED_FOR / 2
    distinct = [one for number, one in enumerate(seen) if number == 0 or one != seen[number - 1]]
    assert distinct == [
        ("running", "one", 1),
        ("running", "tenth", 3),
        ("running", "all", 30),
        ("done", "all", 30),
    ]


def test_the_next_stage_waits_for_a_day_of_the_slowest_gate() -> None:
    first = kept(ordered(gates(10), frozenset({"g1"})), frozenset({"g1"}))
    settled = settle(NEW, ORDER, "one", None, first, NOW)
    assert settled.kept_since == NOW
    almost = NOW + WATCHED_FOR - timedelta(seconds=1)
    assert len(settle(NEW, ORDER, "one", NOW, first, almost).ordered) == 1
    assert len(settle(NEW, ORDER, "one", NOW, first, NOW + WATCHED_FOR).ordered) == 2
    assert len(settle(NEW, ORDER, "one", NOW, first, NOW, is_hurried=True).ordered) == 2


@pytest.mark.parametrize("step", ["fetching", "failed", "fetched", "switched", "trial"])
def test_a_stage_waits_for_a_gate_that_is_on_its_way(step: str) -> None:
    found = ordered(gates(10), frozenset({"g1"}))
    found[0] = replace(found[0], step=step, order_id=ORDER, program=NEW if step == "trial" else "0.2.0")
    settled = settle(NEW, ORDER, "one", NOW - timedelta(days=9), found, NOW)
    assert (settled.state, settled.ordered, settled.kept_since) == ("running", frozenset({"g1"}), None)


def test_the_first_gate_that_went_back_halts_it_for_all() -> None:
    found = ordered(kept(gates(30), frozenset({"g1", "g2"})), frozenset({"g3"}))
    found[2] = replace(found[2], step="rolled_back", order_id=ORDER, why="its devices do not answer")
    settled = settle(NEW, ORDER, "tenth", None, found, NOW)
    assert (settled.state, settled.halted_by, settled.why) == ("halted", "g3", "its devices do not answer")
    again = settle(NEW, "r.2", "tenth", None, found, NOW)
    assert again.state == "running", "in another attempt it has not gone back yet"
    assert "g3" in again.ordered


def test_gates_out_of_contact_and_gates_that_take_none_are_not_the_first() -> None:
    found = gates(4)
    found[0] = replace(found[0], in_contact=False)
    found[1] = replace(found[1], step="")
    settled = settle(NEW, ORDER, "one", None, found, NOW)
    assert settled.ordered == frozenset({"g3"})


def test_it_is_not_done_while_a_gate_is_out_of_contact() -> None:
    found = kept(ordered(gates(3), frozenset({"g1", "g2"})), frozenset({"g1", "g2"}))
    found[2] = replace(found[2], in_contact=False)
    settled = settle(NEW, ORDER, "all", None, found, NOW)
    assert (settled.state, settled.ordered) == ("running", frozenset({"g1", "g2"}))
    found[2] = replace(found[2], in_contact=True)
    assert settle(NEW, ORDER, "all", None, found, NOW).ordered == frozenset({"g1", "g2", "g3"})


def test_without_a_gate_nothing_is_done() -> None:
    assert settle(NEW, ORDER, "one", None, [], NOW).state == "running"
