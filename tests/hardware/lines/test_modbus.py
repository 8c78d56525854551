from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pymodbus.pdu import ExceptionResponse, ModbusPDU
from pymodbus.pdu.bit_message import ReadCoilsRequest, ReadCoilsResponse
from pymodbus.pdu.register_message import ReadHoldingRegistersRequest

from hardware.errors import BadDeviceSetting, DeviceRefused, DeviceUnavailable, HardwareError
from hardware.lines.modbus import (
    ADDRESSES,
    ModbusLine,
    WriteCoilValue,
    WriteRegisterValue,
    answer_in,
    check_address,
    request_frame,
)
from hardware.simulated.modbus_board import ModbusBoard, ModbusBus, crc16, sealed
from hardware.simulated.wire import PtyWire

pytestmark = pytest.mark.usefixtures("nothing_left_behind")
READ_4 = ReadCoilsRequest(dev_id=1, address=0, count=4)
FLASH = WriteCoilValue(dev_id=1, address=0x0200, registers=[7])


@pytest.mark.parametrize(
    ("request_", "golden"),
    [
        (WriteCoilValue(dev_id=1, address=0, registers=[0xFF00]), "01 05 00 00 ff 00 8c 3a"),
        (WriteCoilValue(dev_id=1, address=0, registers=[0]), "01 05 00 00 00 00 cd ca"),
        (WriteCoilValue(dev_id=1, address=0x0200, registers=[7]), "01 05 02 00 00 07 8d b0"),
        (WriteCoilValue(dev_id=1, address=0x0201, registers=[8]), "01 05 02 01 00 08 9c 74"),
        (WriteRegisterValue(dev_id=1, address=1, registers=[0x0100]), "01 06 00 01 01 00 d9 9a"),
        (WriteRegisterValue(dev_id=1, address=1, registers=[0x0200]), "01 06 00 01 02 00 d9 6a"),
        (WriteRegisterValue(dev_id=1, address=1, registers=[0x060A]), "01 06 00 01 06 0a 5b ad"),
        (WriteRegisterValue(dev_id=1, address=2, registers=[0x0664]), "01 06 00 02 06 64 2a 41"),
        (ReadHoldingRegistersRequest(dev_id=1, address=1, count=1), "01 03 00 01 00 01 d5 ca"),
        (ReadCoilsRequest(dev_id=1, address=0, count=8), "01 01 00 00 00 08 3d cc"),
    ],
)
def test_frames_are_those_of_the_makers_sheets(request_: ModbusPDU, golden: str) -> None:
    frame = request_frame(request_)

    assert frame.hex(" ") == golden
    assert crc16(frame[:-2]) == frame[-2:]


@pytest.mark.parametrize("address", [0, 248, 255, -1])
def test_an_address_that_is_no_single_device_is_refused(address: int) -> None:
    with pytest.raises(BadDeviceSetting, match="1 to 247"):
        check_address(address, name="board")
    assert address not in ADDRESSES


def test_an_answer_is_found_behind_noise_and_frames_of_others() -> None:
    of_another = sealed(bytes((2, 1, 1, 0x0F)))
    spoilt = sealed(bytes((1, 1, 1, 0x0F)))[:-1] + b"\x00"
    answer = answer_in(b"\x00\x01\x01" + of_another + spoilt + sealed(bytes((1, 1, 1, 0x05))), READ_4)

    assert isinstance(answer, ReadCoilsResponse)
    assert answer.bits[:4] == [True, False, True, False]


def test_an_answer_to_a_wider_question_is_none_to_this_one() -> None:
    assert answer_in(sealed(bytes((1, 1, 2, 0x05, 0x00))), READ_4) is None


def test_a_writing_is_answered_only_by_its_own_echo() -> None:
    sent = request_frame(FLASH)

    assert answer_in(sent, FLASH) == sent
    assert answer_in(sealed(sent[:5] + b"\x08"), FLASH) is None


def test_a_refusal_is_distinguished_from_an_answer() -> None:
    answer = answer_in(sealed(bytes((1, 0x85, 2))), FLASH)

    assert isinstance(answer, ExceptionResponse)
    assert answer.exception_code == 2


