"""What people, files and the server hand to the gate: refused with the error that is documented, or right."""

import io
import json
import tempfile
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import requests
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gate_controller.contract import calls as call_contract
from gate_controller.contract import messages as sync_contract
from gate_controller.contract.messages import (
    ForgetReceipt,
    Message,
    PolicyManifest,
    SignedOrder,
    SignedPolicyManifest,
    SignedReceipt,
    open_manifest,
    open_order,
    open_receipt,
)
from gate_controller.contract.passes import (
    CodeForged,
    CodeUnreadable,
    SignedPass,
    VisitorPass,
    check_resident_code,
    check_site_code,
    code_text,
    make_online_code,
    make_visitor_pass,
    parse_code,
    resident_code_body,
)
from gate_controller.contract.records import RECORD_TYPES, PolicyRefused, decode_record, encode_record
from gate_controller.contract.signing import (
    KeyCertificate,
    SignatureRefused,
    SignedCertificate,
    certify,
    public_bytes,
)
from gate_controller.lane.keypad_entry import MAX_HOME_DIGITS, MAX_SECRET_DIGITS, Entry, press
from gate_controller.site_file.config import ConfigRefused
from gate_controller.site_file.load import load_config
from gate_controller.sync.link import SyncRefused, read_reply
from gate_controller.terminal.view import decode_action
from tests.fuzz.target import Target, chosen

SITE, GATE = "site-1", "north"
# Made from fixed numbers, so that a finding stays one.
SITE_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PHONE_KEY = ec.derive_private_key(7, ec.SECP256R1()).public_key()
PHONE_POINT = PHONE_KEY.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


NOW = datetime(2026, 1, 1, tzinfo=UTC)
CERTIFICATE = certify(SITE_KEY, KeyCertificate(SITE, "policy", public_bytes(SITE_KEY), NOW))
MANIFEST = PolicyManifest(site_id=SITE, gate_id=GATE, epoch=1, version=1, issued_at=NOW, digest=bytes(32))


# -- codes and keys --------------------------------------------------------------------------------


def check_passes(data: bytes) -> None:
    """The text of a QR code, as a scanner (ASCII) or the camera (any text) reads it."""
    text = data.decode("utf-8", "surrogateescape")
    try:
        code = parse_code(text)
    except CodeUnreadable:
        return
    with suppress(CodeForged):
        check_site_code(code, SITE, public_bytes(SITE_KEY))
    if isinstance(code, SignedPass):
        found = code.visitor_pass
        assert 1 <= len(found.gate_numbers) <= 32
        assert found.valid_from.tzinfo is UTC
        again = parse_code(code_text(code.signed, code.signature))
        assert again == code
        return
    assert len(code.credential_id) == 16
    with suppress(CodeForged):
        check_resident_code(code, SITE, PHONE_POINT)


def check_keypad_entry(data: bytes) -> None:
    """Keys typed at a lane: any keys in any time, and the entry after them."""
    entry = Entry()
    now = 0.0
    for byte in data:
        key = chr(byte) if byte < 128 else "0123456789#*"[byte % 12]
        now += 30.0 if byte == 255 else 0.1
        entry, _ = press(entry, key, now)
        assert set(entry.home + entry.secret) <= set("0123456789")
        assert len(entry.home) <= MAX_HOME_DIGITS
        assert len(entry.secret) <= MAX_SECRET_DIGITS
        assert entry.home or not entry.in_secret
    for key in "*1203#123456":
        entry, ended = press(entry, key, now)
        assert not ended
    assert press(entry, "#", now) == (entry, True)
    assert (entry.home, entry.secret, entry.is_complete) == ("1203", "123456", True)


# -- the server's messages -------------------------------------------------------------------------

KINDS = sorted(RECORD_TYPES)
MESSAGES = sorted(
    {
        kind
        for contract in (sync_contract, call_contract)
        for kind in vars(contract).values()
        if isinstance(kind, type) and issubclass(kind, Message)
    },
    key=lambda kind: kind.__name__,
)


def check_records(data: bytes) -> None:
    """One record of a policy; the first byte picks its kind."""
    which, value = chosen(data, len(KINDS))
    try:
        record = decode_record(f"{KINDS[which]}:x", value)
    except PolicyRefused as refusal:
        assert KINDS[which] in str(refusal)
        return
    assert decode_record(f"{KINDS[which]}:x", encode_record(record)) == record


def check_messages(data: bytes) -> None:
    """What answers a gate in the server's place; the first byte picks the message, the second the status."""
    which, body = chosen(data, len(MESSAGES))
    answer = requests.Response()
    answer.status_code = 500 if body[:1] == b"\xff" else 200
    answer.raw = io.BytesIO(body.removeprefix(b"\xff"))
    try:
        message = read_reply(answer, MESSAGES[which])
    except SyncRefused:
        return
    assert msgspec.json.decode(msgspec.json.encode(message), type=MESSAGES[which]) == message


def check_screen_actions(data: bytes) -> None:
    """What the screen's page posts."""
    with suppress(msgspec.MsgspecError):
        action = decode_action(data)
        assert decode_action(msgspec.json.encode(action)) == action


