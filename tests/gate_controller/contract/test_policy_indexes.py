"""What a policy keeps of its records, and under which names the rules find it."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from gate_controller.contract.calendars import DAY_KINDS, Span, WeeklyHours
from gate_controller.contract.policy import PolicySnapshot, check_promise_one, compile_policy, offered_methods
from gate_controller.contract.records import (
    CalendarRecord,
    CardCredential,
    CredentialState,
    EndedPassRecord,
    FaceNoticeRecord,
    FaceOfferRecord,
    FaceRecord,
    Grant,
    HomeRecord,
    HoursRecord,
    Method,
    PersonRecord,
    PinCredential,
    PolicyRefused,
    Record,
    TwoMethods,
    encode_record,
)
from tests.support.compounds.people import HOME, SITE, lane, person, records, visitor_code
from tests.support.gates.site_keys import encoded

NOW = datetime(2026, 3, 4, 4, 0, tzinfo=UTC)
OTHER_HOME = HomeRecord("home-2", "4-7", b"t" * 16)
ENDED, ACTIVE = CredentialState.ENDED, CredentialState.ACTIVE


def compiled(*parts: Record, **others: Record) -> PolicySnapshot:
    """Compile the parts and, by key (`__` for `:`), other records."""
    whole = encoded(records(*parts))
    whole |= {key.replace("__", ":"): encode_record(record) for key, record in others.items()}
    return compile_policy(whole, epoch=3, version=41, issued_at=NOW)


def pin(
    credential_id: str, person_id: str = "p", home_id: str = "home-1", **changes: object
) -> PinCredential:
    return PinCredential(credential_id, person_id, home_id=home_id, tag=b"t" * 32, **changes)  # type: ignore[arg-type]  # a table of field values


def test_a_policy_keeps_its_age_its_site_and_every_record_under_its_id() -> None:
    days = HoursRecord("days", "Days", (Span(("mon",), 360, 1320),))
    one, south = lane(), lane("south-in", gate_id="south", gate_number=2)
    policy = compiled(person("p"), pin("pin-1"), OTHER_HOME, days, south).policy
    assert (policy.epoch, policy.version, policy.issued_at) == (3, 41, NOW)
    assert policy.site == SITE and policy.calendar.zone == ZoneInfo("Asia/Shanghai")
    assert policy.lanes == {"north-in": one, "south-in": south} and policy.gate_numbers == {1, 2}
    assert policy.homes == {"home-1": HOME, "home-2": OTHER_HOME}
    assert policy.home_ids_by_number == {"31203": "home-1", "47": "home-2"}
    assert policy.persons == {"p": person("p")} and policy.credentials == {"pin-1": pin("pin-1")}
    assert policy.hours == {"days": WeeklyHours.from_spans(days.spans)}


def test_the_dates_of_the_calendar_count_and_without_one_there_are_none() -> None:
    assert compiled().policy.calendar.exceptions == {}
    feast = CalendarRecord({date(2026, 10, 1): "holiday"})
    assert compiled(calendar=feast).policy.calendar.exceptions == {date(2026, 10, 1): "holiday"}


def test_cards_are_found_by_tag_and_what_is_typed_by_home() -> None:
    card = CardCredential("card-1", "p", tag=b"c" * 32)
    code = visitor_code("48291573", b"p" * 32)
    policy = compiled(
        person("p"), card, pin("pin-1"), pin("pin-2", home_id="home-2"), code, OTHER_HOME
    ).policy
    assert policy.cards_by_tag == {b"c" * 32: card}
    assert policy.typed_by_home == {
        "home-1": (pin("pin-1"), code),
        "home-2": (pin("pin-2", home_id="home-2"),),
    }


@pytest.mark.parametrize("states", [(ENDED, ACTIVE), (ACTIVE, ENDED)])
def test_of_two_cards_with_one_tag_the_live_one_counts(states: tuple[CredentialState, ...]) -> None:
    twins = [CardCredential(f"card-{at}", "p", state=state, tag=b"c" * 32) for at, state in enumerate(states)]
    assert compiled(person("p"), *twins).policy.cards_by_tag[b"c" * 32].state is ACTIVE


def test_the_credentials_of_those_alone_who_want_two_ways_or_chose_face_are_kept_by_person() -> None:
    requester, bare = (without_face(name, two_methods=TwoMethods(0, 0)) for name in ("w", "b"))
    card, faced = CardCredential("card-w", "w", tag=b"c" * 32), person("f", methods=(Method.FACE,))
    parts = (requester, bare, faced, pin("pin-f", "f"), without_face("o"), pin("pin-o", "o"))
    policy = compiled(*parts, pin("pin-w", "w"), card).policy
    assert policy.credentials_for_ways == {"w": (card, pin("pin-w", "w")), "b": (), "f": (pin("pin-f", "f"),)}
    assert compiled(without_face("o"), pin("pin-o", "o")).policy.credentials_for_ways == {}


def without_face(person_id: str, **changes: object) -> PersonRecord:
    return person(person_id, methods=(Method.CARD, Method.PIN), **changes)


def test_ended_passes_are_known_by_their_id() -> None:
    ended = EndedPassRecord("0a1b", NOW)
    assert compiled(ended_pass__0a1b=ended).policy.ended_passes == {"0a1b"}
    assert compiled().policy.ended_passes == frozenset()


def test_faces_offers_and_notices_are_kept_beside_the_policy() -> None:
    face, offer = FaceRecord("p", "consent-1", "engine"), FaceOfferRecord("o", on_phone=True)
    notice = FaceNoticeRecord("en", 2, b"n" * 32, {"purpose": "x"})
    whole = compiled(face__p=face, face_offer__o=offer, face_notice__en=notice)
    assert whole.face_roster == {"p": face}
    assert whole.face_offers == {"o": offer}
    assert whole.face_notices == {"en": notice}


# -- what a refusal says: an installer acts on it ------------------------------------------------------


@pytest.mark.parametrize(
    ("part", "words"),
    [
        (
            lane(method_hours={Method.PIN: "gone"}),
            "lane 'north-in' names the hours 'gone', which do not exist",
        ),
        (
            person("p", grants=(Grant(("north-in",), None), Grant(("north-in",), "gone"))),
            "person 'p' has a grant in the hours 'gone', which do not exist",
        ),
        (lane(methods=(Method.FACE, Method.PIN)), "lane 'north-in' offers face, pin: every lane must offer"),
        (lane(methods=()), "lane 'north-in' offers nothing: every lane must offer the card"),
    ],
)
def test_a_refusal_names_the_record_and_what_is_wrong(part: Record, words: str) -> None:
    with pytest.raises(PolicyRefused) as refused:
        compiled(part)
    assert str(refused.value).startswith(words)


@pytest.mark.parametrize(
    ("minute", "clock"), [(0, "00:00"), (59, "00:59"), (60, "01:00"), (61, "01:01"), (1439, "23:59")]
)
def test_the_first_minute_of_face_alone_is_named(minute: int, clock: str) -> None:
    nearly = tuple(
        Span(DAY_KINDS, start, end) for start, end in ((0, minute), (minute + 1, 1440)) if start < end
    )
    hours = {"nearly": WeeklyHours.from_spans(nearly)}
    bad = lane(methods=(Method.CARD, Method.FACE), method_hours={Method.CARD: "nearly"})
    with pytest.raises(PolicyRefused, match=f"'north-in' offers only face on mon at {clock}: offer another"):
        check_promise_one({"north-in": bad}, hours)


def test_the_morning_after_a_night_counts_as_covered_by_the_night() -> None:
    always = {"always": WeeklyHours.from_spans((Span(DAY_KINDS, 1320, 360), Span(DAY_KINDS, 360, 1320)))}
    good = lane(methods=(Method.CARD, Method.FACE), method_hours={Method.CARD: "always"})
    check_promise_one({"north-in": good}, always)
    nights = {"night": WeeklyHours.from_spans((Span(("mon",), 1320, 360),))}
    in_nights = lane(methods=(Method.CARD, Method.FACE), method_hours={Method.FACE: "night"})
    at_two = [offered_methods(in_nights, nights, "tue", eve, 120) for eve in ("mon", "sun")]
    assert at_two == [(Method.CARD, Method.FACE), (Method.CARD,)]


def test_face_alone_in_the_morning_after_a_night_is_refused() -> None:
    hours = {
        "night": WeeklyHours.from_spans((Span(DAY_KINDS, 1320, 360),)),
        "evening": WeeklyHours.from_spans((Span(DAY_KINDS, 1320, 1440),)),
    }
    bad = lane(
        methods=(Method.CARD, Method.FACE), method_hours={Method.CARD: "evening", Method.FACE: "night"}
    )
    with pytest.raises(PolicyRefused, match="offers only face on mon at 00:00"):
        check_promise_one({"north-in": bad}, hours)


def test_a_lane_without_face_does_not_hide_the_next_that_has_it_alone() -> None:
    days = {"days": WeeklyHours.from_spans((Span(DAY_KINDS, 360, 1320),))}
    plain = lane("a", methods=(Method.CARD,))
    bad = lane("b", methods=(Method.CARD, Method.FACE), method_hours={Method.CARD: "days"})
    with pytest.raises(PolicyRefused, match="'b' offers only face on mon at 00:00"):
        check_promise_one({"a": plain, "b": bad}, days)


def test_a_soft_lane_does_not_hide_the_next_that_is_hard() -> None:
    with pytest.raises(PolicyRefused, match="'lane:north-in-2' asks for hard"):
        compiled(lane(antipassback="soft"), lane("north-in-2", antipassback="hard"))
