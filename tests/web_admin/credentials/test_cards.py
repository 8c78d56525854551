"""Cards row by row: how a number is stored, how many live at once, and whose number is taken."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.support.acting import at_desk, by_phone, household
from tests.web_admin.credentials.published_people import asked_by
from web_admin.action.base import Action
from web_admin.compound.models import Person, Site
from web_admin.compound.own_credentials import GUARDIAN
from web_admin.core.refusal import ActionRefused
from web_admin.core.sealing import card_lookup, open_card_number
from web_admin.credentials.actions import (
    end_credential,
    suspend_credential,
)
from web_admin.credentials.cards import MAX_CARDS, canonical_card, issue_card
from web_admin.credentials.child_agreements import agree_by_card
from web_admin.journal.models import AuditEntry
from web_admin.people.actions import add_person

HOUR = timedelta(hours=1)


@pytest.fixture
def lin(act: Action) -> Person:
    return household(act, "3-1203", "Lin")[1]


def ledger(act: Action, kind: str) -> list[AuditEntry]:
    return [entry for entry in act.session.query(AuditEntry) if entry.kind == kind]


def refusal(act_on: Callable[[], object]) -> str | None:
    """Return the field that an action is refused beside, with a sentence."""
    with pytest.raises(ActionRefused, match=r"[a-z] [a-z]") as refused:
        act_on()
    return refused.value.field


# -- cards ---------------------------------------------------------------------------------------------


def test_a_card_is_stored_under_its_canonical_number_with_its_window_and_label(act: Action, lin) -> None:
    act.session.get_one(Site, act.site_id).card_bits = 24
    card = issue_card(
        act, lin.person_id, 0x01BC614E, label="blue", valid_from=act.now, valid_until=act.now + HOUR
    )
    assert (card.kind, card.person_id, card.label, card.state) == ("card", lin.person_id, "blue", "active")
    assert (card.valid_from, card.valid_until, card.created_at) == (act.now, act.now + HOUR, act.now)
    assert card.lookup == card_lookup(act.sealer, 0xBC614E)
    assert open_card_number(act.sealer, card.secret_sealed or b"") == 0xBC614E
    (entry,) = ledger(act, "card_issued")
    assert issue_card(act, lin.person_id, 8).label == ""
    assert entry.person_id == lin.person_id
    assert entry.facts["credential_id"] == card.credential_id
    assert entry.facts["method"] == "card"


@pytest.mark.parametrize("number", [0, -1, 2**32])
def test_a_number_outside_32_bits_is_no_card(act: Action, number: int) -> None:
    site = act.session.get_one(Site, act.site_id)
    assert refusal(lambda: canonical_card(number, site)) == "number"
    assert (canonical_card(1, site), canonical_card(2**32 - 1, site)) == (1, 2**32 - 1)


def test_a_number_that_the_sites_readers_read_as_nothing_is_no_card(act: Action) -> None:
    site = act.session.get_one(Site, act.site_id)
    site.card_bits = 24
    assert refusal(lambda: canonical_card(1 << 24, site)) == "number"
    assert canonical_card(1 << 24 | 1, site) == 1


def test_ten_live_cards_are_the_most_and_an_ended_one_makes_room(act: Action, lin) -> None:
    cards = [issue_card(act, lin.person_id, number) for number in range(1, MAX_CARDS + 1)]
    suspend_credential(act, cards[0].credential_id)
    assert refusal(lambda: issue_card(act, lin.person_id, 99)) == "number"
    end_credential(act, cards[0].credential_id, "lost")
    issue_card(act, lin.person_id, 99)


def test_an_expired_card_ends_as_such_when_its_number_is_given_again(act: Action, lin) -> None:
    old = issue_card(act, lin.person_id, 7, valid_until=act.now + HOUR)
    _, wu = household(act, "3-1204", "Wu")
    later = replace(act, now=act.now + HOUR)
    asked = asked_by(later, lambda on: issue_card(on, wu.person_id, 7))
    assert (old.state, old.ended_at, old.ended_reason) == ("ended", act.now + HOUR, "expired")
    assert asked.published == [({lin.person_id, wu.person_id}, False)], "the old one goes at the gates too"


def test_the_home_of_a_card_in_use_is_named_to_staff_alone(act: Action, lin) -> None:
    issue_card(act, lin.person_id, 7)
    for channel in ("manager", "desk", "api"):
        with pytest.raises(ActionRefused, match="Home 3-1203") as refused:
            issue_card(by_phone(act, "m", channel), lin.person_id, 7)
        assert refused.value.field == "number"
    with pytest.raises(ActionRefused, match="in use already") as refused:
        issue_card(by_phone(act, lin.person_id), lin.person_id, 7)
    assert refused.value.field == "number"
    lin.home_id = None
    act.session.flush()
    act.session.expire(lin)
    with pytest.raises(ActionRefused, match="in use already"):
        issue_card(act, lin.person_id, 7)


@pytest.mark.parametrize(("start", "end"), [(None, timedelta()), (HOUR, HOUR), (2 * HOUR, HOUR)])
def test_a_window_that_is_over_or_has_no_length_is_refused(act: Action, lin, start, end) -> None:
    begins = None if start is None else act.now + start
    ends = act.now + end
    assert (
        refusal(lambda: issue_card(act, lin.person_id, 7, valid_from=begins, valid_until=ends))
        == "valid_until"
    )


def test_a_childs_card_is_noted_as_one_that_its_guardian_sees(act: Action, lin) -> None:
    assert issue_card(act, lin.person_id, 7).seen_by is None
    child = add_person(act, display_name="Child", home_id=lin.home_id, age_band="under_14")
    with pytest.raises(ActionRefused):
        issue_card(act, child.person_id, 8)
    agree_by_card(at_desk(act), child.person_id, 7, "en", "yes")
    assert issue_card(act, child.person_id, 8).seen_by == GUARDIAN
