"""OSDP readers through libosdp's two sides over ptys: what counts, what never counts, what is shown."""

import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hardware.errors import BadDeviceSetting, DeviceRefused, DeviceUnavailable, OutputNotConfirmed
from hardware.interfaces import CardRead, DeviceState, Health, InputChange, InputKind, KeyPress, ReaderResult
from hardware.osdp.line import OsdpLine
from hardware.osdp.panel import DEFAULT_KEY, CardBits, Command, CommandEnded, LocalStatus, Panel, Peer
from hardware.osdp.reader import OsdpCardForm, OsdpReader
from hardware.osdp.relay import OsdpRelay
from hardware.readers.cards import SiteCardForm
from hardware.simulated.osdp_reader import OsdpBus, crc16, wiegand_frame
from hardware.simulated.osdp_reader import OsdpReader as ReaderTwin
from tests.hardware.conftest import Reports
from tests.hardware.osdp.independent_reader import IndependentReader

KEY, OTHER_KEY = secrets.token_bytes(16), secrets.token_bytes(16)
FORM, SITE = OsdpCardForm(34), SiteCardForm(32)
OUTPUTS, LIGHT, BUZZER = 2, 4, 5
OFF, ON_FOR_A_TIME = 1, 5
PATIENCE_SECONDS = 12.0
"""The library gives a reader that went silent eight seconds before it says so."""


@pytest.fixture
def bus(port: Path, nothing_left_behind: None) -> Iterator[OsdpBus]:
    with OsdpBus(port, name="bus") as bus:
        yield bus


@pytest.fixture
def twin(bus: OsdpBus) -> ReaderTwin:
    return bus.add(3, KEY)


@pytest.fixture
def line(bus: OsdpBus) -> OsdpLine:
    return OsdpLine(bus.path, name="line")


@pytest.fixture
def reader(twin: ReaderTwin, line: OsdpLine, reports: Reports) -> Iterator[OsdpReader]:
    reader = made(line)
    reader.start(reports)
    yield reader
    reader.stop()


@pytest.fixture
def relay(twin: ReaderTwin, reader: OsdpReader, reports: Reports) -> Iterator[OsdpRelay]:
    relay = OsdpRelay(reader, 0, name="lock", max_pulse_seconds=10)
    reports.wait_for(Health.OK)
    relay.open()
    until(lambda: len(twin.outputs) == 1 and len(twin.lights) == 1, "not put to rest")
    yield relay
    relay.close()


def made(line: OsdpLine, address: int = 3, key: bytes = KEY, name: str = "north") -> OsdpReader:
    return OsdpReader(line, address, key, FORM, SITE, name=name, lane_id="lane-1")


def until(reached: Callable[[], bool], what: str) -> None:
    ends = time.monotonic() + PATIENCE_SECONDS
    while not reached():
        assert time.monotonic() < ends, what
        time.sleep(0.005)


def cards(reports: Reports) -> list[int]:
    return [seen.number for seen in reports.drain() if isinstance(seen, CardRead)]


def tap_until_read(twin: ReaderTwin, number: int, reports: Reports) -> None:
    """Tap as people do: again, when the reader was just coming back and did not take it."""

    def tap_and_look() -> bool:
        twin.tap(number)
        time.sleep(0.3)
        return number in cards(reports)

    until(tap_and_look, "not read")


def pulsed(relay: OsdpRelay, seconds: float, *, holds: bool = False) -> int:
    """Pulse again while nothing was sent: a busy machine may miss the time that a reader has."""
    at_ns: list[int] = []

    def try_it() -> bool:
        try:
            at_ns.append(relay.pulse(seconds, holds=holds))
        except DeviceUnavailable as refusal:
            assert "nothing sent" in str(refusal)
        return bool(at_ns)

    until(try_it, "no pulse")
    return at_ns[0]


def wait_long_for(reports: Reports, health: Health) -> str:
    """Wait longer than the fixture's patience: the library is slow to notice silence."""
    found: list[str] = []

    def look() -> bool:
        found.extend(getattr(seen, "detail", "") for seen in reports.drain() if _is(seen, health))
        return bool(found)

    until(look, f"no {health}")
    return found[-1]


