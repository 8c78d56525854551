"""The end of a credential row by row: its date and reason, what ends with it, and what no longer changes."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.support.acting import by_phone, household
from tests.web_admin.credentials.published_people import asked_by
from tests.web_admin.policy.published import give_face
from web_admin.action.base import Action
from web_admin.compound.models import CredentialRow, Person
from web_admin.compound.restore_models import RestoreReview
from web_admin.compound.suspension_models import Suspension
from web_admin.core.refusal import ActionRefused
from web_admin.credentials.actions import (
    choose_methods,
    end_credential,
    resume_credential,
    suspend_credential,
)
from web_admin.credentials.cards import issue_card
from web_admin.credentials.last_way_in import LastWayIn
from web_admin.credentials.lifecycle import end_live
from web_admin.credentials.phones import ensure_online_qr, issue_printed_code
from web_admin.credentials.pins import issue_duress_pin, issue_pin
from web_admin.face.models import FaceOpening
from web_admin.journal.models import AuditEntry

HOUR = timedelta(hours=1)


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


# -- ending, suspending, resuming ----------------------------------------------------------------------


def test_an_end_is_dated_reasoned_and_written_down_once_more_without_a_new_date(act: Action, lin) -> None:
    card = issue_card(act, lin.person_id, 7)
    end_credential(act, card.credential_id, "lost")
    later = replace(act, now=act.now + HOUR)
    end_credential(later, card.credential_id, "stolen")
    assert (card.state, card.ended_at, card.ended_reason) == ("ended", act.now, "lost")
    (first, _second) = ledger(act, "credential_ended")
    assert first.personal == {"reason": "lost"}
    assert first.person_id == lin.person_id


def test_the_usual_pin_takes_the_duress_pin_along_and_nothing_else_does(act: Action, lin) -> None:
    card = issue_card(act, lin.person_id, 7)
    issue_pin(act, lin.person_id)
    issue_duress_pin(act, lin.person_id)
    (pin,), (duress,) = rows(act, lin, "pin"), rows(act, lin, "pin", duress=True)
    suspend_credential(act, card.credential_id)
    assert (pin.state, duress.state) == ("active", "active")
    suspend_credential(act, pin.credential_id)
    assert (pin.state, pin.suspended_by) == (duress.state, duress.suspended_by) == ("suspended", "office")
    resume_credential(act, card.credential_id)
    assert (pin.state, duress.state) == ("suspended", "suspended")
    resume_credential(act, pin.credential_id)
    assert (pin.state, pin.suspended_by) == (duress.state, duress.suspended_by) == ("active", "")
    suspend_credential(act, duress.credential_id)
    assert (pin.state, duress.state) == ("active", "suspended")
    resume_credential(act, duress.credential_id)
    end_credential(act, card.credential_id, "lost")
    assert (pin.state, duress.state) == ("active", "active")
    end_credential(act, pin.credential_id, "seen")
    assert (duress.state, duress.ended_at, duress.ended_reason) == ("ended", act.now, "seen")


def test_where_duress_is_not_named_the_usual_pin_ends_and_the_duress_pin_with_it(act: Action, lin) -> None:
    issue_pin(act, lin.person_id)
    issue_duress_pin(act, lin.person_id)
    end_live(act, lin.person_id, "pin", "moved_out")
    ended = rows(act, lin, "pin") + rows(act, lin, "pin", duress=True)
    assert [(row.state, row.ended_reason) for row in ended] == [("ended", "moved_out")] * 2


def test_ending_the_duress_pin_leaves_the_usual_one_and_names_no_person(act: Action, lin) -> None:
    issue_pin(act, lin.person_id)
    issue_duress_pin(act, lin.person_id)
    (pin,), (duress,) = rows(act, lin, "pin"), rows(act, lin, "pin", duress=True)
    end_credential(act, duress.credential_id, "ended")
    assert pin.state == "active"
    (entry,) = ledger(act, "credential_ended")
    assert (entry.person_id, entry.personal) == (None, {})
    assert entry.facts["credential_id"] == duress.credential_id


def test_what_has_ended_is_neither_suspended_nor_resumed(act: Action, lin) -> None:
    card = issue_card(act, lin.person_id, 7)
    end_credential(act, card.credential_id, "lost")
    assert refusal(lambda: suspend_credential(act, card.credential_id)) == "credential"
    assert refusal(lambda: resume_credential(act, card.credential_id)) == "credential"
    assert card.state == "ended"


def test_resuming_what_is_not_suspended_changes_nothing_for_anyone(act: Action, lin) -> None:
    card = issue_card(act, lin.person_id, 7)
    lin.phone_unproven = "invited"
    resume_credential(by_phone(act, lin.person_id), card.credential_id)
    assert card.state == "active"


def test_ways_are_stored_in_their_fixed_order_and_written_down(act: Action, lin) -> None:
    issue_card(act, lin.person_id, 7)
    issue_pin(act, lin.person_id)
    choose_methods(act, lin.person_id, ["qr", "pin", "card", "pin"])
    assert lin.methods == ["card", "pin", "qr"]
    (entry,) = ledger(act, "methods_chosen")
    assert (entry.person_id, entry.personal) == (lin.person_id, {"methods": "card pin qr"})
    (code,) = rows(act, lin, "qr")
    choose_methods(act, lin.person_id, ["qr"])
    assert rows(act, lin, "qr") == [code], "there was one already"


def test_who_has_no_way_that_works_may_choose_one_that_comes_later(act: Action, lin) -> None:
    choose_methods(act, lin.person_id, ["pin"])
    assert lin.methods == ["pin"]
    issue_card(act, lin.person_id, 7, valid_until=act.now + HOUR)
    choose_methods(act, lin.person_id, ["card"])
    assert refusal(lambda: choose_methods(act, lin.person_id, ["pin"])) == "methods"
    later = replace(act, now=act.now + HOUR)
    choose_methods(later, lin.person_id, ["pin"])
    assert lin.methods == ["pin"], "the card has ended"


def test_the_ledger_has_each_change_of_a_credential_under_its_person(act: Action, lin) -> None:
    card = issue_card(act, lin.person_id, 7)
    suspend_credential(act, card.credential_id)
    resume_credential(act, card.credential_id)
    end_credential(act, card.credential_id, "lost")
    entries = [
        (entry.kind, entry.personal, entry.facts["method"])
        for entry in act.session.query(AuditEntry).order_by(AuditEntry.seq)
        if entry.person_id == lin.person_id and "credential_id" in entry.facts
    ]
    assert entries == [
        ("card_issued", {}, "card"),
        ("credential_suspended", {}, "card"),
        ("credential_resumed", {}, "card"),
        ("credential_ended", {"reason": "lost"}, "card"),
    ]


def test_an_end_without_a_reason_is_refused_beside_its_field(act: Action, lin) -> None:
    card = issue_card(act, lin.person_id, 7)
    assert refusal(lambda: end_credential(act, card.credential_id, " ")) == "reason"


def test_what_a_restore_holds_back_is_resumed_by_staff_alone(act: Action, lin) -> None:
    card, other = issue_card(act, lin.person_id, 7), issue_card(act, lin.person_id, 8)
    review = RestoreReview(
        review_id="r",
        site_id=act.site_id,
        kind="credential",
        subject_id=card.credential_id,
        before={},
        after={},
        found_at=act.now,
    )
    act.session.add(review)
    own = by_phone(act, lin.person_id)
    for row in (card, other):
        suspend_credential(own, row.credential_id)
    for channel in ("phone", "home"):
        asking = by_phone(act, lin.person_id, channel)
        with pytest.raises(ActionRefused, match="before the server was restored") as refused:
            resume_credential(asking, card.credential_id)
        assert refused.value.field == "credential"
    resume_credential(own, other.credential_id)
    assert (card.state, other.state) == ("suspended", "active")
    resume_credential(act, card.credential_id)
    assert card.state == "active"


def test_a_card_that_has_expired_keeps_no_face_on_when_the_last_other_way_is_lost(act: Action, lin) -> None:
    give_face(act.session, act.sealer, act.site_id, lin, act.now)
    issue_card(act, lin.person_id, 7, valid_until=act.now + HOUR)
    card = issue_card(act, lin.person_id, 8)
    later = replace(act, now=act.now + HOUR)
    assert end_credential(later, card.credential_id, "returned").face_paused


def test_a_suspension_is_a_row_that_the_ledger_names_and_a_duress_pin_has_none(act: Action, lin) -> None:
    """The rows are listed, and a duress PIN is listed nowhere."""
    card, held = issue_card(act, lin.person_id, 7), issue_card(act, lin.person_id, 8)
    issue_pin(act, lin.person_id)
    issue_duress_pin(act, lin.person_id)
    (duress,) = rows(act, lin, "pin", duress=True)
    held.state = duress.state = "suspended"  # as a restore leaves them
    for row in (card, held, duress):
        suspend_credential(act, row.credential_id)
    kept = act.session.query(Suspension).all()
    assert {(row.credential_id, row.reason) for row in kept} == {
        (card.credential_id, "lost"),
        (held.credential_id, "lost"),
        (held.credential_id, "restored"),
    }
    noted = {row.credential_id: row.suspension_id for row in kept if row.reason == "lost"}
    *of_cards, of_duress = [entry.facts for entry in ledger(act, "credential_suspended")]
    assert [(facts["reason"], facts["suspension_id"]) for facts in of_cards] == [
        ("lost", noted[row.credential_id]) for row in (card, held)
    ]
    assert "suspension_id" not in of_duress


def test_another_system_neither_ends_nor_suspends_the_last_way_in(act: Action, lin) -> None:
    system = by_phone(act, "key:1", "api")
    last, other = issue_card(act, lin.person_id, 7), issue_card(act, lin.person_id, 8)
    end_credential(system, other.credential_id, "lost")
    for one in (
        lambda: end_credential(system, last.credential_id, "lost"),
        lambda: suspend_credential(system, last.credential_id, "lost"),
    ):
        with pytest.raises(LastWayIn):
            one()
    assert (last.state, other.state) == ("active", "ended")
    issue_card(act, lin.person_id, 9)
    suspend_credential(system, last.credential_id, "lost")
    assert last.state == "suspended"


# -- what is published ---------------------------------------------------------------------------------


def test_an_act_on_a_credential_publishes_its_person_and_nothing_of_their_home(act: Action, lin) -> None:
    person_id = lin.person_id
    card = issue_card(act, person_id, 7).credential_id
    acts = {
        "card_issued": lambda on: issue_card(on, person_id, 8),
        "pin_issued": lambda on: issue_pin(on, person_id),
        "duress_pin_issued": lambda on: issue_duress_pin(on, person_id),
        "online_code_allowed": lambda on: ensure_online_qr(on, person_id),
        "printed_code_issued": lambda on: issue_printed_code(on, person_id),
        "credential_suspended": lambda on: suspend_credential(on, card),
        "credential_resumed": lambda on: resume_credential(on, card),
        "credential_ended": lambda on: end_credential(on, card, "lost"),
    }
    for kind, one in acts.items():
        asked = asked_by(act, one)
        assert (asked.published, asked.kinds) == ([({person_id}, False)], [kind])
    (duress,) = rows(act, lin, "pin", duress=True)
    asked = asked_by(act, lambda on: end_credential(on, duress.credential_id, "seen"))
    assert asked.published == [({person_id}, False)]
    asked = asked_by(act, lambda on: choose_methods(on, person_id, ["card"]))
    assert asked.published == [({person_id}, True)], "a face that is left out is one that others agreed to"


def test_a_loss_publishes_whose_face_was_given_with_it_too(act: Action, lin) -> None:
    _, wu = household(act, "3-1204", "Wu")

    def given_with(credential: CredentialRow) -> str:
        give_face(act.session, act.sealer, act.site_id, wu, act.now)
        act.session.add(
            FaceOpening(person_id=wu.person_id, credential_id=credential.credential_id, at=act.now)
        )
        act.session.flush()
        return credential.credential_id

    both, alone = {lin.person_id, wu.person_id}, {lin.person_id}
    issue_pin(act, lin.person_id)
    cards = [issue_card(act, lin.person_id, number) for number in range(1, 4)]
    lost = given_with(cards[0])
    assert asked_by(act, lambda on: suspend_credential(on, lost)).published == [(both, False)]
    lost = given_with(cards[1])
    assert asked_by(act, lambda on: end_credential(on, lost, "lost")).published == [(both, False)]
    given_with(rows(act, lin, "pin")[0])
    assert asked_by(act, lambda on: issue_pin(on, lin.person_id)).published == [(both, False)]
    returned = given_with(cards[2])
    assert asked_by(act, lambda on: end_credential(on, returned, "returned")).published == [(alone, False)]
