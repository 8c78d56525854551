"""How a home is called: off at first, its adults' to change, and each person's numbers their own."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.support.calls_at_home import (
    another_at_home,
    call_now,
    change,
    home_of,
    rings,
    show_calls_on,
    take_calls,
)
from tests.support.compounds.resident import Compound
from tests.web_admin.calls.played_calls import set_clock
from tests.web_admin.resident.pressing import press
from web_admin.calls.gate_telephones import DEVICE, VOICE
from web_admin.calls.models import CallNumber, CallSettings, HomeCallWishes, TelephoneTask
from web_admin.calls.reach import called_persons
from web_admin.calls.telephone_tasks import OWN_TEST
from web_admin.compound.models import Gate, GrantRow, Person

pytestmark = pytest.mark.both_databases
PAGE = "/r/calls"
SHANGHAI = ZoneInfo("Asia/Shanghai")


def wishes(compound: Compound) -> HomeCallWishes | None:
    home_id = home_of(compound)
    with compound.session() as session:
        found = session.get(HomeCallWishes, home_id)
        session.expunge_all()
        return found


def choose(phone: FlaskClient, what: str, **fields: str) -> str:
    """Send one form of the page; return the page that follows."""
    answer = press(phone, f"{PAGE}/{what}", seen_on=PAGE, **fields)
    return answer.text if answer.status_code == 422 else phone.get(PAGE).text


@pytest.fixture
def called(small_compound: Compound, phone: FlaskClient) -> FlaskClient:
    take_calls(small_compound)
    return phone


def allow_telephones(compound: Compound) -> None:
    with compound.session() as session:
        session.add(CallSettings(site_id=compound.site_id, prefixes=["+86", "0"], hosts=[]))
        session.get_one(Gate, "north").device_states = [
            {"device": name, "health": "ok"} for name in (DEVICE, VOICE)
        ]


@pytest.mark.wide
def test_a_home_takes_no_calls_until_an_adult_of_it_switches_them_on(
    small_compound: Compound, phone: FlaskClient
) -> None:
    page = phone.get(PAGE).text
    assert (wishes(small_compound), 'aria-checked="false"' in page) == (None, True)
    assert "What rings for me" not in page
    page = choose(phone, "switch", on="1")
    assert "What rings for me" in page
    assert "Calls are on. Quiet from 22:00 to 07:00." in page
    made = wishes(small_compound)
    assert made is not None
    assert (made.quiet_from, made.quiet_until) == (22 * 60, 7 * 60)
    assert made.reach == ["page", "telephone"], (
        "the guard is offered at the gate, and called if the home says so"
    )
    assert (made.takes_calls, made.changed_by) == (True, small_compound.person_id)
    choose(phone, "switch", on="0")
    off = wishes(small_compound)
    assert off is not None
    assert not off.takes_calls


@pytest.mark.wide
@pytest.mark.parametrize("who", [{"age_band": "14_17"}, {"kind": "helper"}])
def test_who_is_no_adult_of_the_home_changes_nothing_of_its_wishes(
    small_compound: Compound, who: dict[str, str]
) -> None:
    person_id = another_at_home(small_compound)
    with small_compound.session() as session:
        for name, value in who.items():
            setattr(session.get_one(Person, person_id), name, value)
    theirs = small_compound.signed_in(person_id)
    for what in ("switch", "disturb", "order", "quiet", "gates", "couriers", "label", "people"):
        fields = {"on": "1", "for": "hour", "first": "pages", "courier": "guard", "people": person_id}
        assert "Only the adults of a home do this." in choose(theirs, what, **fields)
    assert wishes(small_compound) is None


@pytest.mark.wide
def test_the_order_of_reach_and_the_guard_are_kept(small_compound: Compound, called: FlaskClient) -> None:
    choose(called, "order", first="telephones_first", guard="1")
    assert wishes(small_compound).reach == ["telephone", "page", "guard"]  # type: ignore[union-attr]
    choose(called, "order", first="pages")
    assert wishes(small_compound).reach == ["page"]  # type: ignore[union-attr]
    assert "Choose one of the offered values." in choose(called, "order", first="nothing")


@pytest.mark.wide
def test_quiet_hours_are_kept_and_none_take_them_away(small_compound: Compound, called: FlaskClient) -> None:
    page = choose(called, "quiet", quiet="1", quiet_from="22:30", quiet_until="06:15")
    kept = wishes(small_compound)
    assert kept is not None
    assert (kept.quiet_from, kept.quiet_until) == (1350, 375)
    assert "22:30 – 06:15" in re.sub(r"\s+", " ", page)
    same = choose(called, "quiet", quiet="1", quiet_from="22:30", quiet_until="22:30")
    assert "Choose an end that differs" in same
    choose(called, "switch", on="0")
    assert "Quiet from 22:30 to 06:15." in choose(called, "switch", on="1")
    choose(called, "quiet", quiet="0", quiet_from="22:30", quiet_until="06:15")
    assert wishes(small_compound).quiet_from is None  # type: ignore[union-attr]
    assert "Calls are on. Now switch on" in choose(called, "switch", on="1")


@pytest.mark.wide
def test_do_not_disturb_lasts_an_hour_or_until_eight_tomorrow_at_the_site(
    small_compound: Compound, called: FlaskClient
) -> None:
    now = small_compound.clock()
    assert "quiet until" in choose(called, "disturb", **{"for": "hour"})
    assert (wishes(small_compound).dnd_until - now).total_seconds() == pytest.approx(3600, abs=60)  # type: ignore[union-attr, operator]
    choose(called, "disturb", **{"for": "tomorrow"})
    until = wishes(small_compound).dnd_until.astimezone(SHANGHAI)  # type: ignore[union-attr]
    assert (until.hour, (until.date() - now.astimezone(SHANGHAI).date()).days) == (8, 1)
    choose(called, "disturb", **{"for": ""})
    assert wishes(small_compound).dnd_until is None  # type: ignore[union-attr]


@pytest.mark.wide
def test_a_gate_that_one_may_not_pass_stays_as_others_of_the_home_chose(
    small_compound: Compound, called: FlaskClient
) -> None:
    choose(called, "gates", gates="north")
    with small_compound.session() as session:
        for grant in session.scalars(select(GrantRow).where(GrantRow.person_id == small_compound.person_id)):
            grant.lanes = [lane for lane in grant.lanes if not lane.startswith("south")]
    choose(called, "gates")
    assert wishes(small_compound).blocked_gates == ["north", "south"]  # type: ignore[union-attr]
    choose(called, "gates", gates="north")
    assert wishes(small_compound).blocked_gates == ["south"]  # type: ignore[union-attr]


def test_gates_that_are_not_ticked_call_no_more(small_compound: Compound, called: FlaskClient) -> None:
    page = choose(called, "gates", gates="south")
    assert wishes(small_compound).blocked_gates == ["north"]  # type: ignore[union-attr]
    assert "1 of 2" in page


@pytest.mark.wide
def test_couriers_come_in_by_the_right_of_who_said_so(small_compound: Compound, called: FlaskClient) -> None:
    choose(called, "couriers", courier="by_day")
    kept = wishes(small_compound)
    assert kept is not None
    assert (kept.courier, kept.courier_by) == ("by_day", small_compound.person_id)
    choose(called, "couriers", courier="guard")
    assert wishes(small_compound).courier_by is None  # type: ignore[union-attr]


@pytest.mark.wide
def test_the_list_at_the_gate_takes_no_name_of_the_home(
    small_compound: Compound, called: FlaskClient
) -> None:
    assert "someone&#39;s name" in choose(called, "label", label=" lin  WEI ")
    assert "At most 20 letters" in choose(called, "label", label="L" * 21)
    assert wishes(small_compound).directory_label is None  # type: ignore[union-attr]
    choose(called, "label", label=" Blue  door ")
    assert wishes(small_compound).directory_label == "Blue door"  # type: ignore[union-attr]
    choose(called, "label", label="  ")
    assert wishes(small_compound).directory_label is None  # type: ignore[union-attr]


@pytest.mark.wide
def test_who_is_called_and_in_which_order(small_compound: Compound, called: FlaskClient) -> None:
    own, other, home_id = small_compound.person_id, another_at_home(small_compound), home_of(small_compound)

    def order() -> list[str]:
        with small_compound.session() as session:
            return called_persons(session, home_id)

    first, second = order()
    assert {first, second} == {own, other}
    choose(called, f"people/{second}/earlier")
    assert order() == [second, first]
    choose(called, f"people/{second}/earlier")
    assert order() == [second, first]
    choose(called, "people", people=own)
    assert order() == [own]
    assert "Choose at least one person" in choose(called, "people", people=small_compound.neighbour_id)


def test_calls_that_ring_nowhere_are_not_simply_on(small_compound: Compound, called: FlaskClient) -> None:
    assert "On, but nothing of yours rings yet." in called.get(PAGE).text
    show_calls_on(small_compound, small_compound.person_id)
    assert "nothing of yours rings" not in called.get(PAGE).text


@pytest.mark.wide
def test_a_helper_who_is_called_sees_what_rings_and_nothing_else_of_the_home(
    small_compound: Compound, called: FlaskClient
) -> None:
    helper_id = another_at_home(small_compound, "Aunt Zhao", kind="helper")
    staff_id = another_at_home(small_compound, "Porter Ma", kind="staff")
    phone = small_compound.signed_in(helper_id)
    assert "What rings for me" not in phone.get(PAGE).text
    page = choose(called, "people", people=helper_id)
    assert ("Aunt Zhao" in page, "Porter Ma" in page) == (True, False)
    assert "Choose at least one person" in choose(called, "people", people=staff_id)
    assert 'href="/r/calls"' in phone.get("/r/home").text
    page = phone.get(PAGE).text
    assert [words in page for words in ("What rings for me", "Last calls", "Settings of our home")] == [
        True,
        False,
        False,
    ]
    choose(called, "switch", on="0")
    assert "What rings for me" not in phone.get(PAGE).text


@pytest.mark.wide
def test_missed_calls_are_listed_for_all_of_the_home_until_one_has_seen_them(
    small_compound: Compound, called: FlaskClient, neighbour: FlaskClient
) -> None:
    rings(small_compound)
    now = small_compound.clock()
    change(small_compound, stage="over", end="no_answer", ended_at=now, to_guard=True)
    assert "1 missed" in called.get("/r/home").text
    page = called.get(PAGE).text
    assert "North gate · in" in page
    assert "Missed. The guard was called." in page
    assert "North gate · in" not in neighbour.get(PAGE).text
    press(called, f"{PAGE}/seen", seen_on=PAGE)
    assert call_now(small_compound).seen_at is not None
    assert "1 missed" not in called.get("/r/home").text


# -- numbers ---------------------------------------------------------------------------------------


@pytest.mark.wide
def test_a_number_is_sealed_shown_to_its_owner_alone_and_called_for_its_proof(
    small_compound: Compound, called: FlaskClient, neighbour: FlaskClient
) -> None:
    assert "call no telephones" in called.get(PAGE).text
    allow_telephones(small_compound)
    other = small_compound.signed_in(another_at_home(small_compound))
    added = press(called, f"{PAGE}/numbers", seen_on=PAGE, number="028 8555-1234", number_label="Kitchen")
    page = called.get(added.location).text
    digits = re.findall(r'class="digits">([0-9 ]+)<', page)
    assert [len(one.replace(" ", "")) for one in digits] == [4]
    with small_compound.session() as session:
        kept = session.query(CallNumber).one()
        assert b"8555" not in kept.number_sealed
        assert (session.query(TelephoneTask).one().purpose, kept.proved_at) == ("proof", None)
    assert "02885551234" in called.get(PAGE).text
    for stranger in (other, neighbour):
        assert "02885551234" not in stranger.get(PAGE).text
        assert stranger.get(added.location).status_code == 404
        assert press(stranger, f"{added.location}/prove", seen_on=PAGE).status_code == 404
        press(stranger, f"{added.location}/remove", seen_on=PAGE)
    with small_compound.session() as session:
        session.query(CallNumber).one().proved_at = datetime.now(UTC)
    assert "Verified. It rings" in called.get(added.location).text
    assert called.get("/r/records/export.json").get_json()["call_numbers"] != []
    press(called, f"{added.location}/remove", seen_on=PAGE)
    with small_compound.session() as session:
        assert session.query(CallNumber).count() == 0


@pytest.mark.wide
@pytest.mark.parametrize(
    ("number", "said"),
    [
        ("1234", "country code, such as +86 138 1234 5678. Gates here call numbers that begin with +86, 0."),
        ("0049 1234567", "Write it with its country code"),
        ("sip:lin@example.org", "do not call such numbers"),
        ("call me", "Type the digits"),
        ("", "Type the digits"),
        ("0" * 65, "Type the digits"),
    ],
)
def test_a_number_that_no_gate_calls_is_refused_beside_its_field(
    small_compound: Compound, called: FlaskClient, number: str, said: str
) -> None:
    allow_telephones(small_compound)
    page = choose(called, "numbers", number=number)
    assert said in page
    assert 'id="number-problem"' in page


@pytest.mark.wide
def test_a_number_that_rings_no_more_says_so(small_compound: Compound, called: FlaskClient) -> None:
    allow_telephones(small_compound)
    press(called, f"{PAGE}/numbers", seen_on=PAGE, number="02885551212")
    assert "Verify again" not in called.get(PAGE).text
    with small_compound.session() as session:
        number = session.query(CallNumber).one()
        number.proved_at, number.created_at = None, number.created_at - timedelta(minutes=6)
    assert "Verify again" in called.get(PAGE).text
    with small_compound.session() as session:
        session.query(CallNumber).one().proved_at = datetime.now(UTC)
        session.query(CallSettings).one().prefixes = ["+86"]
    page = called.get(PAGE).text
    assert ("Not called: not on the property office's list" in page, "Verified" in page) == (True, False)
    assert "press 7: it opens like 9" in page


@pytest.mark.wide
def test_three_numbers_are_kept_at_most_and_none_twice(small_compound: Compound, called: FlaskClient) -> None:
    allow_telephones(small_compound)
    for last in "123":
        press(called, f"{PAGE}/numbers", seen_on=PAGE, number=f"0288555121{last}")
    with small_compound.act("phone", small_compound.person_id) as act:
        assert act.session.query(CallNumber).count() == 3
    assert "here already" in choose(called, "numbers", number="02885551212")
    assert "at most" in choose(called, "numbers", number="02885551299")


@pytest.mark.wide
def test_a_test_rings_what_was_proved_three_times_a_day(
    small_compound: Compound, called: FlaskClient
) -> None:
    assert "Nothing of yours can ring yet" in choose(called, "test")
    allow_telephones(small_compound)
    press(called, f"{PAGE}/numbers", seen_on=PAGE, number="02885551212")
    with small_compound.session() as session:
        session.query(CallNumber).one().proved_at = datetime.now(UTC)
    pages = [choose(called, "test") for _time in range(4)]
    assert ["The test begins" in page for page in pages] == [True, True, True, False]
    assert "three times today" in pages[-1]


@pytest.mark.wide
def test_a_test_rings_no_telephone_where_no_gate_speaks_and_counts_only_where_phones_ring(
    small_compound: Compound, called: FlaskClient
) -> None:
    allow_telephones(small_compound)
    press(called, f"{PAGE}/numbers", seen_on=PAGE, number="02885551212")
    with small_compound.session() as session:
        session.query(CallNumber).one().proved_at = datetime.now(UTC)
        session.get_one(Gate, "north").device_states = [{"device": DEVICE, "health": "ok"}]
    pages = [choose(called, "test") for _time in range(4)]
    assert all("No gate can telephone now" in page for page in pages), "none of these counts"
    show_calls_on(small_compound, small_compound.person_id)
    assert "your phones ring within a minute. No gate can telephone now." in choose(called, "test")
    with small_compound.session() as session:
        assert session.query(TelephoneTask).filter_by(purpose=OWN_TEST).count() == 0


@pytest.mark.wide
def test_phones_alone_are_tested_three_times_a_day_too(small_compound: Compound, called: FlaskClient) -> None:
    nothing_rings = [choose(called, "test") for _time in range(4)]
    assert all("Nothing of yours can ring yet" in page for page in nothing_rings), "none of these counts"
    show_calls_on(small_compound, small_compound.person_id, "a")
    pages = [choose(called, "test") for _time in range(4)]
    assert ["The test begins" in page for page in pages] == [True, True, True, False]
    assert "three times today" in pages[-1]
    set_clock(small_compound, 24 * 3600)
    assert "The test begins" in choose(called, "test")
