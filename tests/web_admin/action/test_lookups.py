"""No act reaches a person of another site."""

from dataclasses import replace

import pytest

from tests.support.acting import (
    household,
)
from tests.support.suspending import suspend_for_days
from web_admin.action.base import Action
from web_admin.core.refusal import ActionRefused


def test_no_act_reaches_a_person_of_another_site(act: Action) -> None:
    _, person = household(act)
    with pytest.raises(ActionRefused):
        suspend_for_days(replace(act, site_id="elsewhere"), person.person_id)
