"""The records of one gate, made of facts alone: each field of each kind, and who is left out."""

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

import msgspec
import pytest

from gate_controller.contract.calendars import Span
from gate_controller.contract.features import FACE_BESIDE
from gate_controller.contract.pins import card_tag, gate_pin_tag
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
    LaneRecord,
    Method,
    PersonRecord,
    PinCredential,
    PolicyRefused,
    Posture,
    PostureOverride,
    QrCredential,
    SiteRecord,
    TwoMethods,
    VisitorCodeCredential,
)
from web_admin.compound.models import CredentialRow, GrantRow, Home, Hours, Lane, Person, Site
from web_admin.core.sealing import SealBroken, seal_card_number, seal_pin_tag
from web_admin.face.engine import FACE_ENGINE
from web_admin.gates.rules import ANTIPASSBACKS
from web_admin.policy.facts import GateFacts
from web_admin.policy.lanes import LiveLanes
from web_admin.policy.records import (
    GateKeys,
    PeopleRecords,
    SiteRecords,
    chosen_beside_face,
    hours_record,
    lane_record,
    open_gate_keys,
)

NOW = datetime(2026, 3, 4, 20, 0, tzinfo=UTC)
"""The fifth already at the site."""
HOUR = timedelta(hours=1)
KEYS = GateKeys(b"c" * 32, b"p" * 32)
SALT, TAG, POINT = b"s" * 16, b"t" * 32, b"\x04" + bytes(64)
NORTH = GateFacts("north", 7, "paired", [FACE_BESIDE], 1, [], None, None)
SOUTH = NORTH._replace(gate_id="south", number=8)


def a_lane(lane_id="north-in", gate_id="north", **others) -> Lane:
    fields = {
        "name": "In",
        "direction": "in",
        "methods": ["card", "pin", "face"],
        "method_hours": {},
        "pulse_seconds": 5.0,
        "slow_pulse_seconds": 15.0,
        "posture": "normal",
        "posture_hours": {},
        "interlock_with": [],
        "antipassback": "off",
        "held_after_restore": False,
        "staff_hold_minutes": 30,
    }
    return Lane(lane_id=lane_id, gate_id=gate_id, **(fields | others))


def hours(hours_id="h", *spans) -> Hours:
    days = [{"days": ["mon"], "from_minute": 60, "until_minute": 120}]
    return Hours(hours_id=hours_id, name=f"Hours {hours_id}", spans=list(spans) or days)


# -- lanes and hours -----------------------------------------------------------------------------------


def test_every_setting_of_a_lane_reaches_its_gate() -> None:
    row = a_lane(
        direction="out",
        method_hours={"pin": "h"},
        pulse_seconds=2.0,
        slow_pulse_seconds=9.0,
        posture="lockdown",
        posture_hours={"g": "held_open"},
        posture_author_id="m",
        interlock_with=["other"],
        antipassback="hard",
        staff_hold_minutes=12,
        override_posture="disabled",
        override_author_id="w",
        override_reason="a van",
        override_until=NOW + HOUR,
    )
    assert lane_record(row, 7, NOW) == LaneRecord(
        lane_id="north-in",
        gate_id="north",
        gate_number=7,
        name="In",
        direction="out",
        methods=(Method.CARD, Method.PIN, Method.FACE),
        pulse_seconds=2.0,
        slow_pulse_seconds=9.0,
        method_hours={Method.PIN: "h"},
        posture=Posture.LOCKDOWN,
        posture_hours={"g": Posture.HELD_OPEN},
        posture_override=PostureOverride(Posture.DISABLED, "w", "a van", NOW + HOUR),
        posture_author_id="m",
        interlock_with=("other",),
        antipassback=ANTIPASSBACKS["hard"],
        staff_hold_minutes=12,
    )


def test_an_override_counts_until_its_end_and_needs_neither_author_nor_reason() -> None:
    ordered = {"override_posture": "lockdown", "override_until": NOW + HOUR}
    override = lane_record(a_lane(**ordered), 7, NOW).posture_override
    assert override == PostureOverride(Posture.LOCKDOWN, "system", "", NOW + HOUR)
    for other in ({"override_until": NOW}, {"override_until": None}, {"override_posture": None}):
        assert lane_record(a_lane(**(ordered | other)), 7, NOW).posture_override is None