def check_signed(data: bytes) -> None:
    """Bodies with a forged signature: refused, never raised over."""
    body, signature = data[:-64], data[-64:]
    certificate = SignedCertificate(body[:400], signature)
    root = public_bytes(SITE_KEY)
    for certified in (certificate, CERTIFICATE):
        with suppress(PolicyRefused):
            signed = SignedPolicyManifest(manifest=body, signature=signature, certificate=certified)
            open_manifest(signed, root, site_id=SITE, gate_id=GATE)
            raise AssertionError("an unsigned policy was believed")
    with suppress(SignatureRefused):
        order = SignedOrder(order=body, signature=signature, certificate=certificate)
        open_order(order, root, site_id=SITE, gate_id=GATE)
        raise AssertionError("an unsigned order was believed")
    with suppress(SignatureRefused):
        receipt = open_receipt(SignedReceipt(receipt=body, signature=signature), root)
        assert isinstance(receipt, ForgetReceipt)


# -- the site file ---------------------------------------------------------------------------------

SITE_FILE = """
[gate]
data_dir = "/var/lib/menjin"
secrets_dir = "/etc/menjin/secrets"
server_url = "https://menjin.example"
card_bits = 24

[lane.north-in]
relay = "board"
channel = 2
lock = "fail_safe_magnet"
contact = "nc"

[relay.board]
kind = "usb_relay"
port = "/dev/serial/by-id/usb-relay"

[reader.north]
kind = "serial_card"
port = "/dev/serial/by-id/usb-reader"
lane = "north-in"
bits = 34
radix = "hex"

[inputs.contacts]
kind = "serial_inputs"
port = "/dev/serial/by-id/usb-inputs"
wires = [{ terminal = "1", lane = "north-in", kind = "door_open", normally_closed = true }]

[camera.eye]
kind = "file"
source = "video.mp4"
lane = "north-in"
"""
_FOLDER = tempfile.TemporaryDirectory(prefix="menjin-fuzz-")


def check_site_file(data: bytes) -> None:
    """A site file: read whole, or refused in one sentence that names it."""
    path = Path(_FOLDER.name) / "site.toml"
    path.write_bytes(data)
    try:
        config = load_config(path)
    except ConfigRefused as refusal:
        assert str(refusal).startswith(str(path))
        return
    assert config.lane


BODY = resident_code_body("0123456789abcdef", 1_700_000_000)
PASS = VisitorPass(
    "00" * 8, "11" * 8, (1, 2), datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC), 1
)


def json_seeds(kinds: int) -> tuple[bytes, ...]:
    """Return an empty object, a list and a few common fields for each kind."""
    common = {"name": "北门", "site_id": SITE, "gate_id": GATE, "version": 1, "epoch": 1, "person_id": "p"}
    bodies = (b"{}", b"[1]", json.dumps(common).encode())
    return tuple(bytes((which,)) + body for which in range(kinds) for body in bodies)


def deep(kinds: int) -> tuple[bytes, ...]:
    """Return brackets within brackets for each kind: once they left `decode` as a RecursionError."""
    puts = b'{"base_epoch":0,"base_version":0,"puts":{"a":' + b"[" * 5000
    return tuple(bytes((which,)) + body for which in range(kinds) for body in (b'{"a":' * 5000, puts))


TARGETS = (
    Target(
        "passes",
        check_passes,
        (
            code_text(BODY, bytes(64)).encode(),
            make_online_code(SITE_KEY, SITE, "0123456789abcdef", 1_700_000_000).encode() + b"\r\n",
            make_visitor_pass(SITE_KEY, SITE, PASS).encode(),
            # A pass of no gate, and one whose two gates are missing.
            code_text(b"\x03" + bytes(26), bytes(64)).encode(),
            code_text(b"\x03" + bytes(16) + b"\x02" + bytes(9), bytes(64)).encode(),
        ),
    ),
    Target(
        "keypad_entry", check_keypad_entry, (b"1203#123456#", b"*12\xff#34567890#", b"#*#*" * 5 + b"9" * 40)
    ),
    Target("records", check_records, json_seeds(len(KINDS)), found=deep(len(KINDS))),
    Target("messages", check_messages, json_seeds(len(MESSAGES)), found=deep(len(MESSAGES))),
    Target(
        "screen_actions",
        check_screen_actions,
        (
            b'{"act":"key","key":"7"}',
            b'{"act":"method","method":"face"}',
            b'{"act":"language","language":"zh"}',
        ),
        found=(b'{"a":' * 5000, b'{"act":"\x80"'),
    ),
    Target(
        "signed",
        check_signed,
        (
            msgspec.json.encode(MANIFEST) + bytes(64),
            b"{}" + bytes(64),
            json.dumps({"site_id": SITE}).encode() + bytes(64),
        ),
    ),
    Target(
        "site_file",
        check_site_file,
        (SITE_FILE.encode(), b"[gate]\n", b'[lane."a.b"]\nrelay = 1\n'),
        found=(b"a = " + b"[" * 3000, b"a = " + b"9" * 5000),
    ),
)
