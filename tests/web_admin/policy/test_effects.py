"""An action calls its effects: which it was given, with what, and how a policy that is refused comes back."""

from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from gate_controller.contract.records import PolicyRefused
from tests.support.acting import add_lane, audit_kinds, household
from web_admin import create_core
from web_admin.action.base import Action, new_action, one_publication
from web_admin.compound.models import Site
from web_admin.compound.policy_models import PolicyRecordRow
from web_admin.core.database import Menjin
from web_admin.core.effects import NoEffects
from web_admin.core.refusal import ActionRefused
from web_admin.credentials.cards import issue_card
from web_admin.policy.effects import PolicyEffects


@dataclass
class Noted(NoEffects):
    """Effects that only note how they were called."""

    published: list[object] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    refuses: bool = False

    def publish(self, session, site_id, now, person_ids, gate_ids=None, *, with_others=True):
        self.published.append(person_ids)
        if self.refuses:
            raise PolicyRefused("no way in but face")

    def recorded(self, session, kind, facts, person_id, now):
        self.kinds.append(kind)


def records(act: Action) -> int:
    return act.session.scalar(select(func.count()).select_from(PolicyRecordRow)) or 0


def test_an_action_publishes_for_the_persons_it_touches_and_says_what_was_recorded(act: Action) -> None:
    _home, person = household(act)
    noted = Noted()
    issue_card(replace(act, effects=noted), person.person_id, 7)
    assert noted.published == [(person.person_id,)]
    assert noted.kinds == ["card_issued"] == audit_kinds(act)[-1:]


def test_many_changes_are_published_once(act: Action) -> None:
    noted = Noted()
    with one_publication(replace(act, effects=noted)) as part:
        household(part, "1-1")
        household(part, "1-2")
    assert noted.published == [None]
    assert len(noted.kinds) == 4


def test_a_policy_that_is_refused_refuses_the_action_in_its_own_words(act: Action) -> None:
    with pytest.raises(ActionRefused, match="no way in but face"):
        household(replace(act, effects=Noted(refuses=True)))


def test_without_effects_no_gate_is_given_anything(act: Action) -> None:
    add_lane(act)
    household(act)
    assert records(act) == 0
    assert act.session.get_one(Site, act.site_id).version == 0


@pytest.mark.publishing
def test_with_the_real_effects_each_gate_is_given_its_records(act: Action) -> None:
    add_lane(act)
    _home, person = household(act)
    issue_card(act, person.person_id, 7)
    assert records(act) > 0
    assert act.session.get_one(Site, act.site_id).version > 0


def test_the_server_has_the_real_effects_and_hands_them_to_its_acts(web_config, database, now) -> None:
    menjin: Menjin = create_core(web_config, clock=lambda: now).extensions["menjin"]
    with database.session() as session:
        act = new_action(menjin, session, "s", "m", "manager")
        later = new_action(menjin, session, "s", "m", "manager", now=now + timedelta(hours=1))
    assert act.effects is menjin.effects
    assert isinstance(act.effects, PolicyEffects)
    assert (act.now, later.now) == (now, now + timedelta(hours=1))
    menjin.database.engine.dispose()
