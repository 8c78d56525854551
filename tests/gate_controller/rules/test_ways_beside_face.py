"""A face opens a lane only in the minutes in which another way of its person would (promise 1)."""

from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest

from gate_controller.contract.calendars import DAY_KINDS, Span
from gate_controller.contract.policy import Policy
from gate_controller.contract.records import (
    CalendarRecord,
    CardCredential,
    Credential,
    CredentialState,
    HomeRecord,
    HoursRecord,
    LaneRecord,
    Method,
    QrCredential,
    TwoMethods,
)
from gate_controller.rules.access import decide
from gate_controller.rules.decision import Claim, GateMemory, Reason
from gate_controller.rules.ways_beside_face import ways_that_work
from tests.support.compounds.people import card, lane, person, pin, visitor_code
from tests.support.gates.worlds import BERLIN, CARD_KEY, PERSON, PIN_KEY, policy_of

NOON = datetime(2026, 3, 4, 11, 0, tzinfo=UTC)
CARD, PIN, QR = card(7, CARD_KEY), pin("482915", PIN_KEY), QrCredential("qr-1", PERSON, printed=True)
PHONE, BY_SERVER = QrCredential("qr-2", PERSON, public_key=bytes(65)), QrCredential("qr-3", PERSON)
FACE = Claim(Method.FACE, PERSON)
DAYTIME = HoursRecord("day", "Day", (Span(("mon", "tue", "wed", "thu", "fri", "sat", "sun"), 480, 1200),))
AT_DAY = lane(method_hours={Method.PIN: "day"})


def by_face(*parts: object, memory: GateMemory = GateMemory(), now: datetime = NOON) -> Reason:  # noqa: B008
    return decide(FACE, "north-in", policy(*parts), memory, now).reason


def policy(*parts: object) -> Policy:
    return policy_of(*[person(), *parts], issued_at=NOON)


def after(credential: Credential, **changes: object) -> Credential:
    return msgspec.structs.replace(credential, **changes)


@pytest.mark.parametrize("way", [CARD, PIN, QR, PHONE])
def test_a_face_opens_beside_any_other_way_and_not_alone(way: Credential) -> None:
    assert by_face(way) is Reason.GRANTED
    assert by_face() is Reason.FACE_ALONE


@pytest.mark.parametrize("online", [True, False])
def test_a_code_that_the_server_makes_is_no_way_beside_a_face(online: bool) -> None:
    memory = GateMemory(online=online)
    assert by_face(BY_SERVER, memory=memory) is Reason.FACE_ALONE
    assert by_face(BY_SERVER, CARD, memory=memory) is Reason.GRANTED


@pytest.mark.parametrize(
    ("wall_clock", "reason"),
    [
        ((7, 59), Reason.FACE_ALONE),
        ((8, 0), Reason.GRANTED),
        ((19, 59), Reason.GRANTED),
        ((20, 0), Reason.FACE_ALONE),
        ((22, 0), Reason.FACE_ALONE),
    ],
)
def test_a_face_beside_a_pin_opens_in_the_hours_of_the_pin_alone(
    wall_clock: tuple[int, int], reason: Reason
) -> None:
    now = datetime(2026, 3, 4, *wall_clock, tzinfo=BERLIN)
    assert by_face(PIN, DAYTIME, AT_DAY, now=now) is reason
    assert by_face(PIN, CARD, DAYTIME, AT_DAY, now=now) is Reason.GRANTED


def test_a_holiday_on_which_the_pin_is_not_offered_pauses_the_face() -> None:
    feast = CalendarRecord({date(2026, 3, 4): "holiday"})
    assert by_face(PIN, DAYTIME, AT_DAY) is Reason.GRANTED
    assert by_face(PIN, DAYTIME, AT_DAY, feast) is Reason.FACE_ALONE


