"""Play an OSDP reader written from the standard alone, which shares no code with libosdp.

IEC 60839-11-5: packets and replies (clauses 5 to 7), the secure channel (annex D). It has what
libosdp's own far end does not: `osdp_OUT` is answered by `osdp_OSTATR` with `outputs_in_answers` bytes, as
readers do whose board has more outputs than they declare.

It lies about: time (it answers at once), the RS-485 line, light and sound (taken, not shown).
"""

import secrets
from collections import deque
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from hardware.simulated.twin import Twin
from hardware.simulated.wire import TraceEntry

POLL, ID, CAP, LSTAT, OUT, LED, BUZ, CHLNG, SCRYPT = 0x60, 0x61, 0x62, 0x64, 0x68, 0x69, 0x6A, 0x76, 0x77
ACK, NAK, PDID, PDCAP, LSTATR, OSTATR, RAW, CCRYPT, RMAC_I = (
    0x40,
    0x41,
    0x45,
    0x46,
    0x48,
    0x4A,
    0x50,
    0x76,
    0x78,
)
_BLOCK = 16
_USES_CRC, _HAS_SECURITY_BLOCK, _SEQUENCE = 0x04, 0x08, 0x03


def _crc(data: bytes) -> int:
    crc = 0x1D0F
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = ((crc << 1) ^ 0x1021 if crc & 0x8000 else crc << 1) & 0xFFFF
    return crc


def _aes(key: bytes, block: bytes) -> bytes:
    one = Cipher(algorithms.AES(key), modes.ECB()).encryptor()  # noqa: S305 - one block, as annex D asks
    return one.update(block) + one.finalize()


def _cbc(key: bytes, vector: bytes, data: bytes, *, decrypt: bool = False) -> bytes:
    cipher = Cipher(algorithms.AES(key), modes.CBC(vector))
    worker = cipher.decryptor() if decrypt else cipher.encryptor()
    return worker.update(data) + worker.finalize()


def _padded(data: bytes) -> bytes:
    return data + b"\x80" + bytes(-(len(data) + 1) % _BLOCK)


def _inverse(block: bytes) -> bytes:
    return bytes(byte ^ 0xFF for byte in block)


class _SecureChannel:
    """The keys and chained checksums of one session (annex D.4 to D.6)."""

    def __init__(self, base_key: bytes, panel_random: bytes) -> None:
        self.panel_random, self.own_random = panel_random, secrets.token_bytes(8)
        self._encryption, self._first, self._last = (
            _aes(base_key, bytes((1, kind)) + panel_random[:6] + bytes(8)) for kind in (0x82, 0x01, 0x02)
        )
        self.own_cryptogram = _aes(self._encryption, panel_random + self.own_random)
        self._of_command = self._of_reply = bytes(_BLOCK)
        self.is_up = False

    def begin(self, panel_cryptogram: bytes) -> bytes | None:
        """Return the first checksum, None where the panel does not have the key."""
        if panel_cryptogram != _aes(self._encryption, self.own_random + self.panel_random):
            return None
        self._of_reply = _aes(self._last, _aes(self._first, panel_cryptogram))
        self.is_up = True
        return self._of_reply

    def _checksum(self, packet: bytes, vector: bytes) -> bytes:
        whole = packet if len(packet) % _BLOCK == 0 else _padded(packet)
        if len(whole) > _BLOCK:
            vector = _cbc(self._first, vector, whole[:-_BLOCK])[-_BLOCK:]
        return _cbc(self._last, vector, whole[-_BLOCK:])

    def checks(self, packet: bytes, checksum: bytes) -> bool:
        """Take a command's checksum into the chain and return whether it is right."""
        self._of_command = self._checksum(packet, self._of_reply)
        return self._of_command[:4] == checksum

    def open(self, data: bytes) -> bytes:
        """Return the data of a command, whose checksum is not yet in the chain."""
        plain = _cbc(self._encryption, _inverse(self._of_reply), data, decrypt=True)
        return plain.rstrip(b"\x00")[:-1]

    def seal(self, data: bytes) -> bytes:
        return _cbc(self._encryption, _inverse(self._of_command), _padded(data))

    def sign(self, packet: bytes) -> bytes:
        """Take a reply into the chain and return its checksum."""
        self._of_reply = self._checksum(packet, self._of_command)
        return self._of_reply[:4]


