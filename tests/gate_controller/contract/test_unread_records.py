"""A record that a later version wrote opens nothing, and holds nothing else up."""

from dataclasses import replace
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gate_controller.contract.calendars import Span
from gate_controller.contract.policy import Policy, PolicySnapshot, compile_policy
from gate_controller.contract.records import (
    CalendarRecord,
    EndedPassRecord,
    Grant,
    HoursRecord,
    PolicyRefused,
    Posture,
    Record,
    RecordNotUnderstood,
    SiteRecord,
    decode_record,
)
from gate_controller.rules.access import decide
from gate_controller.rules.decision import GateMemory
from gate_controller.rules.identify import GateKeys, identify_card
from tests.support.compounds.people import card, lane, person, records
from tests.support.gates.site_keys import encoded

NOON = datetime(2026, 3, 4, 4, 0, tzinfo=UTC)
KEYS = GateKeys(b"c" * 32, b"p" * 32, b"q" * 32)
PEOPLE = ("p1", "p2", "p3")
LANES = ("north-in", "north-out", "south-in")


def compiled(whole: dict[str, bytes]) -> PolicySnapshot:
    return compile_policy(whole, epoch=1, version=1, issued_at=NOON)


def a_site() -> dict[str, bytes]:
    """Return records in which everything names something else."""
    days = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    all_day = HoursRecord("all-day", "All day", (Span(days, 0, 1440),))
    parts: list[Record] = [
        SiteRecord("site-1", "Court", "Asia/Shanghai"),
        CalendarRecord({}),
        all_day,
        EndedPassRecord("pass-1", NOON),
        lane("north-in", interlock_with=("north-out",), method_hours={"pin": "all-day"}),
        lane("north-out", direction="out", antipassback="soft"),
        lane("south-in", gate_id="south", posture_hours={"all-day": Posture.NORMAL}),
    ]
    for number, person_id in enumerate(PEOPLE):
        hours = "all-day" if person_id == "p2" else None
        parts.append(person(person_id, grants=(Grant(LANES, hours),)))
        parts.append(card(number, KEYS.card_key, person_id, f"card-{number}"))
    return encoded(records(*parts))


def opens(policy: Policy) -> set[tuple[str, int]]:
    """Return the lanes and cards that open, by their numbers."""
    return {
        (lane_id, number)
        for lane_id in LANES
        for number in range(len(PEOPLE))
        if decide(identify_card(number, policy, KEYS), lane_id, policy, GateMemory(), NOON).opens
    }


def later(value: bytes, way: str) -> bytes:
    """Return a record as a later version may write it."""
    fields = msgspec.json.decode(value)
    if way == "a field":
        fields["later"] = {"of": [1, "a later version"]}
    else:
        words = [name for name in ("posture", "direction", "state", "kind") if name in fields]
        fields[words[0] if words else "later"] = "a_later_word"
    return msgspec.json.encode(fields)


SITE = a_site()
ALL_OPEN = opens(compiled(SITE).policy)


def test_the_site_opens_every_lane_to_everyone_before() -> None:
    assert {(lane_id, number) for lane_id in LANES for number in range(3)} == ALL_OPEN
    assert compiled(SITE).unread == {}


@pytest.mark.wide
@settings(max_examples=200, deadline=None)
@given(st.sets(st.sampled_from(sorted(SITE)), min_size=1, max_size=4), st.sampled_from(["a field", "a word"]))
def test_whatever_a_later_version_wrote_nothing_more_opens_and_each_record_is_named(
    keys: set[str], way: str
) -> None:
    changed = {**SITE, **{key: later(SITE[key], way) for key in keys}}
    after = compiled(changed)
    assert set(after.unread) == keys
    assert opens(after.policy) <= ALL_OPEN


@pytest.mark.parametrize(
    ("key", "still_open"),
    [
        ("person:p1", {(lane_id, number) for lane_id in LANES for number in (1, 2)}),
        ("credential:card-2", {(lane_id, number) for lane_id in LANES for number in (0, 1)}),
        ("lane:south-in", {(lane_id, number) for lane_id in LANES[:2] for number in range(3)}),
        # interlocked with the one that is not understood
        ("lane:north-out", {("south-in", number) for number in range(3)}),
        # its hours shut the lanes that name them, and the second person's grant
        ("hours:all-day", {("north-out", number) for number in (0, 2)}),
        ("site:", ALL_OPEN),
        ("calendar:", ALL_OPEN),
        ("ended_pass:pass-1", ALL_OPEN),
    ],
)
def test_what_depends_on_a_record_that_is_not_understood_is_shut_and_nothing_else(
    key: str, still_open: set[tuple[str, int]]
) -> None:
    key = key.removesuffix(":") if key in ("site:", "calendar:") else key
    assert opens(compiled({**SITE, key: later(SITE[key], "a field")}).policy) == still_open


def test_a_withdrawn_pass_stays_withdrawn() -> None:
    policy = compiled({**SITE, "ended_pass:pass-1": later(SITE["ended_pass:pass-1"], "a field")}).policy
    assert policy.ended_passes == {"pass-1"}


def test_a_kind_of_a_later_version_is_named_and_left_out() -> None:
    after = compiled({**SITE, "lift:1": b'{"number":1}'})
    assert (set(after.unread), opens(after.policy)) == ({"lift:1"}, ALL_OPEN)


def test_a_card_that_was_ended_elsewhere_in_the_policy_opens_no_more() -> None:
    """Before, one unknown field kept the whole policy out, and with it every end."""
    ended = later(SITE["person:p1"], "a field")
    without = {key: value for key, value in SITE.items() if key != "credential:card-2"}
    assert {number for _lane, number in opens(compiled({**without, "person:p1": ended}).policy)} == {1}


@pytest.mark.parametrize(
    "value", [b"{", b"[]", b'{"person_id":"p1"}', b'{"person_id":7,"methods":[],"grants":[]}']
)
def test_what_no_version_would_write_is_refused_whole(value: bytes) -> None:
    with pytest.raises(PolicyRefused) as refusal:
        compiled({**SITE, "person:p1": value})
    assert not isinstance(refusal.value, RecordNotUnderstood)


def test_the_words_by_which_a_later_version_is_recognised_are_those_of_the_library() -> None:
    for way in ("a field", "a word"):
        for key in ("lane:south-in", "credential:card-1"):
            with pytest.raises(RecordNotUnderstood, match=key):
                decode_record(key, later(SITE[key], way))


def test_a_snapshot_is_replaced_with_what_it_does_not_understand() -> None:
    after = compiled({**SITE, "lift:1": b"{}"})
    assert replace(after).unread == after.unread