def _is(seen: object, health: Health) -> bool:
    return getattr(seen, "health", None) is health


def test_a_card_is_read_inside_the_secure_channel(
    twin: ReaderTwin, reader: OsdpReader, reports: Reports
) -> None:
    reports.wait_for(Health.OK)
    tapped_ns = twin.tap(0xDEADBEEF)
    read = reports.next_of(CardRead)
    assert (read.device, read.number, read.bits) == ("north", 0xDEADBEEF, 32)
    assert read.read_at_ns >= tapped_ns
    assert twin.is_secure


def test_keys_are_read_with_enter_and_clear(twin: ReaderTwin, reader: OsdpReader, reports: Reports) -> None:
    reports.wait_for(Health.OK)
    twin.type("1203#*")
    assert "".join(reports.next_of(KeyPress).key for _ in range(6)) == "1203#*"


def test_tamper_is_reported_open_and_closed_and_asked_for_when_the_reader_comes(
    twin: ReaderTwin, reader: OsdpReader, reports: Reports
) -> None:
    first = reports.next_of(InputChange)
    assert (first.kind, first.active) == (InputKind.TAMPER, False), "an alarm from before may stand"
    twin.tamper(opened=True)
    opened = reports.next_of(InputChange)
    assert (opened.lane_id, opened.kind, opened.active) == ("lane-1", InputKind.TAMPER, True)
    twin.tamper(opened=False)
    assert not reports.next_of(InputChange).active


def test_a_reader_whose_power_fails_is_faulty_until_it_is_back(
    twin: ReaderTwin, reader: OsdpReader, reports: Reports
) -> None:
    reports.wait_for(Health.OK)
    twin.fail_power(True)
    failing = reports.wait_for(Health.FAULTY)
    assert "power" in failing.detail
    assert not failing.is_lost
    twin.fail_power(False)
    reports.wait_for(Health.OK)


@pytest.mark.parametrize(
    ("result", "color", "sounds"),
    [
        (ReaderResult.GRANTED, 2, [1]),
        (ReaderResult.REFUSED, 1, [3]),
        (ReaderResult.WAIT, 3, []),
        (ReaderResult.DELAYED, 3, [2]),
    ],
)
def test_each_result_has_a_light_and_a_number_of_sounds_of_its_own(
    result: ReaderResult,
    color: int,
    sounds: list[int],
    twin: ReaderTwin,
    reader: OsdpReader,
    reports: Reports,
) -> None:
    reports.wait_for(Health.OK)
    until(lambda: len(twin.lights) == 1, "no light at rest")
    reader.show(result)
    until(lambda: len(twin.lights) == 2 and len(twin.sounds) == len(sounds), "not shown")
    assert twin.lights[-1].command["on_color"] == color
    assert [shown.command["rep_count"] for shown in twin.sounds] == sounds


def test_a_reader_without_light_and_buzzer_is_not_sent_what_it_would_refuse(
    bus: OsdpBus, line: OsdpLine, reports: Reports
) -> None:
    twin = bus.add(3, KEY, lacks=(LIGHT, BUZZER))
    reader = made(line)
    reader.start(reports)
    reports.wait_for(Health.OK)
    reader.show(ReaderResult.GRANTED)
    twin.tap(1)
    assert reports.next_of(CardRead).number == 1
    reader.show(ReaderResult.REFUSED)
    twin.tap(2)
    assert reports.next_of(CardRead).number == 2
    assert (twin.lights, twin.sounds) == ([], [])
    reader.stop()


