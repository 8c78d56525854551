"""Limit how long a lane's output may be on, and report where that cuts the policy's time."""

import logging
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from gate_controller.contract.records import (
    LaneRecord,
    PolicyRefused,
    RecordNotUnderstood,
    decode_record,
)
from gate_controller.site_file.outputs import LaneSection, lock_of
from gate_controller.storage.database import salvage_rows
from hardware.interfaces import Relay
from hardware.osdp.relay import MAX_PULSE_SECONDS

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PulseLimits:
    """Limits of one lane's output, in seconds; `on_seconds` is for pulses on end, without a hold."""

    pulse_seconds: float
    on_seconds: float
    may_hold: bool


def limits_of(lane: LaneSection, *, by_osdp: bool = False) -> PulseLimits:
    """Return the limits of a lane, from its lock's kind and the site file; an OSDP output has one more."""
    lock = lock_of(lane)
    longest = lane.max_pulse_seconds if lock is None else lock.longest_pulse(lane.max_pulse_seconds)
    if by_osdp:
        longest = min(longest, MAX_PULSE_SECONDS)
    may_hold = lock is None or lock.rules.may_hold
    return PulseLimits(longest, max(longest, lane.max_on_seconds) if may_hold else longest, may_hold)


def cut_times(lane: LaneRecord, longest_seconds: float) -> str | None:
    """Return which of a lane's times in the policy are cut to the longest pulse; None where none is."""
    wanted = {
        "its usual time": lane.pulse_seconds,
        "its time for who walks slowly": lane.slow_pulse_seconds,
    }
    cut = [f"{name} ({seconds:g} s)" for name, seconds in wanted.items() if seconds > longest_seconds]
    if not cut:
        return None
    return (
        f"the policy asks for {' and '.join(cut)}; the longest pulse of this output is "
        f"{longest_seconds:g} s, and each is cut to it (lane.max_pulse_seconds and the lock's kind, "
        "docs/settings.md)"
    )


def log_cut_times(
    relays: Mapping[str, Relay],
    lanes: Mapping[str, LaneRecord],
    before: Mapping[str, LaneRecord] = MappingProxyType({}),
) -> None:
    """Log which lanes' times are cut, apart from those that were `before`."""
    for lane_id, relay in relays.items():
        longest = relay.longest_pulse_seconds
        text = cut_times(lanes[lane_id], longest) if lane_id in lanes else None
        known = cut_times(before[lane_id], longest) if lane_id in before else None
        if text is not None and text != known:
            log.warning("lane %s: %s", lane_id, text)


def stored_lanes(policy_file: Path) -> dict[str, LaneRecord]:
    """Return the lanes of a gate's stored policy, read without touching it; empty if there is none.

    For advice alone: no signature is checked.
    """
    if not policy_file.exists():
        return {}
    try:
        return dict(_lanes(policy_file))
    except (sqlite3.Error, PolicyRefused) as err:
        log.info("%s cannot be read: %s", policy_file, err)
        return {}


def _lanes(policy_file: Path) -> Iterator[tuple[str, LaneRecord]]:
    for key, value, *_digest in salvage_rows(policy_file, "record"):
        if isinstance(key, str) and key.startswith("lane:") and isinstance(value, bytes):
            try:
                record = decode_record(key, value)
            except RecordNotUnderstood:
                continue  # the lane is shut
            if isinstance(record, LaneRecord):
                yield record.lane_id, record
