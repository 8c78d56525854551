"""Telephone numbers and codes as people type them."""

import re

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from phonenumbers import PhoneMetadata
from phonenumbers.shortdata import _AVAILABLE_REGION_CODES

from gate_controller.contract.passes import PersonalCode, make_online_code, parse_code
from gate_controller.contract.telephone_numbers import country_of, is_callable, whole_number

AT = "@pbx.example.org"


@pytest.mark.parametrize(
    "number",
    [
        "+8613900000001",
        "13900000001",
        "02885551234",
        "004930123456",
        "+12025550100",
        "8001",
        "sip:pbx.example.org",
        f"sip:lin{AT}",
        f"sip:flat-3-1203{AT}",
        f"sip:201{AT}",
        f"sip:20112{AT}:5070",
        f"sip:+8613900000001{AT}",
        f"sip:02885551234{AT}",
    ],
)
def test_a_telephone_is_called(number: str) -> None:
    assert is_callable(number, "CN")


@pytest.mark.parametrize(
    "user",
    [
        *("110", "119", "120", "911", "112", "999", "000", "411", "333", "10086", "95588", "12345", "96110"),
        *("+86110", "+8610086", "+862810086", "02810086", "1010086", "116114"),
        *("+8616812345", "+8616812345678", "16812345", "02816812345", "+862816812345"),
        *(
            "+864001234567",
            "+449001234567",
            "+447012345678",
            "+19002345678",
            "+979123456789",
            "+881612345678",
        ),
        *("0900123456", "1791113900000001", "1259313900000001", "8613900000001", "81234567", "+4990000000"),
        *("*72", "*21*900123", "72*", "#31#13900000001", "+", "", "9", "90", "900123"),
    ],
)
@pytest.mark.parametrize("place", ["", AT], ids=["number", "user"])
def test_help_short_numbers_extra_charges_and_orders_to_an_exchange_are_not(user: str, place: str) -> None:
    assert not is_callable(f"sip:{user}{place}" if place else user, "CN")


@pytest.mark.parametrize(
    "user",
    [
        *("p0900123456", "w110", "9_0086123456", "9-110", "1.1.0", "0-900-123456", "ab0900123", "sos", "SOS"),
        *("lin%40x", "lin:secret", "lin;phone-context=+86", "lin,,110", "²³¹", "１１０", "lin@x", "x" * 33),
    ],
)
def test_a_user_of_an_exchange_has_one_reading(user: str) -> None:
    assert not is_callable(f"sip:{user}{AT}", "CN")


def test_no_number_of_help_of_any_country_is_an_extension() -> None:
    helps = [PhoneMetadata.short_metadata_for_region(country) for country in _AVAILABLE_REGION_CODES]
    pattern = "|".join(
        f"(?:{one.emergency.national_number_pattern})"
        for one in helps
        if one is not None and one.emergency is not None and one.emergency.national_number_pattern
    )
    every = [str(number) for number in range(100_000) if re.fullmatch(pattern, str(number))]
    assert len(every) > 200
    assert [number for number in every if is_callable(number, "CN")] == []


def test_a_number_without_its_country_needs_one() -> None:
    assert not is_callable("02885551234", "")
    assert is_callable("+862885551234", "")


@pytest.mark.parametrize("dialled", ["+8613900000001", "008613900000001", "13900000001"])
def test_a_number_is_the_same_however_it_is_dialled(dialled: str) -> None:
    assert whole_number(dialled, "CN") == "+8613900000001"


@pytest.mark.parametrize(
    ("timezone", "country"),
    [
        ("Asia/Shanghai", "CN"),
        ("Asia/Chongqing", "CN"),
        ("Europe/Berlin", "DE"),
        ("UTC", ""),
        ("Nowhere", ""),
    ],
)
def test_the_country_is_that_of_the_time_zone(timezone: str, country: str) -> None:
    assert country_of(timezone) == country


def test_every_code_is_read_whatever_its_first_letter_and_with_a_scanners_line_end() -> None:
    key = Ed25519PrivateKey.generate()
    ids = [f"{first:02x}" + "0" * 14 for first in range(256)]
    texts = [make_online_code(key, "site", credential_id, 1) for credential_id in ids]
    codes = [parse_code(text + "\r\n") for text in texts]
    assert [text for text in texts if text.startswith(" ")]
    assert [code.credential_id for code in codes if isinstance(code, PersonalCode)] == ids