def test_the_author_of_a_schedule_is_named_where_there_is_one() -> None:
    record = lane_record(a_lane(posture_author_id="m"), 7, NOW)
    assert (record.direction, record.posture_author_id) == ("in", None)


@pytest.mark.parametrize(
    "odd",
    [{"methods": ["voice"]}, {"posture": "ajar"}, {"antipassback": "odd"}, {"posture_hours": {"h": "x"}}],
)
def test_a_word_that_no_gate_knows_is_refused_with_the_name_of_its_lane(odd) -> None:
    with pytest.raises(PolicyRefused, match=r"^lane 'north-in': "):
        lane_record(a_lane(**odd), 7, NOW)


def test_hours_keep_their_name_and_spans_and_are_refused_where_they_are_none() -> None:
    assert hours_record(hours()) == HoursRecord("h", "Hours h", (Span(("mon",), 60, 120),))
    for span in ({"days": ["mon"]}, {"days": ["mon"], "from_minute": -1, "until_minute": 9}):
        with pytest.raises(PolicyRefused, match=r"^the hours 'h': "):
            hours_record(hours("h", span))


def test_a_gates_keys_are_opened_each_as_itself_and_refused_where_there_are_none(sealer) -> None:
    card, pin = (sealer.seal(key, purpose="gate-key") for key in (b"c" * 32, b"p" * 32))
    gate = NORTH._replace(card_key_sealed=card, pin_key_sealed=pin)
    assert open_gate_keys(sealer, gate) == KEYS
    for missing in ({"card_key_sealed": None}, {"pin_key_sealed": None}):
        with pytest.raises(SealBroken):
            open_gate_keys(sealer, gate._replace(**missing))


# -- facts ---------------------------------------------------------------------------------------------


def person(person_id="p", **others) -> Person:
    fields = {
        "kind": "resident",
        "age_band": "adult",
        "methods": ["card", "pin", "qr", "face"],
        "suspended": False,
        "slow_pass": False,
        "may_override": False,
        "home_id": "home",
    }
    return Person(person_id=person_id, **(fields | others))


def grant(*lanes, **others) -> GrantRow:
    return GrantRow(lanes=list(lanes or ("north-in",)), **others)


def facts(*persons, **others):
    """Return a site with two gates, whose people have a grant in the north and nothing to show."""
    face = {
        "agreed_guardians": {},
        "guardian_ids": {},
        "guardians_needed": {},
        "dropped_looks": {},
        "signs": False,
        "notices": (),
    }
    lanes = {"north": [a_lane()], "south": [a_lane("south-in", "south")]}
    named = frozenset({"north-in", "south-in"})
    fields = {
        "site": Site(
            site_id="s",
            name="Court",
            timezone="Asia/Shanghai",
            face_enabled=True,
            card_bits=32,
            max_policy_age_days=30,
            face_pause_hours=12,
        ),
        "gates": [NORTH, SOUTH],
        "lanes": lanes,
        "gate_of_lane": {"north-in": "north", "south-in": "south", "north-dead": "north"},
        "live_lanes": LiveLanes(named, named, frozenset()),
        "hours": {"h": hours(), "g": hours("g")},
        "hours_by_lane": {},
        "calendar": {},
        "homes": {"home": Home(home_id="home", number="3-1502", pin_salt=SALT)},
        "persons": persons,
        "grants": {one.person_id: [grant()] for one in persons},
        "credentials": {},
        "consents": {},
        "shares": {},
        "ended_passes": [],
        "face": SimpleNamespace(**face),
        "two_method_requests": {},
    }
    return SimpleNamespace(**(fields | others))


# -- records about no person ---------------------------------------------------------------------------


def of_site(some, gate=NORTH):
    return dict(SiteRecords(some, NOW).records(gate))


def test_the_sites_own_record_says_what_the_site_chose() -> None:
    whole = of_site(facts())
    assert whole["site"] == SiteRecord("s", "Court", "Asia/Shanghai", 32, 30, 12)
    assert set(whole) == {"site", "lane:north-in"}
    few = facts()
    few.site.card_bits = 24
    assert of_site(few)["site"].card_bits == 24
    few.site.card_bits = None
    assert of_site(few)["site"].card_bits == 32


