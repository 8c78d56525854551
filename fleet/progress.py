"""Show how far a command has come: a bar at a terminal, a line a step elsewhere."""

import sys
from typing import TextIO

from fleet.terminal import beside

WIDTH = 30


class Bar:
    """Counts what is done of how much; what is said goes above it."""

    def __init__(self, count: int, out: TextIO | None = None) -> None:
        """Take how much there is to do."""
        self._out = out or sys.stderr
        self._count, self._done = count, 0
        self._is_drawn = False
        self._moves = self._out.isatty() and count > 0

    def step(self, text: str, by: int = 1) -> None:
        """Count what was done and say what."""
        self._done += by
        self.say(f"[{self._done}/{self._count}] {text}")

    def say(self, text: str) -> None:
        """Say something without counting."""
        self._wipe()
        beside(text, file=self._out)
        self._draw()

    def _draw(self) -> None:
        if self._moves:
            full = WIDTH * min(self._done, self._count) // self._count
            self._out.write(f"[{'#' * full}{'.' * (WIDTH - full)}] {self._done}/{self._count}")
            self._is_drawn = True
        self._out.flush()

    def _wipe(self) -> None:
        if self._is_drawn:
            self._out.write("\r\033[K")
            self._is_drawn = False

    def close(self) -> None:
        """Leave the terminal clean."""
        self._wipe()
        self._out.flush()
