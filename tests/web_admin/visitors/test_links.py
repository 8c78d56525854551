"""The address of a pass leads to it alone, and the copies that its page shows last a minute."""

from datetime import timedelta

import pytest

from gate_controller.rules.decision import Reason
from tests.support.acting import add_lane, household, show_code
from tests.web_admin.visitors.tuesdays import at, tuesdays
from web_admin.action.base import Action
from web_admin.compound.models import Person
from web_admin.core.sealing import Sealer
from web_admin.visitors.actions import issue_pass, withdraw_pass
from web_admin.visitors.links import link_text, linked, renewed_text


@pytest.fixture
def host(act: Action) -> Person:
    add_lane(act)
    return household(act)[1]


# -- addresses and copies ----------------------------------------------------------------------------


def test_an_address_leads_to_its_own_pass_and_no_other_text_leads_anywhere(act: Action, host: Person) -> None:
    made, row = issue_pass(act, issuer_person_id=None, label="x", gate_numbers=[1]), tuesdays(act, None)
    text = link_text(act.sealer, "pass", made.pass_id)
    assert linked(act.session, act.sealer, text) is made
    assert linked(act.session, act.sealer, link_text(act.sealer, "series", row.series_id)) is row
    other_server = Sealer(bytes(32), bytes(32))
    changed = [text[:place] + "AB"[text[place] == "A"] + text[place + 1 :] for place in (0, 10, 31)]
    for wrong in (*changed, link_text(other_server, "pass", made.pass_id), "", "x", "ä" * 32, text + text):
        assert linked(act.session, act.sealer, wrong) is None


@pytest.mark.publishing
def test_a_renewed_copy_is_the_same_pass_for_less_than_a_minute(act: Action, host: Person) -> None:
    made = issue_pass(act, issuer_person_id=host.person_id, label="x", gate_numbers=[1], uses=1)
    later = at(act, act.now + timedelta(hours=2))
    copy = renewed_text(act.session, act.sealer, made, later.now)
    assert copy is not None
    decision = show_code(later, copy)
    assert (decision.opens, decision.credential_id) == (True, made.pass_id)
    minutes_on = {
        minutes: show_code(at(later, later.now + timedelta(minutes=minutes)), copy).reason
        for minutes in (-1, 1)
    }
    assert minutes_on == {-1: Reason.NOT_YET_VALID, 1: Reason.EXPIRED}
    withdraw_pass(act, made.pass_id)
    assert show_code(later, copy).reason is Reason.PASS_WITHDRAWN
    assert renewed_text(act.session, act.sealer, made, later.now) is None


@pytest.mark.publishing
def test_a_renewed_copy_never_reaches_over_the_pass(act: Action, host: Person) -> None:
    made = issue_pass(act, issuer_person_id=None, label="x", gate_numbers=[1])
    at_end = at(act, made.valid_until - timedelta(seconds=1))
    copy = renewed_text(act.session, act.sealer, made, at_end.now)
    assert copy is not None
    assert show_code(at_end, copy).opens
    assert show_code(at(act, made.valid_until), copy).reason is Reason.EXPIRED
    assert renewed_text(act.session, act.sealer, made, made.valid_until) is None
