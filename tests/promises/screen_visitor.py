"""Someone at a gate's screen: presses over real HTTP, and everything the screen showed since."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import requests

from tests.support.gates.bench import CAMERA_SHEET, LANE, BenchGate
from tests.support.gates.waiting import PATIENCE_SECONDS, until

TERMINAL = (
    CAMERA_SHEET
    + """
[camera.eye]
kind = "folder"
source = "{root}/pictures"
lane = "north-in"

[terminal.screen]
lane = "north-in"
port = 0
launch_token_file = "{root}/run/launch-token"
"""
)


@dataclass
class ScreenVisitor:
    """A signed-in browser without a window."""

    address: str
    client: requests.Session
    views: list[dict[str, Any]] = field(default_factory=list)

    def press(self, act: str, **what: object) -> None:
        """Do one action, as the page does."""
        answer = self.client.post(
            f"{self.address}acts",
            json={"act": act, **what},
            headers={"Menjin-Terminal": "1", "Origin": self.address.rstrip("/")},
            timeout=PATIENCE_SECONDS,
        )
        assert answer.status_code == requests.codes.no_content, answer.text

    def listen(self) -> None:
        """Collect every view until the stream ends."""
        with self.client.get(f"{self.address}events", stream=True, timeout=PATIENCE_SECONDS) as stream:
            for line in stream.iter_lines(chunk_size=1):
                if line.startswith(b'data: {"'):
                    self.views.append(json.loads(line.removeprefix(b"data: ")))

    def wait_for(self, **shown: str) -> dict[str, Any]:
        """Return the newest view once it shows this."""
        found: list[dict[str, Any]] = []

        def is_shown() -> bool:
            found[:] = self.views[-1:]
            return bool(found) and all(found[0].get(name) == value for name, value in shown.items())

        until(is_shown, lambda: (shown, self.views[-1:]))
        return found[0]


@contextmanager
def at_the_screen(bench: BenchGate) -> Iterator[ScreenVisitor]:
    """Stand before the screen of a running gate; leave by stopping the gate."""
    assert bench.gate is not None
    server = bench.gate.screens[LANE]
    with requests.Session() as client:
        client.get(server.launch_url, timeout=PATIENCE_SECONDS).raise_for_status()
        visitor = ScreenVisitor(server.address, client)
        listener = threading.Thread(target=visitor.listen, name="screen-visitor")
        listener.start()
        try:
            visitor.wait_for(screen="idle")
            yield visitor
        finally:
            bench.stop()
            listener.join(PATIENCE_SECONDS)
