"""The report to the public: from the records, small numbers hidden, signed, past issues kept as they were."""

import base64
from dataclasses import replace
from datetime import UTC, date, datetime

import msgspec
import pytest
from sqlalchemy import select

from gate_controller.contract.signing import SignatureRefused
from tests.support.acting import add_lane, household
from web_admin.compound.models import Person, Site
from web_admin.core.refusal import ActionRefused
from web_admin.journal.models import AuditEntry
from web_admin.privacy.contact import save_contact
from web_admin.privacy.models import PublicReport, ReportUnchangeable
from web_admin.privacy.report import Words, as_file, check_file, closed_periods, publish_report, sha256_of

SECOND_HALF = (date(2026, 7, 1), date(2026, 12, 31))
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


def test_only_half_years_that_are_over_and_that_the_site_has_seen_can_be_published(act, person, january):
    site = act.session.get_one(Site, act.site_id)
    assert closed_periods(site, january.now)[:2] == [SECOND_HALF, FIRST_HALF]
    assert closed_periods(site, january.now)[-1] == (date(2025, 1, 1), date(2025, 6, 30))
    assert closed_periods(site, act.now)[0] == (date(2025, 7, 1), date(2025, 12, 31))


def test_an_open_half_year_is_not_published_and_none_twice(act, person, january, web_config):
    with pytest.raises(ActionRefused, match="half-year that is over"):
        publish(act, web_config)
    publish(january, web_config)
    with pytest.raises(ActionRefused, match="not changed"):
        publish(january, web_config)


def test_the_file_is_checked_with_the_root_key_alone(act, person, january, web_config):
    report = publish(january, web_config)
    root = act.session.get_one(Site, act.site_id).root_public_key
    assert check_file(as_file(report), root)["approved_by"] == WORDS.approved_by
    whole = msgspec.json.decode(as_file(report))
    changed = [
        {**whole, "report": whole["report"].replace("slow", "fast")},
        {**whole, "signature": base64.b64encode(bytes(64)).decode()},
        {"no": "report"},
    ]
    for wrong in changed:
        with pytest.raises(SignatureRefused):
            check_file(msgspec.json.encode(wrong), root)
    with pytest.raises(SignatureRefused):
        check_file(as_file(report), bytes(32))


def spoil(session, site_id):
    session.get_one(PublicReport, (site_id, 1)).body = "{}"


def take_away(session, site_id):
    session.delete(session.get_one(PublicReport, (site_id, 1)))


@pytest.mark.wide
@pytest.mark.publishing
def test_each_issue_names_the_one_before_and_none_is_changed_or_deleted(
    act, person, january, web_config, database
):
    first = publish(january, web_config)
    second = publish(january, web_config, SECOND_HALF)
    assert (content(second)["number"], content(second)["previous_sha256"]) == (2, sha256_of(first))
    act.session.commit()
    for work in (spoil, take_away):
        with pytest.raises(ReportUnchangeable), database.session() as session:
            work(session, act.site_id)
    with database.session() as session:
        assert session.get_one(PublicReport, (act.site_id, 1)).body == first.body


def test_no_name_and_no_refusal_of_face_is_in_a_report(act, person, january, web_config):
    report = publish(january, web_config)
    names = act.session.scalars(select(Person.display_name))
    assert [name for name in names if f'"{name}"' in report.body] == []
    assert "refused_face" not in report.body
    assert "said_no" not in report.body
    [entry] = act.session.scalars(select(AuditEntry).where(AuditEntry.kind == "report_published"))
    assert entry.facts["sha256"] == sha256_of(report)
