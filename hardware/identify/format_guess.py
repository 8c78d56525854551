"""Guess what a device is from the bytes of one or several taps. Pure; sends nothing to the device.

A tap is what came between two silences. Every way in which Menjin can read a device is tried on every
tap, and those that read all of it are kept. Among them the one that leaves the least to chance wins: a
format that could carry 32 bits and was seen to use 24 of them, or a checksum that fits, is no accident.
What the bytes alone cannot show (whether they are reversed) stays as several guesses, until
the number printed on the card decides.
"""

import functools
import itertools
import re
import typing
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

from hardware.errors import BadDeviceSetting
from hardware.inputs.serial import parse_state_line
from hardware.lines.framing import LineFramer
from hardware.readers.cards import (
    PAYLOAD_BITS,
    ByteOrder,
    CardFormat,
    Checksum,
    ParsedCard,
    Radix,
    parse_line,
)
from hardware.readers.framed import TAG_BITS, parse_tag
from hardware.readers.keypads import parse_keys
from hardware.readers.matrix_keypads import KeyFrame, KeyFrameParser
from hardware.readers.wiegand import FRAME_BITS, BitOrder, Printed, RawFrameFormat

CHANCE_BITS = 6
"""A guess that is 2^6 times less likely than the best is not worth an installer's time."""
LONGEST_TYPED_BYTES = 5
"""More digits than that in one go were printed by a machine and not typed."""
LONGEST_CODE_BYTES = 1024
LONGEST_CARD_DIGITS = 12
TAG_FRAME_BITS = 40

Table = Literal["reader", "tag_reader", "frame_reader", "keypad", "scanner", "inputs"]
Setting = tuple[str, str | int]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Guess:
    """One way to read a device: a table of the site file, and the keys in it besides port and lane."""

    table: Table
    what: str
    settings: tuple[Setting, ...]
    bits: int
    """How much chance it leaves: the fewer bits, the likelier."""
    cards: tuple[ParsedCard, ...] = ()
    """The card of each tap, where it is a card reader."""
    terminals: tuple[str, ...] = ()
    """The terminals that spoke, where it is an input board."""

    def setting(self, key: str) -> str | int | None:
        """Return one key of the table, or None where it is not among them."""
        return dict(self.settings).get(key)


@dataclass(frozen=True, slots=True)
class Finding:
    """Result of some taps: guesses, best first, or the fault in the bytes."""

    guesses: tuple[Guess, ...]
    trouble: str = ""
    is_noise: bool = False
    """True if the bytes look like another baud rate, or like a wire that picks something up."""


def find(taps: Sequence[bytes]) -> Finding:
    """Return what the bytes of several taps, oldest first, have in common."""
    taps = [tap for tap in taps if tap]
    if not taps:
        return Finding((), "nothing was heard")
    fitting = [guess for guess in _all_guesses(taps) if guess is not None]
    if not fitting:
        return _trouble(taps)
    best = min(guess.bits for guess in fitting)
    likely = sorted((g for g in fitting if g.bits <= best + CHANCE_BITS), key=lambda g: g.bits)
    return Finding(tuple(likely))


def fits(taps: Sequence[bytes], table: Table, settings: Sequence[Setting]) -> Guess | None:
    """Return the guess that has exactly these settings, however unlikely it is, or None."""
    wanted = dict(settings)
    for guess in _all_guesses([tap for tap in taps if tap]):
        if guess is not None and guess.table == table and dict(guess.settings) == wanted:
            return guess
    return None


def that_read(number: int, guesses: Sequence[Guess]) -> tuple[Guess, ...]:
    """Return the guesses by which the last tap was the card with this printed number.

    A 26-bit reader sends the low 24 bits of a card's number, and "123,45678" prints only those.
    """
    return tuple(guess for guess in guesses if guess.cards and _is_last(guess, number))


def is_card(read: int, bits: int, number: int) -> bool:
    """Return whether what was read, in so many bits, is the card with this printed number."""
    compared = 24 if number < 1 << 24 or bits == 24 else TAG_BITS
    return (read ^ number) & ((1 << compared) - 1) == 0


def _is_last(guess: Guess, number: int) -> bool:
    return is_card(guess.cards[-1].number, guess.cards[-1].bits, number)


def _all_guesses(taps: Sequence[bytes]) -> Iterator[Guess | None]:
    if not taps:
        return
    yield _tag_module(taps)
    yield from _keypads(taps)
    lines = _whole_lines(taps)
    if lines is None:
        return
    yield _input_board(lines)
    cards = [*_line_readers(lines), *_frame_readers(lines)]
    yield from cards
    if not any(cards) and not _input_board(lines):
        yield _scanner(lines)


def _whole_lines(taps: Sequence[bytes]) -> list[bytes] | None:
    """Return the lines of the taps, or None where something in them is no line."""
    framer = LineFramer(LONGEST_CODE_BYTES)
    lines: list[bytes] = []
    for tap in taps:
        got = framer.feed(tap, 0)
        if framer.dropped or framer.held_bytes or not got:
            return None
        lines += got
    return lines


def _each(lines: Sequence[bytes], read: Callable[[bytes], T | None]) -> list[T] | None:
    """Return what every line reads as, or None as soon as one does not."""
    values: list[T] = []
    for line in lines:
        value = read(line)
        if value is None:
            return None
        values.append(value)
    return values


