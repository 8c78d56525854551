"""Homes and numbers that a gate may call, and their names."""

import unicodedata

import msgspec
import pytest
from sqlalchemy import select

from gate_controller.contract.calls import DIRECTORY_PATH, DirectoryAsk, DirectoryEntry, DirectoryReply
from tests.support.compounds.resident import Compound
from tests.web_admin.calls.played_calls import CallingGate, wants
from web_admin.calls.actions import save_call_settings
from web_admin.calls.allowed_numbers import (
    Allowed,
    in_words,
    is_allowed,
    number_to_call,
    plain_number,
    settings_of,
)
from web_admin.calls.labels import is_label, names_someone
from web_admin.compound.models import Gate, GrantRow, Person
from web_admin.core.refusal import ActionRefused


def listed(gate: CallingGate, lane_id: str = "north-in") -> list[DirectoryEntry]:
    response = gate.played.post(DIRECTORY_PATH, DirectoryAsk(lane_id=lane_id))
    return list(msgspec.json.decode(response.data, type=DirectoryReply).entries)


@pytest.fixture
def opted_in(small_compound: Compound, called: CallingGate) -> CallingGate:
    wants(small_compound, directory_label="Lin")
    wants(small_compound, small_compound.neighbour_id, directory_label="Zhao family")
    return called


@pytest.mark.wide
@pytest.mark.both_databases
def test_homes_that_opted_in_are_listed_by_their_numbers(opted_in: CallingGate) -> None:
    assert listed(opted_in) == [
        DirectoryEntry(label="Lin", home="31203", shown="3-1203"),
        DirectoryEntry(label="Zhao family", home="50101", shown="5-0101"),
    ]


@pytest.mark.wide
@pytest.mark.parametrize(
    "wishes",
    [
        {"directory_label": None},
        {"directory_label": "<img src=x>"},
        {"takes_calls": False},
        {"blocked_gates": ["north"]},
    ],
)
def test_others_are_not(small_compound: Compound, opted_in: CallingGate, wishes: dict[str, object]) -> None:
    wants(small_compound, None, **wishes)
    assert [entry.label for entry in listed(opted_in)] == ["Zhao family"]


@pytest.mark.wide
def test_a_home_that_rests_is_listed_all_the_same(small_compound: Compound, opted_in: CallingGate) -> None:
    wants(small_compound, quiet_from=0, quiet_until=1439)
    assert len(listed(opted_in)) == 2


def test_a_home_of_which_no_one_may_pass_there_is_not(
    small_compound: Compound, opted_in: CallingGate
) -> None:
    with small_compound.session() as session:
        of_first = GrantRow.person_id == small_compound.person_id
        for grant in session.scalars(select(GrantRow).where(of_first)):
            grant.lanes = ["south-in"]
        session.get_one(Person, small_compound.neighbour_id).suspended = True
    assert listed(opted_in) == []


def test_a_gate_reads_the_directory_of_its_own_lanes_alone(
    small_compound: Compound, opted_in: CallingGate
) -> None:
    assert listed(opted_in, "south-in") == []
    assert listed(opted_in, "none") == []
    with small_compound.session() as session:
        session.get_one(Gate, "north").forked_at = small_compound.clock()
    assert listed(opted_in) == []


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


@pytest.mark.parametrize(
    "words",
    ["3 幢二楼 · 王家", "Müller-Lüdenscheidt & Co.", "O'Neil (office)", "김씨네", "Nhà số 5", "हिंदी"],
)
def test_letters_digits_and_a_few_signs_are_a_label(words: str) -> None:
    assert is_label(unicodedata.normalize("NFC", words))


@pytest.mark.parametrize(
    "words",
    [
        "<img src=x>",
        'a"b',
        "a`b",
        "a/b",
        "\u3164",  # Hangul filler
        "a\uffa0b",
        "\u115fa",
        "\u2800",  # Braille blank
        "a\u200bb",  # zero width
        "a\u202eb",  # right to left
        "a\u0301\u0301\u0301\u0301",
        "\u0301a",
        "🏠",
        "a\nb",
        "- · -",
        "",
    ],
)
def test_markup_blanks_and_pictures_are_none(words: str) -> None:
    assert not is_label(words)


@pytest.mark.parametrize(
    ("words", "has_name"),
    [
        ("王芳", True),
        ("王 芳", True),
        ("王芳的家", True),
        ("Ana Ruiz", True),
        ("ＡＮＡ ruiz", True),
        ("Ruiz, Ana", True),
        ("A.n.a Ruiz", True),
        ("Ruiz family", False),
        ("王家", False),
        ("Workshop", False),
    ],
)
def test_a_label_that_holds_a_whole_name_is_found(words: str, has_name: bool) -> None:
    assert names_someone(words, ["王芳", "Ana Ruiz", "·"]) is has_name
