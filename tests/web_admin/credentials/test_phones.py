"""Phones and codes without one: how many there are, whose key it is, and when an online code is given."""

from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.support.acting import at_desk, audit_kinds, by_phone, household
from web_admin.action.base import Action
from web_admin.compound.models import Person
from web_admin.core.refusal import ActionRefused
from web_admin.credentials.actions import (
    end_credential,
)
from web_admin.credentials.phones import (
    MAX_PHONES,
    MAX_PRINTED,
    ensure_online_qr,
    issue_printed_code,
    online_code,
    register_phone_key,
)


@pytest.fixture
def lin(act: Action) -> Person:
    return household(act, "3-1203", "Lin")[1]


def refusal(act_on: Callable[[], object]) -> str | None:
    """Return the field that an action is refused beside, with a sentence."""
    with pytest.raises(ActionRefused, match=r"[a-z] [a-z]") as refused:
        act_on()
    return refused.value.field


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
    assert audit_kinds(act).count("phone_key_registered") == MAX_PHONES
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
        assert (code.person_id, code.created_at) == (lin.person_id, act.now)
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
    assert (online.person_id, online.kind, online.created_at) == (lin.person_id, "qr", act.now)
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
