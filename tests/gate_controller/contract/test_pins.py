"""PINs and cards as the server and every gate in use have stored them, and which PINs are too easy."""

import hashlib
import hmac

import pytest

from gate_controller.contract import pins
from gate_controller.contract.pins import (
    argon2_tag,
    card_tag,
    gate_pin_tag,
    is_weak_pin,
    make_visitor_code,
)

SALT = b"s" * 16


def test_a_pin_is_hashed_as_the_stored_ones_were() -> None:
    tag = "f53af2b2a40a8f05efad8dde7138280b7d99b59af3b872fa5e65448de31a32d5"
    assert argon2_tag("482915", SALT).hex() == tag


def test_what_a_gate_keeps_of_pins_and_cards_is_an_hmac_under_its_key_and_their_names() -> None:
    kept = hmac.new(b"k" * 32, b"menjin/pin/1\0" + b"t" * 32, hashlib.sha256).digest()
    assert gate_pin_tag(b"t" * 32, b"k" * 32) == kept
    kept = hmac.new(b"k" * 32, b"menjin/card/1\0" + bytes(6) + b"\x01\x02", hashlib.sha256).digest()
    assert card_tag(0x0102, b"k" * 32) == kept


@pytest.mark.parametrize(
    ("strong", "of_weak"),
    [
        ("484885", "484884"),  # three digits, and two
        ("123457", "123456"),
        ("098764", "098765"),
        ("901235", "901234"),
        ("482483", "482482"),
        ("484785", "484848"),
        ("482185", "482284"),
        ("182915", "192915"),
        ("212915", "202915"),
        ("519206", "201956"),
    ],
)
def test_beside_every_weak_pin_is_a_strong_one(strong: str, of_weak: str) -> None:
    assert not is_weak_pin(strong, "3-1203")
    assert is_weak_pin(of_weak, "3-1203")


@pytest.mark.parametrize(
    ("home", "pin", "weak"),
    [
        ("3-12", "831274", True),
        ("3-12", "831724", False),
        ("12", "812974", False),
        ("A-1-2", "812974", False),
        ("7-105", "471053", True),
        ("", "482915", False),
    ],
)
def test_a_homes_number_of_three_digits_or_more_makes_a_pin_weak(home: str, pin: str, weak: bool) -> None:
    assert is_weak_pin(pin, home) is weak
    assert not is_weak_pin("482915")


def test_a_visitors_code_is_eight_digits_of_ten(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = iter("0918273645")
    monkeypatch.setattr(pins.secrets, "choice", lambda choices: {"0123456789": next(drawn)}[choices])
    assert make_visitor_code() == "09182736"
