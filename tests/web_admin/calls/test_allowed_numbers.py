"""Gates call the numbers that the manager listed, whatever a resident writes around them."""

import pytest

from tests.support.compounds.resident import Compound
from web_admin.calls.actions import save_call_settings
from web_admin.calls.allowed_numbers import (
    Allowed,
    in_words,
    is_allowed,
    number_to_call,
    plain_number,
    settings_of,
)
from web_admin.core.refusal import ActionRefused

ALLOWED = Allowed(["+861", "0"], ["pbx.example.org"], "CN")


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("+86 139-0000 (0001)", "+8613900000001"),
        ("028 / 8555.1234", "02885551234"),
        ("SIP:lin@pbx.example.org", "sip:lin@pbx.example.org"),
        ("sip:a b", None),
        ("lin", None),
        ("1", None),
        ("+", None),
        ("٣٣٣", None),
        ("139;ext=5", None),
    ],
)
def test_a_number_is_read_as_people_write_it(typed: str, number: str | None) -> None:
    assert plain_number(typed) == number


@pytest.mark.parametrize(
    ("number", "may"),
    [
        ("+8613900000001", True),
        ("02885551234", True),
        ("+49900", False),
        ("13900000001", False),
        ("004913900001", False),
        ("sip:lin@pbx.example.org", True),
        ("sip:lin@PBX.example.org", True),
        ("sip:pbx.example.org", True),
        ("sip:20112@pbx.example.org", True),
        ("sip:+8613900000001@pbx.example.org", True),
        ("sip:02885551234@pbx.example.org", True),
        ("sip:+491711234567@pbx.example.org", False),
        ("sip:00491711234567@pbx.example.org", False),
        ("sip:110@pbx.example.org", False),
        ("+8616812345", False),
        ("sip:lin@evil.example.org", False),
        ("sip:lin@evil.example.org@pbx.example.org", False),
        ("sip:lin@pbx.example.org@evil.example.org", False),
        ("sip:lin@pbx.example.org:5070", False),
        ("sip:lin@evil.example.org?to=pbx.example.org", False),
        ("sip:0:x@pbx.example.org", False),
    ],
)
def test_only_what_is_listed_is_called(number: str, may: bool) -> None:
    assert is_allowed(ALLOWED, number) is may


def test_abroad_is_called_where_its_own_beginning_is_listed() -> None:
    assert is_allowed(Allowed(["0", "0049"], country="CN"), "00491711234567")
    assert not is_allowed(Allowed(["0", "0049"], country="CN"), "0012025550100")


@pytest.mark.parametrize(
    ("prefixes", "typed", "called"),
    [
        (["+861"], "13812345678", "+8613812345678"),
        (["+86"], "028 8555 1234", "+862885551234"),
        (["+861"], "0086 138 1234 5678", "+8613812345678"),
        (["+861", "+8618"], "18812345678", "+8618812345678"),
        (["+1", "0"], "2025550100", "+12025550100"),
        (["+8522"], "21234567", "+85221234567"),
        (["+861", "0"], "02885551234", "02885551234"),
        (["+43", "+49"], "06641234567", None),
        (["+861"], "02885551234", None),
        (["+86"], "110", None),
        (["+86"], "+4913812345678", None),
        (["+8"], "13812345678", None),
        (["0"], "13812345678", None),
    ],
)
def test_the_country_code_that_people_leave_out_is_added_where_one_fits(
    prefixes: list[str], typed: str, called: str | None
) -> None:
    assert number_to_call(Allowed(prefixes, country="CN"), plain_number(typed) or "") == called


@pytest.mark.parametrize(("prefix", "words"), [("+861", "+86 1"), ("+1", "+1"), ("+86", "+86"), ("0", "0")])
def test_a_beginning_is_read_with_its_country_code_apart(prefix: str, words: str) -> None:
    assert in_words(prefix) == words


def test_without_a_list_nothing_is_called() -> None:
    assert not is_allowed(Allowed(), "+8613900000001")
    assert not is_allowed(Allowed(), "sip:lin@pbx.example.org")


@pytest.mark.wide
def test_the_manager_lists_beginnings_and_servers(small_compound: Compound) -> None:
    with small_compound.act("manager") as act:
        save_call_settings(act, prefixes="+86 1\n0, +86 1\n\n", hosts="PBX.example.org; sip:home.local:5060")
        stored = settings_of(act.session, act.site_id)
    assert stored == Allowed(["+861", "0"], ["pbx.example.org", "home.local:5060"], "CN")
    with small_compound.act("manager") as act:
        save_call_settings(act, prefixes="", hosts=" ")
        assert not settings_of(act.session, act.site_id).has_telephones


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"prefixes": "abc", "hosts": ""}, "prefixes"),
        ({"prefixes": "+", "hosts": ""}, "prefixes"),
        ({"prefixes": "\n".join(map(str, range(51))), "hosts": ""}, "prefixes"),
        ({"prefixes": "", "hosts": "a b"}, "hosts"),
        ({"prefixes": "", "hosts": "lin@pbx.example.org"}, "hosts"),
    ],
)
def test_a_line_that_is_none_is_refused_beside_its_field(
    small_compound: Compound, given: dict[str, str], field: str
) -> None:
    with small_compound.act("manager") as act, pytest.raises(ActionRefused) as refused:
        save_call_settings(act, **given)
    assert refused.value.field == field


def test_only_the_office_lists_numbers(small_compound: Compound) -> None:
    with small_compound.act("phone", small_compound.person_id) as act, pytest.raises(ActionRefused):
        save_call_settings(act, prefixes="+", hosts="")
