"""From the last input byte (or frame) to the first relay byte, over real ptys, 100,000 credentials.

The gate runs as its own process, as it does on site. Baselines of the same run: for serial methods a
process that answers a line with four bytes and decides nothing; for the PIN that plus one bare
Argon2id hash; for a frame, decoding the picture alone; for OSDP, the control panel in a process that
decides nothing. A pty carries bytes at once: what the wire itself takes is printed beside the figures.
"""

import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
import qrcode

from gate_controller.contract.pins import argon2_tag
from gate_controller.contract.records import Record
from gate_controller.lane.read_floods import READS_A_SECOND
from gate_controller.storage.secrets import write_secret
from hardware.interfaces import Frame
from hardware.readers.cards import CardFormat
from hardware.readers.qr_scanners import read_codes
from hardware.simulated.osdp_reader import OsdpBus
from hardware.simulated.readers import LineCardReader
from hardware.simulated.relay_board import RelayBoard
from tests.bench.big_site import card_number, records_of
from tests.bench.figure import Figure, beside, percentile
from tests.bench.osdp_tap import bare_osdp_ms, osdp_card_ms, until_on, until_secure
from tests.bench.rest import OSDP
from tests.bench.wires import Ear, on_the_wire
from tests.support.compounds.people import HOME, Phone, lane, person, pin, qr
from tests.support.gates.bench import CAMERA_SHEET, CARD_KEY, LANE, PIN_KEY, BenchGate, bench_gate
from tests.support.gates.screen import TerminalHand

CREDENTIALS = 100_000
CARDS, OSDP_CARDS, PINS, CODES, FRAMES, PHONES = 300, 200, 64, 64, 64, 16
HOME_PINS = tuple(f"{480000 + 1373 * n}" for n in range(1, 9))
ECHO = """
import os, sys
from hardware.lines.serial import SerialLine
reader, relay = SerialLine(sys.argv[1], 9600, name="reader"), SerialLine(sys.argv[2], 9600, name="relay")
reader.open(); relay.open(); relay.write(bytes.fromhex("a00100a1")); print("up", flush=True)
while True:
    if b"\\n" in reader.read(64, 1.0):
        relay.write(bytes.fromhex("a00101a2"))
"""


PULSE_SECONDS = 0.03
Timed = Callable[[], float]


