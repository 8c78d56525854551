"""Cards and tags as the twins of contactless readers hold them; none shares code with what reads them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as new_key
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES128
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.cmac import CMAC
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

OK, NO_SUCH, NO_SUCH_COMMAND, WRONG = b"\x90\x00", b"\x6a\x82", b"\x6d\x00", b"\x6f\x00"
SELECT = b"\x00\xa4\x04\x00"


class VirtualCard(Protocol):
    """A card that answers commands, from its coming into the field to its going."""

    def answer(self, command: bytes) -> bytes: ...


@dataclass
class NumberCard:
    """A card without any application: what it has is a number that each reader hears."""

    def answer(self, command: bytes) -> bytes:
        return NO_SUCH if command[:4] == SELECT else NO_SUCH_COMMAND


@dataclass
class KeyCard:
    """A PKOC card of version 1."""

    private_key: EllipticCurvePrivateKey = field(default_factory=lambda: new_key(SECP256R1()))
    asked: list[bytes] = field(default_factory=list)
    """Every transaction id that it has signed."""

    @property
    def public_key(self) -> bytes:
        point = self.private_key.public_key()
        return point.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    def sign(self, transaction_id: bytes) -> bytes:
        r, s = decode_dss_signature(self.private_key.sign(transaction_id, ECDSA(SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    def answer(self, command: bytes) -> bytes:
        if command[:4] == SELECT:
            named = command[5:-1] == bytes.fromhex("a000000898000001")
            return bytes.fromhex("5c020100") + OK if named else NO_SUCH
        if command[:5] != bytes.fromhex("8080000138") or len(command) != 62:
            return NO_SUCH_COMMAND
        body = command[5:-1]
        if (body[:6], body[22:24]) != (bytes.fromhex("5c0201004c10"), b"\x4d\x20"):
            return WRONG
        self.asked.append(body[6:22])
        return b"\x5a\x41" + self.public_key + b"\x9e\x40" + self.sign(body[6:22]) + OK


@dataclass
class SunTag:
    """An NTAG 424 DNA set up to write its number, hidden, its counter and a code into its address."""

    uid: bytes
    meta_key: bytes
    file_key: bytes
    counter: int = 0
    address: str = "gate.example/f?picc_data={}&cmac={}"
    _file: bytes = b""
    _is_selected: bool = False

    def answer(self, command: bytes) -> bytes:
        if command[:4] == SELECT:
            self._is_selected = command[5:-1] == bytes.fromhex("d2760000850101")
            return OK if self._is_selected else NO_SUCH
        if not self._is_selected:
            return NO_SUCH_COMMAND
        if command == bytes.fromhex("00a4000c02e104"):
            self.counter += 1
            self._file = self._written()
            return OK
        if command[:2] == b"\x00\xb0" and len(command) == 5:
            offset = int.from_bytes(command[2:4], "big")
            return self._file[offset : offset + command[4]] + OK
        return NO_SUCH_COMMAND

    def message(self) -> tuple[bytes, bytes]:
        """Return its data and code at this count."""
        read = self.uid + self.counter.to_bytes(3, "little")
        encryptor = Cipher(AES128(self.meta_key), CBC(bytes(16))).encryptor()
        picc_data = encryptor.update(b"\xc7" + read + bytes.fromhex("da5cf60941"))
        session = self._mac(self.file_key, bytes.fromhex("3cc300010080") + read)
        return picc_data, bytes(self._mac(session, b"")[at] for at in range(1, 16, 2))

    def _written(self) -> bytes:
        picc_data, code = self.message()
        payload = b"\x04" + self.address.format(picc_data.hex().upper(), code.hex().upper()).encode()
        record = b"\xd1\x01" + bytes([len(payload)]) + b"U" + payload
        return len(record).to_bytes(2, "big") + record

    @staticmethod
    def _mac(key: bytes, message: bytes) -> bytes:
        mac = CMAC(AES128(key))
        mac.update(message)
        return mac.finalize()


@dataclass
class CardThat:
    """A card that answers as an attacker has it: `change` gets each command and the true answer."""

    card: VirtualCard
    change: Callable[[bytes, bytes], bytes]

    def answer(self, command: bytes) -> bytes:
        return self.change(command, self.card.answer(command))