def _line_readers(lines: Sequence[bytes]) -> Iterator[Guess | None]:
    combinations: Iterator[tuple[int, Radix, ByteOrder, Checksum]] = itertools.product(
        PAYLOAD_BITS, typing.get_args(Radix), typing.get_args(ByteOrder), typing.get_args(Checksum)
    )
    for bits, radix, byte_order, checksum in combinations:
        try:
            fmt = CardFormat(bits, radix, byte_order, checksum)
        except BadDeviceSetting:
            continue
        cards = _each(lines, functools.partial(parse_line, fmt=fmt))
        if cards is not None:
            yield Guess(
                "reader",
                f"a card reader that prints a line a card, {bits} bits",
                (
                    ("kind", "serial_card"),
                    ("bits", bits),
                    ("radix", radix),
                    ("byte_order", byte_order),
                    ("checksum", checksum),
                ),
                fmt.payload_bits * len(set(lines)),
                tuple(cards),
            )


def _frame_readers(lines: Sequence[bytes]) -> Iterator[Guess | None]:
    combinations: Iterator[tuple[int, Printed, BitOrder, ByteOrder]] = itertools.product(
        FRAME_BITS, typing.get_args(Printed), typing.get_args(BitOrder), typing.get_args(ByteOrder)
    )
    for bits, printed, bit_order, byte_order in combinations:
        try:
            fmt = RawFrameFormat(bits, printed, bit_order, byte_order)
        except BadDeviceSetting:
            continue
        cards = _each(lines, fmt.card_of_line)
        if cards is not None:
            yield Guess(
                "frame_reader",
                f"a converter that prints whole Wiegand frames, {bits} bits, parity right",
                (
                    ("bits", bits),
                    ("printed", printed),
                    ("bit_order", bit_order),
                    ("byte_order", byte_order),
                ),
                fmt.payload_bits * len(set(lines)),
                tuple(cards),
            )


def _tag_module(taps: Sequence[bytes]) -> Guess | None:
    frames = [frame for tap in taps for frame in re.findall(rb"\x02([^\x02\x03]*)\x03", tap)]
    # ID-12 modules put CR LF before ETX.
    cards = _each([frame.removesuffix(b"\r\n") for frame in frames], parse_tag)
    if not cards or re.sub(rb"\x02[^\x02\x03]*\x03", b"", b"".join(taps)).strip(b"\r\n"):
        return None
    what = "a card module of the RDM6300 or ID-12 kind, checksum right"
    return Guess("tag_reader", what, (), TAG_FRAME_BITS * len(set(frames)), tuple(cards))


def _keypads(taps: Sequence[bytes]) -> Iterator[Guess | None]:
    families: tuple[tuple[str, KeyFrame, str], ...] = (
        ("stx_keypad", "stx", "a keypad that puts each key between 0x02 and 0x03"),
        ("stx_sum_keypad", "stx_sum", "a keypad that sends each key with its complement"),
    )
    for kind, frame, what in families:
        parser = KeyFrameParser(frame)
        keys = "".join(parser.feed(tap, 0) for tap in taps)
        if keys and not parser.dropped and not parser.held_bytes:
            yield Guess("keypad", what, (("kind", kind),), 4 * len(keys))
    pressed = [parse_keys(tap) for tap in taps]
    is_typed = all(len(tap) <= LONGEST_TYPED_BYTES for tap in taps)
    if is_typed and all(keys and not others for keys, others in pressed):
        count = sum(len(keys) for keys, _others in pressed)
        yield Guess("keypad", "a keypad that sends one byte a key", (("kind", "serial_keypad"),), 4 * count)


def _input_board(lines: Sequence[bytes]) -> Guess | None:
    states = _each(lines, parse_state_line)
    if states is None:
        return None
    terminals = tuple(dict.fromkeys(terminal for terminal, _closed in states))
    spoken = f"an input board; terminal {', '.join(terminals)} spoke"
    return Guess("inputs", spoken, (("kind", "serial_inputs"),), 5 * len(lines), terminals=terminals)


def _scanner(lines: Sequence[bytes]) -> Guess | None:
    if any(line.isdigit() and len(line) <= LONGEST_CARD_DIGITS for line in lines):
        return None
    longest = max(map(len, lines))
    return Guess(
        "scanner",
        f"a scanner; the code had {longest} characters",
        (("kind", "serial_code"),),
        7 * sum(map(len, lines)),
    )


def _trouble(taps: Sequence[bytes]) -> Finding:
    heard = b"".join(taps)
    strange = [byte for byte in heard if not (0x20 <= byte <= 0x7E or byte in b"\r\n\x02\x03")]
    if strange:
        return Finding((), "bytes that fit nothing Menjin can read, as at a wrong baud rate", is_noise=True)
    if not heard.endswith((b"\r", b"\n", b"\x03")):
        return Finding((), "text without a line end; set the device to send CR or CR LF after each one")
    if heard.translate(None, b"\r\n\x02\x03 ").isdigit():
        why = "a number without leading zeros; set the converter to print all its digits, or hexadecimal"
        return Finding((), why)
    return Finding((), "lines that do not belong together: tap the same card again, and only this reader")
