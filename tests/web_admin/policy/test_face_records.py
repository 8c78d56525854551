"""One person's record of face at one gate: when there is one, until when, and who may still consent there."""

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest

from gate_controller.contract.calendars import DAY_KINDS, SiteCalendar, Span, WeeklyHours
from gate_controller.contract.features import FACE_BESIDE
from gate_controller.contract.records import FaceOfferRecord, FaceRecord, Grant, Method
from web_admin.compound.models import Person
from web_admin.face.engine import FACE_ENGINE
from web_admin.policy.face_records import face_offer, face_record
from web_admin.policy.face_times import FOREVER, FaceTimes, Way, place_of
from web_admin.policy.facts import GateFacts

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 3, 4, 11, 0, tzinfo=UTC)
TODAY = date(2026, 3, 4)
HOUR = timedelta(hours=1)
HERE = Grant(("in",))
PLACES = {"in": place_of(("card", "pin", "face"), {}), "out": place_of(("pin", "face"), {})}
CARD, PIN = Way(Method.CARD, NOW, FOREVER), Way(Method.PIN, NOW, FOREVER)


def facts(**others):
    """Return a site where `p` has consented to the face that `north` has a share of."""
    face = {
        "agreed_guardians": {},
        "guardian_ids": {},
        "guardians_needed": {},
        "dropped_looks": {},
        "signs": False,
    }
    fields = {
        "site": SimpleNamespace(timezone="Europe/Berlin", face_enabled=True),
        "consents": {"p": "consent"},
        "shares": {("p", "north"): "consent"},
        "lanes": {"north": [SimpleNamespace(lane_id="out"), SimpleNamespace(lane_id="in")]},
        "live_lanes": SimpleNamespace(offers_face=lambda lane: lane.lane_id == "in"),
        "face": SimpleNamespace(**(face | {name: others.pop(name) for name in set(face) & set(others)})),
    }
    return SimpleNamespace(**(fields | others))


def gate(*knows: str) -> GateFacts:
    return GateFacts("north", 1, "paired", list(knows), 1, [], None, None)


def person(**others) -> Person:
    fields = {"person_id": "p", "kind": "resident", "age_band": "adult", "suspended": False}
    return Person(**(fields | others))


def record(of=None, who=None, *, ways=(CARD,), grants=(HERE,), knows=(FACE_BESIDE,), **hours: Span):
    tables = {name: WeeklyHours.from_spans((span,)) for name, span in hours.items()}
    times = FaceTimes(SiteCalendar(BERLIN, {}), tables, NOW)
    places = PLACES | {"bound": place_of(("card", "face"), {Method.CARD: "h"})}
    return face_record(of or facts(), who or person(), gate(*knows), grants, ways, times, places)


def test_a_face_beside_a_way_without_an_end_has_none() -> None:
    whole = FaceRecord("p", "consent", FACE_ENGINE, None, (), ())
    assert record() == whole
    assert record(knows=()) == whole


@pytest.mark.parametrize(
    "shares",
    [{}, {("p", "north"): "older"}, {("p", "south"): "consent"}, {("q", "north"): "consent"}],
    ids=["none", "of another consent", "at another gate", "of another person"],
)
def test_without_a_share_of_this_consent_here_there_is_no_face(shares) -> None:
    assert record(facts(shares=shares)) is None


@pytest.mark.parametrize("knows", [(), (FACE_BESIDE,)])
def test_a_face_ends_with_the_last_other_way_at_the_lanes_of_its_person(knows) -> None:
    ends = CARD._replace(ends=NOW + HOUR)
    assert record(ways=(ends,), knows=knows).valid_until == NOW + HOUR
    assert record(ways=(ends, PIN), knows=knows).valid_until is None
    assert record(ways=(), knows=knows) is None
    assert record(ways=(CARD,), grants=(Grant(("out",)),), knows=knows) is None, "no card is taken there"
    assert record(ways=(CARD,), grants=(Grant(("elsewhere",)),), knows=knows) is None


def test_an_older_gate_keeps_a_face_only_where_each_granted_lane_has_a_way() -> None:
    both = (Grant(("in", "out")),)
    assert record(grants=both).valid_until is None
    assert record(grants=both, knows=()) is None, "nothing but face at the way out"
    ends = PIN._replace(ends=NOW + HOUR)
    assert record(grants=both, ways=(CARD, ends), knows=()).valid_until == NOW + HOUR
    assert record(grants=(HERE, Grant(("out",))), ways=(CARD, ends), knows=()).valid_until == NOW + HOUR
    assert record(grants=(HERE,), ways=(CARD, ends), knows=()).valid_until is None, (
        "no other lane concerns it"
    )


def test_hours_of_the_other_way_end_a_face_at_an_older_gate_alone() -> None:
    bound, day = (Grant(("bound",)),), Span(DAY_KINDS, 480, 1200)
    assert record(grants=bound, h=day).valid_until is None
    assert record(grants=bound, knows=("another",), h=day) is None
    assert record(grants=bound, knows=("another", FACE_BESIDE), h=day).valid_until is None


