"""Steps with the OSDP reader of the south gate: used inside its secure channel only."""

import threading
import time
from collections.abc import Callable

from demo.judge import Outcome, event_after, kinds_since, opens, require, require_shut
from demo.rig.processes import wait_until
from demo.stage import Stage
from demo.world.site_files import OSDP_BITS
from hardware.osdp.signals import GREEN
from hardware.simulated.osdp_reader import OsdpReader, wiegand_frame
from hardware.simulated.wire import TraceEntry

LIGHT_SECONDS = 1.0
BACK_SECONDS = 6.0
TEMPTED_SECONDS = 3.0
"""Long enough for a panel that would hand out keys to do so and to take a card: it tries every second."""
TAP_EVERY_SECONDS = 0.3


class _Listener:
    """Takes down every byte of one wire."""

    def __init__(self, wire: str) -> None:
        self._wire = wire
        self._lock = threading.Lock()
        self._heard = bytearray()

    def __call__(self, entry: TraceEntry) -> None:
        if entry.wire == self._wire:
            with self._lock:
                self._heard += entry.data

    @property
    def heard(self) -> bytes:
        with self._lock:
            return bytes(self._heard)


def osdp_card_opens(stage: Stage) -> Outcome:
    """A card at the OSDP reader that the installer's command gave its key.

    Broken by: a channel that is not there, a number that is on the wire in clear, a reader that is not
    shown the result.
    """
    resident, reader = stage.member("resident"), stage.gates["south"].metal.osdp["south-in"]
    require(reader.key is not None, "the reader was given no key")
    require(reader.is_secure, "the reader sees no secure channel")
    listener, before_ns = _Listener("south-in-osdp"), time.monotonic_ns()
    stage.trace.listen = listener
    try:
        ms = opens(
            stage, "south", "south-in", lambda: reader.tap(resident.card), person_id=resident.person_id
        )
        wait_until(lambda: _shows_green(reader, before_ns), LIGHT_SECONDS, "the reader's green light")
    finally:
        stage.trace.listen = None
    clear = wiegand_frame(resident.card, OSDP_BITS) << (-OSDP_BITS % 8)
    require(len(listener.heard) > 0, "nothing was heard on the reader's wire")
    require(
        clear.to_bytes(-(-OSDP_BITS // 8), "big") not in listener.heard,
        "the card's number was on the reader's wire in clear",
    )
    return Outcome(ms, "inside its secure channel, the number never in clear; green light and one sound")


def _shows_green(reader: OsdpReader, since_ns: int) -> bool:
    green = any(shown.at_ns > since_ns and shown.command["on_color"] == GREEN for shown in reader.lights)
    return green and any(shown.at_ns > since_ns for shown in reader.sounds)


def osdp_default_key_refused(stage: Stage) -> Outcome:
    """A reader that knows only the published default key (SCBK-D) replaces the real one.

    Broken by: a gate that talks to it under that key, or gives it the reader's own.
    """

    def swap(reader: OsdpReader) -> None:
        reader.reset_to_install_mode()

    detail = _nothing_through(stage, swap)
    return Outcome(None, f"given no key, its cards open nothing; the reader beside it does; “{detail}”")


def osdp_clear_text_reader_ignored(stage: Stage) -> Outcome:
    """A reader without a secure channel, which sends cards in clear, replaces the real one.

    Broken by: a gate that takes a card from it.
    """

    def swap(reader: OsdpReader) -> None:
        reader.clear_text = True
        reader.reset_to_install_mode()

    detail = _nothing_through(stage, swap)
    return Outcome(None, f"its cards open nothing; the reader beside it does; “{detail}”")


def _nothing_through(stage: Stage, swap: Callable[[OsdpReader], None]) -> str:
    """Swap the reader, tempt the gate, give the right reader back; return what the alarm says."""
    ends, resident = stage.gates["south"], stage.member("resident")
    reader, beside = ends.metal.osdp["south-in"], ends.metal.readers["south-in"]
    own_key, before_seq = reader.key, ends.journal_seq()
    swap(reader)
    try:
        alarm = event_after(stage, "south", before_seq, "alarm_device_lost", device="south-in-osdp")
        opens(stage, "south", "south-in", lambda: beside.tap(resident.card), person_id=resident.person_id)
        tempted_seq, tempted_ns = ends.journal_seq(), time.monotonic_ns()
        while time.monotonic_ns() - tempted_ns < TEMPTED_SECONDS * 1e9:
            reader.tap(resident.card)
            time.sleep(TAP_EVERY_SECONDS)
            require(reader.key is None, "the gate gave a key to an unpaired reader")
            require("access" not in kinds_since(ends, tempted_seq), "the gate took a card from it")
        require_shut(ends, "south-in", tempted_ns)
        back_seq = ends.journal_seq()
    finally:
        reader.key, reader.clear_text = own_key, False
        reader.power_cycle()
    event_after(stage, "south", back_seq, "device_back", device="south-in-osdp", timeout_seconds=BACK_SECONDS)
    require("access" not in kinds_since(ends, back_seq), "a card from before was taken when it came back")
    opens(stage, "south", "south-in", lambda: reader.tap(resident.card), person_id=resident.person_id)
    return str(alarm.facts.get("detail", ""))