@given(noise=st.binary(max_size=300), request_=st.sampled_from([READ_4, FLASH]))
@example(noise=b"\x01\x01\xff", request_=READ_4)
@example(noise=b"\x01\x81", request_=READ_4)
def test_any_bytes_raise_nothing_and_the_good_frame_behind_them_is_found(noise, request_) -> None:
    answer_in(noise, request_)
    good = {READ_4: sealed(bytes((1, 1, 1, 0x0F))), FLASH: request_frame(FLASH)}[request_]

    assert answer_in(noise + good, request_) is not None


@given(
    body=st.binary(min_size=1, max_size=250), function=st.sampled_from([1, 3, 5, 6, 0x81, 0x83, 0x85, 0xFF])
)
def test_sound_frames_with_any_content_raise_nothing(body: bytes, function: int) -> None:
    heard = sealed(bytes((1, function)) + body)
    for request in (READ_4, FLASH, ReadHoldingRegistersRequest(dev_id=1, address=1, count=1)):
        answer_in(heard, request)


@pytest.fixture
def board() -> ModbusBoard:
    return ModbusBoard(1)


@pytest.fixture
def bus(port: Path, board: ModbusBoard) -> Iterator[ModbusBus]:
    with ModbusBus(port, [board], name="bus") as bus:
        yield bus


@pytest.fixture
def line(bus: ModbusBus) -> Iterator[ModbusLine]:
    line = ModbusLine(bus.path, name="line")
    line.hold()
    line.reach()
    yield line
    line.let_go()


def test_a_silent_board_is_reported_with_what_to_check_and_the_line_stays(bus, board, line) -> None:
    board.is_mute = True
    with pytest.raises(DeviceUnavailable, match=r"no answer from address 1; check .* A and B"):
        line.read_coils(1, 0, 1)
    board.is_mute = False

    assert line.read_coils(1, 0, 2) == (False, False)
    assert line.openings == 1


@pytest.mark.parametrize(
    "fault",
    [{"spoils_checksum": True}, {"answers_as": 2}, {"keeps_only": 3}, {"keeps_only": 7}],
    ids=["checksum", "another's address", "half an answer", "one byte short"],
)
def test_an_answer_that_cannot_be_trusted_counts_for_nothing(bus, board, line, fault) -> None:
    for name, value in fault.items():
        setattr(board, name, value)
    with pytest.raises(DeviceUnavailable, match="no answer"):
        line.write_once(FLASH)
    for name in fault:
        setattr(board, name, getattr(ModbusBoard(1), name))

    assert line.read_coils(1, 0, 1) == (True,)


def test_an_order_is_sent_a_single_time_without_an_answer(bus, board, line) -> None:
    board.is_mute = True
    with pytest.raises(DeviceUnavailable):
        line.write_once(FLASH)

    assert bus.heard == request_frame(FLASH)


def test_a_board_that_refuses_is_reported_with_its_number(bus, line) -> None:
    with pytest.raises(DeviceRefused, match="Modbus exception 2"):
        line.read_coils(1, 40, 1)


def test_a_late_answer_to_an_old_question_is_not_taken_for_the_new_one(bus, line) -> None:
    bus.wire.write(sealed(bytes((1, 1, 1, 0x0F))))

    assert line.read_coils(1, 0, 4) == (False,) * 4


def test_a_flood_from_the_bus_ends_in_time_and_the_next_answer_is_read(port: Path) -> None:
    with PtyWire(port, name="flood") as wire:
        line = ModbusLine(wire.path, name="line")
        line.hold()
        line.reach()
        wire.write(b"\x01\x01\xfe" * 20_000)
        with pytest.raises(HardwareError):
            line.read_coils(1, 0, 1)
        line.let_go()


def test_a_line_that_is_not_there_is_reported_and_closes_cleanly(port: Path) -> None:
    line = ModbusLine(str(port), name="line")
    line.hold()
    with pytest.raises(DeviceUnavailable, match="cannot open"):
        line.reach()
    with pytest.raises(DeviceUnavailable, match="is not open"):
        line.read_coils(1, 0, 1)
    line.let_go()
