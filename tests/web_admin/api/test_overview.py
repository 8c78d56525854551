"""A head office reads how a compound is: true counts and ages, and nothing of any person."""

import json
import re
from datetime import timedelta

import pytest
from flask_babel import force_locale
from sqlalchemy import delete, select

from gate_controller.contract.event_kinds import ALARM_PREFIX, EventKind
from gate_controller.contract.languages import LANGUAGES
from gate_controller.contract.records import Method
from tests.support.compounds.called_home import put_past_calls
from tests.support.compounds.lived_in import live_in
from tests.support.compounds.rows_of_each_kind import add_one_of_each
from web_admin.accounts.api_keys import SCOPES
from web_admin.alarms.actions import SILENT_KINDS, raise_alarm
from web_admin.api.overview import keep_figures
from web_admin.compound.models import Gate, Person, Site
from web_admin.core.health_models import ServerMark
from web_admin.core.suppression import bounds
from web_admin.custody.models import Consent, ForgettingRow, Notice, ReceiptRow
from web_admin.custody.shares import FACE_PURPOSE
from web_admin.events.texts import EVENTS
from web_admin.journal.models import GateEvent
from web_admin.tables import METADATA

HOUR = timedelta(hours=1)


@pytest.fixture
def office(caller_with, compound):
    keep_figures(compound.app)  # apps are used again by other tests: a new day
    return caller_with("overview:read")


def a_consent(act, person_id, now, *, ended_before=None, signed_after=None):
    """Let a person have agreed three days ago and, perhaps, have ended it; the gate has signed, or not."""
    gate_id = "north"
    consent = Consent(
        consent_id=f"of-{person_id}",
        person_id=person_id,
        purpose=FACE_PURPOSE,
        notice_version=1,
        language="zh",
        notice_sha256=b"n",
        channel="phone",
        given_at=now - timedelta(days=3),
        withdrawn_at=None if ended_before is None else now - ended_before,
    )
    act.session.add(consent)
    act.session.flush()
    if ended_before is not None:
        act.session.add(
            ForgettingRow(
                consent_id=consent.consent_id,
                gate_id=gate_id,
                why="withdrawn",
                share_made_at=consent.given_at,
                begun_at=now - ended_before,
                fresh_receipt=True,
                key_id="",
                gate_public_key=b"k",
            )
        )
    if signed_after is not None:
        act.session.add(
            ReceiptRow(
                consent_id=consent.consent_id,
                gate_id=gate_id,
                receipt=b"{}",
                signature=b"",
                received_at=now - ended_before + signed_after,
            )
        )


def test_the_counts_and_ages_are_those_of_the_compound(office, act):
    north, east = (act.session.get_one(Gate, gate_id) for gate_id in ("north", "east"))
    north.program, north.behind_since = "0.2.0", act.now - timedelta(seconds=90)
    east.program, east.last_seen_at = "0.1.0", act.now - 25 * HOUR
    act.session.merge(ServerMark(name="backup", at=act.now - 26 * HOUR, note=""))
    for minutes in (30, 5):
        raise_alarm(
            act.session,
            act.site_id,
            "alarm_tamper",
            act.now - timedelta(minutes=minutes),
            gate_id="north",
            detail=str(minutes),
        )
    name = act.session.get_one(Site, act.site_id).name
    act.session.commit()
    read = office.get("/overview")
    assert (read["format"], read["site"]) == ("menjin-overview-1", name)
    gates = read["gates"]
    assert (gates["total"], gates["in_contact"], gates["silent"], gates["not_paired"]) == (3, 1, 1, 1)
    assert (gates["behind"], gates["silent_for_seconds"]) == (2, 25 * 3600)
    assert read["versions"] == [{"version": "0.1.0", "gates": 1}, {"version": "0.2.0", "gates": 1}]
    assert (read["backup_age_seconds"], read["backup_level"]) == (26 * 3600, "good")
    names = {"zh": "设备被拆动", "en": "A device was tampered with"}
    assert {"kind": "alarm_tamper", "names": names, "count": 2, "oldest_seconds": 1800} in read["alarms"]


