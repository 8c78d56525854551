"""An audit's figures from the records: whether minors' data is handled, and how many they are."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from web_admin.compound.age_bands import ADULT, CHILD, MINOR
from web_admin.compound.models import Person, Site
from web_admin.core.database import current_menjin
from web_admin.privacy.audits import audit_due, begin_audit

DAY = timedelta(days=1)


@pytest.fixture
def compound_begins(now):
    return now


@pytest.fixture
def older_compound(compound):
    with compound.act() as act:
        act.session.get_one(Site, act.site_id).created_at = compound.clock() - 200 * DAY
    return compound


def test_it_says_whether_data_of_minors_is_handled_and_counts_them_from_the_records(older_compound):
    with older_compound.act("manager") as act:
        site = act.session.get_one(Site, act.site_id)
        for person in act.session.scalars(select(Person)):
            person.age_band = ADULT
        act.session.flush()
        assert not audit_due(act.session, site, older_compound.clock()).minors
        for name, band in (("刘洋", CHILD), ("吴静", MINOR)):
            act.session.get_one(Person, older_compound.persons[name]).age_band = band
        act.session.flush()
        assert audit_due(act.session, site, older_compound.clock()).minors
        config = current_menjin().config
        audit = begin_audit(act, config, auditor="Audit Office", is_independent=False, scope="all")
        minors = audit.figures["minors"]
        assert (minors["under_14"], minors["from_14_to_17"], minors["face_consents_live"]) == (1, 1, 0)
        assert {"requests", "incidents_and_drills", "forgetting", "retention_days"} <= audit.figures.keys()
