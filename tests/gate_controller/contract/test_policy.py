"""What may become a policy: whole sets of records, or nothing."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gate_controller.contract.calendars import DAY_KINDS, Span
from gate_controller.contract.policy import check_promise_one, compile_policy, offered_methods
from gate_controller.contract.records import (
    CardCredential,
    CredentialState,
    Grant,
    HoursRecord,
    Method,
    PinCredential,
    PolicyRefused,
    SiteRecord,
)
from tests.support.compounds.people import HOME_OF_EMERGENCY, card, emergency_code, lane, person, records
from tests.support.examples import examples
from tests.support.gates.site_keys import encoded

NOW = datetime(2026, 3, 4, 4, 0, tzinfo=UTC)
NIGHTS = HoursRecord("nights", "Nights", (Span(DAY_KINDS, 1320, 360),))
DAYS = HoursRecord("days", "Days", (Span(DAY_KINDS, 360, 1320),))


def compiled(whole: dict[str, bytes]):
    return compile_policy(whole, epoch=1, version=1, issued_at=NOW)


def base() -> dict[str, bytes]:
    return encoded(records(person(), card(7, b"c" * 32)))


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("person:x", b"{", "person:x"),
        ("person:x", b'{"person_id":"y","methods":[],"grants":[]}', "another one's id"),
        ("site:two", b'{"site_id":"site-1","name":"","timezone":"UTC"}', "another one's id"),
        ("person:x\n", b'{"person_id":"x\\n","methods":[],"grants":[]}', "person:x"),
        ("site", b'{"site_id":"site-1","name":"","timezone":"Mars/Base"}', "time zone"),
        ("site", b'{"site_id":"site-1","name":"","timezone":"Asia"}', "time zone"),
        ("site", b'{"site_id":"site-1","name":"","timezone":"../../etc/passwd"}', "time zone"),
        ("home:h", b'{"home_id":"h","number":"12-","pin_salt":"c3Nzc3Nzc3Nzc3Nzc3Nzcw=="}', "home:h"),
        (
            "hours:h",
            b'{"hours_id":"h","name":"","spans":[{"days":["dom"],"from_minute":0,"until_minute":9}]}',
            "dom",
        ),
        ("calendar", b'{"exceptions":{"2026-02-30":"holiday"}}', "calendar"),
    ],
)
def test_a_bad_record_is_refused_by_its_key(key: str, value: bytes, words: str) -> None:
    with pytest.raises(PolicyRefused, match=words):
        compiled({**base(), key: value})


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("robot:1", b"{}", "no such kind"),
        ("person:x", b'{"person_id":"x","methods":[],"grants":[],"name":"Zhang"}', "unknown field"),
        ("credential:c", b'{"kind":"face","credential_id":"c","person_id":"x"}', "credential:c"),
    ],
)
def test_what_is_not_in_the_contract_is_named_and_counts_for_nothing(
    key: str, value: bytes, words: str
) -> None:
    snapshot = compiled({**base(), key: value})
    assert words in snapshot.unread[key]
    assert snapshot.policy == compiled(base()).policy


def test_a_policy_without_its_site_is_refused() -> None:
    whole = base()
    del whole["site"]
    with pytest.raises(PolicyRefused, match="site"):
        compiled(whole)


@pytest.mark.parametrize(
    "part",
    [
        lane(method_hours={Method.PIN: "gone"}),
        lane(posture_hours={"gone": "lockdown"}),
        person(grants=(Grant(("north-in",), "gone"),)),
    ],
)
def test_hours_that_do_not_exist_are_refused(part) -> None:
    with pytest.raises(PolicyRefused, match="gone"):
        compiled(encoded(records(person(), part)))


@pytest.mark.parametrize("states", [("ended", "active", "ended"), ("active", "suspended", "active")])
def test_the_order_of_records_does_not_matter(states: tuple[str, ...]) -> None:
    twins = [
        CardCredential(f"card-{number}", "p", state=CredentialState(state), tag=b"t" * 32)
        for number, state in enumerate(states)
    ]
    whole = encoded(records(person(), *twins))
    one, other = compiled(whole).policy, compiled(dict(reversed(whole.items()))).policy
    assert one.cards_by_tag == other.cards_by_tag
    assert one.cards_by_tag[b"t" * 32].state is not CredentialState.ENDED


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ((lane(interlock_with=("north-inner",)),), "lane:north-in.*'north-inner', which is no lane"),
        ((lane(interlock_with=("north-in",)),), "lane:north-in.*itself"),
        (
            (lane(interlock_with=("south-in",)), lane("south-in", gate_id="south", gate_number=2)),
            "lane:north-in.*'south-in', which is no lane",
        ),
        ((lane(antipassback="hard"),), "lane:north-in.*no lane out"),
        (
            (
                lane(antipassback="hard"),
                lane("south-out", gate_id="south", direction="out", antipassback="soft"),
            ),
            "lane:north-in.*no lane out",
        ),
        (
            (
                lane(antipassback="hard"),
                lane("north-out", direction="out", antipassback="soft"),
                lane("north-garage", direction="out"),
            ),
            "lane:north-in.*'north-garage' lets people out uncounted",
        ),
    ],
)
def test_what_could_not_be_kept_at_the_gate_is_refused(parts: tuple, words: str) -> None:
    with pytest.raises(PolicyRefused, match=words):
        compiled(encoded(records(person(), *parts)))


def test_interlocked_and_counted_lanes_are_taken_where_every_way_out_counts() -> None:
    inner = lane("north-inner", interlock_with=("north-in",))
    out = lane("north-out", direction="out", antipassback="hard")
    whole = records(lane(antipassback="hard", interlock_with=("north-inner",)), inner, out)
    assert set(compiled(encoded(whole)).policy.lanes) == {"north-in", "north-inner", "north-out"}
    alone_and_soft = lane(antipassback="soft")
    assert compiled(encoded(records(alone_and_soft))).policy.lanes["north-in"] == alone_and_soft


def test_homes_with_or_without_dashes_are_typed_alike() -> None:
    assert compiled(base()).policy.home_ids_by_number == {"31203": "home-1"}


def test_the_policy_says_nothing_about_consent() -> None:
    face = {"face:p": b'{"person_id":"p","consent_id":"c","engine":"e"}'}
    with_face, without = compiled({**base(), **face}), compiled(base())
    assert with_face.policy == without.policy
    assert set(with_face.face_roster) == {"p"}


# -- promise 1 at the gate ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "bad",
    [
        lane(methods=(Method.FACE,)),
        lane(methods=()),
        lane(methods=(Method.FACE, Method.QR, Method.PIN)),
        lane(methods=(Method.PIN,)),
        lane(methods=(Method.CARD, Method.FACE), method_hours={Method.CARD: "days"}),
        lane(methods=(Method.CARD, Method.FACE), method_hours={Method.CARD: "days", Method.FACE: "nights"}),
        lane(methods=(Method.CARD, Method.FACE, Method.FACE), method_hours={Method.CARD: "days"}),
    ],
)
def test_a_lane_that_would_leave_face_alone_is_refused(bad) -> None:
    with pytest.raises(PolicyRefused, match="promise 1"):
        compiled(encoded(records(bad, NIGHTS, DAYS)))


def test_face_in_hours_is_taken_while_another_way_is_offered_in_all_of_them() -> None:
    good = lane(methods=(Method.CARD, Method.FACE), method_hours={Method.CARD: "days", Method.FACE: "days"})
    assert compiled(encoded(records(good, NIGHTS, DAYS))).policy.lanes["north-in"] == good


SPANS = st.lists(
    st.builds(
        Span,
        st.lists(st.sampled_from(DAY_KINDS), min_size=1, max_size=3).map(tuple),
        st.integers(0, 1439),
        st.integers(1, 1440),
    ),
    min_size=1,
    max_size=2,
).map(tuple)


@pytest.mark.wide
@settings(max_examples=examples(25), deadline=None)
@given(
    st.sets(st.sampled_from(Method)).map(lambda some: (Method.CARD, *(some - {Method.CARD}))),
    st.dictionaries(st.sampled_from(Method), SPANS),
)
def test_promise_one_finds_exactly_the_lanes_with_a_minute_of_face_alone(methods, spans_by_method) -> None:
    tables = {f"h-{m.value}": HoursRecord(f"h-{m.value}", "", s) for m, s in spans_by_method.items()}
    offered = lane(methods=methods, method_hours={m: f"h-{m.value}" for m in spans_by_method})
    hours = compiled(encoded(records(*tables.values()))).policy.hours
    face_alone = any(
        offered_methods(offered, hours, day, eve, minute) == (Method.FACE,)
        for day in DAY_KINDS
        for eve in DAY_KINDS
        for minute in range(1440)
    )
    refused = False
    try:
        check_promise_one({"north-in": offered}, hours)
    except PolicyRefused:
        refused = True
    assert refused is face_alone


def test_a_site_of_another_length_of_age_or_bits_is_refused() -> None:
    for field in ('"card_bits":26', '"max_policy_age_days":0', '"max_policy_age_days":366'):
        value = f'{{"site_id":"s","name":"","timezone":"UTC",{field}}}'.encode()
        with pytest.raises(PolicyRefused, match="site"):
            compiled({**base(), "site": value})


def test_a_record_survives_its_wire_form() -> None:
    policy = compiled(encoded(records(person(), SiteRecord("s", "门", "UTC")))).policy
    assert policy.site == SiteRecord("s", "门", "UTC")
    pin = PinCredential("pin-9", "p", home_id="home-1", tag=b"\0" * 32, duress=True)
    code = emergency_code("48291573", b"p" * 32, hold_minutes=9)
    policy = compiled(encoded(records(pin, code, HOME_OF_EMERGENCY))).policy
    assert policy.typed_by_home == {"home-1": (pin,), "home-0": (code,)}
    assert policy.home_ids_by_number["0"] == "home-0"
