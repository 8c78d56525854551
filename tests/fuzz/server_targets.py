"""What people hand to the server as files and typed numbers."""

import msgspec

from tests.fuzz.gate_targets import MESSAGES, deep, json_seeds
from tests.fuzz.target import Target, chosen
from web_admin.calls.allowed_numbers import Allowed, is_allowed, plain_number
from web_admin.core.refusal import ActionRefused
from web_admin.credentials.cards import MAX_CARD_NUMBER, parse_card_number
from web_admin.events.entry_reading import read_batch
from web_admin.gates.gate_list import MAX_MADE_CHARS, read_gates, with_short_names
from web_admin.gates.rules import SLUG
from web_admin.people_import.sheet import HEADERS, MAX_ROWS, SURPLUS, empty_sheet, read_sheet
from web_admin.sync.requests import SyncRefused, decode, json_of


def check_people_sheet(data: bytes) -> None:
    """A sheet of people as CSV: read whole, or refused."""
    try:
        sheet = read_sheet(data)
    except ActionRefused:
        return
    assert "name" in sheet.columns
    assert set(sheet.columns) <= set(HEADERS["en"])
    assert len(sheet.rows) <= MAX_ROWS
    for row in sheet.rows:
        assert set(row.cells) <= {*sheet.columns, SURPLUS}
        # What cannot be written as UTF-8 cannot be stored.
        assert all(cell.encode() is not None for cell in row.cells.values())


def check_gate_list(data: bytes) -> None:
    """A pasted list of gates: each has a name or a short name, and a made one is legal."""
    gates = read_gates(data.decode("utf-8", "replace"))
    lines = [gate.line for gate in gates]
    assert lines == sorted(set(lines))
    for cell in (cell for gate in gates for cell in (gate.name, gate.gate_id)):
        assert cell == cell.strip(" \t\r\n,;，；\xa0\ufeff\u200b\u200e\u200f\u202a\u202c\u2066\u2069")
    named = with_short_names(gates, range(7, 7 + len(gates)))
    assert [gate.number for gate in named] == list(range(7, 7 + len(gates)))
    made = [new for gate, new in zip(gates, named, strict=True) if not gate.gate_id]
    assert all(SLUG.fullmatch(gate.gate_id) and len(gate.gate_id) <= MAX_MADE_CHARS for gate in made)
    of_names = [gate.gate_id for gate in made if gate.gate_id != f"gate-{gate.number}"]
    assert len(set(of_names)) == len(of_names)
    for gate, new in zip(gates, named, strict=True):
        assert gate.name or gate.gate_id
        assert (new.name, new.line) == (gate.name, gate.line)
        assert not gate.gate_id or new.gate_id == gate.gate_id


def check_card_numbers(data: bytes) -> None:
    """A card number as typed: within its bounds, or refused."""
    try:
        number = parse_card_number(data.decode("utf-8", "surrogateescape"))
    except ActionRefused:
        return
    assert 1 <= number <= MAX_CARD_NUMBER
    assert parse_card_number(str(number).zfill(10)) == number


def check_call_numbers(data: bytes) -> None:
    """A telephone's number as typed: none, or one that gates can dial; called at listed places alone."""
    typed = data.decode("utf-8", "surrogateescape")
    number = plain_number(typed)
    if number is None:
        return
    assert plain_number(number) == number
    assert number.isascii() or number.startswith("sip:")
    assert not is_allowed(Allowed(), number)
    if is_allowed(Allowed(["+86"], ["pbx.example.org"]), number):
        assert number.startswith("+86") or number.lower().endswith("pbx.example.org")
        assert number.count("@") <= 1
        assert number.removeprefix("sip:").partition("@")[0] not in {"110", "119", "120", "911"}


def check_requests(data: bytes) -> None:
    """The body of a gate's request; the first byte picks the message."""
    which, body = chosen(data, len(MESSAGES))
    try:
        message = decode(body, json_of(MESSAGES[which]))
    except SyncRefused:
        return
    assert decode(msgspec.json.encode(message), json_of(MESSAGES[which])) == message


def check_event_batches(data: bytes) -> None:
    """A piece of a gate's journal: refused, or each entry has a place, and what is taken is whole."""
    try:
        batch = decode(data, read_batch)
    except SyncRefused:
        return
    if batch.broken or batch.head is None:
        return
    places = [read.seq for read in batch.entries]
    assert places == list(range(batch.head.seq - len(places) + 1, batch.head.seq + 1))
    assert all(read.why or (read.is_whole and read.entry is not None) for read in batch.entries)
    assert all(len(read.digest) == 32 for read in batch.entries)


TARGETS = (
    Target("requests", check_requests, json_seeds(len(MESSAGES)), found=deep(len(MESSAGES))),
    Target("event_batches", check_event_batches, json_seeds(len(MESSAGES))),
    Target(
        "people_sheet",
        check_people_sheet,
        (
            empty_sheet("en") + b"3-1203,Li Wei,owner,0004711\r\n",
            "房号,姓名,类别,卡号\r\n3-1203,李伟,,\r\n".encode("gb18030"),
            b'name,home\n"a\nb",1\n\n,,x\n',
        ),
    ),
    Target(
        "gate_list",
        check_gate_list,
        (
            "3栋1单元\r\n3栋2单元\tstair-32\r\nStair 12；s12\n".encode(),
            "\ufeffGate 7,gate-8\n\u200fGate 8\u200f\n'-1, basement\n".encode(),
            b"Left, right\tl-r\n\n,,\n Lobby!\nLobby\n",
        ),
    ),
    Target(
        "call_numbers",
        check_call_numbers,
        (
            b"+86 139-0000 (0001)",
            b"sip:lin@pbx.example.org",
            b"SIP:a@b@pbx.example.org",
            b"sip:lin@x?pbx.example.org",
            b"sip:110@pbx.example.org",
        ),
    ),
    Target(
        "card_numbers",
        check_card_numbers,
        (
            b"0004711",
            b"0xA1B2C3",
            b"A1:B2:C3:D4",
            b"123,45678",
            "１２３／４".encode(),
            b"12 34 56",
            b"4294967296",
        ),
    ),
)
