"""Cards, PINs, phones and the choice among them."""

from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import select

from gate_controller.contract.pins import is_weak_pin
from gate_controller.contract.records import Method
from gate_controller.rules.decision import Reason
from tests.support.acting import (
    add_lane,
    by_phone,
    gate_view,
    household,
    offer_face,
    show_card,
    show_code,
    type_digits,
)
from web_admin.action.base import Action, Channel
from web_admin.compound.models import Site
from web_admin.core.refusal import ActionRefused
from web_admin.credentials.actions import (
    choose_methods,
    end_credential,
    resume_credential,
    suspend_credential,
)
from web_admin.credentials.cards import issue_card, parse_card_number
from web_admin.credentials.phones import (
    ensure_online_qr,
    issue_printed_code,
    online_code,
    printed_code,
    register_phone_key,
)
from web_admin.credentials.pins import issue_duress_pin, issue_pin
from web_admin.custody.models import Consent
from web_admin.face.actions import face_state, give_face_consent
from web_admin.face.ways_in import working_methods
from web_admin.journal.models import AuditEntry
from web_admin.people.actions import add_person


def phone_key() -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0012345678", 12345678),
        (" 4294967295 ", 4294967295),
        ("0x00BC614E", 12345678),
        ("00:BC:61:4E", 12345678),
        ("bc614e", 12345678),
        ("188,24910", 188 << 16 | 24910),
        ("188 / 24910", 188 << 16 | 24910),
        ("255,65535", 255 << 16 | 65535),
        ("0,1", 1),
        ("12:34:56:78", 0x12345678),
        ("12 34 56 78", 12345678),
        ("１２３４", 1234),
    ],
)
def test_a_card_number_is_read_in_every_form_in_which_cards_print_it(text: str, number: int) -> None:
    assert parse_card_number(text) == number


@pytest.mark.parametrize(
    "text", ["", "0", "4294967296", "-5", "12 34x", "256,1", "1,65536", "1FFFFFFFF", "三"]
)
def test_what_is_no_card_number_is_refused_beside_its_field(text: str) -> None:
    with pytest.raises(ActionRefused, match="Type the digits printed on the card") as refused:
        parse_card_number(text)
    assert refused.value.field == "number"


@pytest.mark.publishing
def test_an_issued_card_opens_at_the_gate_at_once(act: Action) -> None:
    add_lane(act)
    _, person = household(act)
    issue_card(act, person.person_id, 12345678)
    assert show_card(act, 12345678).reason is Reason.GRANTED


def test_a_card_in_use_is_refused_and_only_staff_see_its_holder(act: Action) -> None:
    _, person = household(act)
    other = add_person(act, display_name="Wu")
    issue_card(act, person.person_id, 77)
    with pytest.raises(ActionRefused, match="3-1203"):
        issue_card(act, other.person_id, 77)
    with pytest.raises(ActionRefused) as refused:
        issue_card(by_phone(act, other.person_id), other.person_id, 77)
    assert "3-1203" not in str(refused.value)


def test_on_a_24_bit_site_cards_that_read_alike_are_one_card(act: Action) -> None:
    act.session.get_one(Site, act.site_id).card_bits = 24
    _, person = household(act)
    issue_card(act, person.person_id, 0x01BC614E)
    with pytest.raises(ActionRefused):
        issue_card(act, person.person_id, 0x02BC614E)
    with pytest.raises(ActionRefused):
        issue_card(act, person.person_id, 0x01000000)


@pytest.mark.publishing
def test_an_ended_card_may_be_bound_again_and_opens_for_its_new_holder(act: Action) -> None:
    add_lane(act)
    _, person = household(act)
    other = add_person(act, display_name="Wu")
    end_credential(act, issue_card(act, person.person_id, 77).credential_id, "lost")
    assert not show_card(act, 77).opens
    issue_card(act, other.person_id, 77)
    assert (show_card(act, 77).opens, show_card(act, 77).person_id) == (True, other.person_id)


@pytest.mark.publishing
def test_an_expired_card_may_be_bound_again_and_opens_for_its_new_holder(act: Action) -> None:
    add_lane(act)
    _, person = household(act)
    other = add_person(act, display_name="Wu")
    issue_card(act, person.person_id, 77, valid_until=act.now + timedelta(hours=1))
    later = replace(act, now=act.now + timedelta(hours=2))
    issue_card(later, other.person_id, 77)
    assert show_card(later, 77).person_id == other.person_id


