"""Talk to Modbus RTU devices on one RS-485 line: the only file that imports pymodbus.

pymodbus makes and reads the frames. Its serial client is not used: it opens a port with DTR and RTS
high, measures its time-outs by the wall clock, which a gate without a network sets by hours, and
repeats a request that was not answered, which for ON is the one thing that must never happen.

Source of the frames: MODBUS over Serial Line V1.02, MODBUS Application Protocol V1.1b3.
"""

import struct
import threading
import time

from pymodbus.framer import FramerRTU
from pymodbus.pdu import DecodePDU, ExceptionResponse, ModbusPDU
from pymodbus.pdu.bit_message import ReadCoilsRequest, ReadCoilsResponse, ReadDiscreteInputsRequest
from pymodbus.pdu.register_message import ReadHoldingRegistersRequest, ReadHoldingRegistersResponse

from hardware.errors import BadDeviceSetting, DeviceRefused, DeviceUnavailable
from hardware.lines.serial import SerialLine

ANSWER_SECONDS = 0.25
READ_TRIES = 2
MAX_ANSWER_BYTES = 260
ADDRESSES = range(1, 248)
_ERROR_FLAG = 0x80
_framer = FramerRTU(DecodePDU(is_server=False))


class WriteCoilValue(ModbusPDU):
    """Function 05 with any value: boards put the seconds of a timed pulse in place of FF00 or 0000."""

    function_code = 5
    rtu_frame_size = 8

    def encode(self) -> bytes:
        """Return coil address and value, two bytes each, high byte first."""
        return struct.pack(">HH", self.address, self.registers[0])


class WriteRegisterValue(WriteCoilValue):
    """Function 06: one register."""

    function_code = 6


def request_frame(request: ModbusPDU) -> bytes:
    """Return the whole frame of a request, with address and checksum."""
    return _framer.buildFrame(request)


def answer_in(heard: bytes, request: ModbusPDU) -> ModbusPDU | bytes | None:
    """Find the answer to `request` among bytes heard since it was sent.

    Return the decoded answer to a reading, the echoed frame of a writing, an ExceptionResponse,
    or None while there is none. Noise before it, frames of other devices and frames with a wrong
    checksum are passed over; no received byte raises an error.
    """
    asked = request_frame(request)
    for start in range(len(heard)):
        frame = _frame_at(heard[start:], asked)
        if frame is None:
            continue
        if frame[1] & _ERROR_FLAG:
            return ExceptionResponse(frame[1] & ~_ERROR_FLAG, frame[2])
        if isinstance(request, WriteCoilValue):
            if frame == asked:
                return frame
            continue
        answer = _decoded(frame, request)
        if answer is not None:
            return answer
    return None


def _frame_at(heard: bytes, asked: bytes) -> bytes | None:
    """Return the whole, sound frame that begins here and could answer, or None."""
    if len(heard) < FramerRTU.MIN_SIZE + 1 or heard[0] != asked[0] or heard[1] & ~_ERROR_FLAG != asked[1]:
        return None
    is_error = bool(heard[1] & _ERROR_FLAG)
    size = 5 if is_error else 8 if asked[1] in (5, 6) else 5 + heard[2]
    if len(heard) < size:
        return None
    checksum = int.from_bytes(heard[size - 2 : size], "big")
    return heard[:size] if FramerRTU.check_CRC(heard[: size - 2], checksum) else None


def _decoded(frame: bytes, request: ModbusPDU) -> ModbusPDU | None:
    payload = frame[2:-2]
    if isinstance(request, ReadHoldingRegistersRequest):
        if payload[0] != 2 * request.count:
            return None
        registers = ReadHoldingRegistersResponse()
        registers.decode(payload)
        return registers
    if payload[0] != (request.count + 7) // 8:
        return None
    bits = ReadCoilsResponse()
    bits.decode(payload)
    return bits


def check_address(address: int, *, name: str) -> None:
    """Raise BadDeviceSetting for an address no single device may have; 0 would speak to all."""
    if address not in ADDRESSES:
        raise BadDeviceSetting(f"{name}: a Modbus address is 1 to 247, not {address}")


