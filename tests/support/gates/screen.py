"""A hand at a gate's screen: presses what its page lets one press, over the page's own HTTP."""

import json
from pathlib import Path
from types import TracebackType

import requests

from gate_controller.terminal.view import ENTER_KEY


class TerminalHand:
    """Signs in with the launch token as the kiosk browser does, then posts actions as the page does."""

    def __init__(self, address: str, token_file: Path) -> None:
        """Remember where the screen is; sign in at the first press."""
        self._address = address.rstrip("/")
        self._token_file = token_file
        self._session = requests.Session()
        self._session.trust_env = False

    def __enter__(self) -> "TerminalHand":
        answer = self._session.get(
            self._address + "/", params={"token": self._token_file.read_text().strip()}, timeout=60
        )
        answer.raise_for_status()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections."""
        self._session.close()

    def press(self, method: str) -> None:
        """Press the button of a way in."""
        self._act({"act": "method", "method": method})

    def type(self, keys: str) -> None:
        """Type keys on the screen's keypad."""
        for key in keys:
            self._act({"act": "key", "key": key})

    def enter(self) -> None:
        self.type(ENTER_KEY)

    def act(self, name: str) -> None:
        """Do one of the actions without further fields, such as `confirm` or `cancel`."""
        self._act({"act": name})

    def _act(self, act: dict[str, str]) -> None:
        answer = self._session.post(
            self._address + "/acts",
            data=json.dumps(act),
            headers={
                "Content-Type": "application/json",
                "Origin": self._address,
                "Sec-Fetch-Site": "same-origin",
                "Menjin-Terminal": "1",
            },
            timeout=60,
        )
        answer.raise_for_status()
