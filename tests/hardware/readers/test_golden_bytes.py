"""Frames copied from makers' manuals and other people's protocol tests, with their sources."""

import pytest
from pymodbus.pdu.bit_message import ReadCoilsResponse, ReadDiscreteInputsRequest

from hardware.lines.modbus import answer_in, request_frame
from hardware.osdp.panel import Panel, Peer
from hardware.readers.cards import ParsedCard
from hardware.readers.matrix_keypads import KeyFrameParser
from hardware.readers.wiegand import RawFrameFormat
from hardware.simulated.osdp_reader import crc16


@pytest.mark.parametrize(
    ("printed", "card"),
    [
        # Civintec, CN56X0B-X Reader User Manual, 6.4.2 and 6.4.5: data D4 1B 81 and 89 D4 1B 81.
        ("1 11010100 00011011 10000001 0", ParsedCard(0xD41B81, 24)),
        ("1 10001001 11010100 00011011 10000001 1", ParsedCard(0x89D41B81, 32)),
        # Hikvision, Wiegand Camera Operation Manual, coding process: card number 1234567890.
        ("1 0100 1001 1001 0110 0000 0010 1101 0010 0", ParsedCard(1234567890, 32)),
    ],
)
def test_wiegand_frames_of_readers_manuals_are_read(printed: str, card: ParsedCard) -> None:
    line = printed.replace(" ", "").encode()
    assert RawFrameFormat(len(line), "bin").card_of_line(line) == card
    turned = RawFrameFormat(len(line), "bin", "last_bit_first").card_of_line(line[::-1])
    assert turned == card


class _Ear:
    """The far end of a line: what the panel asked."""

    id = 1
    asked = b""

    def read(self, max_bytes: int) -> bytes:
        return b""

    def write(self, data: bytes) -> int:
        self.asked = bytes(data)
        return len(data)

    def flush(self) -> None:
        self.asked = b""


@pytest.mark.parametrize(
    "golden",
    [
        # libosdp, tests/unit-tests/test-cp-phy-fsm.c: osdp_POLL and osdp_ID to address 101.
        "53 65 08 00 04 60 60 90",
        "53 65 09 00 05 61 00 e9 4d",
    ],
)
def test_the_checksum_of_osdp_packets_is_that_of_libosdps_own_tests(golden: str) -> None:
    packet = bytes.fromhex(golden)
    assert crc16(packet[:-2]).to_bytes(2, "little") == packet[-2:]


def test_the_first_question_to_an_osdp_reader_is_who_it_is_under_that_checksum() -> None:
    ear = _Ear()
    panel = Panel([Peer(101, bytes(range(16)))], ear)
    panel.refresh()
    panel.refresh()
    question = ear.asked[ear.asked.index(0x53) :]
    # As the packet above, but for the number of the packet: a first one has number 0.
    assert question[:-2] == bytes.fromhex("53 65 09 00 04 61 00")
    assert crc16(question[:-2]).to_bytes(2, "little") == question[-2:]


def test_the_question_for_inputs_is_that_of_waveshares_wiki() -> None:
    # Waveshare wiki, "Modbus RTU Relay (D)", "Read input status"; its answer 01 02 01 01 60 48.
    question = ReadDiscreteInputsRequest(dev_id=1, address=0, count=8)
    assert request_frame(question).hex(" ") == "01 02 00 00 00 08 79 cc"
    answer = answer_in(bytes.fromhex("01 02 01 01 60 48"), question)
    assert isinstance(answer, ReadCoilsResponse)
    assert answer.bits[:8] == [True] + [False] * 7


@pytest.mark.parametrize(("frame", "keys"), [("02 35 03", "5"), ("02 35 ca 03", "")])
def test_a_key_between_stx_and_etx_is_read_and_one_with_a_complement_is_another_family(
    frame: str, keys: str
) -> None:
    assert KeyFrameParser("stx").feed(bytes.fromhex(frame), 10**9) == keys
