"""Codes of no person: published to the gates of their lanes, ended for good, restored, noted when used."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from gate_controller.contract.records import CredentialState
from tests.support.acting import add_lane, audit_kinds, by_phone, household
from tests.support.suspending import suspend_for_days
from tests.web_admin.credentials.published_people import asked_by
from tests.web_admin.credentials.typed_codes import code_ids, make, typed_at
from web_admin.action.base import Action, publish
from web_admin.compound.models import Site
from web_admin.core.refusal import ActionRefused
from web_admin.core.sealing import seal_pin_tag
from web_admin.credentials import emergency_codes
from web_admin.credentials.emergency_codes import (
    MAX_HOLD_MINUTES,
    MAX_LABEL_CHARS,
    end_emergency_code,
    make_emergency_code,
)
from web_admin.credentials.models import EmergencyCode
from web_admin.gates.actions import save_lane
from web_admin.gates.rules import LaneSpec
from web_admin.journal.models import AuditEntry
from web_admin.people.homes import add_home


def test_the_code_itself_is_stored_nowhere(act: Action) -> None:
    add_lane(act)
    digits = make(act)
    code = act.session.get_one(EmergencyCode, code_ids(act)[0])
    assert digits.encode() not in code.secret_sealed
    kept = [str((entry.facts, entry.personal)) for entry in act.session.scalars(select(AuditEntry))]
    assert [text for text in kept if digits in text] == []
    assert "emergency_code_made" in audit_kinds(act)


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
    suspend_for_days(act, person.person_id)
    assert typed_at(act, digits).state is CredentialState.ACTIVE  # type: ignore[union-attr]


@pytest.mark.wide
@pytest.mark.publishing
@pytest.mark.parametrize("with_others", [True, False])
def test_a_publication_about_no_person_leaves_the_codes_as_they_are(act: Action, with_others: bool) -> None:
    add_lane(act)
    digits = make(act)
    publish(act, (), with_others=with_others)
    assert typed_at(act, digits).state is CredentialState.ACTIVE  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ({"label": " "}, "label", None),
        ({"label": "x" * 41}, "label", None),
        ({"lanes": ()}, "lanes", "Choose at least one lane"),
        ({"lanes": ("nowhere",)}, "lanes", None),
        ({"lanes": ("north-out",)}, "lanes", "The lane North · Out has no keypad"),
        ({"hold_minutes": -1}, "hold_minutes", "From 0 to 240 minutes"),
        ({"hold_minutes": 241}, "hold_minutes", "From 0 to 240 minutes"),
        ({"replaces": "nothing"}, "credential", "no such"),
    ],
)
def test_a_code_without_sense_is_refused_beside_its_field(
    act: Action, change: dict[str, object], field: str, words: str | None
) -> None:
    add_lane(act)
    save_lane(act, "north", LaneSpec("north-out", "Out", "out", ("card",)))
    good: dict[str, object] = {"label": "Fire brigade", "lanes": ("north-in",), "hold_minutes": 0}
    with pytest.raises(ActionRefused, match=words) as refused:
        make_emergency_code(act, **(good | change))  # type: ignore[arg-type]
    assert refused.value.field == field


def test_only_the_office_makes_and_ends_codes(act: Action) -> None:
    add_lane(act)
    _, person = household(act)
    make(act)
    for other in (by_phone(act, person.person_id), replace(act, channel="desk")):
        with pytest.raises(ActionRefused, match="property manager only"):
            make(other)
        with pytest.raises(ActionRefused, match="property manager only"):
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
            secret_sealed=seal_pin_tag(act.sealer, bytes(32)),
            created_at=act.now,
            author_id="m",
        )
        for n in range(20)
    )
    act.session.flush()
    with pytest.raises(ActionRefused, match="twenty"):
        make(act)
    end_emergency_code(act, f"{7:016x}", "not needed")
    make(act)


@pytest.mark.parametrize("number", ["0", "00", "0-0", "000-0"])
def test_no_home_may_have_a_number_of_zeros(act: Action, number: str) -> None:
    with pytest.raises(ActionRefused) as refused:
        add_home(act, number)
    assert refused.value.field == "number"


def entry_of(act: Action, kind: str) -> AuditEntry:
    return act.session.scalars(select(AuditEntry).where(AuditEntry.kind == kind)).one()


def test_a_code_and_the_ledger_say_for_what_whose_and_since_when_it_is(act: Action) -> None:
    for gate_id in ("north", "south"):
        add_lane(act, gate_id)
    label = "x" * MAX_LABEL_CHARS
    make_emergency_code(
        act, label=label, lanes=("south-in", "north-in", "south-in"), hold_minutes=MAX_HOLD_MINUTES
    )
    code = act.session.get_one(EmergencyCode, code_ids(act)[0])
    assert (code.label, code.lanes, code.hold_minutes) == (label, ["south-in", "north-in"], MAX_HOLD_MINUTES)
    assert (code.created_at, code.author_id, code.state) == (act.now, act.actor_id, "active")
    made = entry_of(act, "emergency_code_made")
    assert made.personal == {"label": label}
    assert made.facts["credential_id"] == code.credential_id
    assert (made.facts["lanes"], made.facts["hold_minutes"]) == ("south-in north-in", MAX_HOLD_MINUTES)


@pytest.mark.parametrize(
    ("end", "reason"),
    [
        (lambda act, code_id: end_emergency_code(act, code_id, "given away"), "given away"),
        (lambda act, code_id: make(act, replaces=code_id), "replaced"),
    ],
)
def test_the_end_of_a_code_is_dated_and_reasoned(act: Action, end, reason: str) -> None:
    add_lane(act)
    make(act)
    old = act.session.get_one(EmergencyCode, code_ids(act)[0])
    later = replace(act, now=act.now + timedelta(hours=1))
    end(later, old.credential_id)
    assert (old.state, old.ended_at, old.ended_reason) == ("ended", later.now, reason)
    ended = entry_of(act, "emergency_code_ended")
    assert (ended.facts["credential_id"], ended.personal) == (old.credential_id, {"reason": reason})


def test_codes_publish_no_person_and_share_a_salt_of_their_site(act: Action) -> None:
    add_lane(act)
    assert asked_by(act, make).published == [(set(), True)]
    salt = act.session.get_one(Site, act.site_id).emergency_salt
    assert len(salt or b"") == 16
    make(act)
    assert act.session.get_one(Site, act.site_id).emergency_salt == salt, "gates hash what is typed once"
    first, second = code_ids(act)
    ended = asked_by(act, lambda on: end_emergency_code(on, first))
    assert (ended.published, ended.kinds) == ([(set(), True)], ["emergency_code_ended"])
    assert act.session.get_one(EmergencyCode, first).ended_reason == "ended"
    assert asked_by(replace(act, publishes=False), lambda on: end_emergency_code(on, second)).published == []


def test_an_end_without_a_reason_is_refused_beside_its_field(act: Action) -> None:
    add_lane(act)
    make(act)
    with pytest.raises(ActionRefused) as refused:
        end_emergency_code(act, code_ids(act)[0], " ")
    assert refused.value.field == "reason"


def test_digits_that_a_code_had_are_drawn_again(act: Action, monkeypatch: pytest.MonkeyPatch) -> None:
    add_lane(act)
    had = make(act)
    end_emergency_code(act, code_ids(act)[0], "given away")
    other = "00000001" if had != "00000001" else "00000002"
    drawn = iter([had, had, other])
    monkeypatch.setattr(emergency_codes, "make_visitor_code", lambda: next(drawn))
    assert make(act) == other
