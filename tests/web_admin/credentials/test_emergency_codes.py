"""Codes of no person: published to the gates of their lanes, ended for good, restored, noted when used."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from gate_controller.contract.records import CredentialState, EmergencyCodeCredential
from gate_controller.rules.identify import hash_typed, identify_typed
from tests.support.acting import add_lane, audit_kinds, by_phone, gate_keys, gate_view, household
from web_admin.action.base import Action, publish
from web_admin.compound.models import Home
from web_admin.compound.policy_models import ENDED_PUBLISHED_FOR
from web_admin.core.refusal import ActionRefused
from web_admin.credentials.emergency_codes import end_emergency_code, make_emergency_code
from web_admin.credentials.models import EmergencyCode
from web_admin.gates.actions import save_lane
from web_admin.gates.orders import mark_gate
from web_admin.gates.rules import LaneSpec
from web_admin.journal.models import AuditEntry
from web_admin.people.actions import suspend_person
from web_admin.people.homes import add_home
from web_admin.policy.publish import publish_policy


def make(act: Action, *lanes: str, hold_minutes: int = 0, replaces: str | None = None) -> str:
    return make_emergency_code(
        act, label="Ambulance 120", lanes=lanes or ("north-in",), hold_minutes=hold_minutes, replaces=replaces
    )


def typed_at(act: Action, digits: str, gate_id: str = "north") -> EmergencyCodeCredential | None:
    """Type home 0 and digits at a gate's keypad; return the emergency code that the gate takes it for."""
    policy = gate_view(act, gate_id).policy
    claim = identify_typed("0", hash_typed("0", digits, policy, gate_keys(act, gate_id)), policy)
    assert claim.credential is None or isinstance(claim.credential, EmergencyCodeCredential)
    return claim.credential


def code_ids(act: Action) -> list[str]:
    rows = select(EmergencyCode.credential_id).order_by(EmergencyCode.created_at)
    return list(act.session.scalars(rows))


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


def test_the_code_itself_is_stored_nowhere(act: Action) -> None:
    add_lane(act)
    digits = make(act)
    code = act.session.get_one(EmergencyCode, code_ids(act)[0])
    assert digits.encode() not in code.secret_sealed
    kept = [str((entry.facts, entry.personal)) for entry in act.session.scalars(select(AuditEntry))]
    assert [text for text in kept if digits in text] == []
    assert "emergency_code_made" in audit_kinds(act)


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


def test_ending_twice_is_recorded_once(act: Action) -> None:
    add_lane(act)
    make(act)
    for _time in range(2):
        end_emergency_code(act, code_ids(act)[0], "given away")
    assert audit_kinds(act).count("emergency_code_ended") == 1


@pytest.mark.publishing
def test_a_code_that_replaces_another_ends_it_in_the_same_act(act: Action) -> None:
    add_lane(act)
    old = make(act)
    new = make(act, replaces=code_ids(act)[0])
    assert typed_at(act, old).state is CredentialState.ENDED  # type: ignore[union-attr]
    assert typed_at(act, new).state is CredentialState.ACTIVE  # type: ignore[union-attr]


@pytest.mark.publishing
def test_acts_about_one_person_leave_the_codes_as_they_are(act: Action) -> None:
    add_lane(act)
    _, person = household(act)
    digits = make(act)
    suspend_person(act, person.person_id, "lost keys")
    assert typed_at(act, digits).state is CredentialState.ACTIVE  # type: ignore[union-attr]


@pytest.mark.publishing
@pytest.mark.parametrize("with_others", [True, False])
def test_a_publication_about_no_person_leaves_the_codes_as_they_are(act: Action, with_others: bool) -> None:
    add_lane(act)
    digits = make(act)
    publish(act, (), with_others=with_others)
    assert typed_at(act, digits).state is CredentialState.ACTIVE  # type: ignore[union-attr]


@pytest.mark.publishing
def test_a_stolen_gate_receives_no_code_any_more(act: Action) -> None:
    add_lane(act)
    make(act)
    mark_gate(act, "north", "stolen")
    assert gate_view(act).policy.credentials == {}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"label": " "}, "label"),
        ({"label": "x" * 41}, "label"),
        ({"lanes": ()}, "lanes"),
        ({"lanes": ("nowhere",)}, "lanes"),
        ({"lanes": ("north-out",)}, "lanes"),
        ({"hold_minutes": -1}, "hold_minutes"),
        ({"hold_minutes": 241}, "hold_minutes"),
        ({"replaces": "nothing"}, "credential"),
    ],
)
def test_a_code_without_sense_is_refused_beside_its_field(
    act: Action, change: dict[str, object], field: str
) -> None:
    add_lane(act)
    save_lane(act, "north", LaneSpec("north-out", "Out", "out", ("card",)))
    good: dict[str, object] = {"label": "Fire brigade", "lanes": ("north-in",), "hold_minutes": 0}
    with pytest.raises(ActionRefused) as refused:
        make_emergency_code(act, **(good | change))  # type: ignore[arg-type]
    assert refused.value.field == field


def test_only_the_office_makes_and_ends_codes(act: Action) -> None:
    add_lane(act)
    _, person = household(act)
    make(act)
    for other in (by_phone(act, person.person_id), replace(act, channel="desk")):
        with pytest.raises(ActionRefused):
            make(other)
        with pytest.raises(ActionRefused):
            end_emergency_code(other, code_ids(act)[0], "x")


def test_at_most_twenty_codes_live_at_once(act: Action) -> None:
    add_lane(act)
    act.session.add_all(
        EmergencyCode(
            credential_id=f"{n:016x}",
            site_id=act.site_id,
            label="x",
            lanes=["north-in"],
            hold_minutes=0,
            secret_sealed=b"broken",
            created_at=act.now,
            author_id="m",
        )
        for n in range(20)
    )
    act.session.flush()
    with pytest.raises(ActionRefused, match="twenty"):
        make(act)


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


@pytest.mark.parametrize("number", ["0", "00", "0-0", "000-0"])
def test_no_home_may_have_a_number_of_zeros(act: Action, number: str) -> None:
    with pytest.raises(ActionRefused) as refused:
        add_home(act, number)
    assert refused.value.field == "number"


def test_a_home_0_of_an_older_server_stops_codes_with_a_sentence(act: Action) -> None:
    add_lane(act)
    act.session.add(Home(home_id="h", site_id=act.site_id, number="0", pin_salt=bytes(16)))
    with pytest.raises(ActionRefused, match="number 0"):
        make(act)
