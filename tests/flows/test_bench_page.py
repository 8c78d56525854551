"""The demo's bench page over HTTP: each hand moves its twin, and strangers move nothing."""

import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from html import unescape
from pathlib import Path

import pytest
import requests

from demo.bench.page import ACT_HEADER, BenchPage
from demo.bench.texts import TEXTS
from demo.stage import Stage
from demo.world.site_files import MODBUS_ADDRESS
from gate_controller.contract.event_kinds import EventKind
from gate_controller.storage.journal import Journal
from hardware.simulated.wire import TraceEntry
from tests.support.gates.metal import metal_alone

NOON = datetime(2026, 3, 4, 4, 0, tzinfo=UTC)
Heard = list[TraceEntry]
Do = Callable[..., requests.Response]


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """Three gates' metal and cables, and no process."""
    with metal_alone(tmp_path) as stage:
        yield stage


@pytest.fixture
def page(stage: Stage) -> Iterator[BenchPage]:
    page = BenchPage(stage)
    yield page
    page.close()


@pytest.fixture
def heard(stage: Stage, page: BenchPage) -> Heard:
    """Every piece that any twin says from now on."""
    del page  # which listens first; its own note-taking goes on
    entries: Heard = []
    noting = stage.trace.listen
    assert noting is not None

    def both(entry: TraceEntry) -> None:
        entries.append(entry)
        noting(entry)

    stage.trace.listen = both
    return entries


@pytest.fixture
def do(page: BenchPage) -> Do:
    """Send an action as the page does."""

    def send(act: str, **fields: str) -> requests.Response:
        return requests.post(
            page.address + "acts",
            json={"act": act, **fields},
            timeout=10,
            headers={ACT_HEADER: "1", "Origin": page.address.rstrip("/")},
        )

    return send


def said(heard: Heard, wire: str) -> bytes:
    """Return what one twin sent to the host."""
    return b"".join(entry.data for entry in heard if entry.wire == wire and entry.direction == "to_host")


def state_of(page: BenchPage, language: str = "en") -> dict[str, dict[str, dict[str, object]]]:
    """Return the first state that the page's stream sends."""
    with requests.get(
        page.address + "events", params={"language": language}, stream=True, timeout=10
    ) as stream:
        line = next(line for line in stream.iter_lines() if line.startswith(b"data: "))
    state: dict[str, dict[str, dict[str, object]]] = json.loads(line[6:])
    return state


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_shows_every_contact_cable_and_reader(page: BenchPage, stage: Stage, language: str) -> None:
    text = requests.get(page.address + "street", params={"language": language}, timeout=10).text
    text = unescape(text)
    for ends in stage.gates.values():
        for twin in ends.metal.twins:
            assert f'data-wire="{twin.name}"' in text
        for _lane_id, kind in ends.plan.terminals:
            assert TEXTS[language][kind.value] in text
    assert TEXTS[language]["osdp_default"] in text
    assert TEXTS[language]["stuck"] in text


def test_both_languages_have_the_same_texts() -> None:
    assert TEXTS["en"].keys() == TEXTS["zh"].keys()


def test_a_card_goes_to_the_line_reader_as_bytes(do: Do, heard: Heard) -> None:
    assert do("tap", gate="north", lane="north-in", card=str(0x12345678), at="line").status_code == 200
    assert said(heard, "north-in-card") == b"12345678\r\n"


def test_a_person_goes_through_when_the_lane_opens_and_stays_where_it_does_not(
    do: Do, heard: Heard, stage: Stage
) -> None:
    moved = threading.Event()
    noting = stage.trace.listen
    assert noting is not None

    def watch(entry: TraceEntry) -> None:
        noting(entry)
        if entry.wire == "north-inputs" and entry.data == b"I1=0\n":
            moved.set()

    stage.trace.listen = watch
    card = {"gate": "north", "lane": "north-in", "card": "7", "at": "line"}
    assert do("tap", **card, walks="1").status_code == 200
    assert said(heard, "north-inputs") == b""
    with (stage.gates["north"].folder / "dev" / "relay").open("wb", buffering=0) as relay:
        relay.write(b"\xa0\x01\x01\xa2")
    assert moved.wait(20)
    assert said(heard, "north-inputs") == b"I1=1\nI1=0\n"


def test_a_holder_of_no_card_of_the_list_is_named(do: Do) -> None:
    reply = do("tap", gate="north", lane="north-in", card="Nemo")
    assert (reply.status_code, reply.json()["error"]) == (422, "no card of the list is called 'Nemo'")


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ("Card", "No credential at this gate fits", "A device does not answer", "card reader")),
        ("zh", ("门卡", "此门没有相符的凭证", "设备无应答", "读卡器")),
    ],
)
def test_what_a_gate_writes_is_said_in_words(
    page: BenchPage, stage: Stage, language: str, words: tuple[str, ...]
) -> None:
    folder = stage.gates["north"].folder / "data"
    folder.mkdir()
    journal = Journal(folder / "journal.sqlite3", NOON)
    refused: dict[str, str | bool] = {
        "method": "card",
        "reason": "credential_unknown",
        "opens": False,
        "lane_id": "north-in",
    }
    journal.append(EventKind.ACCESS, refused, {}, NOON)
    journal.append(EventKind.ALARM_DEVICE_LOST, {"device": "north-in-card", "detail": "ENXIO"}, {}, NOON)
    journal.close()
    lines = state_of(page, language)["gates"]["north"]["journal"]
    assert isinstance(lines, list)
    lost, refusal = lines
    assert (refusal["tone"], lost["tone"]) == ("refused", "alarm")
    assert refusal["what"] == words[0]
    assert refusal["why"].startswith(words[1])
    assert lost["what"] == words[2]
    assert lost["where"].endswith(words[3])


