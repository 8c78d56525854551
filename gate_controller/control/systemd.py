"""Notify systemd that the gate is ready and alive (sd_notify(3))."""

import logging
import os
import socket

log = logging.getLogger(__name__)


def notify(state: str) -> None:
    """Send a state such as `READY=1` or `WATCHDOG=1`; do nothing when systemd did not start us.

    A state that cannot be sent is logged.
    """
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify_socket:
        try:
            notify_socket.sendto(state.encode(), address)
        except OSError as err:
            # Systemd restarts a silent process; a gate must not fail because the notification failed.
            log.error("systemd was not notified of %s: %s", state, err)
