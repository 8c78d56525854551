"""Messages to call adapters: at once, once, while they are news; a bad adapter holds up no other message."""

import base64
import json
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib import metadata

import pytest

from tests.project.pages import ROOT, code_blocks
from tests.support.peers import hook_peer
from tests.web_admin.messages.sending import messages
from web_admin.core.database import Menjin
from web_admin.messages import delivery
from web_admin.messages.adapter_check import PAGE, check_adapter
from web_admin.messages.adapter_delivery import NUMBER_PURPOSE
from web_admin.messages.call_adapters import (
    API,
    HANGING_AT_MOST,
    AdapterEntry,
    AdapterRefused,
    Adapters,
    CallAdapter,
    NotRung,
    Ringing,
    split,
)
from web_admin.messages.delivery import DeliveryCounts, deliver, due_channels
from web_admin.messages.outbox import backlog, put_message
from web_admin.messages.push_delivery import CALL, CALL_OVER
from web_admin.policy.effects import PolicyEffects

HANGS_SECONDS = 1.5
GUIDE = ROOT / "docs" / "calls.md"
AT = datetime(2026, 12, 1, tzinfo=UTC)


class Played(CallAdapter):
    """An adapter that notes what it did; its addresses say what goes wrong."""

    api, name = API, "played"
    title = {"zh": "演示", "en": "Played"}  # noqa: RUF012

    def __init__(self) -> None:
        """Begin with nothing done."""
        self.did: list[tuple[str, Ringing]] = []

    def ring(self, ringing: Ringing) -> None:
        """Ring, or do what the address says."""
        {"hangs": lambda: time.sleep(HANGS_SECONDS), "breaks": lambda: 1 / 0, "unknown": _refuse}.get(
            ringing.address, lambda: None
        )()
        self.did.append(("ring", ringing))

    def end(self, ringing: Ringing) -> None:
        """Note the end."""
        self.did.append(("end", ringing))


def _refuse() -> None:
    raise NotRung("no_such_address")


Put = Callable[..., None]


@pytest.fixture
def menjin(web_config, database, sealer, site, clock):
    return Menjin(web_config, database, sealer, clock, PolicyEffects(sealer))


@pytest.fixture
def adapter(menjin, monkeypatch: pytest.MonkeyPatch) -> Played:
    """Return an adapter that is installed and on, with half a second for each ringing."""
    made = Played()
    adapters = Adapters([], longest_seconds=0.5)
    adapters._loaded["played"] = made
    monkeypatch.setattr(delivery, "installed_adapters", lambda: adapters)
    object.__setattr__(menjin, "config", replace(menjin.config, call_adapters=("played",)))
    return made


@pytest.fixture
def rings(menjin, site) -> Put:
    """Return a function that puts a message to an address down."""

    def put(address: str, kind: str = CALL, call_id: str = "one", name: str = "played") -> None:
        to = menjin.sealer.seal(f"{name}:{address}".encode(), purpose=NUMBER_PURPOSE)
        body = {"to": base64.b64encode(to).decode(), "text": "Someone is calling you.", "lang": "en"}
        body |= {"page": f"/r/call/{call_id}", "about": call_id}
        with menjin.database.session() as session:
            put_message(
                session, site, channel="adapter", target=address, kind=kind, body=body, now=menjin.clock()
            )

    return put


@pytest.mark.both_databases
def test_an_adapter_is_given_its_own_address_our_page_and_a_sentence_that_names_no_one(
    menjin, adapter: Played, rings: Put
) -> None:
    rings("lin")
    rings("lin", CALL_OVER)
    assert due_channels(menjin) == ["adapter"]
    assert deliver(menjin) == DeliveryCounts(sent=2)
    (what, ringing), (then, end) = adapter.did
    until = menjin.clock() + timedelta(seconds=30)
    assert (what, then) == ("ring", "end")
    assert ringing == Ringing(
        call_id="one",
        address="lin",
        page=f"{menjin.config.public_url}/r/call/one",
        sentence="Someone is calling you.",
        language="en",
        rings_until=until,
    )
    assert end == replace(ringing, rings_until=menjin.clock())
    assert [(row.state, row.body, row.target) for row in messages(menjin)] == [("sent", {}, "")] * 2


@pytest.mark.parametrize("address", ["breaks", "unknown"])
def test_what_was_not_rung_is_gone_and_tried_no_more(menjin, adapter: Played, rings: Put, address) -> None:
    rings(address)
    assert deliver(menjin) == DeliveryCounts(failed=1)
    assert (messages(menjin), adapter.did) == ([], [])


def test_after_half_a_minute_nothing_rings(menjin, adapter: Played, rings: Put) -> None:
    rings("lin")
    menjin.clock.now += timedelta(seconds=30)
    with menjin.database.session() as session:
        assert backlog(session) == (0, None)
    assert deliver(menjin) == DeliveryCounts(failed=1)
    assert (messages(menjin), adapter.did) == ([], [])


def test_an_adapter_that_is_off_gets_nothing(menjin, adapter: Played, rings: Put) -> None:
    object.__setattr__(menjin, "config", replace(menjin.config, call_adapters=()))
    rings("lin")
    assert (deliver(menjin), adapter.did) == (DeliveryCounts(failed=1), [])