@pytest.mark.publishing
def test_a_suspended_card_stays_shut_until_it_is_resumed(act: Action) -> None:
    add_lane(act)
    _, person = household(act)
    card = issue_card(act, person.person_id, 77)
    assert suspend_credential(act, card.credential_id).left_without_way
    assert show_card(act, 77).reason is Reason.CREDENTIAL_SUSPENDED
    resume_credential(act, card.credential_id)
    assert show_card(act, 77).opens
    end_credential(act, card.credential_id, "lost")
    with pytest.raises(ActionRefused):
        resume_credential(act, card.credential_id)


@pytest.mark.publishing
def test_a_pin_opens_only_after_the_person_chose_it(act: Action) -> None:
    add_lane(act)
    home, person = household(act)
    issue_card(act, person.person_id, 77)
    pin = issue_pin(act, person.person_id)
    assert type_digits(act, home.number, pin).reason is Reason.METHOD_NOT_CHOSEN
    choose_methods(by_phone(act, person.person_id), person.person_id, ["pin", "card"])
    assert person.methods == ["card", "pin"]
    assert type_digits(act, home.number, pin).opens


@pytest.mark.publishing
def test_a_new_pin_replaces_the_old_one_and_the_duress_pin_stays_far_from_both(act: Action) -> None:
    add_lane(act)
    home, person = household(act)
    pins = [issue_pin(act, person.person_id)]
    choose_methods(act, person.person_id, ["card", "pin"])
    duress = issue_duress_pin(act, person.person_id)
    pins += [issue_pin(act, person.person_id) for _ in range(3)]
    assert min(sum(map(str.__ne__, duress, pin)) for pin in pins) >= 2
    assert not any(is_weak_pin(pin, home.number) for pin in [duress, *pins])
    assert not type_digits(act, home.number, pins[0]).opens
    assert (type_digits(act, home.number, pins[-1]).opens, type_digits(act, home.number, duress).opens) == (
        True,
        True,
    )
    assert (type_digits(act, home.number, pins[-1]).duress, type_digits(act, home.number, duress).duress) == (
        False,
        True,
    )


@pytest.mark.parametrize("channel", ["phone", "desk"])
def test_a_duress_pin_needs_the_usual_one_and_leaves_no_trace_under_the_person(
    act: Action, channel: Channel
) -> None:
    _, person = household(act)
    asking = by_phone(act, person.person_id, channel)
    with pytest.raises(ActionRefused, match="usual PIN first"):
        issue_duress_pin(asking, person.person_id)
    issue_pin(act, person.person_id)
    issue_duress_pin(asking, person.person_id)
    entries = act.session.query(AuditEntry).all()
    (given,) = [entry for entry in entries if entry.kind == "duress_pin_issued"]
    assert given.person_id is None
    assert person.person_id not in str([given.facts, given.personal])
    assert not [e.kind for e in entries if e.person_id == person.person_id and "duress" in e.kind]


@pytest.mark.publishing
def test_ending_the_pin_ends_the_duress_pin_with_it(act: Action) -> None:
    add_lane(act)
    home, person = household(act)
    issue_pin(act, person.person_id)
    choose_methods(act, person.person_id, ["card", "pin"])
    duress = issue_duress_pin(act, person.person_id)
    [pin] = [row for row in person.credentials if row.kind == "pin" and not row.duress]
    assert type_digits(act, home.number, duress).opens
    end_credential(act, pin.credential_id, "lost")
    assert not type_digits(act, home.number, duress).opens


@pytest.mark.publishing
def test_choosing_qr_without_a_phone_key_gives_online_codes_that_open(act: Action) -> None:
    add_lane(act)
    _, person = household(act)
    with pytest.raises(ActionRefused):
        online_code(by_phone(act, person.person_id), person.person_id)
    choose_methods(act, person.person_id, ["card", "qr"])
    assert show_code(act, online_code(act, person.person_id)).opens
    assert ensure_online_qr(act, person.person_id) is ensure_online_qr(act, person.person_id)


@pytest.mark.parametrize("key", [b"", b"\x04" + bytes(64), bytes(65), b"\x02" + bytes(32)])
def test_a_phone_key_that_is_no_point_of_the_curve_is_refused(act: Action, key: bytes) -> None:
    _, person = household(act)
    with pytest.raises(ActionRefused, match="a key we cannot use") as refused:
        register_phone_key(by_phone(act, person.person_id), person.person_id, key, "phone")
    assert refused.value.field == "public_key"