@pytest.mark.parametrize(
    ("window", "reason"),
    [
        ((None, timedelta()), Reason.FACE_ALONE),
        ((None, timedelta(seconds=1)), Reason.GRANTED),
        ((timedelta(), None), Reason.GRANTED),
        ((timedelta(seconds=1), None), Reason.FACE_ALONE),
    ],
)
def test_a_face_waits_for_the_first_moment_of_the_other_way_and_ends_with_its_last(
    window: tuple[timedelta | None, timedelta | None], reason: Reason
) -> None:
    begins, ends = (None if offset is None else NOON + offset for offset in window)
    assert by_face(after(CARD, valid_from=begins, valid_until=ends)) is reason


@pytest.mark.parametrize("state", [CredentialState.SUSPENDED, CredentialState.ENDED])
def test_a_way_that_is_suspended_or_ended_is_none(state: CredentialState) -> None:
    assert by_face(after(CARD, state=state)) is Reason.FACE_ALONE


@pytest.mark.parametrize(
    "held",
    [
        pin("739146", PIN_KEY, credential_id="pin-2", duress=True),
        visitor_code("48291573", PIN_KEY),
        card(8, CARD_KEY, person_id="someone"),
    ],
)
def test_what_calls_for_help_or_is_anothers_is_no_way(held: Credential) -> None:
    assert by_face(held) is Reason.FACE_ALONE


def test_a_way_that_the_lane_does_not_take_or_the_person_did_not_choose_is_none() -> None:
    assert by_face(PIN, lane(methods=(Method.CARD, Method.FACE))) is Reason.FACE_ALONE
    assert by_face(PIN, person(methods=(Method.CARD, Method.FACE))) is Reason.FACE_ALONE


def test_a_way_whose_readers_are_lost_is_none_and_the_next_counts() -> None:
    lost = GateMemory(lost_methods=frozenset({Method.CARD}))
    assert by_face(CARD, memory=lost) is Reason.FACE_ALONE
    assert by_face(CARD, PIN, memory=lost) is Reason.GRANTED
    assert ways_that_work(person(), lane(), policy(CARD, PIN), lost, NOON) == {Method.PIN}


def test_a_face_waits_with_the_pin_of_its_home_and_not_with_that_of_another_nor_with_a_card() -> None:
    waiting = GateMemory(homes_waiting=frozenset({"home-1"}))
    assert by_face(PIN, memory=waiting) is Reason.FACE_ALONE
    assert by_face(PIN, CARD, memory=waiting) is Reason.GRANTED
    assert by_face(PIN, memory=GateMemory(homes_waiting=frozenset({"home-2"}))) is Reason.GRANTED
    # Who types wrong numbers must not talk a two-method request down to one.
    assert ways_that_work(person(), lane(), policy(PIN), waiting, NOON) == {Method.PIN}


@pytest.mark.parametrize(("seconds", "reason"), [(0, Reason.GRANTED), (1, Reason.FACE_ALONE)])
def test_a_face_waits_as_long_as_its_last_other_way(seconds: int, reason: Reason) -> None:
    delayed = GateMemory(delayed_until={Method.PIN: NOON + timedelta(seconds=seconds)})
    assert by_face(PIN, memory=delayed) is reason
    assert by_face(PIN, CARD, memory=delayed) is Reason.GRANTED


def test_a_card_that_opens_as_another_ones_and_a_pin_without_its_home_are_no_way() -> None:
    twin = after(CARD, credential_id="card-9", person_id="someone", state=CredentialState.ACTIVE)
    assert by_face(CARD, twin) is Reason.FACE_ALONE
    assert by_face(after(PIN, home_id="home-9")) is Reason.FACE_ALONE
    same_digits = HomeRecord("home-2", "31-203", b"t" * 16)
    assert by_face(PIN, same_digits) is Reason.FACE_ALONE


