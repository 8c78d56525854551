"""Keep the listening socket through a restart or an upgrade: connections wait in it, none is refused.

systemd stores it for the service (`FileDescriptorStoreMax=`, sd_notify(3), sd_listen_fds(3)) and hands it to
the next process, also after `systemctl stop` and a while. Without systemd each start makes its own.

systemd polls what it stores and drops it at EPOLLHUP (sd_notify(3), FDPOLL). A TCP socket that is bound and
does not listen polls EPOLLHUP, so it listens before it is stored.
"""

import logging
import os
import socket

from gunicorn import systemd  # type: ignore[import-untyped]  # it has no types

NAME = "menjin-web"
WAITING_CONNECTIONS = 2048
"""So many wait at most to be accepted; the system may allow fewer (net.core.somaxconn)."""

_log = logging.getLogger(__name__)


def listening_socket(host: str, port: int) -> socket.socket:
    """Return the socket that was kept, or a new one that systemd is asked to keep from now on; it listens.

    Raise OSError where the address is taken.
    """
    kept = _handed_over()
    if kept is not None:
        return kept
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    listener.listen(WAITING_CONNECTIONS)
    _keep(listener)
    return listener


def _keep(listener: socket.socket) -> None:
    """Ask systemd to store the socket; without systemd, or where it cannot be asked, nothing is stored."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notified:
        try:
            notified.connect("\0" + address[1:] if address.startswith("@") else address)
            socket.send_fds(notified, [f"FDSTORE=1\nFDNAME={NAME}".encode()], [listener.fileno()])
        except OSError as err:
            _log.error("the socket cannot be kept for a restart: %s", err.strerror)


def _handed_over() -> socket.socket | None:
    """Return the socket that was stored, once; None where there is none for this process."""
    count = systemd.listen_fds()
    for spare in range(1, count):
        os.close(systemd.SD_LISTEN_FDS_START + spare)
    return socket.socket(fileno=systemd.SD_LISTEN_FDS_START) if count else None
