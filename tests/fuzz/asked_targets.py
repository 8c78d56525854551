"""Bytes from lines on which the gate asks, and from pictures: answers count only when they are whole."""

import cv2
import numpy as np
from pymodbus.pdu import ExceptionResponse
from pymodbus.pdu.bit_message import ReadCoilsRequest, ReadCoilsResponse, ReadDiscreteInputsRequest
from pymodbus.pdu.register_message import ReadHoldingRegistersRequest, ReadHoldingRegistersResponse

from hardware.cameras.pictures import decode_picture
from hardware.lines.modbus import WriteCoilValue, WriteRegisterValue, answer_in, request_frame
from hardware.osdp.panel import Panel, Peer
from hardware.readers.qr_scanners import read_codes
from hardware.simulated.modbus_board import crc16 as modbus_crc16
from hardware.simulated.modbus_board import sealed
from hardware.simulated.osdp_reader import crc16 as osdp_crc16
from tests.fuzz.target import Target, chosen, over_time

QUESTIONS = [
    (ReadCoilsRequest(dev_id=1, address=0, count=8), sealed(b"\x01\x01\x01\x05")),
    (ReadDiscreteInputsRequest(dev_id=1, address=0, count=32), sealed(b"\x01\x02\x04\x05\x00\x00\x80")),
    (ReadHoldingRegistersRequest(dev_id=1, address=1, count=1), sealed(b"\x01\x03\x02\x00\x01")),
    (WriteCoilValue(dev_id=1, address=0x0200, registers=[7]), bytes.fromhex("01 05 02 00 00 07 8d b0")),
    (WriteRegisterValue(dev_id=1, address=1, registers=[0x060A]), bytes.fromhex("01 06 00 01 06 0a 5b ad")),
]


def check_modbus(data: bytes) -> None:
    """Answers on a Modbus line: noise, other devices, refusals, wrong checksums."""
    which, data = chosen(data, len(QUESTIONS))
    question, right = QUESTIONS[which]
    answer = answer_in(data, question)
    if answer is not None:
        assert any(
            modbus_crc16(data[start : end - 2]) == data[end - 2 : end] and data[start] == 1
            for start in range(len(data))
            for end in range(start + 5, len(data) + 1)
        ), "an answer without a right checksum"
    if isinstance(answer, bytes):
        assert answer == request_frame(question)
    elif isinstance(answer, ReadCoilsResponse):
        assert len(answer.bits) >= question.count
    elif isinstance(answer, ReadHoldingRegistersResponse):
        assert len(answer.registers) == 1
    else:
        assert answer is None or isinstance(answer, ExceptionResponse)
    if answer is None:
        assert answer_in(data + right, question) is not None, "the right answer behind noise was not found"


class OsdpEnd:
    """The far end of an OSDP line: a list of pieces to give, and room for what was asked."""

    id = 1

    def __init__(self) -> None:
        self.asked = b""
        self.given = b""

    def read(self, max_bytes: int) -> bytes:
        data, self.given = self.given[:max_bytes], self.given[max_bytes:]
        return data

    def write(self, data: bytes) -> int:
        self.asked = bytes(data)
        return len(data)

    def flush(self) -> None:
        self.given = b""


OSDP_ADDRESS, OSDP_KEY = 3, bytes(range(0x61, 0x71))


def reply_to(asked: bytes, body: bytes) -> bytes:
    """Return a whole reply with right length, number and CRC around any body; noise before a question."""
    start = asked.find(0x53)
    if start < 0 or len(asked) < start + 5:
        return body
    size = 5 + len(body) + 2
    head = bytes((0x53, OSDP_ADDRESS | 0x80, size & 0xFF, size >> 8, asked[start + 4] & 0x03 | 0x04))
    return b"\xff" + head + body + osdp_crc16(head + body).to_bytes(2, "little")


def check_osdp(data: bytes) -> None:
    """An OSDP reader without its key: right replies of any content, or bare noise; nothing counts."""
    sealed_replies, data = chosen(data, 2)
    end = OsdpEnd()
    panel = Panel([Peer(OSDP_ADDRESS, OSDP_KEY)], end)
    happened = list(panel.refresh())
    for piece, _ in over_time(data):
        end.given += reply_to(end.asked, piece) if sealed_replies else piece
        happened += panel.refresh()
        happened += panel.refresh()
        assert not panel.is_secure(0), "a reader without the key is in the secure channel"
    kinds = {type(event).__name__ for event in happened}
    assert kinds <= {"WentOffline", "CommandEnded"}, kinds


# -- pictures --------------------------------------------------------------------------------------


def check_pictures(data: bytes) -> None:
    """Picture files, and the codes in them."""
    frame = decode_picture(data)
    if frame is None:
        return
    assert (frame.ndim, frame.shape[2], frame.dtype) == (3, 3, np.uint8)
    assert all(isinstance(text, str) for text in read_codes(frame))


def picture(suffix: str) -> bytes:
    """Return a small picture of a checkered square."""
    pixels = np.kron(np.indices((8, 8)).sum(axis=0) % 2, np.ones((4, 4))).astype(np.uint8) * 255
    return cv2.imencode(suffix, pixels)[1].tobytes()


TARGETS = (
    Target(
        "modbus",
        check_modbus,
        (
            *(bytes((n,)) + right for n, (_, right) in enumerate(QUESTIONS)),
            # The same, sent by another board.
            *(bytes((n,)) + sealed(b"\x06" + right[1:-2]) for n, (_, right) in enumerate(QUESTIONS)),
        ),
    ),
    Target(
        "osdp",
        check_osdp,
        (
            b"\x01\x0d\x45\x5c\x26\x23\x00\x01\x01\x00\x00\x00\x00\x00\x00\x00",  # osdp_PDID
            b"\x01\x0c\x46\x03\x01\x01\x09\x01\x01\x04\x01\x01\x05\x01\x01",  # osdp_PDCAP
            b"\x01\x2c\x76" + bytes(43),  # osdp_CCRYPT
            b"\x01\x08\x50\x00\x01\x1a\x00\x01\x02\x03\x40",  # osdp_RAW in clear text
            b"\x00\x3f" + bytes.fromhex("ff 53 83 08 00 04 40 0e 04"),
        ),
    ),
    Target(
        "pictures",
        check_pictures,
        tuple(picture(suffix) for suffix in (".png", ".jpg", ".bmp", ".webp")),
        # A lossless WebP of 16,384 × 16,353 pixels in 63 bytes, PNGs with a chunk that claims 2 GB,
        # before the end and behind it.
        found=(
            b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x20\0\0\0\x20\x08\0\0\0\0V\x11%(\x80\0\0\x02IDAT8\x11",
            b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0 " + bytes(17) + b"IEND\0\0ND\xaeB`\x82IEND",
            b"/\x1f\xff\xf3\x1fx" + b"D" * 42 + b"\x10\x08$\x0c\xfb[n\x91BD\xffsF\xc6g\x9c\x11\0",
        ),
    ),
)
