"""Promise 2: whether a person may pass, where and when, never depends on consent to face.

Does not cover: how long a way takes (the bench compares) or how staff treat people.
"""

from collections.abc import Callable

from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from tests.promises.histories import Compound, History
from tests.unit.web_admin.acting import add_lane, by_phone, household, offer_face, show_card
from web_admin.acts import Act
from web_admin.consents import give_face_consent, withdraw_face
from web_admin.credentials import issue_card


class ConsentOpensNothing(History):
    """Around every giving, withdrawing, new notice or switching off: all verdicts stay the same."""

    def consent_event(self, someone: int, doing: Callable[[Act, str], object], *, by_phone: bool) -> None:
        before = self.verdicts()
        super().consent_event(someone, doing, by_phone=by_phone)
        assert self.verdicts() == before


def test_no_consent_event_changes_what_a_card_pin_or_code_opens() -> None:
    ConsentOpensNothing.compound = Compound()
    run_state_machine_as_test(
        ConsentOpensNothing, settings=settings(max_examples=25, stateful_step_count=30, deadline=None)
    )


def test_a_card_opens_alike_before_during_and_after_consent(act: Act) -> None:
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