@pytest.mark.wide
def test_a_reader_that_refuses_the_light_it_announced_is_asked_no_more(
    twin: ReaderTwin, reader: OsdpReader, reports: Reports
) -> None:
    twin.refuses = (2, 9)  # light; status
    until(lambda: max(reader.refusals.values(), default=0) == 3, "not refused")
    tap_until_read(twin, 7, reports)
    until(lambda: min(reader.refusals[2], reader.refusals[9]) == 3, "not refused")
    tap_until_read(twin, 8, reports)
    reports.drain()
    reports.seen.clear()
    reader.show(ReaderResult.GRANTED)
    until(lambda: len(twin.sounds) == 1, "no sound")
    assert [seen for seen in reports.drain() if not isinstance(seen, CardRead)] == []


@pytest.mark.first_set
@pytest.mark.parametrize("outputs_in_answers", [8, 1])
def test_a_reader_that_answers_with_other_outputs_than_it_declared_is_ordered_no_more_and_reads_cards(
    outputs_in_answers: int, port: Path, nothing_left_behind: None, reports: Reports
) -> None:
    with IndependentReader(port, KEY, outputs=2, outputs_in_answers=outputs_in_answers) as far_end:
        reader, relay = reader_and_relay_on(far_end)
        reader.start(reports)
        try:
            assert "takes no orders for its outputs" in wait_long_for(reports, Health.FAULTY)
            assert (len(far_end.orders), far_end.times_online) == (3, 4)
            for number in range(5):
                far_end.tap(wiegand_frame(4711 + number, 34), 34)
                assert reports.next_of(CardRead).number == 4711 + number
            with pytest.raises(DeviceUnavailable, match="has no output 0"):
                relay.pulse(1)
            assert (len(far_end.orders), far_end.times_online, reader.comings) == (3, 4, 4)
            health = [seen.health for seen in reports.drain() if isinstance(seen, DeviceState)]
            assert health[-1] is Health.FAULTY, "a card that is read hid that the lock has no output"
        finally:
            reader.stop()


@pytest.mark.wide
def test_a_reader_that_is_silent_after_an_order_for_its_output_is_ordered_no_more_and_reads_cards(
    port: Path, nothing_left_behind: None, reports: Reports
) -> None:
    with IndependentReader(port, KEY, outputs=2, outputs_in_answers=None) as far_end:
        reader, _relay = reader_and_relay_on(far_end)
        reader.start(reports)
        try:
            assert "takes no orders for its outputs" in reports.wait_for(Health.FAULTY).detail
            far_end.tap(wiegand_frame(7, 34), 34)
            assert reports.next_of(CardRead).number == 7
        finally:
            reader.stop()


def test_a_reader_that_answers_with_its_outputs_as_declared_is_ordered_and_reads_cards(
    port: Path, nothing_left_behind: None, reports: Reports
) -> None:
    with IndependentReader(port, KEY, outputs=2, outputs_in_answers=2) as far_end:
        reader, relay = reader_and_relay_on(far_end)
        reader.start(reports)
        try:
            reports.wait_for(Health.OK)
            until(lambda: len(far_end.orders) == 1, "not put to rest")
            pulsed(relay, 1.0)
            far_end.tap(wiegand_frame(7, 34), 34)
            assert reports.next_of(CardRead).number == 7
            assert [order[1] for order in far_end.orders] == [OFF, ON_FOR_A_TIME]
            assert (far_end.times_online, reader.refusals[1]) == (1, 0)
        finally:
            reader.stop()


def test_a_pulse_that_costs_the_reader_is_reported_as_not_confirmed(
    port: Path, nothing_left_behind: None, reports: Reports
) -> None:
    with IndependentReader(port, KEY, outputs=2, outputs_in_answers=2) as far_end:
        reader, relay = reader_and_relay_on(far_end)
        reader.start(reports)
        try:
            reports.wait_for(Health.OK)
            until(lambda: len(far_end.orders) == 1, "not put to rest")
            far_end.outputs_in_answers = 3
            with pytest.raises(OutputNotConfirmed, match="the lock may have moved"):
                pulsed(relay, 1.0)
            assert reader.refusals[1] == 1
        finally:
            reader.stop()


def reader_and_relay_on(far_end: IndependentReader) -> tuple[OsdpReader, OsdpRelay]:
    reader = made(OsdpLine(far_end.path, name="line"))
    return reader, OsdpRelay(reader, 0, name="lock", max_pulse_seconds=10)


