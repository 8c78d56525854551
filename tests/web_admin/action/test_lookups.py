"""No act reaches a person of another site."""

from dataclasses import replace

import pytest

from tests.support.acting import (
    household,
)
from web_admin.action.base import Action
from web_admin.core.refusal import ActionRefused
from web_admin.people.actions import (
    suspend_person,
)


def test_no_act_reaches_a_person_of_another_site(act: Action) -> None:
    _, person = household(act)
    with pytest.raises(ActionRefused):
        suspend_person(replace(act, site_id="elsewhere"), person.person_id, "no")
