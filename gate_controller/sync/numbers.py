"""Write what a monitor of the gate reads: numbers in Prometheus's text format, into a file.

A file, read by node_exporter's textfile collector, and no page: the process that opens doors answers no one
beside its own screens. No person is in the numbers.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from prometheus_client import CollectorRegistry, write_to_textfile
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from gate_controller.lane.status import GateStatus
from gate_controller.storage.disk_room import DiskState

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class GateNumbers:
    program: str
    at: datetime
    is_online: bool
    clock_is_sure: bool
    policy_version: int
    policy_issued_at: datetime | None
    journal_seq: int
    acknowledged_seq: int
    disk: DiskState
    status: GateStatus


class NumbersFile:
    """The file, written at each turn and put in place as a whole."""

    def __init__(self, path: Path | None) -> None:
        """Take where it is to be; None where no monitor reads it."""
        self._path = path
        self._failed = False

    @property
    def is_wanted(self) -> bool:
        return self._path is not None

    def write(self, numbers: GateNumbers) -> None:
        """Write the numbers; what fails is logged once and stops nothing."""
        if self._path is None:
            return
        registry = CollectorRegistry(auto_describe=False)
        registry.register(_NumbersCollector(numbers))
        try:
            write_to_textfile(str(self._path), registry)
        except OSError as err:
            if not self._failed:
                log.error("numbers for a monitor: %s: %s", self._path, err.strerror)
            self._failed = True
        else:
            self._failed = False


class _NumbersCollector(Collector):
    def __init__(self, numbers: GateNumbers) -> None:
        self._numbers = numbers

    def collect(self) -> Iterator[Metric]:
        """Give every number."""
        numbers = self._numbers
        build = GaugeMetricFamily("menjin_controller_build_info", "The gate's program.", labels=["version"])
        build.add_metric([numbers.program], 1)
        yield build
        for name, says, value in _values(numbers):
            if value is not None:
                yield GaugeMetricFamily(f"menjin_controller_{name}", says, value=float(value))
        up = "menjin_controller_device_up"
        devices = GaugeMetricFamily(up, "1 while a device is well.", labels=["device"])
        for device in numbers.status.devices:
            devices.add_metric([device.device], float(device.health == "ok"))
        yield devices


def _values(numbers: GateNumbers) -> Iterator[tuple[str, str, float | None]]:
    issued_at = numbers.policy_issued_at
    yield "written_timestamp_seconds", "When these numbers were written.", numbers.at.timestamp()
    yield "server_in_reach", "1 while the server answers.", numbers.is_online
    yield "clock_sure", "1 while the gate is sure of its clock.", numbers.clock_is_sure
    yield "policy_version", "The rules by which it decides.", numbers.policy_version
    yield (
        "policy_issued_timestamp_seconds",
        "When the server last confirmed them.",
        None if issued_at is None else issued_at.timestamp(),
    )
    unsent = max(0, numbers.journal_seq - numbers.acknowledged_seq)
    yield "journal_entries", "Entries written so far.", numbers.journal_seq
    yield "events_unsent", "Entries that the server lacks.", unsent
    yield "disk_free_bytes", "Free room where the gate keeps everything.", numbers.disk.free_bytes
    yield "disk_bytes", "All of that room.", numbers.disk.total_bytes
    says = "1 while it records in the room kept for a full disk."
    yield "disk_reserve_in_use", says, numbers.disk.reserve_in_use
