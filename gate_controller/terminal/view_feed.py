"""Send the newest view to every open page, as server-sent events."""

import threading
from collections.abc import Iterator

from gate_controller.terminal.view import TerminalView, encode_view

MAX_LISTENERS = 4
HEARTBEAT_SECONDS = 5.0


class ViewFeed:
    """The newest view and the pages that wait for the next; safe to call from several threads.

    A page that reads slowly misses views in between and always gets the newest.
    """

    def __init__(
        self, build: str, first: TerminalView, *, heartbeat_seconds: float = HEARTBEAT_SECONDS
    ) -> None:
        self._build = build
        self._view = first
        self._version = 1
        self._heartbeat_seconds = heartbeat_seconds
        self._changed = threading.Condition()
        self._listeners: list[int] = []
        self._last_listener = 0
        self._closed = False

    @property
    def view(self) -> TerminalView:
        """Return the newest view."""
        with self._changed:
            return self._view

    def show(self, view: TerminalView) -> None:
        """Make this the newest view and wake every page; return at once."""
        with self._changed:
            if view != self._view:
                self._view = view
                self._version += 1
                self._changed.notify_all()

    def close(self) -> None:
        """End every stream."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def listen(self) -> Iterator[bytes]:
        """Yield events until the feed closes: `build` once, each new `view`, `alive` when nothing is new.

        Beyond MAX_LISTENERS the oldest stream ends: a page that was reloaded must never be shut out by
        the dead stream of its former self.
        """
        me = self._enter()
        seen = 0
        try:
            yield _event("build", self._build.encode())
            while (news := self._wait_for_news(me, seen)) is not None:
                version, view = news
                yield _event("view", encode_view(view)) if version != seen else _event("alive", b"1")
                seen = version
        finally:
            self._leave(me)

    def _wait_for_news(self, me: int, seen: int) -> tuple[int, TerminalView] | None:
        with self._changed:
            self._changed.wait_for(
                lambda: self._is_over(me) or self._version != seen, self._heartbeat_seconds
            )
            return None if self._is_over(me) else (self._version, self._view)

    def _is_over(self, listener: int) -> bool:
        return self._closed or listener not in self._listeners

    def _enter(self) -> int:
        with self._changed:
            self._last_listener += 1
            self._listeners = [*self._listeners, self._last_listener][-MAX_LISTENERS:]
            self._changed.notify_all()
            return self._last_listener

    def _leave(self, listener: int) -> None:
        with self._changed:
            self._listeners = [other for other in self._listeners if other != listener]


def _event(name: str, data: bytes) -> bytes:
    return b"event: " + name.encode() + b"\ndata: " + data + b"\n\n"
