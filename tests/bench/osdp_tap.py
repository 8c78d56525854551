"""A card at an OSDP reader, through the secure channel over a real pty."""

import queue
import secrets
import time
from pathlib import Path

from hardware.interfaces import CardRead, DeviceReport, DeviceState, Health
from hardware.osdp.line import OsdpLine
from hardware.osdp.reader import OsdpCardForm
from hardware.osdp.reader import OsdpReader as PanelReader
from hardware.readers.cards import SiteCardForm
from hardware.simulated.osdp_reader import OsdpBus, OsdpReader
from hardware.simulated.relay_board import RelayBoard
from tests.bench.big_site import card_number
from tests.bench.wires import Ear


def until_on(relay: RelayBoard, sent_ns: int) -> float:
    """Return milliseconds until the relay got the order to open, once it rests again."""
    on_ns = relay.wait_for_on(1, timeout_seconds=5, after_ns=sent_ns)
    relay.wait_for_off(1, timeout_seconds=5, after_ns=on_ns)
    return (on_ns - sent_ns) / 1e6


def osdp_card_ms(relay: RelayBoard, reader: OsdpReader, ear: Ear, index: int) -> tuple[float, int]:
    """Return milliseconds from tap to relay byte, and how many bytes the line carried meanwhile."""
    # Otherwise the taps would fall into step with the polling.
    time.sleep(secrets.randbelow(60) / 1000)
    tapped_ns = reader.tap(card_number(index * 331))
    took = until_on(relay, tapped_ns)
    return took, ear.bytes_between(tapped_ns, tapped_ns + round(took * 1e6))


def until_secure(reader: OsdpReader) -> None:
    """Return once the reader's channel is secure and the gate listens to it; raise TimeoutError."""
    give_up = time.monotonic() + 20
    while not reader.is_secure:
        if time.monotonic() > give_up:
            raise TimeoutError("the OSDP reader did not get its secure channel within 20 s")
        time.sleep(0.05)
    # The panel passes over what a reader says in the first moment of its channel.
    time.sleep(1.0)


def bare_osdp_ms(port: Path, taps: int) -> list[float]:
    """Return milliseconds from tap to the panel's report, in a process that decides nothing."""
    key = secrets.token_bytes(16)
    heard: queue.SimpleQueue[DeviceReport] = queue.SimpleQueue()
    with OsdpBus(port, name="bare") as bus:
        reader = bus.add(5, key)
        line = OsdpLine(str(port), name="bare")
        panel = PanelReader(
            line, 5, key, OsdpCardForm(34), SiteCardForm(32), name="bare-reader", lane_id="in"
        )
        panel.start(heard.put)
        try:
            while not (isinstance(said := heard.get(timeout=20), DeviceState) and said.health is Health.OK):
                pass
            until_secure(reader)
            return [_panel_ms(reader, heard, n) for n in range(taps)]
        finally:
            panel.stop()


def _panel_ms(reader: OsdpReader, heard: "queue.SimpleQueue[DeviceReport]", index: int) -> float:
    time.sleep(secrets.randbelow(60) / 1000)
    tapped_ns = reader.tap(card_number(index * 331))
    while not isinstance(read := heard.get(timeout=5), CardRead):
        pass
    return (read.read_at_ns - tapped_ns) / 1e6
