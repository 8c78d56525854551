"""Garbage from the far end of lines on which the gate asks: relay boards, Modbus, OSDP."""

import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardware.cameras.rtsp_diagnosis import why_not
from hardware.inputs.modbus import ModbusInputs
from hardware.inputs.serial import InputWire
from hardware.interfaces import CardRead, DeviceState, Health, InputChange, InputKind
from hardware.lines.modbus import ModbusLine
from hardware.osdp.line import OsdpLine
from hardware.osdp.reader import OsdpCardForm, OsdpReader
from hardware.readers.cards import SiteCardForm
from hardware.relays.modbus import ModbusRelay, ModbusRelayBoard, Waveshare
from hardware.relays.usb import UsbRelay, UsbRelayBoard, switch_frame
from hardware.simulated.modbus_board import ModbusBoard, ModbusBus, sealed
from hardware.simulated.osdp_reader import OsdpBus, crc16
from hardware.simulated.osdp_reader import OsdpReader as ReaderTwin
from hardware.simulated.relay_board import RelayBoard
from tests.hardware.conftest import Reports
from tests.hardware.uart import as_heard

pytestmark = pytest.mark.usefixtures("nothing_left_behind")
KEY = secrets.token_bytes(16)
PATIENCE_SECONDS = 60.0
"""libosdp gives a reader that went silent eight seconds before it says so."""


def until(reached: Callable[[], bool], what: str) -> None:
    give_up = time.monotonic() + PATIENCE_SECONDS
    while not reached():
        assert time.monotonic() < give_up, what
        time.sleep(0.01)


def check_no_driver_stumbled(reports: Reports) -> None:
    assert "in its driver" not in str(reports.drain())


# -- relay boards and inputs -----------------------------------------------------------------------


def test_whatever_a_usb_relay_board_answers_switches_nothing_and_ends_nothing(
    port: Path, reports: Reports
) -> None:
    on, off = switch_frame(1, on=True), switch_frame(1, on=False)
    echoes = [on, off, on[:2], as_heard(on, 9600, 19200), as_heard(on, 9600, 4800), b"A" * 8000]
    with RelayBoard(port, name="board") as metal:
        relay = UsbRelay(UsbRelayBoard(metal.path, name="board", report=reports), 1, name="lock")
        relay.open()

        @settings(max_examples=5, deadline=None)
        @given(st.lists(st.one_of(st.binary(max_size=400), st.sampled_from(echoes)), max_size=6))
        def whatever_it_answers(pieces: list[bytes]) -> None:
            ordered = metal.heard.count(on)
            for piece in pieces:
                metal.wire.write(piece)
            time.sleep(0.12)
            assert metal.heard.count(on) == ordered
            pulsed_ns = relay.pulse(0.05)
            metal.wait_for_off(1, 20.0, after_ns=metal.wait_for_on(1, 20.0, after_ns=pulsed_ns))
            assert metal.heard.count(on) == ordered + 1

        whatever_it_answers()
        check_no_driver_stumbled(reports)
        assert [seen.health for seen in reports.seen if isinstance(seen, DeviceState)] == [Health.OK]
        relay.close()


def test_noise_on_a_modbus_line_moves_no_contact_and_no_relay(port: Path, reports: Reports) -> None:
    board = ModbusBoard(5)
    wires = [InputWire("1", "north", InputKind.DOOR_OPEN, normally_closed=False)]
    right_answer, closed = sealed(b"\x05\x02\x01\x00"), sealed(b"\x05\x02\x01\x01")
    noise = [
        sealed(b"\x06\x02\x01\x01"),  # another board's answer
        closed[:-1] + bytes((closed[-1] ^ 0x01,)),  # a wrong checksum
        closed[:4],  # half an answer
        bytes(byte for pair in zip(right_answer, closed, strict=True) for byte in pair),  # two at once
        as_heard(closed, 9600, 19200),
        as_heard(closed, 9600, 4800),
        b"\x05\x02\xff" + bytes(252),
        b"\xff\x05" * 120,
    ]
    with ModbusBus(port, [board], name="bus") as bus:
        line = ModbusLine(bus.path, name="line")
        relay = ModbusRelay(
            ModbusRelayBoard(line, 5, Waveshare(), name="board", report=reports), 2, name="lock"
        )
        inputs = ModbusInputs(line, 5, wires, name="inputs")
        relay.open()
        inputs.start(reports)
        assert reports.next_of(InputChange).active is False

        @settings(max_examples=8, deadline=None)
        @given(st.lists(st.one_of(st.binary(max_size=300), st.sampled_from(noise)), min_size=1, max_size=12))
        def whatever_comes(pieces: list[bytes]) -> None:
            for piece in pieces:
                bus.wire.write(piece)
                time.sleep(0.008)

        whatever_comes()
        check_no_driver_stumbled(reports)
        assert [seen for seen in reports.seen if isinstance(seen, InputChange) and seen.active] == []
        assert not any(change.on for change in bus.changes(5))
        bus.set_input(5, 1, True)
        until(lambda: any(r.active for r in reports.drain() if isinstance(r, InputChange)), "no contact read")
        relay.pulse(0.1)
        assert sum(change.on for change in bus.changes(5)) == 1
        inputs.stop()
        relay.close()


# -- a camera's address ----------------------------------------------------------------------------


