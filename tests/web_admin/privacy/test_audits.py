"""Compliance audits: due every year, begun with the records' figures, closed with findings and fixes."""

from datetime import timedelta

import pytest
from flask_babel import force_locale

from web_admin.compound.models import Site
from web_admin.core.database import current_menjin
from web_admin.core.refusal import ActionRefused
from web_admin.operations.health import server_findings
from web_admin.operations.health_facts import server_facts
from web_admin.privacy.audits import audit_due, begin_audit, close_audit, open_audit, save_audit
from web_admin.privacy.models import ComplianceAudit

DAY = timedelta(days=1)


@pytest.fixture
def compound_begins(now):
    return now


@pytest.fixture
def older_compound(compound):
    with compound.act() as act:
        act.session.get_one(Site, act.site_id).created_at = compound.clock() - 200 * DAY
    return compound


def begun(compound, auditor="Audit Office"):
    with compound.act("manager") as act:
        config = current_menjin().config
        return begin_audit(act, config, auditor=auditor, is_independent=True, scope="consent").audit_id


def closed(compound, auditor="Audit Office"):
    audit_id = begun(compound, auditor)
    with compound.act("manager") as act:
        save_audit(act, audit_id, "one sign is missing", "put up on the same day")
        close_audit(act, audit_id)
    return audit_id


def task(compound):
    """Return what Health says of the yearly audit."""
    with compound.act() as act:
        site = act.session.get_one(Site, act.site_id)
        facts = server_facts(act.session, current_menjin().config, site, compound.clock())
        with force_locale("en"):
            names = {str(one.name): one.level for one in server_findings(facts, compound.clock())}
        return names["Yearly audit"]


def test_the_task_appears_two_months_before_a_year_is_over_and_goes_with_the_audit(older_compound):
    assert task(older_compound) == "good"
    older_compound.clock.now += 110 * DAY
    assert task(older_compound) == "look", "310 days after the site began"
    closed(older_compound)
    assert task(older_compound) == "good"
    with older_compound.act() as act:
        due = audit_due(act.session, act.session.get_one(Site, act.site_id), older_compound.clock())
    assert due.at == older_compound.clock() + 365 * DAY


def test_its_period_follows_the_last_one_without_a_gap(older_compound):
    first = closed(older_compound)
    older_compound.clock.now += 300 * DAY
    second = begun(older_compound)
    with older_compound.act() as act:
        one, two = (act.session.get_one(ComplianceAudit, key) for key in (first, second))
        assert two.period_from == one.period_until + DAY


@pytest.mark.wide
def test_only_one_is_open_and_it_is_not_closed_without_findings_and_fixes(older_compound):
    audit_id = begun(older_compound)
    with older_compound.act("manager") as act:
        assert open_audit(act.session, act.site_id).audit_id == audit_id
    with pytest.raises(ActionRefused):
        begun(older_compound)
    for findings, fixes, field in (("", "done", "findings"), ("found", " ", "fixes")):
        with older_compound.act("manager") as act:
            save_audit(act, audit_id, findings, fixes)
            with pytest.raises(ActionRefused) as refused:
                close_audit(act, audit_id)
            assert refused.value.field == field


def test_no_auditor_comes_a_fourth_time_in_a_row(older_compound):
    for _ in range(3):
        closed(older_compound)
        older_compound.clock.now += 300 * DAY
    with pytest.raises(ActionRefused) as refused:
        begun(older_compound, "AUDIT office")
    assert refused.value.field == "auditor"
    closed(older_compound, "Another House")
    begun(older_compound)