@pytest.mark.parametrize(
    ("days", "level"), [(None, "look"), (7, "good"), (8, "look"), (30, "look"), (31, "bad")]
)
def test_the_backup_is_judged_as_the_page_health_does(office, act, days, level):
    act.session.execute(delete(ServerMark).where(ServerMark.name == "backup"))
    if days is not None:
        act.session.add(ServerMark(name="backup", at=act.now - timedelta(days=days), note=""))
    act.session.commit()
    assert office.get("/overview")["backup_level"] == level


def test_every_alarm_that_is_not_silent_has_a_name_to_send():
    kinds = {kind for kind in EventKind if kind.startswith(ALARM_PREFIX)} - set(SILENT_KINDS)
    assert kinds - EVENTS.keys() == set()


@pytest.mark.parametrize("kind", SILENT_KINDS)
def test_a_silent_alarm_changes_nothing(office, act, kind):
    before = office.get("/overview")
    raise_alarm(act.session, act.site_id, kind, act.now, gate_id="north")
    act.session.commit()
    assert office.get("/overview") == before


def test_a_forgetting_is_pending_after_an_hour_until_the_gate_has_signed(office, compound, act):
    first, second, third, fourth, *_others = compound.persons.values()
    a_consent(act, first, act.now, ended_before=50 * HOUR)
    a_consent(act, second, act.now, ended_before=50 * HOUR, signed_after=timedelta(seconds=2))
    a_consent(act, third, act.now, ended_before=timedelta(minutes=59))
    a_consent(act, fourth, act.now, ended_before=49 * HOUR, signed_after=-HOUR)  # of an earlier end
    act.session.commit()
    read = office.get("/overview")["forgettings_pending"]
    assert read == {"at_least": 1, "at_most": 9, "oldest_hours": 50}
    act.session.get_one(Gate, "north").state = "stolen"
    act.session.commit()
    read = office.get("/overview")["forgettings_pending"]
    assert read == {"at_least": 0, "at_most": 0, "oldest_hours": None}


def test_faces_are_counted_in_tens_as_of_the_beginning_of_the_day(office, compound, act):
    everyone = list(compound.persons.values())
    now = compound.clock.now = compound.clock().replace(hour=4) + timedelta(days=1)  # noon in China
    for person_id in everyone[:9]:
        a_consent(act, person_id, now)
    act.session.commit()
    faces = office.get("/overview")["people_with_face"]
    of_operators = {"near": 80_000, "close": 95_000, "threshold": 100_000}
    assert faces == {"at_least": 1, "at_most": 9} | of_operators
    a_consent(act, everyone[9], now, ended_before=timedelta(minutes=1))
    act.session.commit()
    assert office.get("/overview")["people_with_face"] == faces, "no act of the day shows"
    keep_figures(compound.app)  # as a second process of the server, which has computed nothing yet
    assert office.get("/overview")["people_with_face"]["at_least"] == 10
    compound.clock.now += timedelta(days=1)
    assert office.get("/overview")["people_with_face"] == faces


COUNTS = {0: (0, 0), 1: (1, 9), 9: (1, 9), 10: (10, 19), 25: (20, 29)}


def test_a_count_is_given_by_its_tens():
    assert {count: bounds(count) for count in COUNTS} == COUNTS


