"""The figures of a public report: of its period alone, small ones hidden, faces in tens."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest

from tests.support.acting import add_lane, by_phone, household
from web_admin.compound.models import Site
from web_admin.compound.suspension_models import LockOut
from web_admin.custody.models import Consent, IncidentDrill
from web_admin.custody.shares import FACE_PURPOSE
from web_admin.journal.models import GateEvent
from web_admin.privacy.contact import save_contact
from web_admin.privacy.disclosures import DisclosureRequest, record_disclosure
from web_admin.privacy.report import Words, publish_report
from web_admin.privacy.requests import answer, file_request

FIRST_HALF = (date(2026, 1, 1), date(2026, 6, 30))
WORDS = Words("Owners' committee, 10 January", "The north gate is slow in the morning.", "A second reader.")


@pytest.fixture
def person(act):
    site = act.session.get_one(Site, act.site_id)
    site.created_at = datetime(2025, 3, 1, tzinfo=UTC)
    add_lane(act)
    channels = {"zh": "监管局", "en": "The regulator"}
    save_contact(act, name="Ms Qin", contact="021-5555 0101", channels=channels)
    return household(act)[1]


@pytest.fixture
def january(act):
    """The same office in the January after."""
    return replace(act, now=datetime(2027, 1, 10, 4, tzinfo=UTC))


def content(report):
    return msgspec.json.decode(report.body)


def publish(act, web_config, period=FIRST_HALF):
    return publish_report(act, period, WORDS, web_config)


def passage(act, seq, method="card", opens=True, at=None, kind="access", **facts):
    act.session.add(
        GateEvent(
            gate_id="north",
            journal_id="n",
            seq=seq,
            at=at or act.now,
            kind=kind,
            person_id=None,
            lane_id="north-in",
            facts={"method": method, "opens": opens, **facts},
            personal=None,
            salt=None,
            personal_digest=bytes(32),
            previous=bytes(32),
            digest=bytes(32),
            received_at=act.now,
        )
    )


@pytest.mark.publishing
def test_tries_are_counted_per_way_in_within_the_period_alone(act, person, january, web_config):
    for seq in range(1, 21):
        passage(act, seq, "card", opens=seq > 5)
    for seq in range(21, 24):
        passage(act, seq, "qr")
    passage(act, 24, "card", at=january.now)  # not of this half-year
    body = content(publish(january, web_config))
    assert body["methods"] == [
        {"method": "card", "tries": "20+", "opened_percent": 75},
        {"method": "pin", "tries": 0, "opened_percent": None},
        {"method": "qr", "tries": "<10", "opened_percent": None},
        {"method": "face", "tries": 0, "opened_percent": None},
    ]


@pytest.mark.publishing
def test_minutes_without_a_device_are_added_up_until_it_is_back_or_the_period_ends(
    act, person, january, web_config
):
    def note(seq, minutes, kind, **facts):
        passage(act, seq, at=act.now + timedelta(minutes=minutes), kind=kind, **facts)

    note(1, 0, "alarm_device_lost", device="reader")
    note(2, 5, "alarm_device_lost", device="relay")
    note(3, 30, "device_back", device="reader")
    note(4, 35, "device_back", device="relay")
    assert content(publish(january, web_config))["outage_minutes"] == [{"gate": "North", "minutes": 60}]


def consent(act, number, *, given, withdrawn=None, band="adult"):
    _, person = household(act, f"9-{number}", f"P{number}")
    person.age_band = band
    act.session.add(
        Consent(
            consent_id=f"{number:016x}",
            person_id=person.person_id,
            purpose=FACE_PURPOSE,
            notice_version=1,
            notice_sha256=bytes(32),
            language="en",
            channel="phone",
            given_at=given,
            withdrawn_at=withdrawn,
        )
    )


@pytest.mark.wide
@pytest.mark.publishing
def test_people_with_face_go_out_in_tens_and_withdrawals_as_a_count(act, person, january, web_config):
    for number in range(1, 24):
        consent(act, number, given=act.now)
    for number in range(24, 36):
        consent(act, number, given=act.now, withdrawn=act.now + timedelta(days=1))
    consent(act, 40, given=january.now)  # later than the period
    act.session.flush()
    people = content(publish(january, web_config))["people"]
    assert people == {
        "people": "30+",
        "people_with_face": "20+",
        "share_with_face": "60+ %",
        "minors_with_face": 0,
        "withdrawals": 12,
    }


@pytest.mark.publishing
def test_requests_and_disclosures_are_counted_and_small_numbers_hidden(act, person, january, web_config):
    requests = [
        file_request(by_phone(act, person.person_id), person.person_id, "complaint", text="Too bright.")
        for _number in range(3)
    ]
    answer(replace(act, now=act.now + timedelta(days=20)), requests[0].request_id, "It is dimmed.")
    asked = DisclosureRequest("Police station", "No. 7", "All of May", "refused", "No document was shown.")
    record_disclosure(act, asked, "manager")
    body = content(publish(january, web_config))
    assert body["requests"]["by_kind"]["complaint"] == "<10"
    assert body["requests"]["late"] == "<10"
    assert body["requests"]["by_kind"]["access"] == 0
    assert body["disclosures"] == {"asked": "<10", "given": 0, "refused": "<10", "commercial": 0}


@pytest.mark.publishing
def test_drills_and_the_release_of_the_way_out_are_published(act, person, january, web_config):
    act.session.add(
        IncidentDrill(
            drill_id="d",
            site_id=act.site_id,
            for_real=False,
            started_at=act.now,
            ended_at=act.now,
            record="{}",
        )
    )
    drills = content(publish(january, web_config))["incidents_and_drills"]
    assert (drills["drills_of_ending_all_faces"], drills["all_faces_ended"]) == (1, 0)
    assert drills["lanes_with_sheet"] == 1


def test_it_counts_whom_acts_kept_out_by_reason_and_hides_small_numbers(act, person, web_config, january):
    def keep_out(count, reason, at):
        act.session.add_all(
            LockOut(
                lock_out_id=f"{reason}-{at:%m}-{number}",
                site_id=act.site_id,
                person_id=person.person_id,
                act="grants_set",
                reason=reason,
                party="office",
                given_by="staff-1",
                at=at,
            )
            for number in range(count)
        )

    keep_out(3, "asked", datetime(2026, 3, 1, tzinfo=UTC))
    keep_out(25, "works", datetime(2026, 6, 30, tzinfo=UTC))
    keep_out(40, "lost", datetime(2026, 7, 2, tzinfo=UTC))
    figures = content(publish_report(january, FIRST_HALF, WORDS, web_config))["lock_outs"]
    assert {what: number for what, number in figures.items() if number} == {
        "all": "20+",
        "asked": "<10",
        "works": "20+",
    }