def test_two_readers_on_one_line_are_distinguished(bus: OsdpBus, line: OsdpLine, reports: Reports) -> None:
    twins = {"north": bus.add(3, KEY), "south": bus.add(4, OTHER_KEY)}
    readers = [made(line), made(line, 4, OTHER_KEY, "south")]
    for reader in readers:
        reader.start(reports)
    reports.wait_for(Health.OK)
    reports.wait_for(Health.OK)
    for number, (name, twin) in enumerate(twins.items()):
        twin.tap(number)
        read = reports.next_of(CardRead)
        assert (read.device, read.number) == (name, number)
    for reader in readers:
        reader.stop()


@pytest.mark.parametrize("comes_late", [False, True])
def test_a_silent_reader_does_not_silence_its_neighbour(
    comes_late: bool, bus: OsdpBus, line: OsdpLine, reports: Reports
) -> None:
    late = threading.Timer(3.5 if comes_late else 0.0, bus.add, (4, OTHER_KEY))
    absent, present = made(line), made(line, 4, OTHER_KEY, "south")
    absent.start(reports)
    present.start(reports)
    late.start()
    # A busy machine may give the neighbour its channel after the absence of the other was reported.
    both = {("north", Health.LOST), ("south", Health.OK)}
    until(lambda: both <= {(seen.device, seen.health) for seen in states(reports)}, "not both reported")
    detail = next(seen.detail for seen in states(reports) if seen.device == "north")
    assert "no reader at address 3" in detail
    bus.readers[0].tap(5)
    assert reports.next_of(CardRead).number == 5
    absent.stop()
    present.stop()
    late.join()


def states(reports: Reports) -> list[DeviceState]:
    return [seen for seen in reports.drain() if isinstance(seen, DeviceState)]


OUTSIDE = {
    "another key": (OTHER_KEY, False, "not under its key"),
    "install mode": (None, False, "not under its key"),
    "the default key": (DEFAULT_KEY, False, "not under its key"),
    "clear text": (None, True, "no secure channel"),
}
"""By name: the key of a reader, whether it claims no secure channel, and what the driver reports of it."""


@pytest.mark.usefixtures("nothing_left_behind")
def test_readers_outside_their_secure_channel_are_ignored_and_never_given_a_key(
    tmp_path: Path, reports: Reports
) -> None:
    with ExitStack() as plugged:
        twins = {}
        for name, (key, clear_text, _why) in OUTSIDE.items():
            bus = plugged.enter_context(OsdpBus(tmp_path / name, name=name))
            twins[name] = bus.add(3, key, clear_text=clear_text)
            reader = made(OsdpLine(bus.path, name=f"line of {name}"), name=name)
            reader.start(reports)
            plugged.callback(reader.stop)
        lost = [reports.wait_for(Health.LOST) for _ in OUTSIDE]
        for twin in twins.values():
            twin.tap(7)
            twin.type("1#")
        time.sleep(1.5)
        assert not [seen for seen in reports.drain() if isinstance(seen, CardRead | KeyPress)]
        assert {state.device: OUTSIDE[state.device][2] in state.detail for state in lost} == dict.fromkeys(
            OUTSIDE, True
        )
        for name, twin in twins.items():
            assert twin.key == OUTSIDE[name][0]
            assert not twin.is_secure


def test_a_reader_that_was_reset_is_lost_and_is_not_given_its_key_again(
    twin: ReaderTwin, reader: OsdpReader, reports: Reports
) -> None:
    reports.wait_for(Health.OK)
    twin.reset_to_install_mode()
    wait_long_for(reports, Health.LOST)
    twin.tap(7)
    time.sleep(2.5)
    assert cards(reports) == []
    assert twin.key is None