@pytest.mark.publishing
def test_a_phone_key_is_registered_once_and_reaches_the_gate(act: Action) -> None:
    add_lane(act)
    _, person = household(act)
    key = phone_key()
    row = register_phone_key(by_phone(act, person.person_id), person.person_id, key, "phone")
    assert gate_view(act).policy.credentials[row.credential_id].public_key == key  # type: ignore[union-attr]
    again = register_phone_key(by_phone(act, person.person_id), person.person_id, key, "phone")
    assert again.credential_id == row.credential_id
    _, other = household(act, "3-1204")
    with pytest.raises(ActionRefused):
        register_phone_key(by_phone(act, other.person_id), other.person_id, key, "phone")


def test_the_last_way_that_works_cannot_be_turned_off(act: Action) -> None:
    _, person = household(act)
    issue_card(act, person.person_id, 77)
    with pytest.raises(ActionRefused, match="no way in that works"):
        choose_methods(act, person.person_id, ["pin"])
    issue_pin(act, person.person_id)
    choose_methods(act, person.person_id, ["pin"])
    assert working_methods(act.session, person, act.now) == {Method.PIN}


@pytest.mark.parametrize("methods", [[], ["face"], ["card", "face"], ["card", "retina"]])
def test_face_alone_face_without_consent_and_nothing_are_refused(act: Action, methods: list[str]) -> None:
    _, person = household(act)
    issue_card(act, person.person_id, 77)
    with pytest.raises(ActionRefused, match=r"[a-z] [a-z]") as refused:
        choose_methods(act, person.person_id, methods)
    assert (refused.value.field, person.methods) == ("methods", ["card"])


@pytest.mark.wide
@pytest.mark.publishing
def test_losing_the_last_card_pauses_face_and_a_new_card_resumes_it(act: Action) -> None:
    add_lane(act)
    offer_face(act)
    _, person = household(act)
    card = issue_card(act, person.person_id, 77)
    give_face_consent(by_phone(act, person.person_id), person.person_id, 1, "zh")
    assert person.person_id in gate_view(act).face_roster
    aftermath = end_credential(act, card.credential_id, "lost")
    assert (aftermath.face_paused, aftermath.left_without_way) == (True, True)
    assert face_state(act.session, person.person_id).state == "paused"
    assert not gate_view(act).face_roster
    issue_card(act, person.person_id, 78)
    assert face_state(act.session, person.person_id).state == "on"
    assert person.person_id in gate_view(act).face_roster


def test_leaving_face_out_of_the_ways_ends_its_consent(act: Action) -> None:
    add_lane(act)
    offer_face(act)
    _, person = household(act)
    issue_card(act, person.person_id, 77)
    give_face_consent(by_phone(act, person.person_id), person.person_id, 1, "zh")
    choose_methods(act, person.person_id, ["face", "card"])
    assert face_state(act.session, person.person_id).state == "on"
    choose_methods(act, person.person_id, ["card"])
    consent = act.session.scalars(select(Consent)).one()
    assert (consent.withdrawn_at, consent.withdrawn_why) == (act.now, "turned_off")
    assert (face_state(act.session, person.person_id).state, person.methods) == ("off", ["card"])


def test_face_is_not_chosen_beside_a_way_that_does_not_work(act: Action) -> None:
    add_lane(act)
    offer_face(act)
    _, person = household(act)
    card = issue_card(act, person.person_id, 77)
    give_face_consent(by_phone(act, person.person_id), person.person_id, 1, "zh")
    suspend_credential(act, card.credential_id)
    choose_methods(act, person.person_id, ["card"])
    issue_card(act, person.person_id, 78)
    give_face_consent(by_phone(act, person.person_id), person.person_id, 1, "zh")
    person.methods = ["pin"]
    with pytest.raises(ActionRefused, match="no way in that works"):
        choose_methods(act, person.person_id, ["pin", "face"])
    assert person.methods == ["pin"]


@pytest.mark.publishing
def test_a_printed_code_opens_as_often_as_it_is_shown(act: Action) -> None:
    add_lane(act)
    _, person = household(act)
    choose_methods(act, person.person_id, ["qr"])
    code = issue_printed_code(act, person.person_id)
    assert printed_code(act, code) == printed_code(act, code)
    assert show_code(act, printed_code(act, code)).opens


def test_no_resident_changes_another_persons_ways_in_by_phone(act: Action) -> None:
    _, person = household(act)
    other = add_person(act, display_name="Wu")
    card = issue_card(act, person.person_id, 77)
    with pytest.raises(ActionRefused):
        suspend_credential(by_phone(act, other.person_id), card.credential_id)
    assert card.state == "active"
