"""Promise 2: whether a person may pass, where and when, never depends on consent to face.

Does not cover: how long a way takes (the bench compares) or how staff treat people.
"""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from gate_controller.contract.records import FaceOfferRecord
from tests.promises.histories import Compound, History
from tests.support.acting import add_lane, by_phone, household, offer_face, show_card
from tests.support.examples import examples
from tests.support.gates.asking import ME, MY_CARD, answers, ask, gate_with_face, person_at, policy_of
from web_admin.action.base import Action
from web_admin.credentials.cards import issue_card
from web_admin.face.actions import give_face_consent, withdraw_face

pytestmark = [
    pytest.mark.publishing,
    pytest.mark.usefixtures("codes_hashed_quickly"),
]


class ConsentOpensNothing(History):
    """Around every giving, withdrawing, new notice or switching off: all verdicts stay the same."""

    def consent_event(self, someone: int, doing: Callable[[Action, str], object], *, by_phone: bool) -> None:
        before = self.verdicts()
        super().consent_event(someone, doing, by_phone=by_phone)
        assert self.verdicts() == before


def test_no_consent_event_changes_what_a_card_pin_or_code_opens() -> None:
    ConsentOpensNothing.compound = Compound()
    run_state_machine_as_test(
        ConsentOpensNothing,
        settings=settings(max_examples=examples(25), stateful_step_count=30, deadline=None),
    )


def test_a_card_opens_alike_before_during_and_after_consent(act: Action) -> None:
    add_lane(act)
    offer_face(act)
    _, person = household(act)
    issue_card(act, person.person_id, 77)
    phone = by_phone(act, person.person_id)
    verdicts = [show_card(act, 77)]
    give_face_consent(phone, person.person_id, 1, "en")
    verdicts.append(show_card(act, 77))
    withdraw_face(phone, person.person_id)
    verdicts.append(show_card(act, 77))
    assert [verdict.opens for verdict in verdicts] == [True, True, True]
    assert verdicts[0] == verdicts[1] == verdicts[2]


@pytest.mark.parametrize(
    ("online", "asked", "keys"),
    [
        (True, True, "1"),
        (True, True, "###1"),
        (True, True, "#########1"),
        (True, True, "#########2*"),
        (False, False, ""),
    ],
)
def test_who_says_no_at_the_gate_is_let_in_just_as_by_their_card_alone(
    tmp_path: Path, online: bool, asked: bool, keys: str
) -> None:
    """At the first page, in the middle, at the question, after a yes that was pressed; and without office."""
    with gate_with_face(tmp_path, policy_of(offer=FaceOfferRecord(ME))) as bench:
        with person_at(bench, online=online) as visitor:
            bench.card.tap(MY_CARD)
            visitor.wait_for(screen="granted")
            visitor.wait_for(screen="idle")
            ask(bench, visitor)
            visitor.wait_for(screen="face_notice" if asked else "granted")
            for key in keys:
                visitor.press("key", key=key)
            visitor.wait_for(screen="granted")
        plain, after_no = [entry for entry in bench.entries() if entry.kind == "access"]
        assert (plain.facts, plain.personal) == (after_no.facts, after_no.personal)
        pulses = [change for change in bench.relay.changes if change.on]
        assert len(pulses) == 2
        assert [said for said, _ in answers(bench)] == ["no"] * asked