def test_clear_text_cards_on_the_line_are_not_believed(
    bus: OsdpBus, twin: ReaderTwin, reader: OsdpReader, reports: Reports
) -> None:
    reports.wait_for(Health.OK)
    forged = wiegand_frame(666, 34) << 6
    for beat in range(200):
        body = bytes((0x53, 0x83, 17, 0, 0x04 | beat % 4, 0x50, 0, 1, 34, 0)) + forged.to_bytes(5, "big")
        bus.wire.write(body + crc16(body).to_bytes(2, "little"))
        time.sleep(0.005)
    time.sleep(0.5)
    assert 666 not in cards(reports)
    tap_until_read(twin, 7, reports)
    assert 666 not in cards(reports)


def test_a_card_shown_while_the_gate_did_not_listen_does_not_open_later(
    bus: OsdpBus, twin: ReaderTwin, reader: OsdpReader, reports: Reports
) -> None:
    reports.wait_for(Health.OK)
    bus.unplug()
    reports.wait_for(Health.LOST)
    twin.tap(1)
    twin.tap(2)
    bus.replug()
    reports.wait_for(Health.OK)
    tap_until_read(twin, 3, reports)
    assert set(cards(reports)) == {3}


def test_a_reader_that_lost_power_comes_back(twin: ReaderTwin, reader: OsdpReader, reports: Reports) -> None:
    reports.wait_for(Health.OK)
    twin.power_cycle()
    reports.wait_for(Health.LOST)
    reports.wait_for(Health.OK)
    twin.tap(9)
    assert reports.next_of(CardRead).number == 9


def test_noise_on_the_line_is_survived_and_makes_no_card(
    bus: OsdpBus, twin: ReaderTwin, reader: OsdpReader, reports: Reports
) -> None:
    reports.wait_for(Health.OK)
    for _ in range(60):
        bus.wire.write(secrets.token_bytes(300) + b"\x53\x83\x40")
        time.sleep(0.01)
    until(lambda: reader.line.is_here(reader.place), "not back")
    time.sleep(0.5)
    until(lambda: reader.line.is_here(reader.place), "not back")
    assert cards(reports) == []
    tap_until_read(twin, 11, reports)


class _Memory:
    """A line of a fuzzer's bytes, in memory."""

    id = 1

    def __init__(self) -> None:
        self.inbox = b""

    def read(self, max_bytes: int) -> bytes:
        data, self.inbox = self.inbox[:max_bytes], self.inbox[max_bytes:]
        return data

    def write(self, data: bytes) -> int:
        return len(data)

    def flush(self) -> None:
        self.inbox = b""


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.binary(max_size=300), max_size=8), st.lists(st.binary(max_size=40), max_size=8))
def test_no_bytes_of_a_reader_raise_or_count(noise: list[bytes], bodies: list[bytes]) -> None:
    wire = _Memory()
    panel = Panel([Peer(3, KEY)], wire)
    panel.refresh()
    for data, body in zip(noise + [b""] * 8, bodies, strict=False):
        head = bytes((0x53, 0x83, len(body) + 7, 0, 0x04))
        wire.inbox = (wire.inbox + data + head + body + crc16(head + body).to_bytes(2, "little"))[-1024:]
        for _ in range(4):
            assert all(type(event).__name__ == "WentOffline" for event in panel.refresh())
    assert not panel.is_secure(0)


def test_bits_that_were_not_declared_are_dropped_and_make_the_reader_faulty(
    twin: ReaderTwin, reader: OsdpReader, reports: Reports
) -> None:
    reports.wait_for(Health.OK)
    for _ in range(3):
        twin.tap(5, bits=26)
    assert not reports.wait_for(Health.FAULTY).is_lost, "three foreign cards"
    assert reader.dropped_frames == 3
    twin.tap(6)
    assert reports.next_of(CardRead).number == 6


