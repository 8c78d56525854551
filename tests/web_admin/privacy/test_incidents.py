"""Incidents: clocks from the moment one is known, six parts before any notice, an end with reasons."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.web_admin.manage.forms import Rows, local, send
from web_admin.core.refusal import ActionRefused
from web_admin.journal.models import AuditEntry
from web_admin.privacy.incidents import (
    PARTS,
    clocks_of,
    close_incident,
    mark_people_notified,
    mark_reported,
    missing_parts,
    open_incident,
    save_parts,
)
from web_admin.privacy.models import Incident

WHOLE = dict.fromkeys(PARTS, "said plainly")


@pytest.fixture
def incident(act):
    return open_incident(act, act.now - timedelta(hours=1), large=True)


def test_the_clocks_run_from_the_moment_it_was_known(act):
    known_at = act.now - timedelta(hours=1)
    clocks = clocks_of(known_at, large=True)
    hours = {clock.name: (clock.due - known_at) / timedelta(hours=1) for clock in clocks}
    assert hours == {"large": 4, "gdpr": 72}
    assert [clock.name for clock in clocks_of(known_at, large=False)] == ["gdpr"]
    with pytest.raises(ActionRefused, match="still to come"):
        open_incident(act, act.now + timedelta(hours=1), large=False)


@pytest.mark.parametrize("part", PARTS)
def test_no_person_is_notified_while_a_part_of_the_notice_is_missing(act, incident, part):
    save_parts(act, incident.incident_id, WHOLE | {part: "  "})
    with pytest.raises(ActionRefused) as refusal:
        mark_people_notified(act, incident.incident_id)
    assert (refusal.value.field, missing_parts(incident)) == (part, (part,))
    save_parts(act, incident.incident_id, WHOLE)
    mark_people_notified(act, incident.incident_id)
    assert incident.told_people_at == act.now


def test_an_incident_ends_with_people_notified_or_a_reason(act, incident):
    with pytest.raises(ActionRefused, match="say why no harm"):
        close_incident(act, incident.incident_id, " ")
    close_incident(act, incident.incident_id, "The disk was encrypted and came back sealed.")
    assert incident.closed_at == act.now
    for late in (mark_reported, mark_people_notified, lambda a, key: save_parts(a, key, WHOLE)):
        with pytest.raises(ActionRefused, match="closed already"):
            late(act, incident.incident_id)


def test_every_step_is_in_the_ledger_without_what_was_written(act, incident):
    save_parts(act, incident.incident_id, WHOLE)
    mark_reported(act, incident.incident_id)
    mark_people_notified(act, incident.incident_id)
    close_incident(act, incident.incident_id, "")
    entries = act.session.scalars(select(AuditEntry).where(AuditEntry.kind.like("incident%"))).all()
    assert [entry.kind for entry in entries] == [
        "incident_opened",
        "incident_written",
        "incident_reported",
        "incident_told",
        "incident_closed",
    ]
    assert "said plainly" not in str([(entry.facts, entry.personal) for entry in entries])


@pytest.fixture
def compound_begins(now):
    return now


def test_the_page_shows_the_clocks_what_is_missing_and_then_the_notice(compound, now):
    officer = compound.signed_in("privacy_officer")
    known = now - timedelta(hours=5)
    started = send(officer, "/manage/incidents/new", known_at=local(known), large="y")
    path = started.headers["Location"]
    page = officer.get(path).text
    for shown in (
        "Authority in China, large incident: 4 hours",
        "Authority under GDPR: 72 hours",
        "Late",
        "No notice yet. Missing:",
    ):
        assert shown in page
    refused = send(officer, path, f"{path}/told")
    assert (refused.status_code, "Fill it in first" in refused.text) == (422, True)
    send(officer, path, **WHOLE)
    assert "Notice to the people concerned" in officer.get(path).text
    assert send(officer, path, f"{path}/told").status_code == 303
    assert send(officer, path, f"{path}/reported").status_code == 303
    assert send(officer, path, f"{path}/close", untold_reason="").status_code == 303
    row = Rows(compound)(lambda s: s.scalars(select(Incident)).one())
    assert row.closed_at is not None


def test_the_protocol_is_published_beside_the_retention_policy(compound):
    page = compound.app.test_client().get("/policy/biometrics", headers={"Accept-Language": "en"}).text
    assert "What we do after an incident" in page
    assert "within 72 hours" in page


@pytest.mark.parametrize("role", ["guard", "installer"])
def test_guards_and_installers_handle_no_incidents(compound, role):
    client = compound.signed_in(role)
    paths = ("/manage/incidents/", "/manage/incidents/new")
    assert [client.get(path).status_code for path in paths] == [403, 403]
