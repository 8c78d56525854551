"""A phone that a new invitation opened changes no way in."""

import pytest

from tests.support.acting import (
    by_phone,
    household,
)
from web_admin.action.base import Action
from web_admin.action.phone_verification import INVITED_AGAIN
from web_admin.core.refusal import ActionRefused
from web_admin.credentials.pins import issue_duress_pin, issue_pin


def test_a_phone_that_a_new_invitation_opened_gets_no_duress_pin(act: Action) -> None:
    _, person = household(act)
    issue_pin(act, person.person_id)
    person.phone_unproven = INVITED_AGAIN
    with pytest.raises(ActionRefused, match="show your card"):
        issue_duress_pin(by_phone(act, person.person_id), person.person_id)