@pytest.mark.parametrize("power_failing", [False, True])
def test_thirty_cards_in_a_row_of_another_form_are_a_reader_that_reads_none_until_one_is_read(
    line: OsdpLine, power_failing: bool
) -> None:
    reader, states_seen = made(line), list[DeviceState]()
    reader._report = lambda item: states_seen.append(item) if isinstance(item, DeviceState) else None
    reader._say(Health.OK, "in its secure channel")
    if power_failing:
        reader.heard(LocalStatus(0, tamper=False, power_failing=True), 1)
    for at_ns in range(30):
        assert not states_seen[-1].is_lost, at_ns
        reader.heard(CardBits(0, 5, 26, wiegand=True), at_ns)
    assert states_seen[-1].is_lost
    good = wiegand_frame(5, 34)
    reader.heard(CardBits(0, good, 34, wiegand=True), 31)
    assert not states_seen[-1].is_lost
    assert states_seen[-1].health is (Health.FAULTY if power_failing else Health.OK)


@pytest.mark.parametrize(
    ("key", "why"),
    [(DEFAULT_KEY, "SCBK-D"), (bytes(16), "repeated"), (b"short", "5 bytes"), (b"\xff" * 16, "repeated")],
)
def test_a_published_key_is_refused(key: bytes, why: str, line: OsdpLine) -> None:
    with pytest.raises(BadDeviceSetting, match=why):
        made(line, key=key)


def test_two_readers_cannot_share_a_key_or_an_address(line: OsdpLine) -> None:
    made(line)
    with pytest.raises(BadDeviceSetting, match="same key"):
        made(line, 4)
    with pytest.raises(BadDeviceSetting, match="address 3 is north's"):
        made(line, 3, OTHER_KEY)


def test_a_pulse_is_timed_by_the_reader_and_its_output_rests_first(
    twin: ReaderTwin, relay: OsdpRelay
) -> None:
    before_ns = time.monotonic_ns()
    at_ns = pulsed(relay, 3.0)
    assert before_ns <= at_ns <= time.monotonic_ns()
    assert [order[1:] for order in twin.outputs] == [(0, OFF, 0), (0, ON_FOR_A_TIME, 30)]


def test_a_second_pulse_never_shortens_the_first(twin: ReaderTwin, relay: OsdpRelay) -> None:
    pulsed(relay, 8.0)
    pulsed(relay, 1.0)
    assert twin.outputs[-1][3] >= 70


def test_pulses_do_not_hold_an_output_beyond_its_longest_time_on(
    twin: ReaderTwin, reader: OsdpReader, reports: Reports
) -> None:
    relay = OsdpRelay(reader, 1, name="drive", max_pulse_seconds=10, max_on_seconds=1)
    reports.wait_for(Health.OK)
    relay.open()
    give_up_ns = time.monotonic_ns() + 20_000_000_000
    with pytest.raises(DeviceRefused, match="rests first"):
        while time.monotonic_ns() < give_up_ns:
            pulsed(relay, 10.0)
    tenths = [order[3] for order in twin.outputs if order[2] == ON_FOR_A_TIME]
    assert tenths[0] == max(tenths) == 10
    assert min(tenths) < 10, "a later pulse lasts until the same end"
    relay.close()


def test_a_pulse_above_the_longest_is_cut_to_it_and_one_of_no_time_refused(
    twin: ReaderTwin, relay: OsdpRelay
) -> None:
    with pytest.raises(BadDeviceSetting, match="some seconds"):
        relay.pulse(0)
    assert [order[2] for order in twin.outputs] == [OFF]
    pulsed(relay, 120.0)
    assert [order[1:] for order in twin.outputs][1:] == [(0, ON_FOR_A_TIME, 100)]


def test_a_hold_of_an_output_is_renewed_beyond_its_longest_time_on(
    twin: ReaderTwin, reader: OsdpReader, reports: Reports
) -> None:
    relay = OsdpRelay(reader, 1, name="lock", max_pulse_seconds=10, max_on_seconds=0.4)
    reports.wait_for(Health.OK)
    relay.open()
    for _renewal in range(3):
        pulsed(relay, 6.0, holds=True)
        time.sleep(0.3)
    assert [order[3] for order in twin.outputs if order[2] == ON_FOR_A_TIME] == [4, 4, 4]
    relay.close()