class IndependentReader(Twin):
    """One reader alone on its line, with its own key; declares `outputs` and answers with others."""

    def __init__(
        self,
        stable_path: Path,
        key: bytes,
        *,
        address: int = 3,
        outputs: int = 2,
        outputs_in_answers: int | None = 2,
        trace: Callable[[TraceEntry], None] | None = None,
    ) -> None:
        """Plug the reader in; with None for `outputs_in_answers` it is silent after osdp_OUT."""
        self.address, self._key = address, key
        self.outputs_in_answers = outputs_in_answers
        self._capabilities = bytes((2, 2, outputs, 3, 1, 1, 4, 1, 1, 5, 1, 1, 8, 1, 0, 9, 1, 1, 13, 1, 1))
        self.orders: list[bytes] = []
        """Data of each osdp_OUT, in order: output, control code, time in two bytes."""
        self.times_online = 0
        self._taps: deque[bytes] = deque(maxlen=8)
        self._channel: _SecureChannel | None = None
        self._inbox = b""
        self._last: tuple[int, bytes] | None = None
        super().__init__(stable_path, name="independent reader", trace=trace)

    def tap(self, frame: int, bits: int) -> None:
        """Hold a card of a Wiegand frame to the reader."""
        size = -(-bits // 8)
        data = (frame << 8 * size - bits).to_bytes(size, "big")
        self._taps.append(bytes((0, 1)) + bits.to_bytes(2, "little") + data)

    def hear(self, data: bytes, _at_ns: int, /) -> None:
        """Answer each whole packet that is for this reader."""
        self._inbox += data
        while (start := self._inbox.find(0x53)) >= 0 and len(self._inbox) >= start + 4:
            size = int.from_bytes(self._inbox[start + 2 : start + 4], "little")
            if len(self._inbox) < start + size:
                return
            packet, self._inbox = self._inbox[start : start + size], self._inbox[start + size :]
            if packet[1] == self.address and _crc(packet[:-2]) == int.from_bytes(packet[-2:], "little"):
                self._take(packet)

    def _take(self, packet: bytes) -> None:
        sequence = packet[4] & _SEQUENCE
        if sequence and self._last is not None and self._last[0] == sequence:
            self.wire.write(self._last[1])  # the panel did not hear the answer (clause 5.9)
            return
        kind, at = 0, 5
        if packet[4] & _HAS_SECURITY_BLOCK:
            kind, at = packet[6], 5 + packet[5]
        if sequence == 0:
            self._channel = None
        signed = kind in (0x15, 0x17)
        body = packet[at : -6 if signed else -2]
        if signed:
            if self._channel is None or not self._channel.is_up:
                return
            data = self._channel.open(body[1:]) if kind == 0x17 else b""
            if not self._channel.checks(packet[:-6], packet[-6:-2]):
                return
        else:
            data = body[1:]
        if body[0] == OUT and self.outputs_in_answers is None:
            self.orders.append(data)
            return
        reply, block = self._answer(body[0], data)
        frame = self._framed(reply, block, sequence)
        self._last = sequence, frame
        self.wire.write(frame)

    def _framed(self, reply: bytes, block: bytes, sequence: int) -> bytes:
        channel = self._channel if self._channel is not None and self._channel.is_up and not block else None
        if channel is not None:
            block = bytes((2, 0x18 if len(reply) > 1 else 0x16))
            reply = reply[:1] + (channel.seal(reply[1:]) if len(reply) > 1 else b"")
        size = 5 + len(block) + len(reply) + (4 if channel is not None else 0) + 2
        control = sequence | _USES_CRC | (_HAS_SECURITY_BLOCK if block else 0)
        head = bytes((0x53, self.address | 0x80)) + size.to_bytes(2, "little") + bytes((control,))
        frame = head + block + reply
        if channel is not None:
            frame += channel.sign(frame)
        return b"\xff" + frame + _crc(frame).to_bytes(2, "little")

    def _answer(self, command: int, data: bytes) -> tuple[bytes, bytes]:
        """Return code and data of the reply, and its security block where the handshake has one."""
        if command == CHLNG:
            self._channel = _SecureChannel(self._key, data[:8])
            uid = bytes(8)
            answer = bytes((CCRYPT,)) + uid + self._channel.own_random + self._channel.own_cryptogram
            return answer, bytes((3, 0x12, 1))
        if command == SCRYPT and self._channel is not None:
            first = self._channel.begin(data[:16])
            if first is not None:
                self.times_online += 1
                return bytes((RMAC_I,)) + first, bytes((3, 0x14, 1))
        if command == ID:
            return bytes((PDID, 0xFE, 0xCA, 0x00, 1, 1, 0, 0, 0, 7, 1, 0, 0)), b""
        if command == CAP:
            return bytes((PDCAP,)) + self._capabilities, b""
        if command == LSTAT:
            return bytes((LSTATR, 0, 0)), b""
        if command == OUT:
            self.orders.append(data)
            return bytes((OSTATR,)) + bytes(self.outputs_in_answers or 0), b""
        if command == POLL and self._taps:
            return bytes((RAW,)) + self._taps.popleft(), b""
        if command in (POLL, LED, BUZ):
            return bytes((ACK,)), b""
        return bytes((NAK, 3)), b""