def measure() -> Iterator[Figure]:
    """Yield p50 and p99 in ms: card by line and OSDP, PIN in a home of eight, code by scanner and frame."""
    with tempfile.TemporaryDirectory(prefix="menjin-bench-") as folder:
        bare = _bare_line(Path(folder) / "bare")
        root = Path(folder) / "gate"
        phones = [Phone(credential_id=f"{n:016x}") for n in range(PHONES)]
        osdp_key, osdp_ear = secrets.token_bytes(16), Ear()
        bare_osdp = bare_osdp_ms(Path(folder) / "bare" / "osdp", OSDP_CARDS)
        (root / "dev").mkdir(parents=True)
        with (
            OsdpBus(root / "dev" / "osdp", name="osdp", trace=osdp_ear.take) as bus,
            _gate(root, phones, osdp_key) as (bench, hand),
        ):
            bare_peer = "a process that decides nothing"
            yield from _pair("card", [_card(bench, n) for n in range(CARDS)], bare_peer, bare)
            hash_ms = percentile([_hash_ms() for _ in range(20)], 0.5)
            pins = [_pin(bench, HOME_PINS[n % 8]) for n in range(PINS)]
            with_hash = [ms + hash_ms for ms in bare]
            yield from _pair("PIN, home of eight", pins, f"{bare_peer} + a bare hash", with_hash)
            codes = [_code(bench, phones[n % PHONES], n // PHONES) for n in range(CODES)]
            yield from _pair("QR by scanner", codes, bare_peer, bare)
            looked = [_frame(bench, hand, phones[n % PHONES], 8 + n // PHONES) for n in range(FRAMES)]
            decodes = [_decode_ms(n) for n in range(FRAMES)]
            yield from _pair("QR frame", looked, "decoding the frame alone", decodes)
            yield from on_the_wire("tap", "card line", 10)
            yield from on_the_wire("tap", "QR line", len(phones[0].code(0)) + 2)
            reader = bus.add(5, osdp_key)
            until_secure(reader)
            taps = [osdp_card_ms(bench.relay, reader, osdp_ear, n) for n in range(OSDP_CARDS)]
            took, carried = [ms for ms, _count in taps], [float(count) for _ms, count in taps]
            yield from _pair("OSDP card", took, "the OSDP panel alone", bare_osdp)
            yield from on_the_wire("tap", "OSDP line from tap to relay", round(percentile(carried, 0.5)))


def _records(phones: list[Phone]) -> dict[str, Record]:
    records = records_of(CREDENTIALS, CARD_KEY, gates=1)
    for index in range(CREDENTIALS):
        records[f"person:{index:016x}"] = person(f"{index:016x}", home_id=f"home-{index // 4}")
    records |= {
        "lane:north-in": lane(pulse_seconds=PULSE_SECONDS),
        "home:home-1": HOME,
        "person:00000000000000a1": person(),
    }
    for index, digits in enumerate(HOME_PINS):
        records[f"credential:pin-{index}"] = pin(digits, PIN_KEY, credential_id=f"pin-{index}")
    for phone in phones:
        records[f"credential:{phone.credential_id}"] = qr(phone)
    return records


@contextmanager
def _gate(root: Path, phones: list[Phone], osdp_key: bytes) -> Iterator[tuple[BenchGate, TerminalHand]]:
    frames, token, port = root / "frames", root / "token", _free_port()
    frames.mkdir(parents=True)
    more = (
        f'{CAMERA_SHEET}[camera.eye]\nkind = "folder"\nsource = "{frames}"\nlane = "{LANE}"\n'
        f'[terminal.screen]\nlane = "{LANE}"\nport = {port}\nlaunch_token_file = "{token}"\n'
        f"{OSDP.format(root=root)}"
    )
    with bench_gate(root, more=more) as bench:
        write_secret(root / "secrets", "osdp-osdp-in.key", osdp_key)
        bench.give_policy(_records(phones))
        site_file = bench.write_site_file()
        process = subprocess.Popen(
            [sys.executable, "-m", "menjin", "gate", "run", str(site_file)],
            env={**os.environ, "MENJIN_LOG_LEVEL": "CRITICAL"},
        )
        try:
            bench.relay.wait_for_off(1, timeout_seconds=30)
            time.sleep(2.0)
            with TerminalHand(f"http://127.0.0.1:{port}", token) as hand:
                yield bench, hand
        finally:
            process.terminate()
            process.wait(timeout=20)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _pair(case: str, values: list[float], peer: str, peers: list[float]) -> Iterator[Figure]:
    for name, share in (("p50", 0.5), ("p99", 0.99)):
        value, baseline = percentile(values, share), percentile(peers, share)
        yield beside("tap", f"{case} → relay byte, {name}", value, "ms", peer, baseline)


def _card(bench: BenchGate, index: int) -> float:
    return _at_peoples_pace(until_on(bench.relay, bench.card.tap(card_number(index * 331))), readings=1)


def _pin(bench: BenchGate, digits: str) -> float:
    keys = f"31203#{digits}#"
    return _at_peoples_pace(until_on(bench.relay, bench.keys.type(keys)), readings=len(keys))


def _at_peoples_pace(took_ms: float, *, readings: int) -> float:
    """Wait until the next readings are no flood to the gate, and return what was measured."""
    time.sleep(readings / READS_A_SECOND)
    return took_ms


def _code(bench: BenchGate, phone: Phone, ahead: int) -> float:
    scanned_ns = bench.scanner.scan(phone.code(int(time.time()) - 10 + ahead))
    return _at_peoples_pace(until_on(bench.relay, scanned_ns), readings=1)


def _frame(bench: BenchGate, hand: TerminalHand, phone: Phone, ahead: int) -> float:
    hand.press("qr")
    time.sleep(0.15)
    picture = _picture(phone.code(int(time.time()) - 10 + ahead))
    _ok, encoded = cv2.imencode(".png", picture, [cv2.IMWRITE_PNG_COMPRESSION, 0])
    part = bench.root / "frames" / "code.part"
    part.write_bytes(encoded.tobytes())
    shown_ns = time.monotonic_ns()
    part.replace(bench.root / "frames" / "code.png")
    took = until_on(bench.relay, shown_ns)
    (bench.root / "frames" / "code.png").unlink()
    return took


def _picture(text: str) -> Frame:
    code = qrcode.QRCode(box_size=6, border=4)
    code.add_data(text)
    modules = np.array(code.get_matrix(), dtype=np.uint8)
    drawn = np.kron(255 - modules * 255, np.ones((6, 6), dtype=np.uint8)).astype(np.uint8)
    frame = np.full((480, 640, 3), 128, dtype=np.uint8)
    height, width = drawn.shape
    frame[40 : 40 + height, 100 : 100 + width] = drawn[:, :, None]
    return frame


def _decode_ms(number: int) -> float:
    frame = _picture(Phone().code(number))
    started = time.perf_counter()
    read_codes(frame)
    return (time.perf_counter() - started) * 1000


def _hash_ms() -> float:
    started = time.perf_counter()
    argon2_tag("482915", b"s" * 16)
    return (time.perf_counter() - started) * 1000


def _bare_line(root: Path) -> list[float]:
    root.mkdir(parents=True)
    with (
        RelayBoard(root / "relay", name="relay") as relay,
        LineCardReader(root / "card", CardFormat(34, "hex"), name="card") as card,
        subprocess.Popen(
            [sys.executable, "-c", ECHO, str(root / "card"), str(root / "relay")], stdout=subprocess.PIPE
        ) as echo,
    ):
        try:
            relay.wait_for_off(1, timeout_seconds=10)
            return [_echo(relay, card) for _ in range(CARDS)]
        finally:
            echo.terminate()


def _echo(relay: RelayBoard, card: LineCardReader) -> float:
    sent_ns = card.tap(0x1234ABCD)
    took = (relay.wait_for_on(1, timeout_seconds=5, after_ns=sent_ns) - sent_ns) / 1e6
    time.sleep(0.005)
    return took
