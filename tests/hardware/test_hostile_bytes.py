"""What lines in the field really carry, given to every parser and to every driver over its own wire.

Random bytes, right frames at a wrong baud rate, floods, half a frame and then silence, two readers at
once, NULs, endless lines. Whatever comes: no thread dies, what is held stays small, no number is read
that was not sent whole, and the next good frame is read.
"""

from collections.abc import Callable, Iterator

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.fuzz import asked_targets, device_targets
from tests.fuzz.target import Target
from tests.hardware.driver_bench import KINDS, WEDGES, Bench, Kind, started
from tests.hardware.uart import as_heard

BAUDS = (1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200)
FLOOD_BYTES = 60_000
"""More than a minute of a 9600-baud line that is never quiet."""

# -- the parsers, over time that is an argument ----------------------------------------------------

HEAD_BYTES = {"card_lines": 2, "card_lines_of_any_length": 1, "tags": 1, "frames": 2, "keypads": 2}
HEAD_BYTES |= {"scanner": 1, "input_board": 1, "input_events": 2, "modbus": 1, "osdp": 2}
"""How many bytes of a seed choose form and time; the rest is what comes over the wire."""
PARSERS = [
    target for target in (*device_targets.TARGETS, *asked_targets.TARGETS) if target.name in HEAD_BYTES
]
each_parser = pytest.mark.parametrize("parser", PARSERS, ids=lambda parser: parser.name)


def parts_of(parser: Target, seed: bytes) -> tuple[bytes, bytes]:
    """Return the bytes of a seed that choose, and those of the wire."""
    return seed[: HEAD_BYTES[parser.name]], seed[HEAD_BYTES[parser.name] :]


@pytest.mark.first_set
@each_parser
@settings(max_examples=40)
@given(st.data(), st.sampled_from(BAUDS), st.sampled_from(BAUDS), st.integers(1, 5))
def test_right_frames_at_a_wrong_baud_rate_are_no_frames_of_ours(
    parser: Target, data: st.DataObject, sent: int, heard: int, times: int
) -> None:
    assume(sent != heard)
    head, wire = parts_of(parser, data.draw(st.sampled_from(parser.seeds)))
    parser.check(head + as_heard(wire[:64] * times, sent, heard))


@pytest.mark.first_set
@each_parser
@settings(max_examples=40)
@given(st.data())
def test_two_readers_at_once_make_no_number_that_was_not_sent_whole(
    parser: Target, data: st.DataObject
) -> None:
    head, one = parts_of(parser, data.draw(st.sampled_from(parser.seeds)))
    _, other = parts_of(parser, data.draw(st.sampled_from(parser.seeds)))
    turns = data.draw(st.lists(st.booleans(), max_size=80))
    left, right = list(one), list(other)
    mixed = [(left if turn else right).pop(0) for turn in turns if (left if turn else right)]
    parser.check(head + bytes(mixed) + bytes(left) + bytes(right))


@each_parser
@settings(max_examples=40)
@given(st.data(), st.sampled_from([0, 3]))
def test_half_a_frame_then_silence_then_the_rest_is_no_frame(
    parser: Target, data: st.DataObject, pace: int
) -> None:
    head, wire = parts_of(parser, data.draw(st.sampled_from(parser.seeds)))
    cut = data.draw(st.integers(0, len(wire)))
    size = bytes((pace << 6 | min(max(cut, 1), 64) - 1,))
    parser.check(head[:-1] + size + wire[:cut] + wire[cut:])


@each_parser
@pytest.mark.parametrize("filling", [b"\x00", b"5", b"\xff", b"A\x00", b"\x02", b"0\r", b"\x5355"])
def test_a_flood_takes_no_memory_and_hides_no_later_frame(parser: Target, filling: bytes) -> None:
    head, wire = parts_of(parser, parser.seeds[0])
    # Answers that are asked for are looked for in what one time-out can bring.
    size = 260 if parser.name in ("modbus", "osdp") else 20_000
    parser.check(head[:-1] + b"\x3f" + (wire + filling * size)[:size])


def test_the_model_of_the_uart_gives_equal_rates_back_and_changes_others() -> None:
    every_byte = bytes(range(256))
    assert all(as_heard(every_byte, baud, baud) == every_byte for baud in BAUDS)
    assert as_heard(b"UU", 9600, 19200) == b"\x66\x33\x66\x33"
    assert as_heard(b"0", 9600, 115200) == b"\x00\x00"


# -- the drivers, over their own wires -------------------------------------------------------------


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """Return all serial drivers, which have to live through every test of this file."""
    yield from started(KINDS, tmp_path_factory.mktemp("serial"), silence_seconds=0.35)


@pytest.fixture(scope="module")
def wedges(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    yield from started(WEDGES, tmp_path_factory.mktemp("usb"), silence_seconds=0.6)


def at_wrong_bauds(kind: Kind) -> bytes:
    return b"".join(as_heard(kind.good * 3, 9600, baud) for baud in BAUDS if baud != 9600)


STREAMS: dict[str, Callable[[Kind], bytes]] = {
    "frames at every wrong baud rate": at_wrong_bauds,
    "half a frame": lambda kind: kind.good[: len(kind.good) // 2],
    "the other half": lambda kind: kind.good[len(kind.good) // 2 : -1],
    "two readers at once": lambda kind: bytes(byte for byte in kind.good for _ in range(2)),
    "NULs": lambda kind: bytes(5000),
    "an endless line": lambda kind: b"7" * FLOOD_BYTES,
    "a flood of noise": lambda kind: (b"\xff\x00\x02A5\x80" * FLOOD_BYTES)[:FLOOD_BYTES],
    "a flood of half frames": lambda kind: (kind.good[:-2] * FLOOD_BYTES)[:FLOOD_BYTES],
}


@pytest.mark.parametrize("stream", STREAMS)
def test_every_serial_driver_lives_through_it_and_reads_the_next_good_frame(
    stream: str, bench: Bench
) -> None:
    bench.suffer(STREAMS[stream])


def test_every_serial_driver_lives_through_random_bytes(bench: Bench) -> None:
    @settings(max_examples=6, deadline=None)
    @given(st.lists(st.binary(min_size=1, max_size=600), min_size=1, max_size=4))
    def whatever_comes(pieces: list[bytes]) -> None:
        bench.suffer(lambda kind: b"".join(pieces))

    whatever_comes()


@pytest.mark.parametrize("stream", ["half a frame", "NULs", "a flood of noise", "a flood of half frames"])
def test_every_wedge_lives_through_torn_and_endless_events(stream: str, wedges: Bench) -> None:
    # The kernel's events do not fit a flood: they are written in pieces that a FIFO takes whole.
    wedges.suffer(lambda kind: STREAMS[stream](kind)[:16_000])


def test_noise_is_counted_and_reported(bench: Bench) -> None:
    bench.suffer(lambda kind: b"\x025\x00\x02A\r" * 50)
    counted = {name: driver.dropped_frames for name, driver in bench.drivers.items()}
    assert min(counted.values()) > 0, counted
