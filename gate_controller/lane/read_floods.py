"""Keep readings that come faster than people can present out of the gate's queue, and report the flood.

    CALM ── more than 120 beyond 20 a second: FAULTY said once ──> FLOODED: readings are dropped
    FLOODED ── a reading, after all beyond 20 a second is used up: OK said ──> CALM: it counts

An attacker on one reader's wire, or a broken reader, must neither fill the journal nor make
the other lanes wait behind its cards. A card left at a reader is read at most 15 times a second.
Time is that of the readings.
"""

from hardware.interfaces import DeviceReport, DeviceState, Health, Reading, Report

READS_A_SECOND = 20
READS_AT_ONCE = 120


class ReadFlood:
    """Filter between one device and the queue; used in that device's thread."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._beyond = 0.0
        self._last_ns = 0
        self._is_flooded = False

    def take(self, item: DeviceReport) -> None:
        """Pass on other reports always, and readings while the device is calm."""
        if not isinstance(item, Reading):
            self._report(item)
            return
        since_seconds = (item.read_at_ns - self._last_ns) / 1e9
        self._last_ns = item.read_at_ns
        self._beyond = max(0.0, self._beyond - since_seconds * READS_A_SECOND)
        if self._is_flooded and self._beyond == 0:
            self._is_flooded = False
            self._report(DeviceState(item.device, Health.OK, "as many readings as people give"))
        self._beyond = min(self._beyond + 1, READS_AT_ONCE)
        if self._is_flooded:
            return
        if self._beyond >= READS_AT_ONCE:
            self._is_flooded = True
            text = (
                f"{item.device}: more readings than people can give, so none counts until it is calm; look "
                "at the reader and its wire for a fault, or for a device that plays numbers into it"
            )
            self._report(DeviceState(item.device, Health.FAULTY, text, takes=False))
            return
        self._report(item)
