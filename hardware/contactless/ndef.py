"""Read the address that a tag writes for each tap: NFC Forum type 4, NTAG 424 DNA with SUN (NXP AN12196)."""

from urllib.parse import parse_qs, urlsplit

from hardware.contactless.apdu import Card, CardRefused, data_of, select_application
from hardware.contactless.presented import SunMessage

APPLICATION = bytes.fromhex("d2760000850101")
SELECT_FILE = bytes.fromhex("00a4000c02e104")
LONGEST_BYTES = 240
"""So that a file comes in one frame of every reader; an address with a message has about 100."""
URI_RECORD = b"\xd1\x01"
"""One whole short record of a well-known type, whose name has one letter."""


def read_sun_message(card: Card) -> SunMessage:
    """Read a tag once, by which it counts one up; raise ApplicationMissing for a card of another kind."""
    data_of(card.exchange(select_application(APPLICATION)))
    data_of(card.exchange(SELECT_FILE))
    length = int.from_bytes(_read(card, 0, 2), "big")
    if not 0 < length <= LONGEST_BYTES:
        raise CardRefused(f"the tag's file has {length} bytes; 1 to {LONGEST_BYTES} are read")
    return message_of(address_of(_read(card, 2, length)))


def address_of(record: bytes) -> str:
    """Return the address of a file with one URI record, without the part that its first byte stands for."""
    if record[:2] != URI_RECORD or len(record) < 5 or record[3:4] != b"U" or record[2] != len(record) - 4:
        raise CardRefused("the tag's file is no single address")
    try:
        return record[5:].decode("ascii")
    except UnicodeDecodeError as err:
        raise CardRefused("the tag's address is no ASCII") from err


def message_of(address: str) -> SunMessage:
    """Return the message in an address; refuse one without, or with more than one."""
    try:
        said = parse_qs(urlsplit(address).query, strict_parsing=True, max_num_fields=8)
    except ValueError as err:
        raise CardRefused("the tag's address has no message") from err
    return SunMessage(_hex(said, "picc_data", 16), _hex(said, "cmac", 8))


def _hex(said: dict[str, list[str]], name: str, length: int) -> bytes:
    values = said.get(name, [])
    try:
        value = bytes.fromhex(values[0]) if len(values) == 1 and len(values[0]) == 2 * length else b""
    except ValueError:
        value = b""
    if len(value) != length:
        raise CardRefused(f"the tag's address has no {name} of {length} bytes")
    return value


def _read(card: Card, offset: int, length: int) -> bytes:
    data = data_of(card.exchange(b"\x00\xb0" + offset.to_bytes(2, "big") + bytes([length])))
    if len(data) != length:
        raise CardRefused(f"the tag sent {len(data)} bytes instead of {length}")
    return data