def test_a_calendar_reaches_a_gate_with_each_day() -> None:
    days = {date(2026, 10, 1): "holiday", date(2026, 10, 10): "mon"}
    record = of_site(facts(calendar=days))["calendar"]
    expected = {"2026-10-01": "holiday", "2026-10-10": "mon"}
    assert record == msgspec.convert({"exceptions": expected}, CalendarRecord)


def test_each_gate_gets_its_own_lanes_with_its_own_number_and_the_hours_they_name() -> None:
    lanes = {
        "north": [a_lane(method_hours={"pin": "h"}), a_lane("north-out", posture_hours={"g": "lockdown"})],
        "south": [a_lane("south-in", "south")],
    }
    every = {name: hours(name) for name in ("h", "g", "k", "unused")}
    some = facts(
        lanes=lanes, hours=every, hours_by_lane={"south-in": frozenset({"k", "gone"}), "other": {"unused"}}
    )
    north, south = of_site(some), of_site(some, SOUTH)
    assert set(north) == {"site", "lane:north-in", "lane:north-out", "hours:h", "hours:g"}
    assert set(south) == {"site", "lane:south-in", "hours:k"}
    assert (north["lane:north-in"].gate_number, south["lane:south-in"].gate_number) == (7, 8)
    assert north["hours:g"] == hours_record(every["g"])


def test_a_lane_is_published_as_it_fits_its_sheet() -> None:
    without = LiveLanes(frozenset({"north-in"}), frozenset(), frozenset())
    assert of_site(facts(live_lanes=without))["lane:north-in"].methods == (Method.CARD, Method.PIN)


def test_an_override_reaches_its_gate_while_it_lasts() -> None:
    def published(until):
        row = a_lane(override_posture="lockdown", override_until=until)
        return of_site(facts(lanes={"north": [row], "south": []}))["lane:north-in"].posture_override

    assert published(NOW + HOUR) == PostureOverride(Posture.LOCKDOWN, "system", "", NOW + HOUR)
    assert published(NOW) is None


def test_notices_go_where_face_is_offered() -> None:
    notices = tuple(FaceNoticeRecord(language, 2, bytes(32), {}) for language in ("zh", "en"))
    some = facts()
    some.face.notices = notices
    some.live_lanes = LiveLanes(frozenset({"north-in", "south-in"}), frozenset({"north-in"}), frozenset())
    whole = of_site(some)
    assert (whole["face_notice:zh"], whole["face_notice:en"]) == notices
    assert set(of_site(some, SOUTH)) == {"site", "lane:south-in"}


def test_a_withdrawn_pass_goes_to_the_gates_that_it_names() -> None:
    ended = SimpleNamespace(pass_id="w", gate_numbers=[8, 9], valid_until=NOW + HOUR)
    some = facts(ended_passes=[ended])
    assert of_site(some, SOUTH)["ended_pass:w"] == EndedPassRecord("w", NOW + HOUR)
    assert "ended_pass:w" not in of_site(some)


@pytest.mark.parametrize(
    ("lane", "reason"),
    [
        (a_lane(methods=["face"]), "every lane must offer the card"),
        (a_lane(methods=["card", "face"], method_hours={"card": "h"}), "offers only face on"),
        (
            a_lane(method_hours={"pin": "never"}),
            "lane 'north-in' names the hours 'never', which do not exist",
        ),
        (a_lane(posture_hours={"never": "lockdown"}), "names the hours 'never', which do not exist"),
    ],
)
def test_a_lane_that_breaks_promise_one_or_names_unknown_hours_is_refused(lane, reason) -> None:
    SiteRecords(facts(), NOW).check()
    with pytest.raises(PolicyRefused, match=reason):
        SiteRecords(facts(lanes={"north": [a_lane("first"), lane], "south": []}), NOW).check()
    with pytest.raises(PolicyRefused, match=reason):
        SiteRecords(facts(lanes={"north": [], "south": [lane]}), NOW).check()


def test_a_lane_whose_face_may_not_be_offered_is_judged_as_it_is_published() -> None:
    lane = a_lane(methods=["card", "face"], method_hours={"card": "h"})
    some = facts(lanes={"north": [lane], "south": []})
    some.live_lanes = LiveLanes(frozenset({"north-in"}), frozenset(), frozenset())
    SiteRecords(some, NOW).check()


