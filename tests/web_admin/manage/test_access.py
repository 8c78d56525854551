"""The week of a lane and of a person: names by role, a reason first, silent gates, and what is amiss."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from tests.web_admin.manage.forms import Rows, send
from web_admin.compound.models import CredentialRow, Gate, GrantRow, Hours, Lane, Person, Site
from web_admin.journal.models import AuditEntry, GateEvent

LANE = "/manage/access/lanes/north-in"


@pytest.fixture
def rows(compound):
    rows = Rows(compound)
    rows(_in_contact)
    return rows


@pytest.fixture
def client(compound, rows):
    return compound.signed_in("manager")


@pytest.fixture
def path(compound):
    return f"/manage/access/people/{compound.persons['王芳']}"


def _in_contact(session):
    """Have the gates know all that is published."""
    site = session.scalars(select(Site)).one()
    for gate in session.scalars(select(Gate).where(Gate.state == "paired")):
        gate.have_epoch, gate.have_version = site.epoch, gate.published_version


def main_of(page):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.partition("<main")[2]))


def test_a_lanes_week_counts_people_by_way_and_names_them_for_who_may_see_names(client, compound):
    page = client.get(LANE)
    text = main_of(page.text)
    assert page.status_code == 200
    assert "10 people may pass" in text
    assert "王芳" in text
    assert "Asia/Shanghai" not in text
    assert "China" in text
    table = page.text.partition("<tbody>")[2]
    assert 'data-label="People">10</td>' in table
    assert 'data-label="Card">10</td>' in table
    counts = main_of(compound.signed_in("installer").get(LANE).text)
    assert "10 people may pass" in counts
    assert "Your role sees numbers, no names." in counts
    assert [name for name in compound.persons if name in counts] == []
    for role in ("guard", "privacy_officer"):
        assert compound.signed_in(role).get(LANE).status_code == 403


def test_a_lane_that_only_some_hours_are_open_to_shows_them_on_the_days_they_are(client, compound, rows):
    def narrow(session):
        hours = session.scalars(select(Hours)).one().hours_id
        person_id = compound.persons["林薇"]
        session.scalars(select(GrantRow).where(GrantRow.person_id == person_id)).one().hours_id = hours

    rows(narrow)
    monday = (compound.clock() + timedelta(days=8 - compound.clock().isoweekday())).date()
    text = main_of(client.get(f"{LANE}?from={monday}").text)
    assert "1 person" in text
    assert "07:00–18:00" in text
    assert "at all times of this week" in text


@pytest.mark.parametrize("first", ["2020-01-01", "nonsense", "9999-12-31", "2026-13-45", ""])
def test_a_week_from_a_day_that_makes_no_sense_is_a_week_from_one_that_does(client, first):
    assert client.get(LANE, query_string={"from": first}).status_code == 200


def test_a_lane_without_a_controller_and_one_without_a_sheet_each_get_a_sentence(client, rows):
    text = main_of(client.get("/manage/access/lanes/garage-in").text)
    assert "This gate has no controller yet" in text
    rows(lambda s: setattr(s.get_one(Gate, "garage"), "state", "paired"))
    text = main_of(client.get("/manage/access/lanes/garage-out").text)
    assert "The gate is not sent this lane yet" in text
    rows(lambda s: setattr(s.get_one(Gate, "garage"), "state", "stolen"))
    assert "Reported stolen" in main_of(client.get("/manage/access/lanes/garage-in").text)
    assert client.get("/manage/access/lanes/nowhere").status_code == 404


@pytest.mark.wide
def test_a_silent_gate_shows_which_version_it_knows_and_until_when_it_counts(client, compound, rows, path):
    lane, gate = main_of(client.get(LANE).text), main_of(client.get("/manage/gates/north").text)
    assert "silent" not in lane
    assert re.search(r"北门 knows version \d+, the newest\.", gate)
    rows(lambda s: setattr(s.get_one(Gate, "north"), "last_seen_at", compound.clock() - timedelta(days=21)))
    assert "Nothing here has changed since" in main_of(client.get(LANE).text)
    send(client, f"/manage/cards/give/{compound.persons['林薇']}", number="7700001")
    for text in (main_of(client.get(one).text) for one in (LANE, "/manage/gates/north")):
        assert re.search(r"北门 knows version \d+ of \d+ and has been silent since", text)
        assert re.search(r"\d+ records? that decides? here ha(s|ve) changed since", text)
        assert "its policy is too old" in text
    text = main_of(send(client, path, reason="she asks").text)
    assert "Nothing here has changed since" in text


def test_a_gate_of_an_older_version_is_answered_as_it_would_decide(client, rows, path):
    assert "takes fewer records" in main_of(client.get(LANE).text)
    assert "takes fewer records" in main_of(send(client, path, reason="she asks").text)


def test_hours_that_never_occur_get_a_sentence(client, compound, rows, path):
    def bind(session):
        hours = session.scalars(select(Hours)).one()
        hours.spans, hours.name = [], "Never"
        for grant in session.scalars(select(GrantRow)):
            grant.hours_id = hours.hours_id

    rows(bind)
    text = main_of(client.get(LANE).text)
    assert "These hours never occur in the next 400 days: Never." in text
    assert "No one may pass" in text
    text = main_of(send(client, path, reason="she asks").text)
    assert "These hours never occur in the next 400 days: Never." in text
    assert "Not this week" in text
    assert "The grant's hours do not cover this moment." in text


@pytest.mark.wide
def test_the_night_of_the_clock_change_gets_a_sentence(client, compound, rows, path):
    rows(lambda s: setattr(s.scalars(select(Site)).one(), "timezone", "Europe/Berlin"))
    year = compound.clock().year + 1
    sundays = (f"{year}-{month}-{day}" for month in ("03", "10") for day in range(25, 32))
    found = [
        text
        for first in sundays
        if "clock changes" in (text := main_of(client.get(f"{LANE}?from={first}").text))
    ]
    said = [hours for text in found for hours in re.findall(r"has (\d+) hours: the clock", text)]
    assert set(said) == {"23", "25"}


def test_a_holiday_is_marked_by_its_name(client, compound):
    holiday = compound.clock().date() + timedelta(days=30)
    assert "国庆节" in main_of(client.get(f"{LANE}?from={holiday}").text)


# -- a person ------------------------------------------------------------------------------------------


@pytest.mark.wide
def test_a_persons_week_asks_for_a_reason_which_that_person_reads(client, compound, rows, path):
    events = rows(lambda s: s.scalar(select(func.count()).select_from(GateEvent)))
    assert "<tbody>" not in client.get(path).text
    refused = send(client, path, reason="")
    assert refused.status_code == 422
    assert "<tbody>" not in refused.text
    looked = select(AuditEntry).where(AuditEntry.kind == "named_lookup")
    assert rows(lambda s: s.scalars(looked).all()) == []
    shown = send(client, path, reason="cannot enter")
    assert "<tbody>" in shown.text
    entry = rows(lambda s: s.scalars(looked).one())
    assert (entry.person_id, entry.personal["reason"], entry.facts["what"]) == (
        compound.persons["王芳"],
        "cannot enter",
        "access",
    )
    assert rows(lambda s: s.scalar(select(func.count()).select_from(GateEvent))) == events
    for role, status in (("guard", 200), ("installer", 403), ("privacy_officer", 403)):
        assert compound.signed_in(role).get(path).status_code == status


@pytest.mark.wide
def test_a_persons_week_has_the_reason_of_each_gap_per_lane(client, compound, rows, path):
    person_id = compound.persons["王芳"]

    def suspend(session):
        for row in session.scalars(select(CredentialRow).where(CredentialRow.person_id == person_id)):
            row.state = "suspended"

    text = main_of(send(client, path, reason="she asks").text)
    assert "At all times" in text
    assert "no complete lane sheet" in text  # the garage has no controller
    rows(suspend)
    text = main_of(send(client, path, reason="she asks").text)
    assert "Not this week" in text
    assert "The credential is suspended, by its owner or by staff." in text
    rows(lambda s: s.execute(CredentialRow.__table__.delete().where(CredentialRow.person_id == person_id)))
    text = main_of(send(client, path, reason="she asks").text)
    assert "Has nothing to show at this gate." in text
    rows(
        lambda s: setattr(
            s.scalars(select(GrantRow).where(GrantRow.person_id == person_id)).one(), "lanes", ["east-in"]
        )
    )
    text = main_of(send(client, path, reason="she asks").text)
    assert "3 lanes that no grant names: never." in text
    assert "No grant of this person names this lane." in main_of(
        send(client, path, reason="she asks", lane_id="north-in").text
    )
    rows(lambda s: setattr(s.get_one(Person, person_id), "ended_at", compound.clock()))
    assert "has moved out" in main_of(send(client, path, reason="she asks").text)


@pytest.mark.wide
def test_a_week_at_hundreds_of_gates_is_short_and_one_lane_is_found(client, compound, rows):
    name, person_id = "王芳", compound.persons["王芳"]

    def grow(session):
        lanes = []
        for number in range(300):
            gate = Gate(
                gate_id=f"g{number}", site_id=compound.site_id, number=100 + number, name=f"Stair {number}"
            )
            gate.state, gate.last_seen_at = "new", None
            session.add(gate)
            session.add(
                Lane(
                    lane_id=f"g{number}-in", gate_id=gate.gate_id, name="in", direction="in", methods=["card"]
                )
            )
            lanes.append(f"g{number}-in")
        grant = session.scalars(select(GrantRow).where(GrantRow.person_id == person_id)).one()
        grant.lanes = [*grant.lanes, *lanes]

    rows(grow)
    page = send(client, f"/manage/access/people/{person_id}", reason="she asks").text
    assert "302 lanes that no gate knows" in main_of(page)
    assert page.count("<h2") < 6
    assert name in page


@pytest.mark.wide
@pytest.mark.parametrize("language", ["en", "zh"])
def test_both_weeks_are_in_both_languages(compound, rows, path, language):
    client = compound.signed_in("manager", language)
    pages = [
        client.get(LANE).text,
        send(client, path, reason="she asks").text,
        client.get("/manage/try").text,
    ]
    english = ["Who may pass", "may pass", "Nothing opens"]
    assert [word in page for word, page in zip(english, pages, strict=True)] == [language == "en"] * 3


@pytest.mark.wide
def test_links_lead_from_the_gate_the_lane_and_the_person(client, compound):
    person = compound.persons["王芳"]
    assert f'href="{LANE}"' in client.get("/manage/gates/north").text
    assert f'href="{LANE}"' in client.get("/manage/lanes/north-in").text
    page = client.get(f"/manage/people/{person}").text
    assert f'href="/manage/access/people/{person}"' in page
    assert f'href="/manage/try?person={person}"' in page
    assert 'href="/manage/try?lane=north-in"' in client.get(LANE).text


def test_hours_of_the_morning_after_are_shown_on_the_day_they_are(client, compound, rows):
    week = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]

    def bind(session):
        hours = session.scalars(select(Hours)).one()
        hours.spans = [{"days": week, "from_minute": 1320, "until_minute": 360}]
        for grant in session.scalars(select(GrantRow)):
            grant.hours_id = hours.hours_id

    rows(bind)
    tomorrow = (compound.clock() + timedelta(days=2)).date()
    text = main_of(client.get(f"{LANE}?from={tomorrow}").text)
    assert re.search("00:00–06:00 ?, 22:00–24:00", text)
