"""Relays of calls: a right of one call for its two ends, for as long as it may last, and for no one else."""

import base64
import hmac
import ipaddress
import re
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from gate_controller.contract.calls import LONGEST_CALL_SECONDS
from gate_controller.contract.features import CALL_RELAYS, CALLS
from tests.project.pages import ROOT
from tests.support.compounds.resident import Compound
from tests.support.media_side import SIDE
from tests.web_admin.calls.played_calls import CallingGate, add_partner, call_row, on_phone, set_clock
from web_admin.calls import live
from web_admin.calls.media import gate_media
from web_admin.compound.models import Gate
from web_admin.core.config import WebConfig
from web_admin.core.database import current_menjin

SECRET = "s" * 32
RELAY = "turn:turn.example.org:3478"
RESERVED = (
    "0.0.0.1 10.1.2.3 100.64.0.1 127.0.0.1 127.255.255.254 169.254.169.254 172.16.0.1 172.31.255.254 "
    "192.0.0.8 192.168.0.1 198.18.0.1 198.19.255.254 240.0.0.1 255.255.255.255 :: ::1 "
    "::ffff:127.0.0.1 64:ff9b::a00:1 fc00::1 fd12::1 fe80::1 ff02::1"
)


def knows_relays(compound: Compound) -> None:
    with compound.session() as session:
        session.get_one(Gate, "north").knows = [CALLS, CALL_RELAYS]


@pytest.fixture
def relayed(small_compound: Compound, called: CallingGate) -> CallingGate:
    """Return a gate that knows of relays, and the server has one."""
    with small_compound.app.app_context():
        config = current_menjin().config
    object.__setattr__(config, "turn_servers", (RELAY,))
    object.__setattr__(config, "turn_secret", SECRET)
    knows_relays(small_compound)
    return called


def given(compound: Compound, person_id: str | None = None) -> Any:
    with on_phone(compound, person_id or compound.person_id) as act:
        config: WebConfig = current_menjin().config
        media = gate_media(config, act.session, "one", person_id or compound.person_id, act.now)
    return media["relays"] if media is not None else None


def test_both_ends_of_a_call_are_given_one_right_that_ends_with_the_longest_call(
    small_compound: Compound, relayed: CallingGate
) -> None:
    first = relayed.says("one", media_offer=SIDE).media_relays
    assert first is not None
    set_clock(small_compound, 20)
    assert relayed.says("one", media_offer=SIDE).media_relays == first
    row = call_row(small_compound, "one")
    assert row is not None
    ends, call_id = first.username.split(":")
    assert (int(ends), call_id) == (int((row.started_at + timedelta(seconds=300)).timestamp()), "one")
    assert LONGEST_CALL_SECONDS == 300
    digest = hmac.digest(SECRET.encode(), first.username.encode(), "sha1")
    assert (first.urls, first.credential) == ((RELAY,), base64.b64encode(digest).decode())
    with on_phone(small_compound, small_compound.person_id) as act:
        live.answer(act, "one")
    assert given(small_compound) == msgspec.to_builtins(first)
    assert relayed.says("two").media_relays != first
    assert first.credential not in repr(first)


def test_only_who_answered_is_given_the_right_and_no_one_after_the_call(
    small_compound: Compound, relayed: CallingGate
) -> None:
    partner = add_partner(small_compound)
    relayed.says("one", media_offer=SIDE)
    relayed.says("one", media_offer=SIDE)
    assert given(small_compound) is None
    with on_phone(small_compound, small_compound.person_id) as act:
        live.answer(act, "one")
    assert given(small_compound) is not None
    assert given(small_compound, partner) is None
    with on_phone(small_compound, small_compound.person_id) as act:
        live.hang_up(act, "one")
    assert given(small_compound) is None
    assert relayed.says("one").media_relays is None


def test_an_older_gate_and_a_server_without_relays_say_nothing_of_them(
    small_compound: Compound, called: CallingGate
) -> None:
    knows_relays(small_compound)
    assert called.says("one").media_relays is None
    with small_compound.app.app_context():
        config = current_menjin().config
    object.__setattr__(config, "turn_servers", (RELAY,))
    with small_compound.session() as session:
        session.get_one(Gate, "north").knows = [CALLS]
    assert "relays" not in called.sends("one").text


@pytest.mark.parametrize("address", RESERVED.split())
def test_the_relay_of_the_docs_sends_into_no_network_that_is_reserved(address: str) -> None:
    page = (ROOT / "docs/calls.md").read_text(encoding="utf-8")
    assert "no-multicast-peers" in page
    found = re.findall(r"^denied-peer-ip=([^\s-]+)(?:-(\S+))?$", page, re.MULTILINE)
    wanted = ipaddress.ip_address(address)
    ranges = [(ipaddress.ip_address(one), ipaddress.ip_address(last or one)) for one, last in found]
    same = [(int(one), int(last)) for one, last in ranges if one.version == last.version == wanted.version]
    assert any(one <= int(wanted) <= last for one, last in same)