def test_no_other_refusal_of_a_face_is_hidden() -> None:
    assert by_face(person(grants=())) is Reason.NO_GRANT
    assert by_face(person(suspended=True)) is Reason.PERSON_SUSPENDED
    assert by_face(CARD, memory=GateMemory(clock_sure=False)) is Reason.CLOCK_UNSURE
    beside = Claim(Method.FACE, PERSON, only_beside=True)
    assert decide(beside, "north-in", policy(), GateMemory(), NOON).reason is Reason.FACE_ALONE
    assert decide(beside, "north-in", policy(CARD), GateMemory(), NOON).reason is Reason.SECOND_METHOD


@pytest.mark.parametrize(
    ("shown_before", "reason"),
    [
        ({PERSON: frozenset({Method.CARD})}, Reason.GRANTED),
        ({PERSON: frozenset({Method.CARD, Method.FACE})}, Reason.GRANTED),
        ({PERSON: frozenset({Method.FACE})}, Reason.SECOND_METHOD),
        ({PERSON: frozenset()}, Reason.SECOND_METHOD),
        ({"another": frozenset({Method.CARD})}, Reason.SECOND_METHOD),
    ],
    ids=["a card", "a card and a face", "a face", "nothing", "another person's card"],
)
def test_a_face_that_counts_beside_a_way_alone_needs_one_that_was_shown(shown_before, reason: Reason) -> None:
    beside, memory = Claim(Method.FACE, PERSON, only_beside=True), GateMemory(shown_before=shown_before)
    assert decide(beside, "north-in", policy(CARD), memory, NOON).reason is reason
    assert by_face(CARD, memory=memory) is Reason.GRANTED, "another engine's face needs nothing shown"


def test_a_face_alone_is_no_second_method_either() -> None:
    wants_two = person(two_methods=TwoMethods(0, 0))
    shown = GateMemory(shown_before={PERSON: frozenset({Method.PIN})})
    ended = after(CARD, state=CredentialState.ENDED)
    assert decide(FACE, "north-in", policy(wants_two, CARD, PIN), shown, NOON).reason is Reason.GRANTED
    assert decide(FACE, "north-in", policy(wants_two, ended), shown, NOON).reason is Reason.FACE_ALONE


def test_a_face_is_no_second_method_while_the_pin_beside_the_card_waits() -> None:
    wants_two, shown = person(two_methods=TwoMethods(0, 0)), {PERSON: frozenset({Method.CARD})}
    whole = policy(wants_two, CARD, PIN)
    for memory in (
        GateMemory(shown_before=shown, homes_waiting=frozenset({"home-1"})),
        GateMemory(shown_before=shown, delayed_until={Method.PIN: NOON + timedelta(seconds=1)}),
    ):
        by_card = decide(Claim(Method.CARD, PERSON, CARD), "north-in", whole, memory, NOON)
        assert by_card.reason is Reason.SECOND_METHOD
        assert decide(FACE, "north-in", whole, memory, NOON).reason is Reason.FACE_ALONE
    beside = GateMemory(shown_before=shown)
    assert decide(FACE, "north-in", whole, beside, NOON).reason is Reason.GRANTED
    # Where the request cannot be met one way is enough, with a face as without.
    assert decide(FACE, "north-in", policy(wants_two, CARD), GateMemory(), NOON).reason is Reason.GRANTED


def test_a_card_is_decided_without_asking_for_other_ways() -> None:
    alone: LaneRecord = lane(methods=(Method.CARD, Method.FACE))
    no_face = person(methods=(Method.CARD,))
    held: CardCredential = CARD
    whole = policy(no_face, held, alone)
    assert decide(Claim(Method.CARD, PERSON, held), "north-in", whole, GateMemory(), NOON).opens
    assert whole.credentials_for_ways == {}


def test_hours_hold_on_every_kind_of_day() -> None:
    always = HoursRecord("day", "Day", (Span(DAY_KINDS, 0, 1440),))
    assert by_face(PIN, always, AT_DAY) is Reason.GRANTED