def test_one_that_hangs_holds_up_no_other_and_is_left_after_its_time(
    menjin, adapter: Played, rings: Put
) -> None:
    rings("hangs")
    rings("hangs", CALL_OVER)
    rings("lin")
    began = time.monotonic()
    assert deliver(menjin) == DeliveryCounts(sent=2, failed=1)
    assert time.monotonic() - began < HANGS_SECONDS
    assert [(what, ringing.address) for what, ringing in adapter.did] == [("ring", "lin"), ("end", "hangs")]


def test_an_adapter_of_which_enough_hangs_is_refused_at_once() -> None:
    adapters = Adapters([], longest_seconds=0.01)

    def word() -> str:
        with pytest.raises(NotRung) as refused:
            adapters.do("played", lambda: time.sleep(HANGS_SECONDS))
        return refused.value.word

    words = [word() for _time in range(HANGING_AT_MOST + 1)]
    assert words == ["adapter_too_slow"] * HANGING_AT_MOST + ["adapter_hangs"]


def test_what_it_logs_names_no_address(menjin, adapter: Played, rings: Put, caplog) -> None:
    rings("breaks")
    deliver(menjin)
    assert "call adapter played: adapter_fault" in caplog.text
    assert "breaks" not in caplog.text


# -- what packages register ------------------------------------------------------------------------


def entry(value: str, package: str = "other", name: str = "played") -> AdapterEntry:
    return AdapterEntry(name, package, metadata.EntryPoint(name, value, "menjin.call_adapters"))


class OfAnotherApi(Played):
    """Written for a later server."""

    api = API + 1


class InOneLanguage(Played):
    """Without a Chinese title."""

    title = {"en": "Played"}  # noqa: RUF012


class WithoutEnd:
    """Nothing that derives from ours."""


HERE = "tests.web_admin.messages.test_adapter_delivery"


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ([], "no installed package registers the call adapter 'played'"),
        ([entry(f"{HERE}:Played", of) for of in ("one", "two")], "registered twice, by one and two"),
        ([entry("no_such_module:X")], "of the package other cannot be loaded: ModuleNotFoundError"),
        ([entry(f"{HERE}:WithoutEnd")], "is no class that derives from"),
        ([entry(f"{HERE}:CallAdapter")], "cannot be loaded: TypeError"),
        ([entry(f"{HERE}:OfAnotherApi")], "is written for API 2, and this server has API 1"),
        ([entry(f"{HERE}:InOneLanguage")], "has no title for each of zh, en"),
    ],
)
def test_what_cannot_be_used_is_refused_in_one_sentence(entries: list[AdapterEntry], said: str) -> None:
    with pytest.raises(AdapterRefused, match=said):
        Adapters(entries).adapter("played")
    assert Adapters(entries).title("played", "en") == "played"


def test_an_adapter_is_loaded_when_it_is_named_and_once() -> None:
    adapters = Adapters([entry(f"{HERE}:Played")])
    assert adapters.names() == ("played",)
    assert adapters.adapter("played") is adapters.adapter("played")
    assert adapters.title("played", "zh") == "演示"


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        (" wechat:wx 1 ", ("wechat", "wx 1")),
        ("sip:lin@example.org", None),
        ("tel:110", None),
        ("+8613900000001", None),
        ("wechat:", None),
        ("wechat:a\x07b", None),
        (f"wechat:{'a' * 201}", None),
        ("WeChat：Lin", ("wechat", "Lin")),
        ("Tel:110", None),
        ("我:lin", None),
    ],
)
def test_an_address_is_a_name_and_a_text_and_never_a_telephone(typed: str, found: object) -> None:
    assert split(typed) == found


# -- the example of the guide ----------------------------------------------------------------------


def test_the_adapter_of_the_guide_keeps_the_contract_and_sends_a_link_and_a_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    [code] = [
        block for block in code_blocks(GUIDE.read_text(encoding="utf-8"), "python") if "CallAdapter" in block
    ]
    names: dict[str, type[CallAdapter]] = {}
    exec(code, names)  # noqa: S102 - a page of this repository
    adapters = Adapters([])
    adapters._loaded["home_assistant"] = names["HomeAssistant"]()
    sentences = {"en": "Someone is calling you."}
    with hook_peer() as peer:
        monkeypatch.setenv("HA_URL", peer.url)
        monkeypatch.setenv("HA_TOKEN", "a-token")
        done, failures = check_adapter(adapters, "home_assistant", "fang", sentences, AT)
    refused, _none = check_adapter(adapters, "home_assistant", "../lock/unlock", sentences, AT)
    assert failures == []
    assert done[1:] == ["ring (en): done", "end (en): done", "end again (en): done"]
    assert refused[1] == "ring (en): not rung, no_such_phone"
    rung, ended, _again = [json.loads(body) for _headers, body in peer.taken]
    assert (rung["message"], rung["data"]["url"]) == (sentences["en"], PAGE.format(call_id="check-en"))
    assert ended == {"message": "clear_notification", "data": {"tag": rung["data"]["tag"]}}
