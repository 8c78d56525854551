"""Incidents: clocks from the moment one is known, six parts before any notice, an end with reasons."""

from datetime import timedelta

import pytest
from sqlalchemy import select

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

WHOLE = dict.fromkeys(PARTS, "said plainly")


@pytest.fixture
def compound_begins(now):
    return now


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