class ModbusLine:
    """The line, shared by the boards on it; one exchange at a time, from any thread."""

    def __init__(self, path: str, *, name: str, baud: int = 9600) -> None:
        """Remember where the adapter is; raise BadDeviceSetting for a path that cannot be right."""
        self.name = name
        self._line = SerialLine(path, baud, name=name)
        self._lock = threading.Lock()
        self._users = 0
        self._openings = 0

    @property
    def openings(self) -> int:
        """Return how often the port was opened; 0 or another number than before: it was lost between."""
        return self._openings if self._line.is_open else 0

    def hold(self) -> None:
        """Count one more user of the line."""
        with self._lock:
            self._users += 1

    def let_go(self) -> None:
        """Count one user less; the last one closes the port."""
        with self._lock:
            self._users -= 1
            if self._users <= 0:
                self._line.close()

    def reach(self) -> int:
        """Open the port where it is not, and return `openings`; raise DeviceUnavailable."""
        with self._lock:
            if not self._line.is_open:
                self._line.open()
                self._openings += 1
            return self._openings

    def read_coils(self, address: int, first: int, count: int) -> tuple[bool, ...]:
        """Return `count` coils from `first` (function 01); raise DeviceUnavailable or DeviceRefused."""
        return self._read_bits(ReadCoilsRequest(dev_id=address, address=first, count=count))

    def read_inputs(self, address: int, first: int, count: int) -> tuple[bool, ...]:
        """Return `count` inputs from `first` (function 02); raise DeviceUnavailable or DeviceRefused."""
        return self._read_bits(ReadDiscreteInputsRequest(dev_id=address, address=first, count=count))

    def read_register(self, address: int, register: int) -> int:
        """Return one register (function 03); raise DeviceUnavailable or DeviceRefused."""
        request = ReadHoldingRegistersRequest(dev_id=address, address=register, count=1)
        _, answer = self._exchange(request, tries=READ_TRIES)
        if not isinstance(answer, ReadHoldingRegistersResponse):
            raise DeviceRefused(f"{self.name}: address {address} answers with something else")
        return int(answer.registers[0])

    def write_once(self, request: WriteCoilValue) -> int:
        """Send a writing a single time; return monotonic ns of its first byte once it is echoed.

        Raise DeviceUnavailable when no answer came (whether it was obeyed is then unknown) and
        DeviceRefused when the device says no.
        """
        at_ns, _ = self._exchange(request, tries=1)
        return at_ns

    def write_again(self, request: WriteCoilValue) -> None:
        """Send a writing that does no harm twice, twice if need be; raise as `write_once`."""
        self._exchange(request, tries=READ_TRIES)

    def _read_bits(self, request: ReadCoilsRequest) -> tuple[bool, ...]:
        _, answer = self._exchange(request, tries=READ_TRIES)
        if not isinstance(answer, ReadCoilsResponse):
            raise DeviceRefused(f"{self.name}: address {request.dev_id} answers with something else")
        return tuple(bool(bit) for bit in answer.bits[: request.count])

    def _exchange(self, request: ModbusPDU, *, tries: int) -> tuple[int, ModbusPDU | bytes]:
        with self._lock:
            for _ in range(tries):
                self._line.forget_queues()
                at_ns = self._line.write(request_frame(request))
                answer = self._answer(request)
                if isinstance(answer, ExceptionResponse):
                    raise DeviceRefused(
                        f"{self.name}: address {request.dev_id} refuses function "
                        f"{request.function_code:02d} (Modbus exception {answer.exception_code}); "
                        "check the board's kind and the channel"
                    )
                if answer is not None:
                    return at_ns, answer
            # No part of an unanswered request may be sent later.
            self._line.forget_queues()
        raise DeviceUnavailable(
            f"{self.name}: no answer from address {request.dev_id}; "
            "check the board's supply, A and B, its address and the baud rate"
        )

    def _answer(self, request: ModbusPDU) -> ModbusPDU | bytes | None:
        heard = b""
        give_up = time.monotonic() + ANSWER_SECONDS
        while (left := give_up - time.monotonic()) > 0:
            data = self._line.read(MAX_ANSWER_BYTES, left)
            if not data:
                continue
            heard = (heard + data)[-MAX_ANSWER_BYTES:]
            answer = answer_in(heard, request)
            if answer is not None:
                return answer
        return None
