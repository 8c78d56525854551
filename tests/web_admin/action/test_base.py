"""An act is begun, finished and written down; what it looks up."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from tests.support.acting import (
    add_lane,
    audit_kinds,
    household,
    show_card,
)
from tests.support.suspending import suspend_for_days
from web_admin.action.base import Action, one_publication
from web_admin.compound.models import Site
from web_admin.core.refusal import ActionRefused
from web_admin.credentials.cards import issue_card
from web_admin.journal.ledger import verify_audit
from web_admin.journal.models import AuditEntry
from web_admin.people.actions import (
    add_person,
)


def test_every_act_is_in_the_journal_with_ids_in_its_facts_and_names_apart(act: Action) -> None:
    _, person = household(act, name="Lin Daiyu")
    entry = act.session.scalars(select(AuditEntry).where(AuditEntry.kind == "person_added")).one()
    assert entry.person_id == person.person_id
    assert "Lin Daiyu" not in str(entry.facts)
    assert entry.personal == {"name": "Lin Daiyu"}
    assert verify_audit(act.session, act.site_id)[0] == len(audit_kinds(act))


@pytest.mark.publishing
def test_many_acts_are_published_once(act: Action) -> None:
    add_lane(act)
    before = act.session.get_one(Site, act.site_id).version
    with one_publication(act) as each:
        for number in range(1, 6):
            person = add_person(each, display_name="someone")
            issue_card(each, person.person_id, number)
    assert act.session.get_one(Site, act.site_id).version == before + 1
    assert show_card(act, 5).opens


def test_no_act_reaches_a_person_of_another_site(act: Action) -> None:
    _, person = household(act)
    with pytest.raises(ActionRefused):
        suspend_for_days(replace(act, site_id="elsewhere"), person.person_id)