def test_a_face_that_no_way_will_stand_beside_is_kept_by_no_gate_of_either_kind() -> None:
    for knows in ((), (FACE_BESIDE,)):
        assert record(grants=(Grant(("bound",)),), knows=knows) is None, "hours that nobody knows"


def test_a_minors_face_names_the_guardians_who_agreed_and_waits_for_one() -> None:
    minor = person(age_band="14_17")
    agreed = facts(agreed_guardians={"consent": ("g1", "g2"), "other": ("g3",)})
    assert record(agreed, minor).guardian_ids == ("g1", "g2")
    assert record(agreed).guardian_ids == ()
    assert record(facts(), minor) is None
    assert record(facts(agreed_guardians={"consent": ()}), minor) is None


def test_a_face_ends_on_the_day_of_an_age_band_at_the_sites_midnight_or_sooner() -> None:
    midnight = datetime(2026, 3, 6, tzinfo=BERLIN)
    minor = person(age_band_until=date(2026, 3, 6))
    assert record(None, minor).valid_until == midnight
    sooner, later = CARD._replace(ends=NOW + HOUR), CARD._replace(ends=NOW + 90 * HOUR)
    assert record(None, minor, ways=(sooner,)).valid_until == NOW + HOUR
    assert record(None, minor, ways=(later,)).valid_until == midnight


def test_looks_that_were_dropped_are_those_of_this_consent_at_this_gate() -> None:
    dropped = {("consent", "north"): ("l1", "l2"), ("consent", "south"): ("l3",), ("older", "north"): ("l4",)}
    assert record(facts(dropped_looks=dropped)).dropped_looks == ("l1", "l2")


# -- who may still consent ---------------------------------------------------------------------------

ASKED = {"consents": {}}
METHODS = frozenset({Method.CARD})


def offer(of=None, who=None, *, grants=(HERE,), ways=METHODS):
    return face_offer(of or facts(**ASKED), who or person(), gate(), grants, ways, TODAY)


def test_who_has_another_way_and_no_consent_may_give_one_at_the_keypad_or_on_the_phone() -> None:
    assert offer() == FaceOfferRecord("p", (), on_phone=False)
    assert offer(facts(signs=True, **ASKED)) == FaceOfferRecord("p", (), on_phone=True)


@pytest.mark.parametrize(
    ("of", "who", "others"),
    [
        (facts(), None, {}),
        (facts(site=SimpleNamespace(timezone="Europe/Berlin", face_enabled=False), **ASKED), None, {}),
        (None, person(suspended=True), {}),
        (None, None, {"ways": frozenset()}),
        (None, person(kind="unnamed"), {}),
        (None, None, {"grants": (Grant(("out",)),)}),
        (None, None, {"grants": ()}),
        (facts(lanes={"north": [SimpleNamespace(lane_id="out")]}, **ASKED), None, {}),
        (None, person(age_band="under_14"), {}),
        (None, person(age_band_until=TODAY), {}),
        (None, person(age_band="14_17"), {}),
        (facts(guardian_ids={"q": ("g",)}, **ASKED), person(age_band="14_17"), {}),
    ],
    ids=[
        "has consented",
        "face is off",
        "suspended",
        "no other way",
        "no particular person",
        "no lane with face",
        "no grant",
        "no such lane is live",
        "a child",
        "the band ends today",
        "a minor without a guardian",
        "a guardian of another",
    ],
)
def test_no_one_else_is_asked(of, who, others) -> None:
    assert offer(of, who, **others) is None


def test_one_lane_with_face_of_several_and_a_band_that_ends_tomorrow_are_enough() -> None:
    assert offer(grants=(Grant(("out",)), Grant(("elsewhere", "in")))) == FaceOfferRecord("p")
    assert offer(who=person(age_band_until=TODAY + timedelta(days=1))) == FaceOfferRecord("p")


@pytest.mark.parametrize(
    ("rules", "on_phone"),
    [
        ({}, False),
        ({"signs": True}, True),
        ({"guardians_needed": {"p": 2}}, True),
        ({"guardians_needed": {"p": 1}}, False),
        ({"guardians_needed": {"q": 2}}, False),
        ({"signs": True, "guardians_needed": {"p": 2}}, True),
    ],
)
def test_a_minor_is_asked_with_a_guardian_on_the_phone_where_two_are_needed(rules, on_phone: bool) -> None:
    of = facts(guardian_ids={"p": ("g1", "g2")}, **rules, **ASKED)
    assert offer(of, person(age_band="14_17")) == FaceOfferRecord("p", ("g1", "g2"), on_phone)
    grown = facts(guardians_needed={"p": 2}, **ASKED)
    assert offer(grown) == FaceOfferRecord("p"), "who is of age needs no guardian"
