"""A gate's records of emergency codes: for the lanes they name, ended for sixty days, none where stolen."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gate_controller.contract.records import CredentialState
from tests.support.acting import add_lane, gate_view, household
from tests.web_admin.credentials.typed_codes import code_ids, make, typed_at
from tests.web_admin.policy.published import stored
from web_admin.action.base import Action
from web_admin.compound.models import Home
from web_admin.compound.policy_models import ENDED_PUBLISHED_FOR
from web_admin.core.refusal import ActionRefused
from web_admin.credentials.emergency_codes import end_emergency_code
from web_admin.credentials.models import EmergencyCode
from web_admin.gates.orders import mark_gate
from web_admin.policy.publish import publish_policy


@pytest.mark.publishing
def test_a_gate_knows_the_code_typed_after_home_0(act: Action) -> None:
    add_lane(act)
    household(act)
    digits = make(act, hold_minutes=30)
    found = typed_at(act, digits)
    assert found is not None
    assert (found.person_id, found.lanes, found.hold_minutes) == ("emergency", ("north-in",), 30)
    assert (len(digits), digits.isdigit()) == (8, True)
    assert typed_at(act, "00000000" if digits != "00000000" else "11111111") is None


@pytest.mark.publishing
def test_only_gates_of_its_lanes_know_a_code_and_of_those_only_their_own_lanes(act: Action) -> None:
    for gate_id in ("north", "south", "west"):
        add_lane(act, gate_id)
    digits = make(act, "north-in", "south-in")
    assert typed_at(act, digits, "north").lanes == ("north-in",)  # type: ignore[union-attr]
    assert typed_at(act, digits, "south").lanes == ("south-in",)  # type: ignore[union-attr]
    assert "emergency" not in gate_view(act, "west").policy.homes
    assert gate_view(act, "north").policy.homes["emergency"].number == "0"


@pytest.mark.publishing
def test_an_ended_code_is_published_as_ended_for_sixty_days(act: Action) -> None:
    add_lane(act)
    digits = make(act)
    end_emergency_code(act, code_ids(act)[0], "given away")
    assert typed_at(act, digits).state is CredentialState.ENDED  # type: ignore[union-attr]
    later = replace(act, now=act.now + ENDED_PUBLISHED_FOR + timedelta(days=1))
    publish_policy(act.session, act.sealer, act.site_id, later.now, person_ids=())
    assert gate_view(later).policy.homes == {}
    assert gate_view(later).policy.credentials == {}


@pytest.mark.publishing
def test_a_publication_without_others_leaves_a_code_that_one_with_others_takes_away(act: Action) -> None:
    add_lane(act)
    _home, person = household(act)
    make(act)
    (code_id,) = code_ids(act)
    end_emergency_code(act, code_id, "given away")
    later = act.now + ENDED_PUBLISHED_FOR + timedelta(days=1)

    def stays(*person_ids: str, with_others: bool) -> bool:
        publish_policy(
            act.session, act.sealer, act.site_id, later, person_ids=person_ids, with_others=with_others
        )
        return f"credential:{code_id}" in stored(act.session, "north")

    assert stays(with_others=False)
    assert stays(person.person_id, with_others=False)
    assert not stays(person.person_id, with_others=True)


@pytest.mark.publishing
def test_a_stolen_gate_receives_no_code_any_more(act: Action) -> None:
    add_lane(act)
    make(act)
    mark_gate(act, "north", "stolen")
    assert gate_view(act).policy.credentials == {}


@pytest.mark.publishing
def test_a_code_whose_seal_is_broken_stops_no_other_code(act: Action) -> None:
    add_lane(act)
    digits = make(act)
    act.session.add(
        EmergencyCode(
            credential_id="0" * 16,
            site_id=act.site_id,
            label="x",
            lanes=["north-in"],
            hold_minutes=0,
            secret_sealed=b"broken",
            created_at=act.now,
            author_id="m",
        )
    )
    publish_policy(act.session, act.sealer, act.site_id, act.now)
    assert typed_at(act, digits) is not None
    assert len(gate_view(act).policy.credentials) == 1


@pytest.mark.parametrize("number", ["0", "0-", "-0-"])
def test_a_home_0_of_an_older_server_stops_codes_with_a_sentence(act: Action, number: str) -> None:
    add_lane(act)
    act.session.add(Home(home_id="h", site_id=act.site_id, number=number, pin_salt=bytes(16)))
    with pytest.raises(ActionRefused, match="number 0"):
        make(act)
