"""PINs row by row: how one is stored, what a new one ends, and which numbers are taken in a home."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from gate_controller.contract.pins import argon2_tag
from gate_controller.contract.records import CredentialKind
from tests.support.acting import by_phone, household
from web_admin.action.base import Action, new_id
from web_admin.compound.age_bands import CHILD
from web_admin.compound.models import CredentialRow, Home, Invitation, Person
from web_admin.compound.own_credentials import GUARDIAN, STAFF
from web_admin.compound.suspension_models import Suspension
from web_admin.core.refusal import ActionRefused
from web_admin.core.sealing import open_pin_tag, seal_pin_tag
from web_admin.credentials import pins
from web_admin.credentials.actions import suspend_credential
from web_admin.credentials.cards import issue_card
from web_admin.credentials.pins import issue_duress_pin, issue_pin, taken_tags
from web_admin.face.ways_in import NO_OTHER_WAY
from web_admin.journal.models import AuditEntry


@pytest.fixture
def lin(act: Action) -> Person:
    return household(act, "3-1203", "Lin")[1]


def rows(act: Action, person: Person, kind: str, *, duress: bool = False) -> list[CredentialRow]:
    of_kind = select(CredentialRow).where(
        CredentialRow.person_id == person.person_id,
        CredentialRow.kind == kind,
        CredentialRow.duress.is_(duress),
    )
    return list(act.session.scalars(of_kind))


def ledger(act: Action, kind: str) -> list[AuditEntry]:
    return [entry for entry in act.session.query(AuditEntry) if entry.kind == kind]


def refusal(act_on: Callable[[], object]) -> str | None:
    """Return the field that an action is refused beside, with a sentence."""
    with pytest.raises(ActionRefused, match=r"[a-z] [a-z]") as refused:
        act_on()
    return refused.value.field


# -- PINs ----------------------------------------------------------------------------------------------


def test_a_pin_is_stored_by_its_tag_and_says_who_saw_it(act: Action, lin) -> None:
    home = act.session.get_one(Home, lin.home_id)
    digits = issue_pin(act, lin.person_id)
    (pin,) = rows(act, lin, "pin")
    assert open_pin_tag(act.sealer, pin.secret_sealed or b"") == argon2_tag(digits, home.pin_salt)
    assert (pin.created_at, pin.known_to_home, pin.seen_by) == (act.now, False, STAFF)
    own = issue_pin(by_phone(act, lin.person_id), lin.person_id)
    (pin,) = [row for row in rows(act, lin, "pin") if row.state == "active"]
    assert own != digits
    assert (pin.known_to_home, pin.seen_by) == (False, None)
    issue_pin(by_phone(act, "adult", "home"), lin.person_id)
    (pin,) = [row for row in rows(act, lin, "pin") if row.state == "active"]
    assert (pin.known_to_home, pin.seen_by) == (True, None)


def test_a_new_pin_ends_the_old_one_and_keeps_the_duress_pin(act: Action, lin) -> None:
    issue_pin(act, lin.person_id)
    issue_duress_pin(act, lin.person_id)
    (old,), (duress,) = rows(act, lin, "pin"), rows(act, lin, "pin", duress=True)
    issue_pin(act, lin.person_id)
    assert (old.state, old.ended_at, old.ended_reason) == ("ended", act.now, "replaced")
    assert duress.state == "active"
    issue_duress_pin(act, lin.person_id)
    assert (duress.state, duress.ended_reason) == ("ended", "replaced")
    assert [row.state for row in rows(act, lin, "pin")].count("active") == 1
    assert {entry.person_id for entry in ledger(act, "pin_issued")} == {lin.person_id}


def test_no_pin_without_a_home_or_for_no_particular_person(act: Action, lin) -> None:
    homeless = Person(
        person_id="h", site_id=act.site_id, display_name="", methods=["card"], created_at=act.now
    )
    act.session.add(homeless)
    act.session.flush()
    with pytest.raises(ActionRefused, match="Give this person a home first") as refused:
        issue_pin(act, "h")
    assert refused.value.field == "home"
    lin.kind = "unnamed"
    with pytest.raises(ActionRefused):
        issue_pin(act, lin.person_id)


def test_every_typed_number_that_a_home_ever_had_is_taken_and_no_other_homes(act: Action, lin) -> None:
    home = act.session.get_one(Home, lin.home_id)
    _, other = household(act, "3-1204", "Wu")
    kinds = [
        (lin, CredentialKind.PIN, False, "active"),
        (lin, CredentialKind.PIN, True, "active"),
        (lin, CredentialKind.PIN, False, "ended"),
        (lin, CredentialKind.VISITOR_CODE, False, "active"),
        (other, CredentialKind.PIN, False, "active"),
    ]
    for number, (person, kind, duress, state) in enumerate(kinds):
        sealed = seal_pin_tag(act.sealer, bytes([number]) * 32)
        act.session.add(
            CredentialRow(
                credential_id=new_id(),
                person_id=person.person_id,
                kind=kind,
                duress=duress,
                state=state,
                secret_sealed=sealed,
                created_at=act.now,
            )
        )
    issue_card(act, lin.person_id, 7)
    assert taken_tags(act, home) == {bytes([number]) * 32 for number in range(4)}


def test_a_number_that_is_taken_weak_or_near_another_is_drawn_again(
    act: Action, lin, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = issue_pin(act, lin.person_id)
    own_sum = sum(map(int, first)) % 10
    near = first[:-1] + str((int(first[-1]) + 1) % 10)
    fresh = next(
        text
        for number in range(271828, 10**6)
        if sum(map(int, text := f"{number:06d}")) % 10 == own_sum and text != first
    )
    of_home = f"31203{(own_sum - sum(map(int, '31203'))) % 10}"
    drawn = iter("111111" + near + first + of_home + fresh)
    monkeypatch.setattr(pins.secrets, "choice", lambda _digits: next(drawn))
    assert issue_pin(act, lin.person_id) == fresh
    assert next(drawn, None) is None


def test_the_digit_sum_of_a_persons_pins_is_that_of_their_secret_and_stays_so(act: Action, lin) -> None:
    """A server of another version has to find the same: else a slip of one digit may call the guard."""
    secret = act.sealer.lookup("pin_digit_sum", lin.person_id.encode())[0]
    given = [
        issue_pin(act, lin.person_id),
        issue_duress_pin(act, lin.person_id),
        issue_pin(act, lin.person_id),
    ]
    assert {sum(map(int, digits)) % 10 for digits in given} == {secret % 10}


def test_a_suspended_pin_is_replaced_by_who_may_end_the_suspension(act: Action, lin) -> None:
    issue_pin(act, lin.person_id)
    (pin,) = rows(act, lin, "pin")
    card = issue_card(act, lin.person_id, 7)
    suspend_credential(act, pin.credential_id)
    suspend_credential(act, card.credential_id)
    assert refusal(lambda: issue_pin(by_phone(act, lin.person_id), lin.person_id)) == "person"
    issue_pin(act, lin.person_id)
    assert (pin.state, card.state) == ("ended", "suspended")
    of = {row.credential_id: row.ended_at for row in act.session.query(Suspension)}
    assert of == {pin.credential_id: act.now, card.credential_id: None}


def test_the_ledger_says_of_a_pin_that_another_replaced_that_its_person_is_to_know(act: Action, lin) -> None:
    for asking in (act, act, by_phone(act, lin.person_id)):
        issue_pin(asking, lin.person_id)
    first, by_office, own = ledger(act, "pin_issued")
    assert by_office.facts.get("replaced_by_others") is True
    assert "replaced_by_others" not in first.facts and "replaced_by_others" not in own.facts


def test_a_child_gets_no_pin_without_a_guardians_agreement(act: Action, lin) -> None:
    lin.age_band = CHILD
    assert refusal(lambda: issue_pin(act, lin.person_id)) == "number"
    assert not rows(act, lin, "pin")


def test_a_pin_resumes_the_face_that_was_paused_with_the_last_other_way(act: Action, lin) -> None:
    issue_card(act, lin.person_id, 7, valid_until=act.now + timedelta(hours=1))
    later = replace(act, now=act.now + timedelta(hours=2))
    lin.methods, lin.face_paused_reason = ["card", "pin", "face"], NO_OTHER_WAY
    issue_pin(later, lin.person_id)
    assert lin.face_paused_reason is None


def test_a_duress_pin_that_its_person_asked_for_is_of_no_one_in_the_ledger(act: Action, lin) -> None:
    own = by_phone(act, lin.person_id)
    for asking, words in ((own, "Switch on your usual PIN"), (act, "Give this person their usual PIN")):
        with pytest.raises(ActionRefused, match=words) as refused:
            issue_duress_pin(asking, lin.person_id)
        assert refused.value.field == "person"
    issue_pin(act, lin.person_id)
    issue_duress_pin(own, lin.person_id)
    issue_duress_pin(act, lin.person_id)
    first, second = ledger(act, "duress_pin_issued")
    assert (first.facts["actor_id"], second.facts["actor_id"]) == ("its_owner", act.actor_id)
    given = [row for row in rows(act, lin, "pin", duress=True) if row.state == "active"]
    assert [row.credential_id for row in given] == [second.facts["credential_id"]]


@pytest.mark.parametrize(
    ("age_band", "by_home", "seen_by"),
    [("14_17", True, GUARDIAN), ("14_17", False, None), ("adult", True, None)],
)
def test_a_minors_pin_on_a_phone_that_the_home_opened_is_one_that_a_guardian_sees(
    act: Action, lin, age_band, by_home, seen_by
) -> None:
    lin.age_band = age_band
    invitation = Invitation(
        invitation_id="i",
        person_id=lin.person_id,
        code_digest=b"d",
        created_at=act.now,
        expires_at=act.now,
        used_at=act.now,
        made_by_home=by_home,
    )
    act.session.add(invitation)
    issue_pin(by_phone(act, lin.person_id), lin.person_id)
    (pin,) = rows(act, lin, "pin")
    assert (pin.seen_by, pin.known_to_home) == (seen_by, False)