def test_a_contact_is_set_and_shown(do: Do, heard: Heard, page: BenchPage) -> None:
    assert do("contact", gate="north", lane="north-out", kind="fire", on="1").status_code == 200
    assert said(heard, "north-inputs") == b"I5=1\n"
    lane = state_of(page)["gates"]["north"]["lanes"]
    assert isinstance(lane, dict)
    assert lane["north-out"]["contacts"] == {"door_open": False, "fire": True}


def test_a_contact_of_the_modbus_board_is_set(do: Do, stage: Stage) -> None:
    assert do("contact", gate="garage", lane="garage-in", kind="obstacle", on="1").status_code == 200
    assert stage.gates["garage"].metal.modbus.board(MODBUS_ADDRESS).levels == {2: True}


def test_an_osdp_reader_is_swapped_and_put_back(do: Do, stage: Stage) -> None:
    reader = stage.gates["south"].metal.osdp["south-in"]
    do("osdp_key", gate="south", lane="south-in", key="none")
    assert (reader.key, reader.clear_text) == (None, True)
    do("osdp_key", gate="south", lane="south-in", key="default")
    assert (reader.key, reader.clear_text) == (None, False)
    do("osdp_case", gate="south", lane="south-in", on="1")
    do("osdp_power", gate="south", lane="south-in", on="1")
    assert (reader.is_open, reader.power_fails) == (True, True)


def test_a_board_is_stuck_and_silent(do: Do, stage: Stage) -> None:
    board = stage.gates["garage"].metal.modbus.board(MODBUS_ADDRESS)
    do("stuck", gate="garage", on="1")
    do("mute", gate="garage", on="1")
    assert (board.is_stuck, board.is_mute) == (True, True)
    do("stuck", gate="garage", on="0")
    assert board.is_stuck is False


def test_a_cable_comes_back_under_another_name(do: Do, stage: Stage, page: BenchPage) -> None:
    wire = stage.gates["south"].metal.readers["south-in"].wire
    before = wire.device
    do("cable", gate="south", twin="south-in-card", on="0")
    wires = state_of(page)["gates"]["south"]["wires"]
    assert isinstance(wires, dict)
    assert wires["south-in-card"]["plugged"] is False
    do("cable", gate="south", twin="south-in-card", on="1", renamed="1")
    assert wire.is_plugged
    assert wire.device != before


def test_the_digits_of_a_keypad_are_not_shown(do: Do, page: BenchPage, heard: Heard) -> None:
    assert do("type", gate="north", lane="north-in", keys="1203#123456#", at="line").status_code == 200
    assert said(heard, "north-in-keys") == b"1203#123456#"
    wires = state_of(page)["gates"]["north"]["wires"]
    assert isinstance(wires, dict)
    assert set(wires["north-in-keys"]["last"]) <= set("→ 2e")


@pytest.mark.parametrize(
    "act",
    [
        {"act": "nonsense"},
        {"act": "tap", "gate": "north", "lane": "north-in", "card": "0"},
        {"act": "tap", "gate": "nowhere", "lane": "north-in", "card": "1"},
        {"act": "type", "gate": "north", "lane": "north-in", "keys": "12A"},
        {"act": "contact", "gate": "north", "lane": "north-in", "kind": "tamper", "on": "1"},
        {"act": "osdp_key", "gate": "south", "lane": "south-in", "key": "mine"},
        {"act": "stuck", "gate": "north", "on": "1"},
    ],
)
def test_what_makes_no_sense_is_refused_with_a_sentence(do: Do, heard: Heard, act: dict[str, str]) -> None:
    reply = do(**act)
    assert reply.status_code == 422
    assert reply.json()["error"]
    assert said(heard, "north-in-card") + said(heard, "north-in-keys") + said(heard, "north-inputs") == b""


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "http://evil.test", ACT_HEADER: "1"},
        {ACT_HEADER: "1"},
        {"Host": "evil.test", "Origin": "http://evil.test", ACT_HEADER: "1"},
    ],
)
def test_another_page_moves_nothing(page: BenchPage, heard: Heard, headers: dict[str, str]) -> None:
    reply = requests.post(
        page.address + "acts",
        timeout=10,
        headers=headers,
        json={"act": "tap", "gate": "north", "lane": "north-in", "card": "1"},
    )
    assert reply.status_code == 403
    assert said(heard, "north-in-card") == b""
