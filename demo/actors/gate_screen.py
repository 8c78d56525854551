"""Operate the screen of a gate: its real page over HTTP, pressed as a finger would."""

import threading
from collections import deque
from pathlib import Path

import msgspec
import requests

from gate_controller.terminal.entry_guard import ACT_HEADER
from gate_controller.terminal.view import Screen, TerminalView

TIMEOUT_SECONDS = 10.0
SHOWN_KEPT = 200


class ScreenSilent(Exception):
    """The screen did not come to show what was waited for."""


class GateScreen:
    """A browser signed in to one terminal page, listening to its views."""

    def __init__(self, port: int, token_file: Path) -> None:
        """Sign in with the launch token, as the kiosk does."""
        self.address = f"http://127.0.0.1:{port}"
        self.launch_url = f"{self.address}/?token={token_file.read_text(encoding='ascii').strip()}"
        self._session = requests.Session()
        self._session.trust_env = False
        reply = self._session.get(self.launch_url, timeout=TIMEOUT_SECONDS)
        reply.raise_for_status()
        # requests keeps a cookie of 127.0.0.1 only for the host it names.
        self._cookie = "; ".join(f"{c.name}={c.value}" for c in reply.cookies)
        self._news = threading.Condition()
        self._view: TerminalView | None = None
        self._shown: deque[TerminalView] = deque(maxlen=SHOWN_KEPT)
        self._events = requests.get(
            f"{self.address}/events", headers={"Cookie": self._cookie}, stream=True, timeout=TIMEOUT_SECONDS
        )
        self._thread = threading.Thread(target=self._listen, name="screen", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._events.close()
        self._session.close()
        self._thread.join(timeout=TIMEOUT_SECONDS)

    def press(self, act: str, **fields: str) -> None:
        """Send one action as the page does."""
        reply = requests.post(
            f"{self.address}/acts",
            data=msgspec.json.encode({"act": act, **fields}),
            headers={
                "Cookie": self._cookie,
                "Origin": self.address,
                "Content-Type": "application/json",
                ACT_HEADER: "1",
            },
            timeout=TIMEOUT_SECONDS,
        )
        reply.raise_for_status()

    def type(self, keys: str) -> None:
        for key in keys:
            self.press("key", key=key)

    def wait_for(self, *screens: Screen, timeout_seconds: float = 20.0) -> TerminalView:
        """Return the view once it shows one of these screens; raise ScreenSilent."""
        with self._news:
            shown = self._news.wait_for(
                lambda: self._view is not None and self._view.screen in screens, timeout_seconds
            )
            if not shown or self._view is None:
                last = self._view.screen.value if self._view is not None else "nothing"
                wanted = " or ".join(screen.value for screen in screens)
                raise ScreenSilent(f"the screen shows {last} and not {wanted}")
            return self._view

    @property
    def view(self) -> TerminalView | None:
        """Return the newest view."""
        with self._news:
            return self._view

    def forget(self) -> None:
        """Forget the views of before."""
        with self._news:
            self._shown.clear()

    def shown(self) -> list[TerminalView]:
        """Return every view since, oldest first."""
        with self._news:
            return list(self._shown)

    def _listen(self) -> None:
        try:
            event = ""
            for line in self._events.iter_lines():
                if line.startswith(b"event: "):
                    event = line[7:].decode()
                elif line.startswith(b"data: ") and event == "view":
                    view = msgspec.json.decode(line[6:], type=TerminalView)
                    with self._news:
                        self._view = view
                        self._shown.append(view)
                        self._news.notify_all()
        except (requests.RequestException, OSError, AttributeError, ValueError):
            return  # the gate lost its power, or this browser was closed under the stream