def test_a_camera_that_answers_a_byte_now_and_then_is_given_up() -> None:
    stopping = threading.Event()

    def drip(server: socket.socket) -> None:
        connection, _ = server.accept()
        with connection, suppress(OSError):
            while not stopping.wait(0.05):
                connection.sendall(b"R")

    with socket.create_server(("127.0.0.1", 0)) as server:
        dripping = threading.Thread(target=drip, args=(server,))
        dripping.start()
        answers: list[str] = []
        asking = threading.Thread(
            target=lambda: answers.append(
                why_not(f"rtsp://127.0.0.1:{server.getsockname()[1]}/", None, timeout_seconds=0.3)
            )
        )
        asking.start()
        asking.join(PATIENCE_SECONDS)
        stopping.set()
        dripping.join()
        asking.join()
    assert "nothing answers" in answers[0]


# -- OSDP, inside the secure channel ---------------------------------------------------------------


class SpoiltBus(OsdpBus):
    """A line with an attacker between reader and gate."""

    def __init__(self, stable_path: Path) -> None:
        self.spoil: Callable[[bytes], bytes] = bytes
        self.said: list[bytes] = []
        super().__init__(stable_path, name="bus")

    def send(self, data: bytes) -> int:
        self.said.append(bytes(data))
        return super().send(self.spoil(bytes(data)))


def with_a_wrong_mac(frame: bytes) -> bytes:
    """Return a frame of the secure channel with another last byte of its MAC and a right CRC."""
    start = frame.find(0x53)
    body = bytearray(frame[start:-2])
    is_sealed = body[4] & 0x08 and body[6] >= 0x15
    body[-1] ^= 0xFF if is_sealed else 0
    return frame[:start] + bytes(body) + crc16(bytes(body)).to_bytes(2, "little")


@pytest.fixture
def bus(port: Path) -> Iterator[SpoiltBus]:
    with SpoiltBus(port) as bus:
        yield bus


@pytest.fixture
def twin(bus: SpoiltBus) -> ReaderTwin:
    return bus.add(3, KEY)


@pytest.fixture
def reader(bus: SpoiltBus, twin: ReaderTwin, reports: Reports) -> Iterator[OsdpReader]:
    line = OsdpLine(bus.path, name="line")
    reader = OsdpReader(line, 3, KEY, OsdpCardForm(34), SiteCardForm(32), name="north", lane_id="lane-1")
    reader.start(reports)
    reports.wait_for(Health.OK)
    yield reader
    reader.stop()


def cards(reports: Reports) -> list[int]:
    return [seen.number for seen in reports.drain() if isinstance(seen, CardRead)]


def tap_until_read(twin: ReaderTwin, number: int, reports: Reports) -> None:
    """Tap as people do: again, when the reader was just coming back and did not take it."""

    def tap_and_look() -> bool:
        twin.tap(number)
        time.sleep(0.25)
        return number in cards(reports)

    until(tap_and_look, "the next good card was not read")


SPOILS: dict[str, Callable[[bytes], bytes]] = {
    "a wrong MAC": with_a_wrong_mac,
    "cut packets": lambda frame: frame[: len(frame) // 2],
    "another baud rate": lambda frame: as_heard(frame, 9600, 19200),
    "a bit that fell over": lambda frame: frame[:-4] + bytes((frame[-4] ^ 0x10,)) + frame[-3:],
}


@pytest.mark.first_set
@pytest.mark.parametrize("how", SPOILS)
def test_no_card_is_read_from_spoilt_packets_and_the_next_good_one_is(
    how: str, bus: SpoiltBus, twin: ReaderTwin, reader: OsdpReader, reports: Reports
) -> None:
    bus.spoil = SPOILS[how]
    already_said = len(bus.said)
    twin.tap(666)
    until(lambda: len(bus.said) > already_said + 3, "the reader was not asked any more")
    time.sleep(0.3)
    assert cards(reports) == []
    bus.spoil = bytes
    tap_until_read(twin, 7, reports)
    assert set(cards(reports)) <= {7, 666}
    check_no_driver_stumbled(reports)


def test_packets_that_are_played_again_are_no_second_tap(
    bus: SpoiltBus, twin: ReaderTwin, reader: OsdpReader, reports: Reports
) -> None:
    already_said = len(bus.said)
    twin.tap(666)
    assert reports.next_of(CardRead).number == 666
    recorded = bus.said[already_said:]
    for _ in range(10):
        for frame in recorded:
            bus.wire.write(frame)
            time.sleep(0.003)
    tap_until_read(twin, 7, reports)
    assert cards(reports).count(666) == 1
    check_no_driver_stumbled(reports)


def test_noise_between_the_packets_of_a_secure_channel_is_survived(
    bus: SpoiltBus, twin: ReaderTwin, reader: OsdpReader, reports: Reports
) -> None:
    @settings(max_examples=6, deadline=None)
    @given(st.lists(st.binary(max_size=600), min_size=1, max_size=6))
    def whatever_comes(pieces: list[bytes]) -> None:
        for piece in pieces:
            bus.wire.write(piece)
            time.sleep(0.01)

    whatever_comes()
    tap_until_read(twin, 7, reports)
    assert set(cards(reports)) == {7}
    check_no_driver_stumbled(reports)