# -- people --------------------------------------------------------------------------------------------


@pytest.fixture
def made(sealer):
    """Return a maker of credentials."""

    def make(credential_id, kind, secret=None, **others):
        sealed = None
        if isinstance(secret, int):
            sealed = seal_card_number(sealer, secret)
        elif secret is not None:
            sealed = seal_pin_tag(sealer, secret)
        fields = {"state": "active", "duress": False, "printed": False, "secret_sealed": sealed}
        return CredentialRow(credential_id=credential_id, kind=kind, **(fields | others))

    return make


@pytest.fixture
def of_people(sealer):
    def records(some, gate=NORTH, keys=KEYS):
        return dict(PeopleRecords(some, sealer, NOW).records(gate, keys))

    return records


def test_a_person_reaches_a_gate_with_all_that_it_judges_by(of_people) -> None:
    staff = person(kind="staff", may_override=True, slow_pass=True, methods=["qr", "card", "face", "odd"])
    some = facts(staff, two_method_requests={"p": SimpleNamespace(from_minute=60, until_minute=90)})
    some.grants = {
        "p": [
            grant("south-in", "north-in", "dead", hours_id="h", valid_from=NOW, valid_until=NOW + HOUR),
            grant("north-in"),
            grant("south-in"),
        ]
    }
    whole = of_people(some)
    assert set(whole) == {"person:p", "home:home"}
    assert whole["home:home"] == HomeRecord("home", "3-1502", SALT)
    assert whole["person:p"] == PersonRecord(
        person_id="p",
        methods=(Method.CARD, Method.QR),
        grants=(Grant(("north-in",), "h", NOW, NOW + HOUR), Grant(("north-in",))),
        home_id="home",
        suspended=False,
        slow_pass=True,
        may_override=True,
        two_methods=TwoMethods(60, 90),
    )


def test_a_grants_lanes_are_split_by_gate_also_where_many_name_the_same(of_people) -> None:
    lanes = {"north": [a_lane(), a_lane("north-out")], "south": [a_lane("south-in", "south")]}
    some = facts(person("p"), person("q"), lanes=lanes)
    some.grants = {name: [grant("north-out", "south-in", "north-in")] for name in ("p", "q")}
    for name in ("p", "q"):
        assert of_people(some)[f"person:{name}"].grants == (Grant(("north-out", "north-in")),)
        assert of_people(some, SOUTH)[f"person:{name}"].grants == (Grant(("south-in",)),)


def test_who_has_no_grant_at_a_gate_is_left_out_with_home_and_credentials(of_people, made) -> None:
    some = facts(person("q", home_id=None), person("p"), credentials={"p": [made("c", "card", 1)]})
    some.grants = {"p": [grant("south-in")], "q": [grant()]}
    assert set(of_people(some)) == {"person:q"}
    assert set(of_people(some, SOUTH)) == {"person:p", "face_offer:p", "home:home", "credential:c"}
    some.grants = {}
    assert of_people(some) == {}


@pytest.mark.parametrize(
    ("who", "may"),
    [
        ({"kind": "staff", "may_override": True}, True),
        ({"kind": "resident", "may_override": True}, False),
        ({"kind": "staff", "may_override": False}, False),
        ({"kind": "staff", "may_override": True, "suspended": True}, False),
    ],
)
def test_staff_who_may_and_are_not_suspended_override(of_people, who, may: bool) -> None:
    record = of_people(facts(person(**who)))["person:p"]
    assert (record.may_override, record.suspended) == (may, who.get("suspended", False))


