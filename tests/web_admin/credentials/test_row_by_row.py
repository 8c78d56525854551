"""Credentials row by row: limits, what follows what, whose number is taken, and what the ledger keeps."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import select

from gate_controller.contract.pins import argon2_tag
from gate_controller.contract.records import CredentialKind, Method
from tests.support.acting import at_desk, by_phone, household
from web_admin.action.base import Action, new_id
from web_admin.compound.models import CredentialRow, Home, Person, Site
from web_admin.compound.own_credentials import STAFF
from web_admin.core.refusal import ActionRefused
from web_admin.core.sealing import card_lookup, open_card_number, open_pin_tag, seal_pin_tag
from web_admin.credentials import pins
from web_admin.credentials.actions import (
    choose_methods,
    end_credential,
    resume_credential,
    suspend_credential,
)
from web_admin.credentials.cards import MAX_CARDS, canonical_card, issue_card
from web_admin.credentials.models import TwoMethodRequest
from web_admin.credentials.phones import (
    MAX_PHONES,
    MAX_PRINTED,
    ensure_online_qr,
    issue_printed_code,
    online_code,
    register_phone_key,
)
from web_admin.credentials.pins import issue_duress_pin, issue_pin, taken_tags
from web_admin.credentials.two_methods import (
    end_two_method_request,
    request_two_methods,
    two_method_choice,
    two_method_hours,
    two_methods_work,
)
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
    """Return the field that an action is refused beside."""
    with pytest.raises(ActionRefused) as refused:
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
    assert entry.person_id == lin.person_id
    assert entry.facts["credential_id"] == card.credential_id
    assert entry.facts["method"] == "card"


@pytest.mark.parametrize("number", [0, -1, 2**32])
def test_a_number_outside_32_bits_is_no_card(act: Action, number: int) -> None:
    site = act.session.get_one(Site, act.site_id)
    assert refusal(lambda: canonical_card(number, site)) == "number"
    assert (canonical_card(1, site), canonical_card(2**32 - 1, site)) == (1, 2**32 - 1)


def test_ten_live_cards_are_the_most_and_an_ended_one_makes_room(act: Action, lin) -> None:
    cards = [issue_card(act, lin.person_id, number) for number in range(1, MAX_CARDS + 1)]
    suspend_credential(act, cards[0].credential_id)
    assert refusal(lambda: issue_card(act, lin.person_id, 99)) == "number"
    end_credential(act, cards[0].credential_id, "lost")
    issue_card(act, lin.person_id, 99)


def test_an_expired_card_ends_as_such_when_its_number_is_given_again(act: Action, lin) -> None:
    old = issue_card(act, lin.person_id, 7, valid_until=act.now + HOUR)
    later = replace(act, now=act.now + HOUR)
    issue_card(later, lin.person_id, 7)
    assert (old.state, old.ended_at, old.ended_reason) == ("ended", act.now + HOUR, "expired")


def test_the_home_of_a_card_in_use_is_named_to_staff_alone(act: Action, lin) -> None:
    issue_card(act, lin.person_id, 7)
    for channel in ("manager", "desk", "api"):
        with pytest.raises(ActionRefused, match="Home 3-1203"):
            issue_card(by_phone(act, "m", channel), lin.person_id, 7)
    with pytest.raises(ActionRefused, match="in use already"):
        issue_card(by_phone(act, lin.person_id), lin.person_id, 7)
    lin.home_id = None
    act.session.flush()
    act.session.expire(lin)
    with pytest.raises(ActionRefused, match="in use already"):
        issue_card(act, lin.person_id, 7)


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
    assert refusal(lambda: issue_pin(act, "h")) == "home"
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
    drawn = iter("111111" + near + first + fresh)
    monkeypatch.setattr(pins.secrets, "choice", lambda _digits: next(drawn))
    assert issue_pin(act, lin.person_id) == fresh
    assert next(drawn, None) is None


# -- phones --------------------------------------------------------------------------------------------


def phone_key() -> bytes:
    public = ec.generate_private_key(ec.SECP256R1()).public_key()
    return public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def test_five_phones_are_the_most_and_codes_without_one_do_not_count(act: Action, lin) -> None:
    own = by_phone(act, lin.person_id)
    ensure_online_qr(own, lin.person_id)
    issue_printed_code(at_desk(act), lin.person_id)
    keys = [phone_key() for _number in range(MAX_PHONES)]
    phones = [register_phone_key(own, lin.person_id, key, f"phone {key[1]}") for key in keys]
    assert [(row.kind, row.public_key, row.created_at, row.printed) for row in phones] == [
        ("qr", key, act.now, False) for key in keys
    ]
    assert phones[0].label == f"phone {keys[0][1]}"
    assert refusal(lambda: register_phone_key(own, lin.person_id, phone_key(), "")) == "public_key"
    assert register_phone_key(own, lin.person_id, keys[-1], "") is phones[-1], "the same phone again"
    end_credential(own, phones[0].credential_id, "sold")
    register_phone_key(own, lin.person_id, phone_key(), "")


def test_a_key_of_another_person_is_taken_until_it_ends_there(act: Action, lin) -> None:
    _, wu = household(act, "3-1204", "Wu")
    key = phone_key()
    row = register_phone_key(by_phone(act, wu.person_id), wu.person_id, key, "")
    own = by_phone(act, lin.person_id)
    assert refusal(lambda: register_phone_key(own, lin.person_id, key, "")) == "public_key"
    end_credential(act, row.credential_id, "sold")
    assert register_phone_key(own, lin.person_id, key, "").person_id == lin.person_id


def test_two_printed_codes_are_the_most_and_the_desk_alone_gives_them_out(act: Action, lin) -> None:
    for _number in range(MAX_PRINTED):
        code = issue_printed_code(at_desk(act), lin.person_id)
        assert (code.kind, code.printed, code.public_key) == ("qr", True, None)
    with pytest.raises(ActionRefused, match="two printed codes"):
        issue_printed_code(act, lin.person_id)
    end_credential(act, code.credential_id, "lost")
    for channel in ("phone", "home", "api"):
        with pytest.raises(ActionRefused, match="desk only"):
            issue_printed_code(by_phone(act, lin.person_id, channel), lin.person_id)
    issue_printed_code(act, lin.person_id)


def test_an_online_code_needs_the_method_a_live_credential_and_a_person_who_may_pass(
    act: Action, lin
) -> None:
    own = by_phone(act, lin.person_id)
    issue_printed_code(at_desk(act), lin.person_id)
    register_phone_key(own, lin.person_id, phone_key(), "")
    lin.methods = ["card", "qr"]
    with pytest.raises(ActionRefused, match="turned off"):
        online_code(own, lin.person_id)
    online = ensure_online_qr(own, lin.person_id)
    assert ensure_online_qr(own, lin.person_id) is online
    assert online_code(own, lin.person_id)
    changes = ((lin, "methods", ["card"]), (lin, "suspended", True), (online, "state", "suspended"))
    for row, name, value in changes:
        before = getattr(row, name)
        setattr(row, name, value)
        with pytest.raises(ActionRefused, match="turned off"):
            online_code(own, lin.person_id)
        setattr(row, name, before)
    assert online_code(own, lin.person_id)


# -- two-method requests -------------------------------------------------------------------------------


@pytest.fixture
def with_two(act: Action, lin: Person) -> Person:
    issue_card(act, lin.person_id, 7)
    issue_pin(act, lin.person_id)
    lin.methods = ["card", "pin"]
    return lin


@pytest.mark.parametrize(
    ("hours", "choice"),
    [
        ((0, 0), "always"),
        ((1439, 1439), "always"),
        ((1320, 360), "night"),
        ((1320, 361), "own"),
        ((0, 1439), "own"),
        ((1439, 0), "own"),
    ],
)
def test_a_request_keeps_its_minutes_and_names_its_choice(act: Action, with_two, hours, choice) -> None:
    person_id = with_two.person_id
    own = by_phone(act, person_id)
    assert (two_method_choice(act.session, person_id), two_method_hours(act.session, person_id)) == (
        None,
        None,
    )
    request_two_methods(own, person_id, *hours)
    assert two_method_hours(act.session, person_id) == hours
    assert two_method_choice(act.session, person_id) == choice
    request_two_methods(own, person_id, 60, 120)
    assert two_method_hours(act.session, person_id) == (60, 120)
    end_two_method_request(own, person_id)
    end_two_method_request(own, person_id)
    assert act.session.get(TwoMethodRequest, person_id) is None
    assert [entry.person_id for entry in ledger(act, "two_methods_wished")] == [person_id] * 2
    assert [entry.person_id for entry in ledger(act, "two_methods_ended")] == [person_id]


@pytest.mark.parametrize("hours", [(-1, 60), (60, -1), (1440, 60), (60, 1440)])
def test_minutes_outside_the_day_are_no_hours(act: Action, with_two, hours) -> None:
    own = by_phone(act, with_two.person_id)
    assert refusal(lambda: request_two_methods(own, with_two.person_id, *hours)) == "wish"


@pytest.mark.parametrize("methods", [["card"], ["card", "qr"], ["card", "face"], []])
def test_a_request_needs_two_chosen_ways_that_work_and_face_is_none(act: Action, with_two, methods) -> None:
    own = by_phone(act, with_two.person_id)
    with_two.methods = methods
    assert not two_methods_work(act.session, with_two, act.now)
    reason = "stays in reserve" if Method.FACE in methods else "two of card, PIN and QR code that work"
    with pytest.raises(ActionRefused, match=reason):
        request_two_methods(own, with_two.person_id, 0, 0)
    with_two.methods = ["pin", "face", "card"]
    assert two_methods_work(act.session, with_two, act.now)


@pytest.mark.parametrize("channel", ["manager", "api", "home"])
def test_a_request_is_its_persons_own(act: Action, with_two, channel) -> None:
    request_two_methods(at_desk(by_phone(act, with_two.person_id)), with_two.person_id, 0, 0)
    other = by_phone(act, with_two.person_id, channel)
    for change in (
        lambda: request_two_methods(other, with_two.person_id, 60, 120),
        lambda: end_two_method_request(other, with_two.person_id),
    ):
        with pytest.raises(ActionRefused, match="your own"):
            change()
    assert two_method_hours(act.session, with_two.person_id) == (0, 0)