def test_an_unconfirmed_pulse_is_an_error_and_is_not_sent_later(
    bus: OsdpBus, twin: ReaderTwin, relay: OsdpRelay, reports: Reports
) -> None:
    time.sleep(0.2)  # until it was asked all that a reader is asked when it comes
    bus.silent = True
    with pytest.raises(OutputNotConfirmed):
        relay.pulse(3.0)
    bus.silent = False
    wait_long_for(reports, Health.OK)
    time.sleep(1.0)
    assert {order[2] for order in twin.outputs} == {OFF}


@pytest.mark.parametrize("lost", [ON_FOR_A_TIME, OFF])
def test_an_output_that_may_be_on_counts_to_its_longest_time_until_the_reader_confirms_that_it_rests(
    lost: int, line: OsdpLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    now_ns, orders = [10**12], list[tuple[int, int]]()

    def carry_out(_place: int, command: Command) -> int | None:
        orders.append((int(command["control_code"]), int(command["timer_count"])))
        return None if orders[-1][0] == lost else now_ns[0]

    monkeypatch.setattr("hardware.osdp.relay.time", SimpleNamespace(monotonic_ns=lambda: now_ns[0]))
    monkeypatch.setattr(line, "carry_out", carry_out)
    monkeypatch.setattr(line, "is_here", lambda _place: True)
    monkeypatch.setattr(line, "capability", lambda _place, _code: (1, 2))
    reader = made(line)
    relay = OsdpRelay(reader, 0, name="drive", max_on_seconds=5)
    with pytest.raises(OutputNotConfirmed):
        relay.pulse(5)
        relay.rest()
    assert not relay.is_on
    now_ns[0] += 2_000_000_000
    with suppress(OutputNotConfirmed):
        relay.pulse(5)
    assert orders[-1] == (ON_FOR_A_TIME, 30), "it may be on since two seconds"

    reader.came()
    rest = reader.due()
    assert rest is not None
    now_ns[0] += 1_000_000_000
    reader.heard(CommandEnded(0, int(rest["command"]), taken=True), now_ns[0])
    now_ns[0] += 1
    with suppress(OutputNotConfirmed):
        relay.pulse(5)
    assert orders[-1] == (ON_FOR_A_TIME, 50), "it was put to rest when the reader came"


def test_a_pulse_while_the_reader_is_away_is_an_error_and_rest_comes_first_when_it_is_back(
    bus: OsdpBus, twin: ReaderTwin, relay: OsdpRelay, reports: Reports
) -> None:
    pulsed(relay, 3.0)
    bus.unplug()
    reports.wait_for(Health.LOST)
    with pytest.raises(DeviceUnavailable):
        relay.pulse(3.0)
    bus.replug()
    reports.wait_for(Health.OK)
    until(lambda: len(twin.outputs) == 3, "not put to rest")
    assert [order[2] for order in twin.outputs] == [OFF, ON_FOR_A_TIME, OFF]


def test_a_lane_on_an_output_that_the_reader_has_not_is_faulty(
    bus: OsdpBus, line: OsdpLine, reports: Reports
) -> None:
    bus.add(3, KEY, lacks=(OUTPUTS,))
    reader = made(line)
    relay = OsdpRelay(reader, 0, name="lock")
    reader.start(reports)
    assert "no output 0" in reports.wait_for(Health.FAULTY).detail
    with pytest.raises(DeviceUnavailable):
        relay.pulse(1.0)
    reader.stop()


@pytest.mark.wide
def test_another_reader_in_the_place_of_a_known_one_is_reported_after_the_loss(
    reader: OsdpReader, twin: ReaderTwin, reports: Reports
) -> None:
    reports.wait_for(Health.OK)
    twin.key = OTHER_KEY
    twin.power_cycle()
    first = reports.wait_for(Health.LOST, PATIENCE_SECONDS)
    second = reports.wait_for(Health.LOST, PATIENCE_SECONDS)
    assert "lost its secure channel" in first.detail
    assert "answers, but not under its key" in second.detail
