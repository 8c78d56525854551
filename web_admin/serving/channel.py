"""Interface of a connection for the threads that answer its requests."""

from collections.abc import Sequence
from typing import Protocol

from web_admin.serving.host_queue import OfHost
from web_admin.serving.request_intake import ArrivingRequest
from web_admin.sync.fast_path import Answer


class Channel(OfHost, Protocol):
    """A connection whose first request waits for a thread or has one."""

    requests: Sequence[ArrivingRequest]

    @property
    def is_sync(self) -> bool:
        """Return whether that request is on a gates' path, signed or not."""

    @property
    def is_answered(self) -> bool:
        """Return whether a thread answers a request of this connection now."""

    def service(self) -> None:
        """Answer one request."""

    def take_answer(self, answer: Answer) -> bool:
        """Take what answers the first request; return whether `service` sends it without a wait."""

    def turn_away(self) -> None:
        """Refuse the request that waits for a thread and has none, and close the connection."""