def test_ways_in_are_those_of_the_public_report(office, compound, act):
    yesterday = act.now - timedelta(days=1, hours=1)
    act.session.execute(delete(GateEvent))  # soon after midnight those of the last evening would count
    for seq in range(700, 725):
        act.session.add(
            GateEvent(
                journal_id="j",
                gate_id="north",
                seq=seq,
                kind="access",
                lane_id="north-in",
                at=yesterday,
                received_at=yesterday,
                facts={"method": "card", "reason": "granted", "opens": True},
                personal={},
                salt=b"s",
                personal_digest=bytes(32),
                previous=bytes(32),
                digest=bytes(32),
            )
        )
    act.session.commit()
    ways = {way["method"]: way for way in office.get("/overview")["ways_in"]}
    assert ways["card"] == {"method": "card", "tries": "20+", "opened_percent": 100}
    assert (ways["face"]["tries"], ways["face"]["opened_percent"]) == ("0", None)
    assert office.get("/overview")["worse_than_face"] is None
    page = compound.app.test_client().get("/report").get_data(as_text=True)
    assert "20+" in page


def test_calls_to_homes_are_those_of_the_public_report_and_name_no_home(office, compound, act):
    none = {"calls": "0", "answered": "0", "let_in": "0", "to_guard": "0", "not_answered": "0"}
    assert office.get("/overview")["calls"] == {"days": 29} | none
    person = act.session.scalars(select(Person).where(Person.home_id.is_not(None)).limit(1)).one()
    put_past_calls(act, person.person_id, act.now - timedelta(days=2))
    act.session.commit()
    assert office.get("/overview")["calls"] == {"days": 29} | none, "no act of the day shows"
    keep_figures(compound.app)
    shown = {"calls": "20+", "answered": "10+", "to_guard": "<10"}
    assert office.get("/overview")["calls"] == {"days": 29} | none | shown


def texts_in(value):
    """Return the texts in a value, however deep; of a dictionary those of its values."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return [text for one in value for text in texts_in(one)]
    return [value] if isinstance(value, str) else []


def ids_and_texts(session):
    """Return every longer text that any table of the compound holds outside its own words."""
    return {
        text
        for table in METADATA.sorted_tables
        for row in session.execute(select(table))
        for value in row
        for text in texts_in(value)
        if len(text) >= 12 or not text.isascii()
    }


def words_of_events(app):
    """Return how pages name each kind of event, in both languages."""
    words = set()
    for language in LANGUAGES:
        with app.test_request_context(), force_locale(language):
            words |= {str(text) for text in EVENTS.values()}
    return words


@pytest.mark.wide
def test_nothing_of_a_filled_compounds_people_is_in_the_answer(office, compound, act):
    act.session.rollback()
    live_in(compound)
    a_consent(act, compound.persons["王芳"], act.now)
    notice = act.session.scalars(select(Notice).where(Notice.language == "zh")).one()
    act.session.get_one(Consent, f"of-{compound.persons['王芳']}").notice_sha256 = notice.sha256
    add_one_of_each(act, compound.persons["王芳"], compound.persons["林宝"])
    site = act.session.get_one(Site, act.site_id).name
    act.session.commit()
    answer = office.get("/overview")
    about = {answer["format"], answer["program"], answer["schema"], ""}  # a gate that says no version
    own = {*Method, *EventKind, *words_of_events(compound.app), "good", "look", "bad", *about}
    counted = {text for text in texts_in(answer) if re.fullmatch(r"[0-9]+\+?|<10", text)}
    assert set(texts_in(answer)) - own - counted == {site}, "every other text is a word of the product"
    whole = json.dumps(answer, ensure_ascii=False)
    names = [*compound.persons, *compound.persons.values(), "1-0101", "4200000", "one@example.org"]
    held = ids_and_texts(act.session)
    assert len(held) > 200
    assert [text for text in (*names, *held - {site} - own) if text in whole] == []


def test_no_other_scope_reads_it_and_it_reads_nothing_else(office, caller_with):
    others = [scope for scope in SCOPES if scope != "overview:read"]
    assert {caller_with(*others).call("GET", "/overview").status_code} == {403}
    paths = ("/people", "/homes", "/alarms", "/events", "/metrics", "/cards?number=4200000", "/passes")
    assert {office.call("GET", path).status_code for path in paths} == {403}
    assert office.call("POST", "/overview", {}).status_code == 405
