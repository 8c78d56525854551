"""Make the part of a gate that takes updates, where the launcher started it."""

import logging
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from gate_controller.sync.link import ServerLink
from gate_controller.updates.updates import GateUpdates
from hardware.errors import HardwareError
from hardware.interfaces import Device, Relay

log = logging.getLogger(__name__)


def make_updates(
    root: Path | None,
    site_file: Path | None,
    link: ServerLink,
    relays: Mapping[str, Relay],
    devices: Iterable[Device],
    monotonic_seconds: Callable[[], float],
) -> GateUpdates | None:
    """Return what brings this gate to other versions; None without the launcher's folder."""
    if root is None or site_file is None:
        return None
    # Imported here: a gate without the launcher runs without the extra `updater`.
    from gate_controller.updates.fetch import make_fetcher  # noqa: PLC0415

    def rest_relays() -> bool:
        for lane_id, relay in relays.items():
            try:
                relay.rest()
            except HardwareError as err:
                log.error("lane %s: %s", lane_id, err)
                return False
        return True

    watched = {device.name for device in devices}
    fetch = make_fetcher(root, site_file, link.download)
    return GateUpdates(root, fetch, rest_relays, watched, monotonic_seconds)
