"""A person who opens in a call passes by the same right as a pass of theirs, and needs no reader for it."""

from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from gate_controller.contract.policy import Policy, compile_policy
from gate_controller.contract.records import Method, Posture, Record
from gate_controller.rules.access import decide
from gate_controller.rules.decision import GateMemory, Reason
from gate_controller.rules.identify import identify_answer
from tests.support.compounds.people import lane, person, records
from tests.support.gates.site_keys import encoded

NOON = datetime(2026, 3, 4, 4, 0, tzinfo=UTC)
WHO = person()
HOME = WHO.home_id or ""
LANE = lane()


def policy_with(*changed: Record) -> Policy:
    return compile_policy(encoded(records(*changed)), epoch=1, version=1, issued_at=NOON).policy


def reason(policy: Policy, home_id: str = HOME, now: datetime = NOON, **memory: object) -> Reason:
    claim = identify_answer(WHO.person_id, home_id, policy)
    return decide(claim, LANE.lane_id, policy, GateMemory(**memory), now).reason  # type: ignore[arg-type]


def test_an_answer_opens_where_no_reader_takes_part_and_nothing_was_chosen() -> None:
    cards_alone = replace(LANE, methods=(Method.CARD,))
    assert reason(policy_with(cards_alone, replace(WHO, methods=()))) is Reason.GRANTED
    assert reason(policy_with(LANE, WHO), clock_sure=False) is Reason.GRANTED
    delayed = {method: NOON + timedelta(minutes=1) for method in Method}
    assert reason(policy_with(LANE, WHO), delayed_until=delayed) is Reason.GRANTED


@pytest.mark.parametrize("posture", [Posture.LOCKDOWN, Posture.DISABLED])
def test_no_answer_opens_a_lane_that_is_shut(posture: Posture) -> None:
    assert reason(policy_with(replace(LANE, posture=posture), WHO)).startswith("lane_")


def test_the_rights_of_the_person_hold() -> None:
    assert reason(policy_with(LANE, replace(WHO, suspended=True))) is Reason.PERSON_SUSPENDED
    assert reason(policy_with(LANE, replace(WHO, grants=()))) is Reason.NO_GRANT
    ended = replace(WHO.grants[0], valid_until=NOON)
    assert reason(policy_with(LANE, replace(WHO, grants=(ended,)))) is Reason.EXPIRED
    assert reason(policy_with(LANE)) is Reason.CREDENTIAL_UNKNOWN
    assert reason(policy_with(LANE, WHO), now=NOON + timedelta(days=31)) is Reason.POLICY_TOO_OLD


def test_only_people_of_the_called_home_can_open() -> None:
    assert reason(policy_with(LANE, WHO), "another") is Reason.NOT_OF_HOME


def test_the_key_for_duress_opens_as_the_usual_one_and_says_so() -> None:
    policy = policy_with(LANE, WHO)
    claim = identify_answer(WHO.person_id, HOME, policy, under_duress=True)
    decision = decide(claim, LANE.lane_id, policy, GateMemory(), NOON)
    assert (decision.opens, decision.duress) == (True, True)
