"""Homes and people: coming, changing, going, and being invited."""

from collections.abc import Collection
from dataclasses import dataclass, field, replace

import pytest
from sqlalchemy import select

from gate_controller.rules.decision import Reason
from tests.support.acting import (
    add_lane,
    audit_kinds,
    gate_view,
    household,
    show_card,
)
from tests.support.suspending import suspend_for_days
from web_admin.action.base import Action, Channel
from web_admin.compound.models import Gate
from web_admin.core.refusal import ActionRefused
from web_admin.credentials.cards import issue_card
from web_admin.journal.models import AuditEntry
from web_admin.people.actions import (
    GrantSpec,
    add_person,
    edit_person,
    move_out,
    set_grants,
    set_may_override,
)
from web_admin.people.suspensions import resume_person
from web_admin.policy.effects import PolicyEffects


def test_a_new_person_may_pass_everywhere_by_card_only(act: Action) -> None:
    add_lane(act)
    _, person = household(act)
    assert (person.methods, person.grants[0].lanes) == (["card"], ["north-in"])


@dataclass(frozen=True)
class NotedPublications(PolicyEffects):
    """The server's effects, which note the people of each publication."""

    published: list[Collection[str] | None] = field(default_factory=list)

    def publish(self, session, site_id, now, person_ids, gate_ids=None, *, with_others=True) -> None:
        self.published.append(person_ids)
        super().publish(session, site_id, now, person_ids, gate_ids, with_others=with_others)


@pytest.mark.publishing
def test_a_rename_publishes_nothing_and_a_slow_passage_does(act: Action) -> None:
    add_lane(act)
    _, person = household(act)
    issue_card(act, person.person_id, 77)
    noted = replace(act, effects=NotedPublications(act.sealer))
    before = act.session.get_one(Gate, "north").published_version
    edit_person(noted, person.person_id, display_name="林微", language="zh", slow_pass=False)
    assert before > 0
    assert (person.display_name, person.language) == ("林微", "zh")
    assert noted.effects.published == []
    assert act.session.get_one(Gate, "north").published_version == before
    entry = act.session.scalars(select(AuditEntry).where(AuditEntry.kind == "person_edited")).one()
    assert entry.personal["name"] == "林微" and entry.person_id == person.person_id
    edit_person(noted, person.person_id, display_name="林微", language="zh", slow_pass=True)
    assert noted.effects.published == [(person.person_id,)]
    assert act.session.get_one(Gate, "north").published_version == before + 1
    assert gate_view(act).policy.persons[person.person_id].slow_pass


@pytest.mark.publishing
def test_grants_are_replaced_and_hours_or_lanes_that_do_not_exist_are_refused(act: Action) -> None:
    add_lane(act)
    _, person = household(act)
    issue_card(act, person.person_id, 77)
    for spec in (GrantSpec(("nowhere",)), GrantSpec(("north-in",), hours_id="never"), GrantSpec(())):
        with pytest.raises(ActionRefused):
            set_grants(act, person.person_id, [spec])
    set_grants(replace(act, because="asked"), person.person_id, [])
    assert not show_card(act, 77).opens


@pytest.mark.publishing
def test_a_suspended_person_stays_out_until_resumed(act: Action) -> None:
    add_lane(act)
    _, person = household(act)
    issue_card(act, person.person_id, 77)
    suspend_for_days(act, person.person_id)
    assert show_card(act, 77).reason is Reason.PERSON_SUSPENDED
    resume_person(act, person.person_id)
    assert show_card(act, 77).opens


@pytest.mark.wide
@pytest.mark.publishing
def test_staff_may_be_given_the_right_to_open_in_lockdown_and_it_ends_with_them(act: Action) -> None:
    add_lane(act)
    guard = add_person(act, display_name="Guard", kind="staff")

    def is_published() -> bool:
        return gate_view(act).policy.persons[guard.person_id].may_override

    assert not is_published()
    set_may_override(act, guard.person_id, True)
    assert is_published()
    suspend_for_days(act, guard.person_id)
    assert not is_published()
    resume_person(act, guard.person_id)
    assert is_published()
    set_may_override(act, guard.person_id, False)
    assert not is_published()
    assert audit_kinds(act).count("override_right_set") == 2
    set_may_override(act, guard.person_id, True)
    move_out(act, guard.person_id)
    assert not guard.may_override


@pytest.mark.wide
@pytest.mark.publishing
@pytest.mark.parametrize("kind", ["resident", "helper"])
def test_only_staff_open_in_lockdown(act: Action, kind: str) -> None:
    add_lane(act)
    person = add_person(act, display_name="Lin", kind=kind)
    with pytest.raises(ActionRefused) as refused:
        set_may_override(act, person.person_id, True)
    assert refused.value.field == "person"
    person.may_override = True
    set_grants(act, person.person_id, [GrantSpec(("north-in",))])
    assert not gate_view(act).policy.persons[person.person_id].may_override


@pytest.mark.parametrize("channel", ["phone", "desk", "gate"])
def test_only_the_property_manager_gives_the_right(act: Action, channel: Channel) -> None:
    guard = add_person(act, display_name="Guard", kind="staff")
    with pytest.raises(ActionRefused):
        set_may_override(replace(act, channel=channel, actor_id=guard.person_id), guard.person_id, True)
    assert not guard.may_override