def test_each_credential_reaches_a_gate_under_that_gates_own_keys(of_people, made) -> None:
    window = {"valid_from": NOW - HOUR, "valid_until": NOW + HOUR}
    rows = [
        made("card", "card", 77, state="suspended", **window),
        made("pin", "pin", TAG, duress=True, **window),
        made("qr", "qr", public_key=POINT, **window),
        made("visit", "visitor_code", TAG, lanes=["north-in"], **window),
    ]
    some, times = facts(person(), credentials={"p": rows}), (NOW - HOUR, NOW + HOUR)
    whole, pin_tag = of_people(some), gate_pin_tag(TAG, KEYS.pin_key)
    card = CardCredential("card", "p", CredentialState.SUSPENDED, *times, card_tag(77, KEYS.card_key))
    assert whole["credential:card"] == card
    active = CredentialState.ACTIVE
    assert whole["credential:pin"] == PinCredential("pin", "p", active, *times, "home", pin_tag, duress=True)
    assert whole["credential:qr"] == QrCredential("qr", "p", active, *times, POINT)
    assert whole["credential:visit"] == VisitorCodeCredential(
        "visit", "p", active, *times, "home", pin_tag, lanes=("north-in",)
    )
    some.credentials["p"][1].duress = False
    assert not of_people(some)["credential:pin"].duress


def test_without_a_home_nothing_typed_is_published(of_people, made) -> None:
    rows = [
        made("pin", "pin", TAG),
        made("visit", "visitor_code", TAG, lanes=["north-in"]),
        made("c", "card", 1),
    ]
    some = facts(person(home_id=None), credentials={"p": rows})
    assert set(of_people(some)) == {"person:p", "face_offer:p", "credential:c"}


@pytest.mark.parametrize(
    ("lanes", "here"),
    [
        (["north-in"], ("north-in",)),
        (["north-in", "north-dead"], ("north-in",)),
        (["north-in", "unknown"], ("north-in",)),
        (["north-in", "south-in"], None),
        (["south-in"], None),
        (["north-dead"], None),
        ([], None),
        (None, None),
    ],
)
def test_a_visitors_code_reaches_the_one_gate_that_it_names(of_people, made, lanes, here) -> None:
    some = facts(person(), credentials={"p": [made("visit", "visitor_code", TAG, lanes=lanes)]})
    found = of_people(some).get("credential:visit")
    assert (found and found.lanes) == here


def test_a_secret_that_cannot_be_opened_leaves_out_its_credential_alone_and_names_it(
    of_people, made, caplog
) -> None:
    rows = [made("broken", "card", secret_sealed=b"x"), made("none", "pin"), made("c", "card", 1)]
    some = facts(person(), person("q"), credentials={"p": rows, "q": [made("d", "card", 2)]})
    assert {key for key in of_people(some) if key.startswith("credential:")} == {
        "credential:c",
        "credential:d",
    }
    names = [record.getMessage().split()[1] for record in caplog.records]
    assert names == ["broken", "none"]


def with_face(*rows, **others):
    some = facts(person(), credentials={"p": list(rows)}, consents={"p": "c"}, shares={("p", "north"): "c"})
    for name, value in others.items():
        setattr(some, name, value)
    return some


def test_a_face_is_published_beside_a_way_with_the_method(of_people, made) -> None:
    whole = of_people(with_face(made("k", "card", 1, valid_until=NOW + HOUR)))
    assert whole["face:p"] == FaceRecord("p", "c", FACE_ENGINE, NOW + HOUR)
    assert whole["person:p"].methods == (Method.CARD, Method.PIN, Method.QR, Method.FACE)
    assert "face_offer:p" not in whole


@pytest.mark.parametrize(
    "changed",
    [
        {"methods": ["card", "pin"]},
        {"face_paused_reason": "no_other_way"},
        {"age_band_until": date(2026, 3, 5)},
    ],
    ids=["not chosen", "paused", "the band ends on this day of the site"],
)
def test_no_face_is_published_where_it_is_not_wanted(of_people, made, changed) -> None:
    some = with_face(made("k", "card", 1))
    assert "face:p" in of_people(some)
    for name, value in changed.items():
        setattr(some.persons[0], name, value)
    whole = of_people(some)
    assert "face:p" not in whole
    assert Method.FACE not in whole["person:p"].methods


def test_without_a_consent_a_share_or_a_lane_with_face_no_face_is_published(of_people, made) -> None:
    card = made("k", "card", 1)
    no_lane = LiveLanes(frozenset({"north-in"}), frozenset(), frozenset())
    for missing in ({"consents": {}}, {"shares": {}}, {"live_lanes": no_lane}):
        whole = of_people(with_face(card, **missing))
        assert "face:p" not in whole
        assert Method.FACE not in whole["person:p"].methods


def test_the_hours_of_a_way_are_those_of_the_sites_calendar(of_people, made) -> None:
    bound = {"north": [a_lane(methods=["card", "pin", "face"], method_hours={"pin": "h"})], "south": []}
    rule = hours("h", {"days": ["holiday"], "from_minute": 60, "until_minute": 120})
    pin = made("k", "pin", TAG)
    some = with_face(pin, lanes=bound, hours={"h": rule}, calendar={date(2026, 5, 1): "holiday"})
    until = of_people(some)["face:p"].valid_until
    assert until == datetime(2026, 4, 30, 18, 0, tzinfo=UTC), "two in the morning of the first of May there"
    assert "face:p" not in of_people(with_face(pin, lanes=bound, hours={"h": rule}))


def test_who_may_consent_here_is_listed_where_face_is_offered(of_people, made) -> None:
    some = facts(person(methods=["card"]), credentials={"p": [made("k", "card", 1)]})
    assert of_people(some)["face_offer:p"] == FaceOfferRecord("p")
    some.live_lanes = LiveLanes(frozenset({"north-in"}), frozenset(), frozenset())
    assert "face_offer:p" not in of_people(some)
    no_way = facts(person(methods=["card"]), credentials={"p": [made("k", "card", 1, valid_until=NOW)]})
    assert "face_offer:p" not in of_people(no_way)


@pytest.mark.parametrize(("ends", "is_listed"), [(date(2026, 3, 5), False), (date(2026, 3, 6), True)])
def test_who_came_of_age_on_this_day_of_the_site_is_asked_for_no_consent(
    of_people, made, ends, is_listed: bool
) -> None:
    some = facts(person(methods=["card"], age_band_until=ends), credentials={"p": [made("k", "card", 1)]})
    assert ("face_offer:p" in of_people(some)) is is_listed


def test_a_home_is_listed_once(sealer) -> None:
    some = facts(person("p"), person("q"), person("r", home_id="gone"), person("t", home_id=None))
    keys = [key for key, _ in PeopleRecords(some, sealer, NOW).records(NORTH, KEYS)]
    assert keys == ["person:p", "home:home", "person:q", "person:r", "person:t"]


def test_people_without_another_way_are_those_whose_face_must_pause(sealer, made) -> None:
    names = ("alone", "beside", "unchosen", "paused", "no consent", "unused card", "ended", "over")
    people = {name: person(name) for name in names}
    people["unchosen"].methods = ["card"]
    people["paused"].face_paused_reason = "asked"
    people["unused card"].methods = ["pin", "face"]
    people["over"].age_band_until = date(2026, 3, 5)
    some = facts(*people.values())
    some.credentials = {
        "beside": [made("a", "card", 1)],
        "unused card": [made("b", "card", 2)],
        "ended": [made("c", "card", 3, valid_until=NOW)],
    }
    some.consents = {name: name for name in names if name != "no consent"}
    found = PeopleRecords(some, sealer, NOW).pause_without_another_way()
    assert found == ["alone", "unused card", "ended"]


def test_a_face_that_must_pause_is_not_published(sealer, made) -> None:
    later = made("k", "card", 1, valid_from=NOW + HOUR)
    people = PeopleRecords(with_face(later), sealer, NOW)
    assert people.pause_without_another_way() == ["p"]
    assert "face:p" not in dict(people.records(NORTH, KEYS))
    assert "face:p" in dict(PeopleRecords(with_face(later), sealer, NOW).records(NORTH, KEYS))


def test_methods_are_chosen_and_usable(made) -> None:
    rows = [made("a", "card", 1), made("b", "pin", TAG), made("c", "qr", valid_from=NOW + HOUR)]
    assert chosen_beside_face(person(methods=["card", "qr"]), rows, NOW) == {Method.CARD}


def test_a_code_of_the_servers_is_no_way_beside_a_face_and_one_on_paper_or_of_the_phone_is(made) -> None:
    someone = person(methods=["qr"])
    assert chosen_beside_face(someone, [made("a", "qr")], NOW) == frozenset()
    for own in (made("b", "qr", printed=True), made("c", "qr", public_key=POINT)):
        assert chosen_beside_face(someone, [made("a", "qr"), own], NOW) == {Method.QR}
